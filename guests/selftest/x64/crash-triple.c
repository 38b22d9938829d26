/* SPDX-License-Identifier: Apache-2.0 */
/*
 * #DF and then a triple fault.  The claims about #DF are made first; the image
 * is expected to end in the shutdown that follows (SDM 3 6.15 #DF).
 */
#include "guest.h"

static void
double_faults(void)
{
	struct cpu c;
	ulong p = CODE("ud2");

	/* #UD whose gate is not present: contributory, so plain #NP ... */
	idt[UD].type &= 0x7f;
	run_kernel(&c, p);
	tcg_wrong();
	/* 2 is IDT, 1 is EXT: during the delivery of an exception. */
	EXPECT(&c, NP, UD * 8 + 3, p, "SDM 3 table 6-5, 6.13: benign then #NP is #NP");
	idt_default();
	/* ... but #GP whose gate is not present is #DF. */
	p = CODE("mov $0x8000000000000000, %rax; mov (%rax), %al");
	idt[GP].type &= 0x7f;
	run_kernel(&c, p);
	EXPECT(&c, DF, 0, p + 10, "SDM 3 table 6-5: #GP then #NP is #DF");
	idt_default();
	idt[PF].type &= 0x7f;
	p = CODE("mov $0x7f0000000000, %rax; mov (%rax), %al");
	run_kernel(&c, p);
	EXPECT(&c, DF, 0, p + 10, "SDM 3 table 6-5: #PF then #NP is #DF");
	idt_default();
	/* A stack that cannot be pushed to. */
	idt[UD].ist = 0;
	p = CODE("mov $0x7f0000000000, %rsp; ud2");
	run_kernel(&c, p);
	EXPECT(&c, PF, 2, p + 10, "SDM 3 table 6-5: benign then #PF is #PF");
	CHECK_EQ(c.cr2, 0x7f0000000000 - 8, "SDM 3 6.15 #PF: CR2 is the push's");
	idt[PF].ist = 0;
	run_kernel(&c, p);
	EXPECT(&c, DF, 0, p + 10, "SDM 3 table 6-5: #PF in #PF is #DF");
	idt_default();
}

void
guest_main(void)
{
	double_faults();
	if (checks_failed)
		return;
	print("RESULT %u checks, %u failed\n", checks_done, checks_failed);
	/* No gate at all is present: #UD, #NP, #DF, shutdown. */
	fill(idt, 0, sizeof(idt));
	asm volatile("ud2");
}
