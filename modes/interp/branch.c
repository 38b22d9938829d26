/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Control transfers.  The target is checked before anything is pushed; far
 * transfers, software interrupts and the system-call instructions belong to
 * modes/x86.
 */
#include "modes/interp/handlers.h"

bool
cond_true(uint64_t rflags, unsigned cond)
{
	bool cf = rflags & FLAG_CF;
	bool zf = rflags & FLAG_ZF;
	bool less = !(rflags & FLAG_SF) != !(rflags & FLAG_OF);
	bool t;

	switch (cond >> 1 & 7) {
	case 0:
		t = rflags & FLAG_OF;
		break;
	case 1:
		t = cf;
		break;
	case 2:
		t = zf;
		break;
	case 3:
		t = cf || zf;
		break;
	case 4:
		t = rflags & FLAG_SF;
		break;
	case 5:
		t = rflags & FLAG_PF;
		break;
	case 6:
		t = less;
		break;
	default:
		t = less || zf;
		break;
	}
	return t != (cond & 1);
}

static bool
target_good(const struct vcpu *c, const struct insn *i, uint64_t target)
{
	return i->mode == MODE_64 ? x86_canonical(c, target) :
	    target <= c->s.seg[SEG_CS].limit;
}

static int
target_check(struct vcpu *c, const struct insn *i, uint64_t target)
{
	return target_good(c, i, target) ? 0 : raise_gp0(c);
}

static int
near_jump(struct vcpu *c, const struct insn *i, uint64_t target)
{
	target &= size_mask(i->op_bytes);
	if (target_check(c, i, target))
		return H_FAULT;
	c->s.rip = target;
	return H_RIP;
}

/* The target is checked once the push cannot fault, and before it is done. */
static int
near_call(struct vcpu *c, const struct insn *i, uint64_t target)
{
	target &= size_mask(i->op_bytes);
	if (unlikely(!target_good(c, i, target)))
		return push_probe(c, i, i->op_bytes) ? H_FAULT : raise_gp0(c);
	if (push(c, i, i->op_bytes, next_rip(c, i)))
		return H_FAULT;
	c->s.rip = target;
	return H_RIP;
}

static uint64_t
relative(const struct vcpu *c, const struct insn *i)
{
	return c->s.rip + i->len + i->imm;
}

int
h_jcc(struct vcpu *c, const struct insn *i)
{
	if (!cond_true(c->s.rflags, i->cond))
		return H_NEXT;
	return near_jump(c, i, relative(c, i));
}

int
h_jmp(struct vcpu *c, const struct insn *i)
{
	uint64_t v;

	if (i->opnd[0].kind == OPND_REL)
		return near_jump(c, i, relative(c, i));
	if (opnd_load(c, i, 0, &v))
		return H_FAULT;
	return near_jump(c, i, v);
}

int
h_call(struct vcpu *c, const struct insn *i)
{
	uint64_t v;

	if (i->opnd[0].kind == OPND_REL)
		return near_call(c, i, relative(c, i));
	if (opnd_load(c, i, 0, &v))
		return H_FAULT;
	return near_call(c, i, v);
}

int
h_ret(struct vcpu *c, const struct insn *i)
{
	unsigned size = i->op_bytes;
	unsigned extra = i->n_opnd ? (uint16_t)i->imm : 0;
	uint64_t target;

	if (peek(c, i, size, 0, &target) || target_check(c, i, target))
		return H_FAULT;
	stack_set(c, c->s.gpr[RSP] + size + extra);
	c->s.rip = target;
	return H_RIP;
}

/* LOOP, LOOPE, LOOPNE, JCXZ: the count is as wide as the address size. */
static int
loop(struct vcpu *c, const struct insn *i, bool cond)
{
	uint64_t count = (c->s.gpr[RCX] - 1) & addr_mask(i->addr_bytes);

	if (count && cond) {
		int rc = near_jump(c, i, relative(c, i));

		if (rc == H_FAULT)
			return rc;
		reg_set(c, RCX, i->addr_bytes, count);
		return rc;
	}
	reg_set(c, RCX, i->addr_bytes, count);
	return H_NEXT;
}

int
h_loop(struct vcpu *c, const struct insn *i)
{
	return loop(c, i, true);
}

int
h_loope(struct vcpu *c, const struct insn *i)
{
	return loop(c, i, c->s.rflags & FLAG_ZF);
}

int
h_loopne(struct vcpu *c, const struct insn *i)
{
	return loop(c, i, !(c->s.rflags & FLAG_ZF));
}

int
h_jrcxz(struct vcpu *c, const struct insn *i)
{
	if (c->s.gpr[RCX] & addr_mask(i->addr_bytes))
		return H_NEXT;
	return near_jump(c, i, relative(c, i));
}

/* --- far --- */

/* Offset and selector from the instruction or from memory. */
static int
far_pointer(struct vcpu *c, const struct insn *i, uint64_t *off,
    uint16_t *sel)
{
	unsigned size = i->op_bytes;
	bool stack = i->mem.seg == SEG_SS;
	uint64_t v;
	gva_t va;

	if (i->opnd[0].kind == OPND_FAR) {
		*off = (uint64_t)i->imm & size_mask(size);
		*sel = i->imm2;
		return 0;
	}
	if (mem_linear(c, i, size + 2, false, &va) ||
	    ld(c, va, size, stack, off) || ld(c, va + size, 2, stack, &v))
		return H_FAULT;
	*sel = v;
	return 0;
}

int
h_jmp_far(struct vcpu *c, const struct insn *i)
{
	uint64_t off;
	uint16_t sel;

	if (far_pointer(c, i, &off, &sel) ||
	    x86_far_jmp(c, sel, off, i->op_bytes, next_rip(c, i)))
		return H_FAULT;
	return H_RIP;
}

int
h_call_far(struct vcpu *c, const struct insn *i)
{
	uint64_t off;
	uint16_t sel;

	if (far_pointer(c, i, &off, &sel) ||
	    x86_far_call(c, sel, off, i->op_bytes, next_rip(c, i)))
		return H_FAULT;
	return H_RIP;
}

int
h_ret_far(struct vcpu *c, const struct insn *i)
{
	unsigned extra = i->n_opnd ? (uint16_t)i->imm : 0;

	return x86_far_ret(c, i->op_bytes, extra) ? H_FAULT : H_RIP;
}

int
h_iret(struct vcpu *c, const struct insn *i)
{
	return x86_iret(c, i->op_bytes) ? H_FAULT : H_RIP;
}

/* --- software interrupts --- */

static int
soft_int(struct vcpu *c, const struct insn *i, uint8_t vector)
{
	/* A triple fault shows in the activity; rip is nobody's then. */
	(void)x86_soft_int(c, vector, next_rip(c, i));
	return H_RIP;
}

/*
 * Virtual-8086 mode extensions: the TSS's redirection bitmap, the 32 bytes
 * below the I/O map, says with a 1 that INT n goes through the IDT.
 */
static int
through_idt(struct vcpu *c, uint8_t vector, bool *yes)
{
	const struct seg_reg *tr = &c->s.seg[SEG_TR];
	uint16_t map;
	uint8_t bits;

	*yes = true;
	if (!(c->s.cr4 & CR4_VME))
		return 0;
	if (x86_read(c, tr->base + 0x66, &map, 2, WALK_IMPLICIT, false) ||
	    x86_read(c, tr->base + map - 32 + vector / 8, &bits, 1,
	    WALK_IMPLICIT, false))
		return H_FAULT;
	*yes = bits >> vector % 8 & 1;
	return 0;
}

/* As in real-address mode, with VIF in IF's place if IOPL < 3. */
static int
int_in_v86(struct vcpu *c, const struct insn *i, uint8_t vector)
{
	uint64_t flags = c->s.rflags & 0xffff;
	uint64_t sp = c->s.gpr[RSP];
	uint64_t clear = FLAG_TF | (iopl(c) < 3 ? FLAG_VIF : FLAG_IF);
	struct seg_reg *cs = &c->s.seg[SEG_CS];
	uint64_t to;

	if (iopl(c) < 3) {
		flags = (flags & ~(uint64_t)FLAG_IF) | FLAG_IOPL;
		if (c->s.rflags & FLAG_VIF)
			flags |= FLAG_IF;
	}
	if (ld(c, vector * 4, 4, false, &to))
		return H_FAULT;
	if (push(c, i, 2, flags) || push(c, i, 2, cs->selector) ||
	    push(c, i, 2, next_rip(c, i))) {
		c->s.gpr[RSP] = sp;
		return H_FAULT;
	}
	cs->selector = to >> 16;
	cs->base = (uint64_t)cs->selector << 4;
	c->s.rip = to & 0xffff;
	c->s.rflags &= ~clear;
	return H_RIP;
}

int
h_int(struct vcpu *c, const struct insn *i)
{
	uint8_t vector = i->imm;
	bool idt = true;

	if (is_v86(c)) {
		if (through_idt(c, vector, &idt))
			return H_FAULT;
		if (!idt)
			return int_in_v86(c, i, vector);
		if (iopl(c) < 3)
			return raise_gp0(c);
	}
	return soft_int(c, i, vector);
}

int
h_int3(struct vcpu *c, const struct insn *i)
{
	return soft_int(c, i, VEC_BP);
}

int
h_into(struct vcpu *c, const struct insn *i)
{
	if (!(c->s.rflags & FLAG_OF))
		return H_NEXT;
	return soft_int(c, i, VEC_OF);
}

/* INT1 is a trap that no descriptor privilege holds up. */
int
h_int1(struct vcpu *c, const struct insn *i)
{
	(void)x86_icebp(c, next_rip(c, i));
	return H_RIP;
}

int
h_ud(struct vcpu *c, const struct insn *i)
{
	return raise_ud(c);
}

int
h_bound(struct vcpu *c, const struct insn *i)
{
	unsigned size = i->op_bytes;
	bool stack = i->mem.seg == SEG_SS;
	int64_t v = sign_extend(opnd_reg(c, &i->opnd[0]), size);
	uint64_t low, high;
	gva_t va;

	if (mem_linear(c, i, size * 2, false, &va) ||
	    ld(c, va, size, stack, &low) ||
	    ld(c, va + size, size, stack, &high))
		return H_FAULT;
	if (v < sign_extend(low, size) || v > sign_extend(high, size))
		return x86_raise(c, VEC_BR);
	return H_NEXT;
}

/* --- fast system calls --- */

int
h_syscall(struct vcpu *c, const struct insn *i)
{
	return x86_syscall(c, next_rip(c, i)) ? H_FAULT : H_RIP;
}

int
h_sysret(struct vcpu *c, const struct insn *i)
{
	return x86_sysret(c, i->op_bytes) ? H_FAULT : H_RIP;
}

int
h_sysenter(struct vcpu *c, const struct insn *i)
{
	return x86_sysenter(c) ? H_FAULT : H_RIP;
}

int
h_sysexit(struct vcpu *c, const struct insn *i)
{
	return x86_sysexit(c, i->op_bytes) ? H_FAULT : H_RIP;
}
