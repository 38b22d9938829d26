/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The state of one translation in the making, shared by the gen_*.c files.
 */
#ifndef TRIVISOR_MODES_BT_GEN_H
#define TRIVISOR_MODES_BT_GEN_H

#include "modes/bt/layout.h"

/* A guest address before translation to a host one. */
struct addr {
	uint8_t base, index;	/* enum gpr or REG_NONE */
	uint8_t scale;
	uint8_t seg;		/* SEG_FS or SEG_GS add their base */
	bool addr32;		/* 67: the offset wraps at 4 GiB */
	bool konst;		/* disp is the whole linear address */
	bool moves;		/* and relative to the code */
	bool saved;		/* it was computed before, into tmp_ea */
	int64_t disp;
};

/* A soft-TLB check whose miss is handled out of line. */
struct slow {
	uint8_t *from[2];	/* rel32 fields that jump here */
	unsigned n_from;
	const uint8_t *back;	/* rx address to go on at */
	struct addr a;
	uint32_t info;
	bool flags_in_rcx;	/* restore them first (hosts without BMI2) */
	bool elided;		/* only near the access before was looked */
	bool offset;		/* rcx must be the offset in the page */
	uint8_t row, n_row;	/* instructions from that one, or 0: one only */
};

/* A conditional exit whose far side is out of line. */
enum { COLD_PROBE = -1, COLD_STEP = -2, COLD_RET = -3, COLD_RESOLVE = -4 };

struct cold {
	uint8_t *from;		/* rel32 field */
	uint64_t target;	/* guest RIP; COLD_* but _PROBE: the insn's offset */
	int exit;		/* number of a chainable exit, or COLD_* */
	bool flags_in_rcx;
	uint32_t drop;		/* COLD_RET: bytes to pop */
	const uint8_t *back;	/* COLD_RESOLVE: rx address to go on at */
};

#define GEN_MAX_SLOW (BT_MAX_INSNS * 2)

struct gen {
	struct bt_vcpu *b;
	struct bt_vm *t;
	struct emit e;
	uint8_t *start;		/* in the writable alias */
	uint64_t rip0;
	uint32_t mode;
	uint32_t tu_index;
	uint32_t tlb;		/* gs offset of this mode's soft TLB */
	uint32_t jc;		/* and jump cache */

	/* The instruction at hand. */
	const struct insn *i;
	uint64_t rip, next;
	uint32_t off;		/* rip - rip0 */
	uint32_t guest_len;	/* bytes that the translation depends on */
	bool flags_live;	/* work before the instruction keeps flags */
	bool global;		/* all pages it comes from are */
	bool apart;		/* this is out of line: be brief */
	bool must_poll;		/* whatever comes next: STI was here */
	bool ended;		/* control never falls through any more */

	/* The access before, if r10 and rcx still speak of it: gen_near.c. */
	struct {
		bool valid, write;
		uint8_t base;
		int64_t disp;
	} near;
	bool near_ok;		/* nothing emitted for this instruction yet */
	bool near_kept;		/* this instruction leaves it valid */

	struct slow slow[GEN_MAX_SLOW];
	unsigned n_slow;
	struct cold cold[BT_MAX_EXITS];
	unsigned n_cold;
	struct tu_exit exit[BT_MAX_EXITS];
	unsigned n_exit;

	struct insn insn[BT_MAX_INSNS];
	bool live[BT_MAX_INSNS];
	struct tu_map map[BT_MAX_INSNS + 1];
	struct reloc reloc[BT_MAX_RELOCS];
	unsigned n_insn, max_insns;
};

/* The address of an instruction's memory operand. */
struct addr gen_addr(struct gen *g);
/* dst = linear address; clobbers S_A. Flag-free. */
void gen_ea(struct gen *g, unsigned dst, const struct addr *a, bool with_seg);
/*
 * Check an access; afterwards [S_A + S_B] is its host address.  Clobbers S_C.
 * Keeps flags if g->flags_live.
 */
void gen_check(struct gen *g, const struct addr *a, unsigned size, bool write);

/* Try to check by what is known of the access before. */
bool gen_near_check(struct gen *g, struct slow *s, const struct addr *a,
    unsigned size, bool write);
void gen_near_note(struct gen *g, struct slow *s, const struct addr *a,
    bool write);
/* The instruction at hand adds delta to reg; r10 and rcx are as they were. */
void gen_near_moved(struct gen *g, unsigned reg, int64_t delta);
/* r10 and rcx are as they were; i may have changed the base. */
void gen_near_after(struct gen *g, const struct insn *i);

/* Emit i as it is, operands renamed.  False: it must be stepped. */
bool gen_native(struct gen *g);
bool gen_lea(struct gen *g);
bool gen_bit_test(struct gen *g);
bool gen_stack(struct gen *g);
bool gen_branch(struct gen *g);
bool gen_system(struct gen *g);
bool gen_string(struct gen *g);

/* Does STAC (on) or CLAC change nothing in this mode? */
static inline bool
bt_ac_stays(uint32_t mode, bool on)
{
	return on ? (mode & MODE_SMAP) != 0 : !(mode & MODE_AC);
}

/* Push a 64-bit constant / leave by kinds of exits; all end the TU. */
void gen_jump(struct gen *g, uint64_t target);
/* Probe the jump cache at gs offset jc for a known target. */
void gen_probe_const(struct emit *e, const struct bt_vm *t, uint32_t jc,
    uint64_t target);
/* S_A = index of the target in S_B; *hit is jumped to if it is there. */
void gen_probe_target(struct gen *g, uint8_t **hit);
void gen_jump_resolved(struct gen *g);
void gen_call(struct gen *g, uint64_t target);
/* The same once the return address is pushed. */
void gen_call_pushed(struct gen *g, uint64_t target);
/* Store the return address at [S_A + S_B + at]. */
void gen_store_next(struct gen *g, int32_t at);
void gen_push_return(struct gen *g);
/* S_B = the return address, RSP += 8; then the rest of RET. */
void gen_pop_return(struct gen *g);
void gen_ret_popped(struct gen *g);
/* Is RET i paired with the host's, and of the plain kind? */
bool gen_ret_pairs(const struct gen *g, const struct insn *i);
void gen_call_resolved(struct gen *g);
bool gen_ret(struct gen *g);
/* May an exit to target be patched once the target is known? */
bool gen_chainable(const struct gen *g, uint64_t target);
void gen_add_exit(struct gen *g, uint8_t *field, uint64_t target);
/* Pad so that the rel32 after an opcode of n bytes is 4-byte aligned. */
void gen_align_field(struct emit *e, unsigned n);
/* With flags in rcx: a jump that is taken unless S_B is canonical. */
uint8_t *gen_unless_canonical(struct emit *e);
/* Step the instruction unless S_B is; for hosts without BMI2, or cold. */
void gen_check_canonical(struct gen *g);
void gen_jcc(struct gen *g, unsigned cc, uint64_t target);
void gen_step(struct gen *g);
/* Instruction k is the one at hand. */
void gen_at(struct gen *g, unsigned k);
/* The row of stack instructions that starts at k: how many, 0 if none. */
unsigned gen_row(struct gen *g, unsigned k);
void gen_row_apart(struct gen *g, const struct slow *s);
/* The forward jump at field leads to stepping the instruction at hand. */
void gen_cold_step(struct gen *g, uint8_t *field, bool flags_in_rcx);
/* bt_ret_select() between the kernel's two sets; the mode is the same. */
void gen_ret_select(struct gen *g, enum bt_set set);
void gen_resolve_miss(struct gen *g, const struct cold *c);
void gen_ret_miss(struct gen *g, const struct cold *c);
/* Host flags to rcx and back, rax kept; for hosts without BMI2. */
void gen_flags_save(struct emit *e);
void gen_flags_restore(struct emit *e);
void gen_call_helper(struct gen *g, enum bt_helper_id id, unsigned arg);
bool gen_fpstate(struct gen *g);
/* Everything that was put off until after the straight line. */
void gen_cold(struct gen *g);

/*
 * For tests: bt_relocate() to where g was just emitted, and compare; what does
 * not match is counted.
 */
struct tu *bt_relocate_checked(struct gen *g, const struct tu *from,
    uint64_t rip);

/* Load guest register r into host register dst; store src to it.  64 bits. */
void gen_load(struct gen *g, unsigned dst, unsigned r);
void gen_store(struct gen *g, unsigned r, unsigned src);

#endif
