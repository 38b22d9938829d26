/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hardware task switching: JMP, CALL, IRET and task gates, what is saved and
 * loaded, NT and the back link, busy bits, TS, #TS (SDM 3 chapter 7).
 */
#include "guest.h"

enum { T2 = SEL_FREE, G2 = SEL_FREE + 8, BAD = SEL_FREE + 16,
	T3 = SEL_FREE + 24 };

static struct tss two __attribute__((aligned(128)));
static struct tss three __attribute__((aligned(128)));
static u8 two_stack[4096] __attribute__((aligned(16)));
static u8 three_stack[4096] __attribute__((aligned(16)));

static u64
tss_desc(struct tss *t, u32 limit)
{
	return seg_desc((u32)t, limit, 0x89, 0);
}

static void
two_init(ulong eip)
{
	fill(&two, 0, 104);
	two.eip = eip;
	two.eflags = F_1 | F_ZF;
	two.eax = 0xa1;
	two.ecx = 0xa2;
	two.edi = 0xa3;
	two.esp = (u32)two_stack + sizeof(two_stack);
	two.cs = SEL_KCODE;
	two.ds = two.es = two.ss = SEL_KDATA;
	two.iomap = sizeof(two);
	gdt[T2 / 8] = tss_desc(&two, 103);
	gdt[SEL_TSS / 8] |= 2ull << 40;	/* ours is busy */
	gdt[SEL_TSS / 8] = tss_desc(&tss, sizeof(tss) - 1) | 2ull << 40;
}

static bool
busy(unsigned sel)
{
	return gdt[sel / 8] >> 41 & 1;
}

/* After a test we run with TR = T2: go back by LTR. */
static void
back(void)
{
	asm volatile("clts");
	tss_load(sizeof(tss) - 1);
}

static void
jumps(void)
{
	ulong p = CODE("mov $0x55, %edx; ljmp $0x60, $0; mov $0x77, %ecx");
	struct cpu c;

	two_init(CODE("mov %esp, %ebx; str %edx"));
	run_kernel(&c, p);
	EXPECT(&c, DONE, 0, -1, "SDM 3 7.3: JMP to a TSS");
	CHECK_EQ(c.f.rax, 0xa1, "SDM 3 7.3: EAX from the new TSS");
	CHECK_EQ(c.f.rcx, 0xa2, "SDM 3 7.3: ECX from the new TSS");
	CHECK_EQ(c.f.rdi, 0xa3, "SDM 3 7.3: EDI from the new TSS");
	CHECK_EQ(c.f.rbx, (u32)two_stack + sizeof(two_stack), "SDM 3 7.3: ESP");
	CHECK_EQ(c.f.rdx, T2, "SDM 3 7.3: TR");
	CHECK(c.f.rflags & F_ZF, "SDM 3 7.3: EFLAGS from the new TSS");
	CHECK_EQ(c.f.rflags & F_NT, 0, "SDM 3 7.3: JMP does not set NT");
	CHECK(read_cr0() & 8, "SDM 3 7.3: CR0.TS is set");
	CHECK(busy(T2), "SDM 3 7.2.2: the new task is busy");
	CHECK(!busy(SEL_TSS), "SDM 3 7.2.2: JMP clears the old busy bit");
	CHECK_EQ(tss.edx, 0x55, "SDM 3 7.3: EDX saved in the old TSS");
	CHECK_EQ(tss.eip, p + 12, "SDM 3 7.3: EIP of the next instruction");
	CHECK_EQ(tss.cs, SEL_KCODE, "SDM 3 7.3: CS saved");
	back();
	/* To a busy one. */
	two_init(CODE("nop"));
	gdt[T2 / 8] |= 2ull << 40;
	run_kernel(&c, p);
	EXPECT(&c, GP, T2, p + 5, "SDM 3 7.3: JMP to a busy TSS");
	gdt[T2 / 8] = tss_desc(&two, 103) & ~(1ull << 47);
	run_kernel(&c, p);
	EXPECT(&c, NP, T2, p + 5, "SDM 3 7.3: TSS not present");
	gdt[T2 / 8] = tss_desc(&two, 102);
	run_kernel(&c, p);
	EXPECT(&c, TS, T2, p + 5, "SDM 3 7.3: limit below 67h");
	back();
}

static void
calls(void)
{
	struct cpu c;
	ulong p = CODE("mov $0x66, %edx; lcall $0x60, $0; mov %esp, %ebx");

	two_init(CODE("mov $0x99, %eax; iret; mov $0x98, %eax"));
	run_kernel(&c, p);
	EXPECT(&c, DONE, 0, -1, "SDM 3 7.4: CALL to a TSS and IRET");
	CHECK_EQ(c.f.rdx, 0x66, "SDM 3 7.4: the old task goes on");
	CHECK_EQ(c.f.rbx, STACK_TOP, "SDM 3 7.4: its stack is unchanged");
	CHECK_EQ(two.link & 0xffff, SEL_TSS, "SDM 3 7.4: back link");
	CHECK_EQ(two.eax, 0x99, "SDM 3 7.4: IRET saves the nested task");
	CHECK(!busy(T2), "SDM 3 7.2.2: IRET clears its busy bit");
	CHECK(busy(SEL_TSS), "SDM 3 7.2.2: the caller stayed busy");
	CHECK_EQ(two.eflags & F_NT, 0, "SDM 3 7.4: IRET clears NT in its image");
	back();
	/* NT while inside. */
	two_init(CODE("pushf; pop %eax"));
	run_kernel(&c, p);
	CHECK(c.f.rax & F_NT, "SDM 3 7.4: CALL sets NT");
	CHECK(busy(T2) && busy(SEL_TSS), "SDM 3 7.2.2: both are busy");
	back();
	/* The second half of the task: resumes behind its IRET. */
	two_init(CODE("mov $1, %eax; iret; mov $2, %eax; iret"));
	run_kernel(&c, CODE("lcall $0x60, $0; lcall $0x60, $0; nop"));
	EXPECT(&c, DONE, 0, -1, "SDM 3 7.4: called twice");
	CHECK_EQ(two.eax, 2, "SDM 3 7.4: a task goes on where it was");
	back();
	/* IRET with NT and a link that is no busy TSS. */
	two_init(CODE("nop"));
	tss.link = T2;
	p = CODE("pushf; orl $0x4000, (%esp); popf; iret");
	run_kernel(&c, p);
	EXPECT(&c, TS, T2, -1, "SDM 3 table 7-1: link to a TSS not busy");
	tss.link = SEL_KDATA;
	run_kernel(&c, p);
	EXPECT(&c, TS, SEL_KDATA, -1, "SDM 3 table 7-1: link is no TSS");
	back();
}

static void
gates(void)
{
	struct cpu c;
	ulong p = CODE("mov $0x31, %edx; int $0x40; nop");

	/* A task gate in the IDT, taken by INT, by a fault, from CPL 3. */
	two_init(CODE("mov (%esp), %ebx; iret"));
	idt[0x40].type = 0xe5;
	idt[0x40].sel = T2;
	run_kernel(&c, p);
	EXPECT(&c, DONE, 0, -1, "SDM 3 6.14: INT through a task gate");
	CHECK_EQ(c.f.rdx, 0x31, "SDM 3 6.14: and back");
	back();
	two_init(CODE("pop %eax; mov $0x42, %ebx"));
	two.esp = (u32)two_stack + 512;
	idt[GP].type = 0x85;
	idt[GP].sel = T2;
	p = CODE("mov $0x2000, %eax; mov %eax, %fs");
	run_kernel(&c, p);
	EXPECT(&c, DONE, 0, -1, "SDM 3 6.14: a fault through a task gate");
	CHECK_EQ(c.f.rax, 0x2000, "SDM 3 6.13: error code on the new stack");
	CHECK_EQ(tss.eip, p + 5, "SDM 3 6.14: EIP of the fault in the old TSS");
	idt_default();
	back();
	two_init(CODE("mov %cs, %edx; iret"));
	gdt[G2 / 8] = (u64)T2 << 16 | 0xe5ull << 40;
	p = CODE("lcall $0x68, $0x1234; mov $0x88, %ebx");
	run_user(&c, p);
	EXPECT(&c, DONE, 0, -1, "SDM 3 7.2.5: CALL to a task gate at CPL 3");
	CHECK_EQ(c.f.rbx, 0x88, "SDM 3 7.2.5: and back to CPL 3");
	CHECK_EQ(c.f.cs, SEL_UCODE, "SDM 3 7.2.5: CPL 3 again");
	gdt[G2 / 8] &= ~(3ull << 45);
	run_user(&c, p);
	EXPECT(&c, GP, G2, p, "SDM 3 7.2.5: gate DPL below CPL");
	back();
}

static void
third_task(unsigned vector)
{
	fill(&three, 0, 104);
	fill(three_stack, 0, sizeof(three_stack));
	three.eip = trap_stubs[vector];
	three.eflags = F_1;
	three.esp = (u32)three_stack + sizeof(three_stack) - 64;
	three.cs = SEL_KCODE;
	three.ds = three.es = three.ss = SEL_KDATA;
	gdt[T3 / 8] = tss_desc(&three, 103);
	idt[vector].type = 0x85;
	idt[vector].sel = T3;
}

static void
bad_tasks(void)
{
	static const struct {
		size_t field;
		u32 value;
		unsigned vector;
		u32 error;
		const char *what;
	} t[] = {
		{ offsetof(struct tss, cs), SEL_KDATA, TS, SEL_KDATA,
		    "SDM 3 table 7-1: CS is data" },
		{ offsetof(struct tss, cs), 0, TS, 0,
		    "SDM 3 table 7-1: CS is null" },
		{ offsetof(struct tss, ss), 0, TS, 0,
		    "SDM 3 table 7-1: SS is null" },
		{ offsetof(struct tss, ss), SEL_KCODE, TS, SEL_KCODE,
		    "SDM 3 table 7-1: SS is code" },
		{ offsetof(struct tss, ss), SEL_UDATA, TS, SEL_UDATA & ~3,
		    "SDM 3 table 7-1: SS of another privilege" },
		{ offsetof(struct tss, ds), SEL_TSS, TS, SEL_TSS,
		    "SDM 3 table 7-1: DS is a TSS" },
		{ offsetof(struct tss, es), BAD, NP, BAD,
		    "SDM 3 table 7-1: ES not present" },
		{ offsetof(struct tss, ldt), SEL_KDATA, TS, SEL_KDATA,
		    "SDM 3 table 7-1: LDT selector is no LDT" },
	};
	struct cpu c;

	gdt[BAD / 8] = seg_desc(0, 0xfffff, 0x13, 0xc);
	/*
	 * These faults come in the new task, whose segments may be unusable:
	 * a third task takes them.  Its stack ends in zeroes, so the stub
	 * finds a frame of a kind above the error code.
	 */
	for (unsigned i = 0; i < ARRAY_LEN(t); i++) {
		two_init(CODE("nop"));
		*(u32 *)((u8 *)&two + t[i].field) = t[i].value;
		third_task(t[i].vector);
		run_kernel(&c, CODE("ljmp $0x60, $0"));
		CHECK_EQ(three.link & 0xffff, T2,
		    "SDM 3 7.3: the fault is the new task's");
		CHECK_EQ(c.f.vector, t[i].vector, t[i].what);
		CHECK_EQ(c.f.error, t[i].error, t[i].what);
		idt_default();
		back();
	}
}

void
guest_main(void)
{
	jumps();
	calls();
	gates();
	bad_tasks();
}
