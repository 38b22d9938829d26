/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The CPU as boot protocols want to find it: flat segments in 32-bit protected
 * mode without paging, or 64-bit mode over identity page tables of 4 GiB.
 * Linux's Documentation/x86/boot.rst, the PVH start ABI and Multiboot 0.6.96
 * section 3.2 agree on everything set here.
 */
#include "monitor/boot/plan.h"

enum {
	SEL_CODE = 0x10,	/* Linux's __BOOT_CS */
	SEL_DATA = 0x18,	/* Linux's __BOOT_DS */
	SEL_TSS = 0x20,
};

/* Bits 40..55 of the descriptors, limit nibble aside. */
enum {
	ATTR_CODE32 = SEG_G | SEG_DB | SEG_P | SEG_S | SEG_CODE |
	    SEG_WRITE_READ | SEG_ACCESSED,
	ATTR_CODE64 = SEG_G | SEG_L | SEG_P | SEG_S | SEG_CODE |
	    SEG_WRITE_READ | SEG_ACCESSED,
	ATTR_DATA = SEG_G | SEG_DB | SEG_P | SEG_S | SEG_WRITE_READ |
	    SEG_ACCESSED,
	ATTR_TSS = SEG_P | 0xb,	/* busy 32-bit TSS */
};

#define TSS_LIMIT 0x67u

static uint64_t
descriptor(uint32_t limit, uint16_t attr)
{
	/* Base 0; limit in units of the G bit. */
	return (limit & 0xffff) | (uint64_t)(limit >> 16 & 0xf) << 48 |
	    (uint64_t)attr << 40;
}

static void
page_tables(struct planner *pl)
{
	gpa_t base = pl->plan->block_gpa + BLOCK_TABLES;
	const uint64_t table = 3;		/* present, writable */
	const uint64_t large = 0x83;		/* and a 2 MiB page */

	plan_u64(pl, BLOCK_TABLES, (base + PAGE_SIZE) | table);
	for (unsigned i = 0; i < 4; i++)
		plan_u64(pl, (unsigned)(BLOCK_TABLES + PAGE_SIZE + 8 * i),
		    (base + (2 + i) * PAGE_SIZE) | table);
	for (unsigned i = 0; i < 4 * 512; i++)
		plan_u64(pl, (unsigned)(BLOCK_TABLES + 2 * PAGE_SIZE + 8 * i),
		    (uint64_t)i << 21 | large);
}

void
entry_tables(struct planner *pl)
{
	bool long_mode = pl->plan->start == BOOT_START_64;

	plan_u64(pl, BLOCK_GDT + SEL_CODE,
	    descriptor(0xfffff, long_mode ? ATTR_CODE64 : ATTR_CODE32));
	plan_u64(pl, BLOCK_GDT + SEL_DATA, descriptor(0xfffff, ATTR_DATA));
	plan_u64(pl, BLOCK_GDT + SEL_TSS, descriptor(TSS_LIMIT, ATTR_TSS));
	if (long_mode)
		page_tables(pl);
}

static void
flat_segments(struct cpu_state *s, uint16_t code_attr)
{
	static const enum seg_name data[] = {
		SEG_ES, SEG_SS, SEG_DS, SEG_FS, SEG_GS,
	};

	s->seg[SEG_CS] = (struct seg_reg){ .limit = UINT32_MAX,
	    .selector = SEL_CODE, .attr = code_attr };
	for (unsigned i = 0; i < ARRAY_LEN(data); i++)
		s->seg[data[i]] = (struct seg_reg){ .limit = UINT32_MAX,
		    .selector = SEL_DATA, .attr = ATTR_DATA };
	s->seg[SEG_TR] = (struct seg_reg){ .limit = TSS_LIMIT,
	    .selector = SEL_TSS, .attr = ATTR_TSS };
	s->cpl = 0;
}

void
entry_state(const struct boot_plan *p, struct cpu_state *s)
{
	bool long_mode = p->start == BOOT_START_64;

	for (unsigned i = 0; i < GPR_COUNT; i++)
		s->gpr[i] = 0;
	s->gpr[RAX] = p->eax;
	s->gpr[RBX] = p->ebx;
	s->gpr[RSI] = p->esi;
	s->rip = p->entry;
	s->rflags = FLAG_FIXED1;
	s->gdtr = (struct table_reg){ .base = p->block_gpa + BLOCK_GDT,
	    .limit = SEL_TSS + 7 };
	s->cr0 = CR0_PE | CR0_ET;
	flat_segments(s, long_mode ? ATTR_CODE64 : ATTR_CODE32);
	if (long_mode) {
		s->cr0 |= CR0_PG;
		s->cr3 = p->block_gpa + BLOCK_TABLES;
		s->cr4 = CR4_PAE;
		s->efer = EFER_LME | EFER_LMA;
	}
	s->activity = ACT_RUNNING;
}
