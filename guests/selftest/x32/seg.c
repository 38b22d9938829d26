/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Segmentation in 32-bit protected mode, paging off: limits, expand-down,
 * rights, null selectors, privilege checks on loads, LAR, LSL, VERR, VERW,
 * LDT, accessed bits, 16-bit segments and stacks (SDM 3 chapters 3 and 5).
 * TCG checks neither limits nor rights when memory is accessed.
 */
#include "guest.h"

enum { D = SEL_FREE, E = SEL_FREE + 8, F = SEL_FREE + 16, L = SEL_FREE + 24 };

static u8 area[0x3000] __attribute__((aligned(4096)));

static void
set(unsigned sel, u32 base, u32 limit, unsigned access, unsigned flags)
{
	gdt[sel / 8] = seg_desc(base, limit, access, flags);
}

/* Run p with FS = sel and EBX = off, at CPL 0. */
static void
with_fs(struct cpu *c, ulong p, unsigned sel, ulong off)
{
	cpu_init(c, p);
	c->f.fs = sel;
	c->f.rbx = off;
	c->f.rax = 0x11223344;
	run(c);
}

static void
limits(void)
{
	ulong ld1 = CODE("mov %fs:(%ebx), %al"), ld4 = CODE("mov %fs:(%ebx), %eax");
	ulong st4 = CODE("mov %eax, %fs:(%ebx)"), ld2 = CODE("mov %fs:(%ebx), %ax");
	ulong ld16 = CODE("movdqu %fs:(%ebx), %xmm0");
	struct cpu c;

	set(D, (u32)area, 0xfff, 0x93, 4);
	with_fs(&c, ld1, D, 0xfff);
	EXPECT(&c, DONE, 0, -1, "SDM 3 5.3: last byte within the limit");
	with_fs(&c, ld1, D, 0x1000);
	tcg_wrong();
	EXPECT(&c, GP, 0, ld1, "SDM 3 5.3: first byte beyond the limit");
	with_fs(&c, ld2, D, 0xfff);
	tcg_wrong();
	EXPECT(&c, GP, 0, ld2, "SDM 3 5.3: a word half beyond");
	with_fs(&c, ld4, D, 0xffc);
	EXPECT(&c, DONE, 0, -1, "SDM 3 5.3: the last dword");
	with_fs(&c, ld4, D, 0xffd);
	tcg_wrong();
	EXPECT(&c, GP, 0, ld4, "SDM 3 5.3: a dword partly beyond");
	with_fs(&c, st4, D, 0xffe);
	tcg_wrong();
	EXPECT(&c, GP, 0, st4, "SDM 3 5.3: a store partly beyond");
	with_fs(&c, ld16, D, 0xff0);
	EXPECT(&c, DONE, 0, -1, "SDM 3 5.3: 16 bytes within");
	with_fs(&c, ld16, D, 0xff1);
	tcg_wrong();
	EXPECT(&c, GP, 0, ld16, "SDM 3 5.3: 16 bytes partly beyond");
	with_fs(&c, ld4, D, 0xfffffffe);
	tcg_wrong();
	EXPECT(&c, GP, 0, ld4, "SDM 3 5.3: offset wraps");
	*(u32 *)(area + 8) = 0xcafe;
	with_fs(&c, ld4, D, 8);
	CHECK_EQ(c.f.rax, 0xcafe, "SDM 3 3.4.5: base is added");
	set(D, (u32)area, 1, 0x93, 0xc);
	with_fs(&c, ld1, D, 0x1fff);
	EXPECT(&c, DONE, 0, -1, "SDM 3 3.4.5: G: limit in pages, inclusive");
	with_fs(&c, ld1, D, 0x2000);
	tcg_wrong();
	EXPECT(&c, GP, 0, ld1, "SDM 3 3.4.5: G: first byte beyond");
	set(D, (u32)area, 0, 0x93, 4);
	with_fs(&c, ld1, D, 0);
	EXPECT(&c, DONE, 0, -1, "SDM 3 5.3: limit 0 is one byte");
	with_fs(&c, ld1, D, 1);
	tcg_wrong();
	EXPECT(&c, GP, 0, ld1, "SDM 3 5.3: limit 0, second byte");
	/* Expand-down: everything above the limit. */
	set(D, (u32)area, 0xfff, 0x97, 4);
	with_fs(&c, ld1, D, 0xfff);
	tcg_wrong();
	EXPECT(&c, GP, 0, ld1, "SDM 3 5.3: expand-down: at the limit");
	with_fs(&c, ld1, D, 0x1000);
	EXPECT(&c, DONE, 0, -1, "SDM 3 5.3: expand-down: above it");
	with_fs(&c, ld4, D, 0xffe);
	tcg_wrong();
	EXPECT(&c, GP, 0, ld4, "SDM 3 5.3: expand-down: straddling it");
	set(D, (u32)area, 0xfff, 0x97, 0);
	with_fs(&c, ld1, D, 0xffff);
	EXPECT(&c, DONE, 0, -1, "SDM 3 5.3: 16-bit expand-down ends at FFFFh");
	with_fs(&c, ld1, D, 0x10000);
	tcg_wrong();
	EXPECT(&c, GP, 0, ld1, "SDM 3 5.3: 16-bit expand-down, beyond");
	/* The limit is cached: changing the descriptor has no effect. */
	set(D, (u32)area, 0xfff, 0x93, 4);
	with_fs(&c, CODE("movl $0, %ds:(%edx); mov %fs:0xfff, %al"), D, 0);
	CHECK(c.f.vector == PF || c.f.vector == DONE,
	    "SDM 3 3.4.3: hidden part");
}

static void
rights(void)
{
	ulong ld = CODE("mov %fs:(%ebx), %al"), st = CODE("mov %al, %fs:(%ebx)");
	ulong stcs = CODE("mov %al, %cs:(%ebx)");
	ulong nop = CODE("nop");
	struct cpu c;

	set(D, (u32)area, 0xfff, 0x91, 4);
	with_fs(&c, ld, D, 0);
	EXPECT(&c, DONE, 0, -1, "SDM 3 5.5: read-only data: read");
	with_fs(&c, st, D, 0);
	tcg_wrong();
	EXPECT(&c, GP, 0, st, "SDM 3 5.5: read-only data: write");
	set(D, (u32)area, 0xfff, 0x99, 4);
	with_fs(&c, nop, D, 0);
	EXPECT(&c, GP, D, -1, "SDM 3 5.5: execute-only code into FS");
	set(D, (u32)area, 0xfff, 0x9b, 4);
	with_fs(&c, ld, D, 0);
	EXPECT(&c, DONE, 0, -1, "SDM 3 5.5: readable code: read");
	with_fs(&c, st, D, 0);
	tcg_wrong();
	EXPECT(&c, GP, 0, st, "SDM 3 5.5: readable code: write");
	with_fs(&c, stcs, SEL_KDATA, (ulong)area);
	tcg_wrong();
	EXPECT(&c, GP, 0, stcs, "SDM 3 5.5: write through CS");
	with_fs(&c, ld, 0, 0);
	tcg_wrong();
	EXPECT(&c, GP, 0, ld, "SDM 3 3.4.2: use of a null segment");
	with_fs(&c, ld, 3, 0);
	tcg_wrong();
	EXPECT(&c, GP, 0, ld, "SDM 3 3.4.2: null selectors 0 to 3");
	set(D, (u32)area, 0xfff, 0x13, 4);
	with_fs(&c, nop, D, 0);
	EXPECT(&c, NP, D, -1, "SDM 3 6.15 #NP: not present into FS");
	set(D, (u32)area, 0xfff, 0x89, 0);
	with_fs(&c, nop, D, 0);
	EXPECT(&c, GP, D, -1, "SDM 3 5.5: a TSS into FS");
	set(D, (u32)area, 0xfff, 0x93, 4);
	with_fs(&c, nop, D | 3, 0);
	EXPECT(&c, GP, D, -1, "SDM 3 5.6: RPL 3 into DPL 0");
	with_fs(&c, nop, 0x3f8 + 8, 0);
	EXPECT(&c, GP, 0x400, -1, "SDM 3 5.3: selector beyond the GDT's limit");
	with_fs(&c, nop, D | 4, 0);
	EXPECT(&c, GP, D | 4, -1, "SDM 3 3.5.1: LDT selector, no LDT");
	/* Accessed bit. */
	set(D, (u32)area, 0xfff, 0x92, 4);
	with_fs(&c, nop, D, 0);
	CHECK_EQ(gdt[D / 8] >> 40 & 1, 1, "SDM 3 3.4.5.1: accessed bit is set");
}

static void
stack_segments(void)
{
	ulong load = CODE("mov %ebx, %ss; nop");
	ulong over = CODE("mov %ebx, %ss; mov $0x1004, %esp; push %eax");
	ulong pop = CODE("mov %ebx, %ss; mov $0xffe, %esp; pop %eax");
	ulong bp = CODE("mov %ebx, %ss; mov $0x2000, %ebp; mov (%ebp), %al");
	ulong wrap = CODE("mov %ebx, %ss; xor %esp, %esp; push $0x1234;"
	    "mov %esp, %ecx; mov $0x10, %ebx; mov %ebx, %ss");
	struct cpu c;

#define SS_CASE(p, sel) do { cpu_init(&c, p); c.f.rbx = sel; \
		set(F, 0, 0xfffff, 0x93, 0xc); run(&c); } while (0)

	SS_CASE(load, 0);
	EXPECT(&c, GP, 0, load, "SDM 2 MOV: null into SS");
	set(D, 0, 0xfffff, 0x91, 0xc);
	SS_CASE(load, D);
	EXPECT(&c, GP, D, load, "SDM 2 MOV: read-only data into SS");
	set(D, 0, 0xfffff, 0x9b, 0xc);
	SS_CASE(load, D);
	EXPECT(&c, GP, D, load, "SDM 2 MOV: code into SS");
	set(D, 0, 0xfffff, 0xf3, 0xc);
	SS_CASE(load, D);
	EXPECT(&c, GP, D, load, "SDM 2 MOV: SS DPL must be CPL");
	set(D, 0, 0xfffff, 0x93, 0xc);
	SS_CASE(load, D | 1);
	EXPECT(&c, GP, D, load, "SDM 2 MOV: SS RPL must be CPL");
	set(D, 0, 0xfffff, 0x13, 0xc);
	SS_CASE(load, D);
	EXPECT(&c, SS, D, load, "SDM 3 6.15 #SS: not present into SS");
	/*
	 * At CPL 3 the frame goes to the TSS's stack, so that these stacks
	 * may be as odd as they like.
	 */
#define SS3_CASE(p, sel) do { cpu_init_user(&c, p); c.f.rbx = (sel) | 3; \
		run(&c); } while (0)
	set(D, (u32)area, 0xfff, 0xf3, 4);
	SS3_CASE(over, D);
	tcg_wrong();
	EXPECT(&c, SS, 0, over + 7, "SDM 3 6.15 #SS: PUSH beyond the limit");
	SS3_CASE(pop, D);
	tcg_wrong();
	EXPECT(&c, SS, 0, pop + 7, "SDM 3 6.15 #SS: POP beyond the limit");
	SS3_CASE(bp, D);
	tcg_wrong();
	EXPECT(&c, SS, 0, bp + 7, "SDM 3 6.15 #SS: EBP implies SS");
	/* A 16-bit stack wraps at 64 KiB and keeps ESP's upper half. */
	set(D, (u32)area - 0xe000, 0xffff, 0xf3, 0);
	wrap = CODE("mov %ebx, %ss; mov $0xabcd0000, %esp; push $0x1234;"
	    "mov %esp, %ecx");
	SS3_CASE(wrap, D);
	EXPECT(&c, DONE, 0, -1, "SDM 1 6.2.2: 16-bit stack");
	CHECK_EQ(c.f.rcx, 0xabcdfffc, "SDM 1 6.2.2: SP wraps, ESP[31:16] kept");
	CHECK_EQ(*(u32 *)(area + 0x1ffc), 0x1234, "SDM 1 6.2.2: written at FFFCh");
	/* PUSHA and ENTER on it. */
	wrap = CODE("mov %ebx, %ss; mov $0xabcdf000, %esp; mov $7, %edi;"
	    "pusha; mov %esp, %ecx; popa; enter $16, $0; mov %esp, %edx;"
	    "leave");
	SS3_CASE(wrap, D);
	EXPECT(&c, DONE, 0, -1, "SDM 2 PUSHA, ENTER: 16-bit stack");
	CHECK_EQ(c.f.rdx & 0xffff, 0xf000 - 4 - 16, "SDM 2 ENTER: SP");
}

static void
lookups(void)
{
	ulong lar = CODE("lar %eax, %ecx; mov $0, %edx; setz %dl");
	ulong lsl = CODE("lsl %eax, %ecx; mov $0, %edx; setz %dl");
	ulong verr = CODE("verr %ax; mov $0, %edx; setz %dl");
	ulong verw = CODE("verw %ax; mov $0, %edx; setz %dl");
	static const struct {
		unsigned sel, access;
		bool lar, lsl, verr, verw;
		const char *what;
	} t[] = {
		{ D, 0x93, 1, 1, 1, 1, "SDM 2 LAR ...: writable data" },
		{ D, 0x91, 1, 1, 1, 0, "SDM 2 LAR ...: read-only data" },
		{ D, 0x9b, 1, 1, 1, 0, "SDM 2 LAR ...: readable code" },
		{ D, 0x99, 1, 1, 0, 0, "SDM 2 LAR ...: execute-only code" },
		{ D, 0x13, 1, 1, 1, 1, "SDM 2 LAR ...: not present" },
		{ D, 0x89, 1, 1, 0, 0, "SDM 2 LAR ...: available TSS" },
		{ D, 0x8b, 1, 1, 0, 0, "SDM 2 LAR ...: busy TSS" },
		{ D, 0x82, 1, 1, 0, 0, "SDM 2 LAR ...: LDT" },
		{ D, 0x8c, 1, 0, 0, 0, "SDM 2 LAR ...: call gate" },
		{ D, 0x85, 1, 0, 0, 0, "SDM 2 LAR ...: task gate" },
		{ D, 0x8e, 0, 0, 0, 0, "SDM 2 LAR ...: interrupt gate" },
		{ D | 3, 0x93, 0, 0, 0, 0, "SDM 2 LAR ...: RPL 3, DPL 0" },
		{ D | 3, 0x9f, 1, 1, 1, 0, "SDM 2 LAR ...: conforming code" },
		{ 0, 0x93, 0, 0, 0, 0, "SDM 2 LAR ...: null selector" },
		{ 0x1000, 0x93, 0, 0, 0, 0, "SDM 2 LAR ...: beyond the GDT" },
	};

	for (unsigned i = 0; i < ARRAY_LEN(t); i++) {
		struct cpu c;

		set(D, 0x123456, 0x12345, t[i].access, 0xc);
		cpu_init(&c, lar);
		c.f.rax = t[i].sel;
		c.f.rcx = 0x5a5a5a5a;
		run(&c);
		EXPECT(&c, DONE, 0, -1, t[i].what);
		CHECK_EQ(c.f.rdx, t[i].lar, t[i].what);
		CHECK_EQ(c.f.rcx, t[i].lar ? 0xc00000u | t[i].access << 8 |
		    (c.f.rcx & 0xf0000) : 0x5a5a5a5a, t[i].what);
		cpu_init(&c, lsl);
		c.f.rax = t[i].sel;
		c.f.rcx = 0x5a5a5a5a;
		run(&c);
		CHECK_EQ(c.f.rdx, t[i].lsl, t[i].what);
		CHECK_EQ(c.f.rcx, t[i].lsl ? 0x12345fff : 0x5a5a5a5a,
		    t[i].what);
		cpu_init(&c, verr);
		c.f.rax = t[i].sel;
		run(&c);
		CHECK_EQ(c.f.rdx, t[i].verr, t[i].what);
		cpu_init(&c, verw);
		c.f.rax = t[i].sel;
		run(&c);
		CHECK_EQ(c.f.rdx, t[i].verw, t[i].what);
	}
}

static void
ldts(void)
{
	static u64 ldt[4] __attribute__((aligned(8)));
	ulong lldt = CODE("lldt %ax"), use = CODE("mov $0x0c, %ebx;"
	    "mov %ebx, %fs; mov %fs:4, %ecx; xor %ebx, %ebx; mov %ebx, %fs");
	struct cpu c;

	ldt[1] = seg_desc((u32)area, 0xfff, 0x93, 4);
	*(u32 *)(area + 4) = 0xbeef;
	set(D, (u32)ldt, sizeof(ldt) - 1, 0x82, 0);
	cpu_init(&c, lldt);
	c.f.rax = D;
	run(&c);
	EXPECT(&c, DONE, 0, -1, "SDM 2 LLDT: runs");
	run_kernel(&c, use);
	EXPECT(&c, DONE, 0, -1, "SDM 3 3.5.1: LDT segment");
	CHECK_EQ(c.f.rcx, 0xbeef, "SDM 3 3.5.1: its base");
	run_kernel(&c, CODE("sldt %eax"));
	CHECK_EQ(c.f.rax & 0xffff, D, "SDM 2 SLDT: the selector");
	run_kernel(&c, CODE("mov $0x24, %ebx; mov %ebx, %fs"));
	EXPECT(&c, GP, 0x24, -1, "SDM 3 3.5.1: beyond the LDT's limit");
	set(E, (u32)ldt, sizeof(ldt) - 1, 0x02, 0);
	cpu_init(&c, lldt);
	c.f.rax = E;
	run(&c);
	EXPECT(&c, NP, E, lldt, "SDM 2 LLDT: not present is #NP");
	cpu_init(&c, lldt);
	c.f.rax = SEL_KDATA;
	run(&c);
	EXPECT(&c, GP, SEL_KDATA, lldt, "SDM 2 LLDT: not an LDT");
	cpu_init(&c, lldt);
	c.f.rax = 12;
	run(&c);
	EXPECT(&c, GP, 12, lldt, "SDM 2 LLDT: selector in the LDT");
	cpu_init(&c, lldt);
	c.f.rax = 0;
	run(&c);
	EXPECT(&c, DONE, 0, -1, "SDM 2 LLDT: null");
	run_kernel(&c, use);
	EXPECT(&c, GP, 0xc, -1, "SDM 2 LLDT: then LDT selectors fault");
}

static void
code_segments(void)
{
	struct cpu c;
	ulong p = CODE("nop; nop; nop; jmp 1f; .skip 100, 0x90; 1: nop");

	/* EIP beyond CS's limit. */
	set(D, p, 4, 0x9b, 4);
	cpu_init(&c, 0);
	c.f.cs = D;
	run(&c);
	tcg_wrong();
	EXPECT(&c, GP, 0, 3, "SDM 3 5.3: JMP beyond the CS limit");
	set(D, p, 1, 0x9b, 4);
	cpu_init(&c, 0);
	c.f.cs = D;
	run(&c);
	tcg_wrong();
	EXPECT(&c, GP, 0, 2, "SDM 3 5.3: running into the CS limit");
	/* 16-bit code with a base. */
	p = CODE16("mov $0x1234, %bx; push %ebx; pop %ecx; jmp 1f;"
	    ".skip 200, 0x90; 1: mov %sp, %dx");
	set(D, p, 0xffff, 0x9b, 0);
	cpu_init(&c, 0);
	c.f.cs = D;
	run(&c);
	EXPECT(&c, DONE, 0, -1, "SDM 3 3.4.5: D = 0: 16-bit code");
	CHECK_EQ(c.f.rcx, 0x1234, "SDM 1 3.6: 66h gives 32-bit operands");
	/* IP wraps at 64 KiB in 16-bit code? No: it runs into the limit. */
	p = CODE("ljmp *(%ebx)");
	static struct { u32 off; u16 sel; } __attribute__((packed)) far;

	static const struct {
		unsigned sel, access, vector, error;
		const char *what;
	} t[] = {
		{ D, 0x93, GP, D, "SDM 2 JMP: far to data" },
		{ D, 0x1b, NP, D, "SDM 2 JMP: far to not-present code" },
		{ D | 3, 0x9b, GP, D, "SDM 2 JMP: RPL 3 to DPL 0 code" },
		{ D, 0xfb, GP, D, "SDM 2 JMP: DPL 3 code from CPL 0" },
		{ D, 0xff, GP, D, "SDM 2 JMP: conforming, DPL > CPL" },
		{ D | 3, 0x9f, DONE, 0, "SDM 2 JMP: conforming ignores RPL" },
		{ 0, 0x9b, GP, 0, "SDM 2 JMP: far to null" },
		{ 0x1000, 0x9b, GP, 0x1000, "SDM 2 JMP: beyond the GDT" },
		{ D, 0x8e, GP, D, "SDM 2 JMP: to an interrupt gate" },
		{ D, 0x82, GP, D, "SDM 2 JMP: to an LDT" },
		{ D, 0x9b, DONE, 0, "SDM 2 JMP: far" },
	};
	for (unsigned i = 0; i < ARRAY_LEN(t); i++) {
		set(D, 0, 0xfffff, t[i].access, 0xc);
		far.off = CODE("nop");
		far.sel = t[i].sel;
		cpu_init(&c, p);
		c.f.rbx = (ulong)&far;
		run(&c);
		EXPECT(&c, t[i].vector, t[i].error,
		    t[i].vector == DONE ? (ulong)-1 : p, t[i].what);
	}
	CHECK_EQ(gdt[D / 8] >> 40 & 1, 1, "SDM 3 3.4.5.1: code accessed bit");
}

/* Conforming code keeps the CPL; call gates change it. */
static void
gates(void)
{
	static struct { u32 off; u16 sel; } __attribute__((packed)) far;
	ulong call = CODE("push $0x77; push $0x88; lcall *(%ebx); mov %cs, %edx");
	ulong target = CODE("mov %cs, %ecx; mov 8(%esp), %eax; lret $8");
	struct cpu c;

	far.off = 0xdead;
	far.sel = D;
	/* 32-bit call gate, DPL 3, two parameters, to DPL 0 code. */
	gdt[D / 8] = (target & 0xffff) | (u64)SEL_KCODE << 16 | 2ull << 32 |
	    0xecull << 40 | (u64)(target >> 16) << 48;
	tss.esp0 = STACK_TOP - 1024;
	tss.ss0 = SEL_KDATA;
	cpu_init_user(&c, call);
	c.f.rbx = (ulong)&far;
	run(&c);
	EXPECT(&c, DONE, 0, -1, "SDM 3 5.8.5: call through a gate and back");
	CHECK_EQ(c.f.rcx, SEL_KCODE, "SDM 3 5.8.5: target runs at CPL 0");
	CHECK_EQ(c.f.rax, 0x88, "SDM 3 5.8.5: parameters are copied");
	CHECK_EQ(c.f.rdx, SEL_UCODE, "SDM 3 5.8.6: RET returns to CPL 3");
	CHECK_EQ(c.f.rsp, STACK_TOP, "SDM 2 RET: imm16 on both stacks");
	/* Gate DPL too low; RPL too high. */
	gdt[D / 8] &= ~(3ull << 45);
	cpu_init_user(&c, call);
	c.f.rbx = (ulong)&far;
	run(&c);
	EXPECT(&c, GP, D, call + 7, "SDM 3 5.8.4: gate DPL below CPL");
	gdt[D / 8] |= 3ull << 45;
	gdt[D / 8] &= ~(1ull << 47);
	cpu_init_user(&c, call);
	c.f.rbx = (ulong)&far;
	run(&c);
	EXPECT(&c, NP, D, call + 7, "SDM 3 5.8.4: gate not present");
	gdt[D / 8] |= 1ull << 47;
	/* JMP through the gate cannot raise the privilege. */
	cpu_init_user(&c, CODE("ljmp *(%ebx)"));
	c.f.rbx = (ulong)&far;
	run(&c);
	EXPECT(&c, GP, SEL_KCODE, -1, "SDM 3 5.8.4: JMP to more privilege");
	/* Conforming target: CPL stays 3. */
	set(E, 0, 0xfffff, 0x9f, 0xc);
	far.off = CODE("mov %cs, %ecx; lret");
	far.sel = E;
	cpu_init_user(&c, CODE("lcall *(%ebx); nop"));
	c.f.rbx = (ulong)&far;
	run(&c);
	EXPECT(&c, DONE, 0, -1, "SDM 3 5.8.1.2: conforming code from CPL 3");
	CHECK_EQ(c.f.rcx, E | 3, "SDM 3 5.8.1.2: CPL is unchanged");
	/* RETF to an outer level with data segments it may not keep. */
	cpu_init(&c, CODE("push $0x23; push $1f; push $0x1b; push $2f; lret;"
	    "2: mov %ds, %ecx; int $0x30; 1:"));
	run(&c);
	EXPECT(&c, DONE, 0, -1, "SDM 2 RET: far to an outer level");
	CHECK_EQ(c.f.rcx, 0, "SDM 2 RET: DS of DPL 0 becomes null");
}

static void
privilege_loads(void)
{
	ulong nop = CODE("nop"), load = CODE("mov %ebx, %fs");
	static const struct {
		unsigned sel, access, vector;
		const char *what;
	} t[] = {
		{ D | 3, 0x93, GP, "SDM 3 5.6: CPL 3 loads DPL 0 data" },
		{ D | 3, 0xf3, DONE, "SDM 3 5.6: CPL 3 loads DPL 3 data" },
		{ D, 0xf3, DONE, "SDM 3 5.6: RPL 0, CPL 3, DPL 3" },
		{ D | 3, 0x9f, DONE, "SDM 3 5.6.1: readable conforming code" },
		{ D | 3, 0x9b, GP, "SDM 3 5.6.1: non-conforming code DPL 0" },
		{ D | 3, 0xd3, GP, "SDM 3 5.6: CPL 3 loads DPL 2 data" },
		{ 0, 0x93, DONE, "SDM 3 3.4.2: null" },
	};
	struct cpu c;

	(void)nop;
	for (unsigned i = 0; i < ARRAY_LEN(t); i++) {
		set(D, 0, 0xfffff, t[i].access, 0xc);
		cpu_init_user(&c, load);
		c.f.rbx = t[i].sel;
		run(&c);
		EXPECT(&c, t[i].vector, t[i].vector == GP ? t[i].sel & ~3u : 0,
		    -1, t[i].what);
	}
}

void
guest_main(void)
{
	limits();
	rights();
	stack_segments();
	lookups();
	ldts();
	code_segments();
	gates();
	privilege_loads();
}
