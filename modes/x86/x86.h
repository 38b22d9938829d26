/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What x86 means where it is more than arithmetic, for every engine of ours:
 * linear memory, exceptions and interrupts, segments, far transfers, control
 * registers, MSRs.
 *
 * Convention: functions return 0, or -1 with an exception raised in c->exc
 * and no architectural change (unless the manual says otherwise); the engine
 * then calls x86_deliver() with c->s.rip at the faulting instruction.  They
 * work on c->s, so generated code stores its registers first.  Where a
 * function completes a control transfer it sets c->s.rip itself; else the
 * caller advances rip.
 *
 * Owning vCPU thread.  Vector-free.
 */
#ifndef TRIVISOR_MODES_X86_X86_H
#define TRIVISOR_MODES_X86_X86_H

#include "modes/engine.h"

/* --- exceptions and interrupts (SDM 3, chapter 6) --- x86/exception.c --- */

/* Remember an exception; always returns -1. */
int x86_raise(struct vcpu *c, enum vector v);
int x86_raise_error(struct vcpu *c, enum vector v, uint32_t error);
/* #PF: cr2 becomes va when the exception is delivered. */
int x86_raise_pf(struct vcpu *c, gva_t va, uint32_t error);
/* #DB: dr6 bits are ORed in at delivery. */
int x86_raise_db(struct vcpu *c, uint64_t dr6);

/*
 * Deliver c->exc through the IDT, in every mode, combining faults into #DF and
 * a shutdown as SDM 3 6.15 says.  c->s.rip is the address to push.  Returns 0
 * with c->s at the handler, or -EPERM after a triple fault (activity is
 * ACT_SHUTDOWN).
 */
int x86_deliver(struct vcpu *c);
/*
 * INT n, INT3, INTO: next is the address to push.  As x86_deliver().  INT n in
 * virtual-8086 mode with IOPL < 3 is the caller's #GP(0): INT3 and INTO are
 * not sensitive to IOPL, and only the caller knows which one it was.
 */
int x86_soft_int(struct vcpu *c, uint8_t vector, uint64_t next);
/* INT1 (ICEBP): as x86_soft_int(), but no privilege check on the gate. */
int x86_icebp(struct vcpu *c, uint64_t next);
/* An external interrupt or NMI at an instruction boundary. */
int x86_interrupt(struct vcpu *c, uint8_t vector);
/*
 * At an instruction boundary: take an NMI or a maskable interrupt if the
 * state allows it (IF, shadow, nmi_masked).  Returns 1 if c->s changed, 0 if
 * nothing was to be done, -EPERM on a triple fault.  Clears irq_hint only when
 * platform->irq_pending() says there is nothing left.
 */
int x86_take_events(struct vcpu *c);

/* --- linear memory --------------------------------------- x86/mem.c --- */

/* An access that needs no alignment, whatever AC says (beside WALK_*). */
#define ACCESS_UNALIGNED 0x100u

/*
 * Access linear memory as the current CPL does; len 1..64, may cross a page:
 * both pages are checked before a byte moves.  MMIO goes to the platform in
 * naturally aligned pieces.  access: WALK_WRITE is implied by _write;
 * add WALK_IMPLICIT for descriptor tables and TSS, and then CPL is ignored.
 * Raises #PF; #GP/#SS for a non-canonical address by is_stack.
 */
MUST_USE int x86_read(struct vcpu *c, gva_t va, void *dst, unsigned len,
    unsigned access, bool is_stack);
MUST_USE int x86_write(struct vcpu *c, gva_t va, const void *src, unsigned len,
    unsigned access, bool is_stack);
/* Check that a later x86_write() (or read) of this range will not fault. */
MUST_USE int x86_probe(struct vcpu *c, gva_t va, unsigned len, unsigned access,
    bool is_stack);
/*
 * As x86_probe(), for len bytes, and a host pointer to them in *host if they
 * are RAM and in one page; NULL for MMIO, ROM (when writing) and page
 * crossings, for which the caller uses x86_read() and x86_write().  A traced
 * page has been reported (c->smc_hit) before this returns; the caller stores
 * at once and then calls x86_mapped_done() if access has WALK_WRITE.
 */
MUST_USE int x86_map(struct vcpu *c, gva_t va, unsigned len, unsigned access,
    bool is_stack, void **host);
void x86_mapped_done(struct vcpu *c, gva_t va, unsigned len);
/*
 * Forget linear translations, ours and the engines' (TLB_FLUSH_*): the only
 * way modes/x86 does it.
 */
void x86_tlb_flush(struct vcpu *c, unsigned scope, gva_t va);
/*
 * Fetch up to 15 bytes at c->s.rip (CS base, limit and canonical checks done).
 * Returns how many could be had before a fault; if that is too few for the
 * decoder the caller calls x86_fetch_fault() to raise it.
 */
int x86_fetch(struct vcpu *c, uint8_t *buf);
int x86_fetch_fault(struct vcpu *c, unsigned got);
/*
 * seg:off to linear, with limit, type and canonical checks of the current
 * mode; off already wrapped to the address size.
 */
MUST_USE int x86_linear(struct vcpu *c, enum seg_name seg, uint64_t off,
    unsigned len, bool write, gva_t *va);

/* --- segments and far transfers --------- x86/segment.c, x86/far.c --- */

/* MOV/POP/LxS to a data segment register or SS; not CS. */
MUST_USE int x86_load_seg(struct vcpu *c, enum seg_name seg, uint16_t sel);
MUST_USE int x86_lldt(struct vcpu *c, uint16_t sel);
MUST_USE int x86_ltr(struct vcpu *c, uint16_t sel);
/* LAR, LSL, VERR, VERW: ok tells ZF.  Fault only on memory. */
MUST_USE int x86_lar(struct vcpu *c, uint16_t sel, uint32_t *ar, bool *ok);
MUST_USE int x86_lsl(struct vcpu *c, uint16_t sel, uint32_t *limit, bool *ok);
MUST_USE int x86_verr(struct vcpu *c, uint16_t sel, bool write, bool *ok);
/* size: operand size 2, 4, 8.  All set rip, CS, SS:RSP, CPL as they must. */
MUST_USE int x86_far_jmp(struct vcpu *c, uint16_t sel, uint64_t off,
    unsigned size, uint64_t next);
MUST_USE int x86_far_call(struct vcpu *c, uint16_t sel, uint64_t off,
    unsigned size, uint64_t next);
MUST_USE int x86_far_ret(struct vcpu *c, unsigned size, unsigned imm);
MUST_USE int x86_iret(struct vcpu *c, unsigned size);
MUST_USE int x86_syscall(struct vcpu *c, uint64_t next);
MUST_USE int x86_sysret(struct vcpu *c, unsigned size);
MUST_USE int x86_sysenter(struct vcpu *c);
MUST_USE int x86_sysexit(struct vcpu *c, unsigned size);
/* Hardware task switch (SDM 3, chapter 7); 32- and 16-bit TSS. */
enum task_source { TASK_JMP, TASK_CALL, TASK_IRET, TASK_GATE };
MUST_USE int x86_task_switch(struct vcpu *c, uint16_t sel,
    enum task_source source, bool has_error, uint32_t error);
/* Set CPL (and SS.DPL is the caller's); tells the engine nothing. */

/* --- control registers, MSRs, time -------------------- x86/system.c --- */

MUST_USE int x86_mov_to_cr(struct vcpu *c, unsigned cr, uint64_t v);
MUST_USE int x86_mov_from_cr(struct vcpu *c, unsigned cr, uint64_t *v);
MUST_USE int x86_mov_to_dr(struct vcpu *c, unsigned dr, uint64_t v);
MUST_USE int x86_mov_from_dr(struct vcpu *c, unsigned dr, uint64_t *v);
MUST_USE int x86_lmsw(struct vcpu *c, uint16_t v);
MUST_USE int x86_rdmsr(struct vcpu *c, uint32_t msr, uint64_t *v);
MUST_USE int x86_wrmsr(struct vcpu *c, uint32_t msr, uint64_t v);
MUST_USE int x86_xsetbv(struct vcpu *c, uint32_t xcr, uint64_t v);
MUST_USE int x86_invlpg(struct vcpu *c, gva_t va);
MUST_USE int x86_invpcid(struct vcpu *c, uint64_t type, uint64_t pcid,
    gva_t va);
void x86_cpuid(struct vcpu *c);		/* RAX, RCX in; four registers out */
uint64_t x86_tsc(struct vcpu *c);	/* guest TSC now */
/* vCPUs parked: guest time stood still for so many ticks of the host's TSC. */
void x86_tsc_skip(struct vm *vm, uint64_t ticks);
/*
 * Write the guest's pvclock page again if its figures have changed or are old;
 * cheap otherwise.  x86_take_events() does it.
 */
void x86_kvmclock_tick(struct vcpu *c);
/* POPF/IRET: merge v into rflags under mask as CPL and IOPL allow. */
void x86_set_flags(struct vcpu *c, uint64_t v, uint64_t mask);

/* --- life ----------------------------------------------- x86/state.c --- */

/* State after RESET (SDM 3 table 9-1); FPU included. */
void x86_reset(struct vcpu *c);
/* After INIT, waiting for SIPI (application processors). */
void x86_init(struct vcpu *c);
void x86_sipi(struct vcpu *c, uint8_t vector);
/* Bring what is derived (walk registers, cpl) in line after c->s changed. */
void x86_sync(struct vcpu *c);
/*
 * Range and consistency checks on a state from outside (snapshot, client).
 */
MUST_USE int x86_state_check(const struct cpu_state *s, struct err *e);

/*
 * A serialising instruction (SDM 3 9.3) completes when its processor's stores
 * have left the store buffer; ours is the host's.  Nobody else looks when
 * there is one vCPU.
 */
static inline void
x86_serialise(const struct vcpu *c)
{
	if (c->vm->n_vcpus > 1)
		__atomic_thread_fence(__ATOMIC_SEQ_CST);
}

static inline bool
x86_long_mode(const struct vcpu *c)
{
	return c->s.efer & EFER_LMA;
}

/* Executing 64-bit code (CS.L in long mode)? */
static inline bool
x86_code64(const struct vcpu *c)
{
	return x86_long_mode(c) && (c->s.seg[SEG_CS].attr & SEG_L);
}

static inline bool
x86_canonical(const struct vcpu *c, gva_t va)
{
	unsigned shift = c->s.cr4 & CR4_LA57 ? 7 : 16;

	return (uint64_t)((int64_t)(va << shift) >> shift) == va;
}

#endif
