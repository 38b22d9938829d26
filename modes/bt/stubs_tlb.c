/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The first thing a soft-TLB miss does: look whether the page's entry was
 * displaced by another page with the same index, and change places with it.
 * That takes a few nanoseconds; the walk behind t->slow ten times as many, and
 * a loop over a few such pages (arrays a power of two apart) would pay for it
 * at every turn.
 */
#include "modes/bt/layout.h"

static const uint8_t entry_words[] = { 0, 8, 16, 24 };
static_assert(sizeof(struct tlb_entry) == 32, "four words an entry");

/* Exchange the entries at r10 of two ways; clobbers rcx, r11. */
static void
emit_swap(struct emit *e, uint32_t first, uint32_t second)
{
	for (size_t k = 0; k < ARRAY_LEN(entry_words); k++) {
		op_gsx(e, W64, OP_LOAD, H_RCX, H_R10, first + entry_words[k]);
		op_gsx(e, W64, OP_LOAD, H_R11, H_R10, second + entry_words[k]);
		op_gsx(e, W64, OP_STORE, H_RCX, H_R10, second + entry_words[k]);
		op_gsx(e, W64, OP_STORE, H_R11, H_R10, first + entry_words[k]);
	}
}

static uint32_t
table_of(enum bt_set s)
{
	return GS(own.tlb) +
	    (uint32_t)(s * sizeof(((struct bt_image *)NULL)->tlb[0]));
}

static uint32_t
tag_of(bool write)
{
	return (uint32_t)(write ? offsetof(struct tlb_entry, ntag_write) :
	    offsetof(struct tlb_entry, ntag_read));
}

/*
 * Is the access in the page of the entry that tag is the first of?  If so, a
 * jump with r10 as index and r11 spoilt; else all is as before.
 */
static uint8_t *
emit_look(struct emit *e, uint32_t tag)
{
	uint8_t *hit;

	store_gs(e, H_RCX, GS(miss_info));
	store_gs(e, H_R10, GS(miss_tu));
	store_gs(e, H_R11, GS(res_ea));
	op_rr(e, W32, 0x0fb6, H_RCX, H_RCX);	/* movzx ecx, cl */
	op_rmx(e, W64, OP_LEA, H_RCX, H_RCX, H_R11, 1, -1);
	rorx(e, H_R10, H_R11, PAGE_SHIFT);
	pdep_gs(e, H_R10, H_R10, GS(mask_tlb));
	op_gsx(e, W64, OP_LOAD, H_R11, H_R10, tag);
	lea_rr(e, H_RCX, H_RCX, H_R11);
	pext_gs(e, H_RCX, H_RCX, GS(mask_page));
	hit = short_fwd(e, OP_JRCXZ);
	load_gs(e, H_R11, GS(res_ea));
	load_gs(e, H_R10, GS(miss_tu));
	load_gs(e, H_RCX, GS(miss_info));
	return hit;
}

static void
emit_answer(struct emit *e, uint32_t table)
{
	load_gs(e, H_R11, GS(res_ea));
	op_gsx(e, W64, OP_LOAD, H_R10, H_R10,
	    table + (uint32_t)offsetof(struct tlb_entry, addend));
	emit8(e, 0xc3);
}

/*
 * As t->slow: r11 is the address, ecx the info word, r10d the TU; returns with
 * the host address in r10 + r11.  Keeps flags, so it is for hosts with BMI2.
 * The low byte of the info word is at least the access's size.
 */
const uint8_t *
bt_stub_tlb_miss(struct bt_vm *t, struct emit *e, enum bt_set s, bool write)
{
	uint32_t first = table_of(s), way = first;
	const uint8_t *at = emit_rx(e);
	uint8_t *hit, *next;

	if (!t->bmi2 || (t->disable & BT_PART_SWAP))
		return t->slow;
	for (unsigned k = 1; k < TLB_WAYS; k++) {
		way += (uint32_t)(TLB_ENTRIES * sizeof(struct tlb_entry));
		hit = emit_look(e, way + tag_of(write));
		next = jmp_fwd(e);
		bind8(e, hit);
		emit_swap(e, first, way);
		emit_answer(e, first);
		bind32(e, next);
	}
	jmp_to(e, t->slow);
	return at;
}

const uint8_t *
bt_stub_tlb_check(struct bt_vm *t, struct emit *e, enum bt_set s, bool write)
{
	const uint8_t *at = emit_rx(e);
	uint8_t *hit;

	if (!t->bmi2)
		return t->slow;
	hit = emit_look(e, table_of(s) + tag_of(write));
	jmp_to(e, t->tlb_miss[s][write]);
	bind8(e, hit);
	emit_answer(e, table_of(s));
	return at;
}
