/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the files of modes/x86 share among themselves: memory access with the
 * privilege spelled out, descriptors, stacks.  Nobody else includes this.
 */
#ifndef TRIVISOR_MODES_X86_PRIV_H
#define TRIVISOR_MODES_X86_PRIV_H

#include "modes/x86/x86.h"

/* --- mem.c --- */

/* How a linear access is made, beside the WALK_* bits. */
enum {
	MEM_STACK = 1,		/* non-canonical is #SS, not #GP */
	MEM_WIDE = 2,		/* 64-bit linear addresses */
	MEM_ALIGN = 4,		/* alignment checking applies */
};

/* Empty our own TLB only. */
void x86_tlb_drop(struct vcpu *c);
MUST_USE int x86_mem_read(struct vcpu *c, gva_t va, void *dst, unsigned len,
    unsigned access, unsigned flags);
MUST_USE int x86_mem_write(struct vcpu *c, gva_t va, const void *src,
    unsigned len, unsigned access, unsigned flags);

/* System structures: implicit supervisor accesses, SDM 3 4.6.1. */
static inline unsigned
x86_sys_flags(const struct vcpu *c)
{
	return x86_long_mode(c) ? MEM_WIDE : 0;
}

MUST_USE static inline int
x86_sys_read(struct vcpu *c, gva_t va, void *dst, unsigned len)
{
	return x86_mem_read(c, va, dst, len, WALK_IMPLICIT, x86_sys_flags(c));
}

MUST_USE static inline int
x86_sys_write(struct vcpu *c, gva_t va, const void *src, unsigned len)
{
	return x86_mem_write(c, va, src, len, WALK_IMPLICIT, x86_sys_flags(c));
}

/* --- segment.c --- */

/* Types of system descriptors, SDM 3 table 3-2. */
enum {
	SYS_TSS16 = 1, SYS_LDT = 2, SYS_TSS16_BUSY = 3, SYS_CALL16 = 4,
	SYS_TASK_GATE = 5, SYS_INT16 = 6, SYS_TRAP16 = 7, SYS_TSS32 = 9,
	SYS_TSS32_BUSY = 11, SYS_CALL32 = 12, SYS_INT32 = 14, SYS_TRAP32 = 15,
};

/* A descriptor read from the GDT or LDT. */
struct desc {
	uint64_t raw;
	uint64_t high;		/* second half in long mode, if wanted */
	gva_t addr;		/* where it is */
	uint16_t attr;		/* as in struct seg_reg */
	uint16_t selector;
};

static inline bool
sel_null(uint16_t sel)
{
	return !(sel & 0xfffc);
}

static inline unsigned
attr_dpl(uint16_t attr)
{
	return attr >> SEG_DPL_SHIFT & 3;
}

static inline bool
attr_code(uint16_t attr)
{
	return (attr & (SEG_S | SEG_CODE)) == (SEG_S | SEG_CODE);
}

static inline bool
attr_conforming(uint16_t attr)
{
	return attr & SEG_EXPDOWN_CONF;
}

static inline bool
attr_writable_data(uint16_t attr)
{
	return (attr & (SEG_S | SEG_CODE | SEG_WRITE_READ)) ==
	    (SEG_S | SEG_WRITE_READ);
}

/*
 * Read the descriptor sel names; raises v with sel's error code, ext ORed in,
 * when the table has none.
 */
MUST_USE int x86_desc_read(struct vcpu *c, uint16_t sel, struct desc *d,
    enum vector v, uint32_t ext);
/* The second half of a 16-byte descriptor; raises v as above. */
MUST_USE int x86_desc_high(struct vcpu *c, struct desc *d, enum vector v,
    uint32_t ext);
/* Set the accessed bit in memory and in *d, if it is not set. */
MUST_USE int x86_desc_accessed(struct vcpu *c, struct desc *d);
/* Change the type bits of a TSS descriptor between available and busy. */
MUST_USE int x86_desc_busy(struct vcpu *c, const struct desc *d, bool busy);
/* The register a descriptor makes; RPL as given. */
struct seg_reg x86_desc_seg(const struct desc *d, uint16_t sel);

static inline int
x86_raise_sel(struct vcpu *c, enum vector v, uint16_t sel, uint32_t ext)
{
	return x86_raise_error(c, v, (sel & 0xfffcu) | ext);
}

/* Flat segments as SYSCALL, SYSENTER and 64-bit IRETs make them. */
struct seg_reg x86_flat_code(uint16_t sel, unsigned dpl, bool code64);
struct seg_reg x86_flat_data(uint16_t sel, unsigned dpl);
/* A null selector: usable for nothing. */
struct seg_reg x86_null_seg(uint16_t sel);
/* Real-mode or virtual-8086 value of a segment register. */
void x86_load_real(struct vcpu *c, enum seg_name seg, uint16_t sel);
/*
 * A stack segment for privilege cpl: for delivery and call gates v is #TS, for
 * returns #GP.  Not present is #SS.  ext is ORed into error codes.
 */
MUST_USE int x86_stack_seg(struct vcpu *c, uint16_t sel, unsigned cpl,
    enum vector v, uint32_t ext, struct seg_reg *ss);
/* Limit or canonical check of an instruction pointer against cs: #GP(ext). */
MUST_USE int x86_check_rip(struct vcpu *c, const struct seg_reg *cs,
    uint64_t rip, uint32_t ext);

/* --- stack.c --- */

struct stack {
	struct seg_reg ss;
	uint64_t sp;
	uint64_t mask;		/* of sp: 64, 32 or 16 bits */
	unsigned cpl;		/* whose access it is */
	bool wide;		/* 64-bit addresses, no limit */
	uint32_t error;		/* of #SS when there is no room */
};

/* The stack as it is now. */
struct stack x86_stack_now(const struct vcpu *c);
/* A stack about to be switched to. */
struct stack x86_stack_of(const struct seg_reg *ss, uint64_t sp, unsigned cpl,
    bool wide, uint32_t error);
/* Is there room for n items of size, to push (or to pop)? #SS(error). */
MUST_USE int x86_stack_room(struct vcpu *c, const struct stack *st, unsigned n,
    unsigned size);
MUST_USE int x86_stack_have(struct vcpu *c, const struct stack *st,
    unsigned bytes);
MUST_USE int x86_push(struct vcpu *c, struct stack *st, uint64_t v,
    unsigned size);
MUST_USE int x86_pop(struct vcpu *c, struct stack *st, uint64_t *v,
    unsigned size);
/* Make it the stack: SS and RSP. */
void x86_stack_commit(struct vcpu *c, const struct stack *st);
/* Where the TSS keeps the stack of privilege cpl: #TS(TR|ext). */
MUST_USE int x86_tss_stack(struct vcpu *c, unsigned cpl, uint32_t ext,
    uint16_t *ss, uint64_t *sp);

/* --- exception.c, system.c --- */

/* Set CPL; engines read c->s.cpl. */
static inline void
x86_set_cpl(struct vcpu *c, unsigned cpl)
{
	c->s.cpl = (uint8_t)cpl;
}

static inline bool
x86_real(const struct vcpu *c)
{
	return !(c->s.cr0 & CR0_PE);
}

static inline bool
x86_v86(const struct vcpu *c)
{
	return c->s.rflags & FLAG_VM;
}

static inline unsigned
x86_iopl(const struct vcpu *c)
{
	return c->s.rflags >> 12 & 3;
}

/* --- iret.c --- */

/* A far return in the making. */
struct far_return {
	struct stack st;	/* what is popped from, then the stack */
	struct desc cs;
	uint16_t sel;		/* of CS, as popped */
	uint64_t rip;
	bool outer;		/* SS:RSP were popped too */
	uint16_t ss_sel;
	uint64_t sp;
	unsigned sp_imm;	/* RET n releases parameters there as well */
};

/* Read and check the descriptor of r->sel. */
MUST_USE int x86_return_cs(struct vcpu *c, struct far_return *r);
/* Check the rest and make the return. */
MUST_USE int x86_return_finish(struct vcpu *c, struct far_return *r);

/* --- task.c --- */

/* A task switch with what its callers know. */
struct task_req {
	uint16_t sel;		/* of the TSS */
	enum task_source source;
	bool has_error;
	uint32_t error;
	uint32_t ext;		/* EXT bit of faults met on the way */
	uint64_t rip;		/* where the old task goes on */
	uint64_t rflags;	/* what the old task finds */
};

/* As x86_task_switch(). */
MUST_USE int x86_task_enter(struct vcpu *c, const struct task_req *q);

/* --- kvmclock.c --- */

/* WRMSR KVM_WALL_CLOCK and KVM_SYSTEM_TIME. */
void x86_kvm_wall_clock(struct vcpu *c, uint64_t v);
void x86_kvm_system_time(struct vcpu *c, uint64_t v);
void x86_kvmclock_reset(struct vm *vm);
void x86_tsc_reset(struct vcpu *c);
void x86_tsc_write(struct vcpu *c, uint64_t v);
void x86_tsc_adjust(struct vcpu *c, uint64_t v);

/* --- msr.c --- */

bool x86_pat_valid(uint64_t v);
/* Eight memory types, or fewer with the rest zero. */
bool x86_mtrr_types_valid(uint64_t v);

#endif
