/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the decoder's test programs share: making instructions, and writing a
 * decoded one as objdump -M intel does.
 */
#ifndef TRIVISOR_TESTS_DECODER_H
#define TRIVISOR_TESTS_DECODER_H

#include "modes/x86/decode.h"
#include "modes/x86/feature.h"

/* xorshift64*: the same numbers everywhere for one seed. */
struct rng {
	uint64_t s;
};

uint64_t rng_next(struct rng *r);
/* 0 .. n-1 */
unsigned rng_below(struct rng *r, unsigned n);

#define GEN_LEN 24
/*
 * Fill buf with bytes that probably begin with an instruction: half of them
 * made from a row of the table, half from random prefixes and opcodes.
 */
void gen_insn(struct rng *r, enum insn_mode mode, uint8_t buf[GEN_LEN]);
/* Bytes from this row; they need not decode to it. */
void gen_row(struct rng *r, const struct insn_desc *d, enum insn_mode mode,
    uint8_t buf[GEN_LEN]);

/* Rows hit, for the coverage report. */
void cover(const struct insn_desc *d);
/* Add counts from and write them to a file of "row count" lines. */
int cover_load(const char *path);
int cover_save(const char *path);
/*
 * Print what was hit among rows whose features are in the bit set (NULL: all
 * rows); returns how many were not.
 */
unsigned cover_report(const uint64_t *features, bool list_missing);

/*
 * objdump's text: mnemonic, then operands, no spaces after commas.  Memory of
 * no fixed size is written without "PTR".  addr is where the instruction is.
 */
void print_mnemonic(const struct insn *i, char *buf, size_t size);
void print_operands(const struct insn *i, uint64_t addr, char *buf,
    size_t size);

#endif
