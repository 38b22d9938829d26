/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Emitting, caching and running native thunks (thunk.h).
 *
 * A thunk is called as int thunk(uint64_t gpr[16], void *mem, uint64_t *flags):
 *
 *	push rbx, rbp, r12..r15		; what the ABI wants kept
 *	push rdx; push rdi		; flags and gpr, for the way out
 *	push [rdx]; popf		; guest flags
 *	mov M, rsi; mov S, rdi		; by way of the stack
 *	mov reg, [S + ...]		; each general register that is used
 *	<instruction>			; memory operand is [M]
 *	mov [S + ...], reg		; each one that is written
 *	pushf; pop M; pop S; pop S; mov [S], M
 *	pop ...; xor eax, eax; ret
 *
 * General registers keep their numbers, but for RSP, which is renamed.  When
 * the instruction faults the stack is as after the first two lines, so the
 * signal handler continues at one common way out.
 */
#include "modes/interp/thunk.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#define SLOTS 1024u
#define SLOT_SIZE 256
#define CODE_SIZE ((SLOTS + 1) * SLOT_SIZE)	/* slot 0: the way out */

typedef int thunk_fn(uint64_t *gpr, void *mem, uint64_t *flags);

struct thunk_key {
	uint8_t bytes[INSN_MAX_LEN];
	uint8_t len_mode;	/* len | mode << 4; 0: empty */
};

struct thunk_cache {
	uint8_t *rw;		/* owned mappings of one memfd */
	uint8_t *rx;
	uint8_t *guard;		/* owned: see thunk_guard() */
	uint8_t *touched;	/* where a thunk met the guard */
	struct thunk_key key[SLOTS];
};

/* The cache whose thunk this thread is executing, for the signal handler. */
static __thread struct thunk_cache *running;

struct emit {
	uint8_t *p;
	uint8_t map[GPR_COUNT];	/* guest register -> host register */
	uint16_t load, store;	/* guest registers */
	uint8_t m, s;		/* M and S above */
};

static void
byte(struct emit *e, uint8_t b)
{
	*e->p++ = b;
}

static void
push_reg(struct emit *e, unsigned r)
{
	if (r >= 8)
		byte(e, 0x41);
	byte(e, 0x50 | (r & 7));
}

static void
pop_reg(struct emit *e, unsigned r)
{
	if (r >= 8)
		byte(e, 0x41);
	byte(e, 0x58 | (r & 7));
}

/* mov reg, [base + 8 * n] (8B) or the reverse (89). */
static void
mov_slot(struct emit *e, uint8_t op, unsigned reg, unsigned base, unsigned n)
{
	byte(e, 0x48 | (reg >= 8 ? 4 : 0) | (base >= 8 ? 1 : 0));
	byte(e, op);
	byte(e, 0x40 | (reg & 7) << 3 | (base & 7));
	if ((base & 7) == RSP)
		byte(e, 0x24);
	byte(e, n * 8);
}

static const uint8_t kept[] = { RBX, RBP, R12, R13, R14, R15 };

static void
emit_leave(struct emit *e)
{
	for (unsigned n = ARRAY_LEN(kept); n-- > 0;)
		pop_reg(e, kept[n]);
}

/* --- registers --- */

/* Take a host register that is in order and not in *used. */
static unsigned
take(uint16_t *used, const char *order)
{
	while (*used >> *order & 1)
		order++;
	*used |= 1u << *order;
	return *order;
}

static void
assign_registers(struct emit *e, const struct insn *i)
{
	/* Encodable without REX first, and as [reg] without a displacement. */
	static const char low[] = { RDI, RSI, RBX, RDX, RCX, RAX, 0 };
	static const char any[] = { R8, R9, R10, R11, RDI, RSI, RBX, RDX, 0 };
	uint16_t used;

	e->load = i->desc->gpr_read | i->desc->gpr_write;
	e->store = i->desc->gpr_write;
	for (unsigned n = 0; n < i->n_opnd; n++) {
		const struct opnd *o = &i->opnd[n];

		if (o->kind != OPND_GPR)
			continue;
		e->load |= 1u << o->reg;
		if (o->access & ACC_W)
			e->store |= 1u << o->reg;
	}
	for (unsigned r = 0; r < GPR_COUNT; r++)
		e->map[r] = r;
	used = (e->load & ~(1u << RSP)) | 1u << RSP;
	e->m = take(&used, low);
	if (e->load >> RSP & 1)
		e->map[RSP] = take(&used, low);
	e->s = take(&used, any);
}

/* --- the instruction --- */

/* Where the register fields of the re-encoded instruction point. */
struct fields {
	unsigned reg, rm, vvvv;		/* GPR numbers, or as encoded */
	bool gpr_reg, gpr_rm, gpr_vvvv;
	bool mem;
};

static void
find_fields(const struct emit *e, const struct insn *i, struct fields *f)
{
	*f = (struct fields){ .mem = i->has_mem };
	for (unsigned n = 0; n < i->n_opnd; n++) {
		const struct opnd *o = &i->opnd[n];
		unsigned host;

		if (o->kind != OPND_GPR)
			continue;
		host = e->map[o->reg] + (o->high8 ? 4 : 0);
		if (o->place == PLACE_REG) {
			f->reg = host;
			f->gpr_reg = true;
		} else if (o->place == PLACE_RM) {
			f->rm = host;
			f->gpr_rm = true;
		} else if (o->place == PLACE_VVVV) {
			f->vvvv = host;
			f->gpr_vvvv = true;
		}
	}
}

static uint8_t
new_modrm(const struct emit *e, const struct insn *i, const struct fields *f)
{
	uint8_t modrm = i->modrm;

	if (f->mem)
		modrm = (modrm & 0x38) | e->m;
	if (f->gpr_rm)
		modrm = (modrm & 0xf8) | (f->rm & 7);
	if (f->gpr_reg)
		modrm = (modrm & 0xc7) | (f->reg & 7) << 3;
	return modrm;
}

static void
set_bit(uint8_t *b, uint8_t bit, bool on)
{
	*b = on ? *b | bit : *b & ~bit;
}

/* Operand-size prefix of an instruction on general registers. */
static bool
operand_prefix(const struct insn *i)
{
	bool sized = i->desc->cls == CLASS_INT ||
	    (i->desc->cls == CLASS_FPSTATE && i->map == MAP_ONE);

	if (!sized || i->desc->id == I_ADCX)
		return i->opsize;
	return (i->mode == MODE_16) != i->opsize;
}

static void
emit_legacy(struct emit *e, const struct insn *i, const struct fields *f)
{
	uint8_t rex = i->rex;

	if (operand_prefix(i))
		byte(e, 0x66);
	if (i->rep)
		byte(e, i->rep);
	if (f->mem)
		rex &= ~3;
	if (f->gpr_reg)
		set_bit(&rex, 4, f->reg >= 8);
	if (f->gpr_rm)
		set_bit(&rex, 1, f->rm >= 8);
	if (rex)
		byte(e, rex | 0x40);
	if (i->map != MAP_ONE)
		byte(e, 0x0f);
	if (i->map == MAP_0F38)
		byte(e, 0x38);
	else if (i->map == MAP_0F3A)
		byte(e, 0x3a);
	byte(e, i->opcode);
}

/* R, X, B and vvvv of VEX are inverted. */
static void
emit_vex(struct emit *e, const struct insn *i, const struct fields *f)
{
	uint8_t p0 = i->vex[0];
	uint8_t p1 = i->vex[1];

	if (i->mode != MODE_64) {
		p0 |= 0xe0;
		p1 |= 0x40;
		/* W is the size of general registers, implied ones too. */
		if (f->gpr_reg || f->gpr_rm || f->gpr_vvvv ||
		    i->desc->gpr_read)
			p1 &= 0x7f;
	}
	if (f->mem)
		p0 |= 0x60;
	if (f->gpr_reg)
		set_bit(&p0, 0x80, f->reg < 8);
	if (f->gpr_rm)
		set_bit(&p0, 0x20, f->rm < 8);
	if (f->gpr_vvvv)
		p1 = (p1 & 0x87) | (~f->vvvv & 15) << 3;
	byte(e, 0xc4);
	byte(e, p0);
	byte(e, p1);
	byte(e, i->opcode);
}

static void
emit_evex(struct emit *e, const struct insn *i, const struct fields *f)
{
	uint8_t p0 = i->vex[0];
	uint8_t p1 = i->vex[1];
	uint8_t p2 = i->vex[2];

	if (i->mode != MODE_64) {
		p0 |= 0xf0;
		p1 |= 0x40;
		p2 |= 0x08;
		if (f->gpr_reg || f->gpr_rm)
			p1 &= 0x7f;
	}
	if (f->mem)
		p0 |= 0x60;
	if (f->gpr_reg) {
		set_bit(&p0, 0x80, f->reg < 8);
		p0 |= 0x10;
	}
	if (f->gpr_rm) {
		set_bit(&p0, 0x20, f->rm < 8);
		p0 |= 0x40;
	}
	byte(e, 0x62);
	byte(e, p0);
	byte(e, p1);
	byte(e, p2);
	byte(e, i->opcode);
}

static void
emit_insn(struct emit *e, const struct insn *i)
{
	struct fields f;

	find_fields(e, i, &f);
	switch (i->enc) {
	case ENC_VEX:
		emit_vex(e, i, &f);
		break;
	case ENC_EVEX:
		emit_evex(e, i, &f);
		break;
	default:
		emit_legacy(e, i, &f);
		break;
	}
	if (i->has_modrm)
		byte(e, new_modrm(e, i, &f));
	for (unsigned n = 0; n < i->imm_len; n++) {
		uint8_t b = i->bytes[i->pos_imm + n];

		/* imm8[7:4]'s register: eight of them in 32-bit code. */
		for (unsigned k = 0; k < i->n_opnd; k++)
			if (i->opnd[k].place == PLACE_IS4 && i->mode != MODE_64)
				b &= 0x7f;
		byte(e, b);
	}
}

static void
emit_thunk(uint8_t *at, const struct insn *i)
{
	struct emit e = { .p = at };

	assign_registers(&e, i);
	for (unsigned n = 0; n < ARRAY_LEN(kept); n++)
		push_reg(&e, kept[n]);
	push_reg(&e, RDX);
	push_reg(&e, RDI);
	byte(&e, 0xff);		/* push qword [rdx] */
	byte(&e, 0x32);
	byte(&e, 0x9d);		/* popf */
	push_reg(&e, RSI);
	push_reg(&e, RDI);
	pop_reg(&e, e.s);
	pop_reg(&e, e.m);
	for (unsigned r = 0; r < GPR_COUNT; r++)
		if (e.load >> r & 1)
			mov_slot(&e, 0x8b, e.map[r], e.s, r);
	emit_insn(&e, i);
	for (unsigned r = 0; r < GPR_COUNT; r++)
		if (e.store >> r & 1)
			mov_slot(&e, 0x89, e.map[r], e.s, r);
	byte(&e, 0x9c);		/* pushf */
	pop_reg(&e, e.m);
	pop_reg(&e, e.s);
	pop_reg(&e, e.s);
	mov_slot(&e, 0x89, e.m, e.s, 0);
	emit_leave(&e);
	byte(&e, 0x31);		/* xor eax, eax */
	byte(&e, 0xc0);
	byte(&e, 0xc3);
	BUG_ON(e.p - at > SLOT_SIZE);
}

/* --- the cache --- */

int
thunk_cache_new(struct thunk_cache **out, struct err *e)
{
	struct thunk_cache *t = calloc(1, sizeof(*t));
	int fd = memfd_create("interp-code", MFD_CLOEXEC);
	struct emit stub;
	int sys;

	*out = NULL;
	if (!t || fd < 0 || ftruncate(fd, CODE_SIZE))
		goto fail;
	t->rw = mmap(NULL, CODE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd,
	    0);
	t->rx = mmap(NULL, CODE_SIZE, PROT_READ | PROT_EXEC, MAP_SHARED, fd,
	    0);
	t->guard = mmap(NULL, 3 * PAGE_SIZE, PROT_NONE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (t->rw == MAP_FAILED || t->rx == MAP_FAILED ||
	    t->guard == MAP_FAILED || mprotect(t->guard + PAGE_SIZE,
	    PAGE_SIZE, PROT_READ | PROT_WRITE))
		goto fail;
	close(fd);
	stub = (struct emit){ .p = t->rw };
	byte(&stub, 0x48);	/* add rsp, 16 */
	byte(&stub, 0x83);
	byte(&stub, 0xc4);
	byte(&stub, 16);
	emit_leave(&stub);
	byte(&stub, 0xc3);
	*out = t;
	return 0;

fail:
	sys = errno;
	if (fd >= 0)
		close(fd);
	thunk_cache_free(t);
	return err_set_sys(e, sys, "interpreter: no memory for native code");
}

void
thunk_cache_free(struct thunk_cache *t)
{
	if (!t)
		return;
	if (t->rw && t->rw != MAP_FAILED)
		munmap(t->rw, CODE_SIZE);
	if (t->rx && t->rx != MAP_FAILED)
		munmap(t->rx, CODE_SIZE);
	if (t->guard && t->guard != MAP_FAILED)
		munmap(t->guard, 3 * PAGE_SIZE);
	free(t);
}

static thunk_fn *
thunk_get(struct thunk_cache *t, const struct insn *i)
{
	uint64_t lo = host_load(i->bytes, 8) & size_mask(MIN(i->len, 8));
	uint64_t hi = i->len > 7 ? host_load(i->bytes + 7, 8) &
	    size_mask(i->len - 7) : 0;
	uint8_t len_mode = i->len | i->mode << 4;
	unsigned slot = (lo * UINT64_C(0x9e3779b97f4a7c15) ^
	    hi * UINT64_C(0xc2b2ae3d27d4eb4f) ^
	    len_mode * UINT64_C(0x100000001b3)) >> 40 & (SLOTS - 1);
	struct thunk_key *k = &t->key[slot];
	size_t at = (slot + 1) * SLOT_SIZE;

	if (k->len_mode != len_mode || (host_load(k->bytes, 8) &
	    size_mask(MIN(i->len, 8))) != lo || (i->len > 7 &&
	    (host_load(k->bytes + 7, 8) & size_mask(i->len - 7)) != hi)) {
		emit_thunk(t->rw + at, i);
		copy_bytes(k->bytes, i->bytes, INSN_MAX_LEN);
		k->len_mode = len_mode;
	}
	return (thunk_fn *)(uintptr_t)(t->rx + at);
}

bool
thunk_fault(int sig, siginfo_t *si, ucontext_t *uc)
{
	greg_t *r = uc->uc_mcontext.gregs;
	struct thunk_cache *t = running;

	if (!t || (uint64_t)r[REG_RIP] - (uint64_t)(uintptr_t)t->rx >=
	    CODE_SIZE)
		return false;
	/* Our own wrong pointer must not become the guest's exception. */
	if (r[REG_TRAPNO] == VEC_PF) {
		t->touched = si->si_addr;
		if ((uint64_t)(t->touched - t->guard) >= 3 * PAGE_SIZE)
			return false;
	}
	r[REG_EFL] &= ~(greg_t)FLAG_AC;
	r[REG_RAX] = r[REG_TRAPNO] + 1;
	r[REG_RIP] = (greg_t)(uintptr_t)t->rx;
	return true;
}

static int
raise_host(struct vcpu *c, unsigned vector)
{
	switch (vector) {
	case VEC_GP:
		return raise_gp0(c);
	case VEC_AC:
		return x86_raise_error(c, VEC_AC, 0);
	case VEC_XM:
		return x86_raise(c, c->s.cr4 & CR4_OSXMMEXCPT ? VEC_XM :
		    VEC_UD);
	default:
		return x86_raise(c, vector);
	}
}

/* Our own code is not made for alignment checks. */
static void
clear_ac(void)
{
	/* Below the red zone. */
	__asm__ volatile("lea -128(%%rsp), %%rsp\n\tpushf\n\t"
	    "andl %0, (%%rsp)\n\tpopf\n\tlea 128(%%rsp), %%rsp"
	    : : "i"(~FLAG_AC) : "memory", "cc");
}

uint8_t *
thunk_guard(struct vcpu *c)
{
	return interp_of(c)->thunks->guard;
}

int
thunk_run_guarded(struct vcpu *c, const struct insn *i, void *mem,
    uint8_t **touched)
{
	struct thunk_cache *t = interp_of(c)->thunks;
	thunk_fn *fn = thunk_get(t, i);
	bool check = alignment_checked(c);
	uint64_t flags = (c->s.rflags & FLAGS_ARITH) | FLAG_FIXED1 |
	    (check ? FLAG_AC : 0);
	int rc;

	running = t;
	rc = fn(c->s.gpr, mem, &flags);
	if (unlikely(check))
		clear_ac();
	running = NULL;
	if (unlikely(rc)) {
		if (rc - 1 == VEC_PF) {
			*touched = t->touched;
			return THUNK_TOUCHED;
		}
		return raise_host(c, rc - 1);
	}
	set_arith(c, flags);
	return H_NEXT;
}

int
thunk_run(struct vcpu *c, const struct insn *i, void *mem)
{
	uint8_t *touched = NULL;
	int rc = thunk_run_guarded(c, i, mem, &touched);

	/* Only operands placed at the guard can touch it. */
	BUG_ON(rc == THUNK_TOUCHED);
	return rc;
}
