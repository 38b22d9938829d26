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

struct probe {
	int pid;
	uint8_t *code;		/* our view of the page */
	bool has_mode[3];	/* by enum insn_mode */
	enum insn_mode mode;	/* of the child at the moment */
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

#endif
