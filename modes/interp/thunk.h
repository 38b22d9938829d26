/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Native thunks: one guest instruction re-encoded so that its memory operand
 * is where we say, wrapped in code that puts the guest's general registers and
 * arithmetic flags in place and takes them back.  Vector, MMX and x87
 * registers are live already.
 *
 * Code lives in a memfd mapped twice, never writable and executable at once.
 * Thunks are cached by the instruction's bytes, per vCPU.
 */
#ifndef TRIVISOR_MODES_INTERP_THUNK_H
#define TRIVISOR_MODES_INTERP_THUNK_H

#include "modes/interp/interp.h"

struct thunk_cache;

MUST_USE int thunk_cache_new(struct thunk_cache **t, struct err *e);
void thunk_cache_free(struct thunk_cache *t);
/* Turns a fault of a thunk's instruction into thunk_run()'s result. */
hostfault_fn thunk_fault;

/*
 * Execute i with its memory operand, if any, at mem.  H_NEXT, or H_FAULT with
 * the exception raised that the host's instruction caused; then no general
 * register and no flag of the guest has changed.
 *
 * While the guest's alignment checks are on the instruction runs with the
 * host's on: so mem must be as misaligned (modulo 64) as the guest's operand,
 * or aligned if its address has been checked.
 */
int thunk_run(struct vcpu *c, const struct insn *i, void *mem);

/*
 * Three pages of which only the middle one is accessible: an operand laid
 * across its edge lets the host tell whether a masked instruction would touch
 * the part that the guest may not.  thunk_run_guarded() is thunk_run(), but
 * returns THUNK_TOUCHED and the address when it did; nothing has changed then.
 */
enum { THUNK_TOUCHED = 2 };
uint8_t *thunk_guard(struct vcpu *c);
int thunk_run_guarded(struct vcpu *c, const struct insn *i, void *mem,
    uint8_t **touched);

/* native.c: what runs instructions that have no handler of their own. */
handler_fn *native_handler(const struct insn *i);
/* #MF is due before the next x87 or MMX instruction that waits for it. */
bool x87_pending(void);
/* #UD and #NM as CR0, CR4 and XCR0 demand for i's class. */
int fpu_check(struct vcpu *c, const struct insn *i);
/* The same for CLASS_VEC and what is gated like it. */
int vector_check(struct vcpu *c, const struct insn *i);

/* masked.c: memory operands under an element mask. */
int masked_load(struct vcpu *c, const struct insn *i, gva_t va);
int masked_store(struct vcpu *c, const struct insn *i, gva_t va);

#endif
