/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The host processor's own opinion on an instruction: how many bytes it
 * wants, and whether it is one at all.
 *
 * The bytes are put at the very end of a page with nothing behind it.  A
 * processor that wants more of them takes a page fault at that border while
 * fetching; one that has enough raises #UD, faults otherwise, or runs the
 * instruction.  It happens in a traced child process in which nothing but
 * this page is mapped, one single step at a time, system calls suppressed.
 */
#ifndef TRIVISOR_TESTS_DECODER_PROBE_H
#define TRIVISOR_TESTS_DECODER_PROBE_H

#include "modes/x86/decode.h"

enum probe_result {
	PROBE_MORE,		/* fault at the border: wants more bytes */
	PROBE_UD,		/* #UD */
	PROBE_OK,		/* decoded: ran, or faulted otherwise */
	PROBE_ERROR,
};

/* Memory that the child may read and write. */
#define PROBE_DATA UINT64_C(0x20000000)
#define PROBE_DATA_SIZE 16384

struct probe {
	int pid;
	uint8_t *code;		/* our view of the page */
	uint8_t *data;		/* and of the data */
	bool has_mode[3];	/* by enum insn_mode */
	uint8_t xstate[16384];	/* x87 and vector state for probe_exec() */
	size_t xstate_len;
};

/* 0, or -1 when this system does not allow it (errno). */
int probe_open(struct probe *p);
void probe_close(struct probe *p);
/*
 * Try n bytes.  *moved is how far RIP went if the instruction completed (0
 * else); signal and code of what stopped it go to *sig.
 */
enum probe_result probe_run(struct probe *p, enum insn_mode mode,
    const uint8_t *bytes, unsigned n, int64_t *moved, int *sig);

struct probe_regs {
	uint64_t gpr[GPR_COUNT];
	uint64_t rflags;
};

/*
 * Execute the instruction with these registers, always the same x87 and vector
 * state, and p->data as it is.  Returns PROBE_OK only if it completed and RIP
 * is behind it.  Not in 16-bit code.
 */
enum probe_result probe_exec(struct probe *p, enum insn_mode mode,
    const uint8_t *bytes, unsigned n, const struct probe_regs *in,
    struct probe_regs *out);

#endif
