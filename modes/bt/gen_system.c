/* SPDX-License-Identifier: Apache-2.0 */
/*
 * System instructions that are worth more than a step of the interpreter:
 * interrupt flag, time stamp, SWAPGS inline; ring transitions and the like by
 * helpers that go on in translated code (tail probe) without the run loop.
 */
#include "modes/bt/gen.h"

#include "modes/x86/x86.h"

static bool
privileged(const struct gen *g)
{
	return !(g->mode & MODE_USER);
}

static bool
gen_cli(struct gen *g)
{
	if (!privileged(g))
		return false;
	store_gs_imm(&g->e, W64, GS(ifw), 0);
	return true;
}

/*
 * STI: the instruction after it runs before any interrupt.  Translated code
 * only looks at attention when a TU starts, so the TU is made to end after
 * that next instruction (see translate.c), and a pending interrupt is turned
 * into attention here.
 */
static bool
gen_sti(struct gen *g)
{
	struct emit *e = &g->e;
	uint8_t *none;

	if (!privileged(g))
		return false;
	g->must_poll = true;
	store_gs_imm(e, W64, GS(ifw), FLAG_IF);
	op_gs(e, W32, OP_LOAD, S_C, GS(c.irq_hint));
	none = short_fwd(e, OP_JRCXZ);
	store_gs_imm(e, W32, GS(c.attention), 0);
	bind8(e, none);
	return true;
}

static bool
gen_swapgs(struct gen *g)
{
	uint32_t base = (uint32_t)offsetof(struct bt_vcpu,
	    c.s.seg[SEG_GS].base);
	struct emit *e = &g->e;

	if (!privileged(g))
		return false;
	load_gs(e, S_A, base);
	load_gs(e, S_B, GS(c.s.kernel_gs_base));
	store_gs(e, S_B, base);
	store_gs(e, S_A, GS(c.s.kernel_gs_base));
	return true;
}

/* Flag-free on BMI2 hosts: RDTSC + offset in EDX:EAX. */
static bool
gen_rdtsc(struct gen *g)
{
	struct emit *e = &g->e;

	if (!g->t->bmi2 || (g->mode & MODE_TSD))
		return false;
	/* RDTSCP is there to wait for what comes before: nothing less will do.
	 * It writes host ECX, a scratch register. */
	if (g->i->desc->id == I_RDTSCP) {
		emit_opcode(e, 0x0f01);
		emit8(e, 0xf9);
	} else {
		emit_opcode(e, 0x0f31);
	}
	rorx(e, H_RDX, H_RDX, 32);
	lea_rr(e, H_RAX, H_RAX, H_RDX);
	load_gs(e, S_A, GS(c.s.tsc_offset));
	lea_rr(e, H_RAX, H_RAX, S_A);
	rorx(e, H_RDX, H_RAX, 32);
	op_rr(e, W32, OP_LOAD, H_RDX, H_RDX);
	op_rr(e, W32, OP_LOAD, H_RAX, H_RAX);
	if (g->i->desc->id == I_RDTSCP) {
		load_gs(e, H_R8, GS(c.s.tsc_aux));
		op_rr(e, W32, OP_LOAD, H_R8, H_R8);
	}
	return true;
}

/* DF is a bit of s.rflags; the host's stays clear. */
static bool
gen_cld(struct gen *g)
{
	bool save = g->flags_live && !g->t->bmi2;
	struct emit *e = &g->e;

	if (g->flags_live && !save) {
		load_gs(e, S_A, GS(c.s.rflags));
		pext_gs(e, S_A, S_A, GS(mask_not_df));
		pdep_gs(e, S_A, S_A, GS(mask_not_df));
		store_gs(e, S_A, GS(c.s.rflags));
		return true;
	}
	if (save)
		gen_flags_save(e);
	op_gs(e, W64, 0x81, 4, GS(c.s.rflags));		/* and */
	emit32(e, ~(uint32_t)FLAG_DF);
	if (save)
		gen_flags_restore(e);
	return true;
}

/*
 * STAC and CLAC: when they change something, control goes on in another mode.
 * What that mode needs is set here if its jump cache knows what comes next.
 */
static bool
gen_set_ac(struct gen *g, bool on)
{
	uint32_t mode = g->mode ^ (MODE_AC | MODE_SMAP);
	enum bt_set set = on ? SET_KERNEL_AC : SET_KERNEL;
	uint32_t entry = (uint32_t)(offsetof(struct bt_vcpu, own.jc) +
	    set * sizeof(struct jump_cache)) + jc_index(g->next) * 8;
	struct emit *e = &g->e;
	uint8_t *same_mode, *hit, *miss;

	if (!privileged(g))
		return false;
	if (bt_ac_stays(g->mode, on))
		return true;
	if (on != !(g->mode & MODE_AC)) {	/* there is no SMAP */
		gen_call_helper(g, HELP_SET_AC, on);
		return true;
	}
	g->e.fixed = true;
	op_gs(e, W32, OP_LOAD, S_C, (uint32_t)(
	    offsetof(struct bt_vcpu, own.set_mode) +
	    set * sizeof(uint32_t)));
	lea_rm(e, S_C, S_C, -(int32_t)mode);
	same_mode = short_fwd(e, OP_JRCXZ);
	miss = jmp_fwd(e);
	bind8(e, same_mode);
	load_gs(e, S_C, entry);
	mov_ri(e, S_B, g->next);
	lea_rr(e, S_C, S_C, S_B);
	hit = short_fwd(e, OP_JRCXZ);
	bind32(e, miss);
	gen_call_helper(g, HELP_SET_AC, on);
	bind8(e, hit);
	load_gs(e, S_A, GS(c.s.rflags));
	lea_rm(e, S_A, S_A, on ? FLAG_AC : -FLAG_AC);
	store_gs(e, S_A, GS(c.s.rflags));
	store_gs_imm(e, W32, GS(mode), (int32_t)mode);
	store_gs_imm(e, W32, GS(set), (int32_t)set);
	gen_ret_select(g, set);
	mov_ri(e, S_A, (uint64_t)(uintptr_t)g->t->tail[set]);
	store_gs(e, S_A, GS(tail));
	op_gs(e, W32, 0xff, 4,
	    entry + (uint32_t)offsetof(struct jump_cache, host));
	return true;
}

static bool
gen_mov_from_sreg(struct gen *g, unsigned sreg)
{
	const struct opnd *to = &g->i->opnd[0];
	struct emit *e = &g->e;
	struct addr a;

	if (to->kind == OPND_MEM) {
		a = gen_addr(g);
		gen_check(g, &a, 2, true);
	}
	op_gs(e, W32, 0x0fb7, S_C, (uint32_t)(
	    offsetof(struct bt_vcpu, c.s.seg[0].selector) +
	    sreg * sizeof(struct seg_reg)));
	if (to->kind == OPND_MEM) {
		emit8(e, 0x66);
		op_rmx(e, W32, OP_STORE, S_C, S_A, S_B, 1, 0);
	} else if (g->i->op_bytes != 2) {
		gen_store(g, to->reg, S_C);
	} else {
		/* Only the low half: merge. */
		gen_load(g, S_B, to->reg);
		emit8(e, 0x66);
		op_rr(e, W32, OP_LOAD, S_B, S_C);
		gen_store(g, to->reg, S_B);
	}
	return true;
}

static bool
gen_mov_from_cr(struct gen *g, unsigned cr)
{
	static const uint32_t at[] = {
		[0] = GS(c.s.cr0), [2] = GS(c.s.cr2), [3] = GS(c.s.cr3),
		[4] = GS(c.s.cr4),
	};

	/* CR8 may be newer in the APIC. */
	if (!privileged(g) || cr >= ARRAY_LEN(at) || cr == 1)
		return false;
	load_gs(&g->e, S_A, at[cr]);
	gen_store(g, g->i->opnd[0].reg, S_A);
	return true;
}

/* MOV between a general and a segment or control register. */
static bool
gen_mov(struct gen *g)
{
	const struct opnd *to = &g->i->opnd[0], *from = &g->i->opnd[1];
	struct emit *e = &g->e;

	if (from->kind == OPND_SREG)
		return gen_mov_from_sreg(g, from->reg);
	if (from->kind == OPND_CR)
		return gen_mov_from_cr(g, from->reg);
	if (to->kind == OPND_CR && privileged(g)) {
		gen_load(g, S_B, from->reg);
		store_gs(e, S_B, GS(tmp_target));
		gen_call_helper(g, HELP_MOV_CR, to->reg);
		return true;
	}
	return false;
}

/* By helper; the operand is in S_B. */
static void
fsgsbase_call(struct gen *g, unsigned which)
{
	if (which & BASE_WRITE)
		store_gs(&g->e, S_B, GS(tmp_target));
	store_gs_imm(&g->e, W64, GS(tmp_ea), g->i->opnd[0].reg);
	gen_call_helper(g, HELP_FSGSBASE, which |
	    (g->i->op_bytes == 8 ? BASE_64 : 0));
}

/* S_C = 0 if S_B is canonical; flag-free. */
static void
canonical_to_c(struct emit *e)
{
	mov_ri(e, S_C, 16);
	shx(e, SHX_SHL, W64, S_A, S_B, S_C);
	shx(e, SHX_SAR, W64, S_A, S_A, S_C);
	op_rr(e, W64, 0xf7, 2, S_A);			/* not */
	op_rmx(e, W64, OP_LEA, S_C, S_B, S_A, 1, 1);
}

static bool
gen_fsgsbase(struct gen *g, unsigned which)
{
	uint32_t base = (uint32_t)(offsetof(struct bt_vcpu, c.s.seg[0].base) +
	    (which & BASE_GS ? SEG_GS : SEG_FS) * sizeof(struct seg_reg));
	bool wide = g->i->op_bytes == 8;
	unsigned reg = g->i->opnd[0].reg;
	struct emit *e = &g->e;
	uint8_t *good;

	if (!(g->mode & MODE_FSGSBASE))
		return false;
	if (!(which & BASE_WRITE)) {
		op_gs(e, wide ? W64 : W32, OP_LOAD, S_A, base);
		gen_store(g, reg, S_A);
		return true;
	}
	gen_load(g, S_B, reg);
	if (!wide) {
		op_rr(e, W32, OP_LOAD, S_B, S_B);
	} else if (!g->t->bmi2) {
		fsgsbase_call(g, which);
		return true;
	} else {
		canonical_to_c(e);
		good = short_fwd(e, OP_JRCXZ);
		fsgsbase_call(g, which);	/* it faults */
		bind8(e, good);
	}
	store_gs(e, S_B, base);
	return true;
}

bool
gen_system(struct gen *g)
{
	switch (g->i->desc->id) {
	case I_CLI:
		return gen_cli(g);
	case I_STI:
		return gen_sti(g);
	case I_CLD:
		return gen_cld(g);
	case I_SWAPGS:
		return gen_swapgs(g);
	case I_RDTSC:
	case I_RDTSCP:
		return gen_rdtsc(g);
	case I_HLT:
		gen_call_helper(g, HELP_HLT, g->i->op_bytes);
		return true;
	case I_SYSCALL:
		gen_call_helper(g, HELP_SYSCALL, g->i->op_bytes);
		return true;
	case I_SYSRET:
		gen_call_helper(g, HELP_SYSRET, g->i->op_bytes);
		return true;
	case I_IRET:
		gen_call_helper(g, HELP_IRET, g->i->op_bytes);
		return true;
	case I_MOV:
		return gen_mov(g);
	case I_RDFSBASE:
		return gen_fsgsbase(g, 0);
	case I_RDGSBASE:
		return gen_fsgsbase(g, BASE_GS);
	case I_WRFSBASE:
		return gen_fsgsbase(g, BASE_WRITE);
	case I_WRGSBASE:
		return gen_fsgsbase(g, BASE_WRITE | BASE_GS);
	case I_STAC:
	case I_CLAC:
		return gen_set_ac(g, g->i->desc->id == I_STAC);
	case I_WRMSR:
		gen_call_helper(g, HELP_WRMSR, g->i->op_bytes);
		return true;
	case I_RDMSR:
		gen_call_helper(g, HELP_RDMSR, g->i->op_bytes);
		return true;
	case I_LFENCE:
	case I_MFENCE:
	case I_SFENCE:
	case I_PAUSE:
		return gen_native(g);
	default:
		return false;
	}
}

bool
gen_string(struct gen *g)
{
	const struct insn *i = g->i;

	if (i->rep != 0xf3 || i->addr_bytes != 8 ||
	    i->seg_override == SEG_FS || i->seg_override == SEG_GS)
		return false;
	if (i->desc->id == I_MOVS)
		gen_call_helper(g, HELP_REP_MOVS, g->i->op_bytes);
	else if (i->desc->id == I_STOS)
		gen_call_helper(g, HELP_REP_STOS, g->i->op_bytes);
	else
		return false;
	return true;
}

/* All but these end in a tail probe or the run loop. */
static bool
helper_continues(enum bt_helper_id id)
{
	return id == HELP_REP_MOVS || id == HELP_REP_STOS ||
	    id == HELP_RDMSR || id == HELP_FSGSBASE || id == HELP_XSAVE || id == HELP_XRSTOR;
}

void
gen_call_helper(struct gen *g, enum bt_helper_id id, unsigned arg)
{
	struct emit *e = &g->e;

	mov_ri(e, S_C, INFO_CALL(g->off, g->i->len, arg, id));
	mov_id(e, S_A, g->tu_index, RELOC_TU);
	call_to(e, g->t->call);
	if (!helper_continues(id))
		g->ended = true;
}

void
gen_step(struct gen *g)
{
	struct emit *e = &g->e;

	mov_ri(e, S_C, g->off);
	mov_id(e, S_A, g->tu_index, RELOC_TU);
	call_to(e, g->t->step);
	g->ended = true;
}
