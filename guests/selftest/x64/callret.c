/* SPDX-License-Identifier: Apache-2.0 */
/*
 * CALL and RET (SDM 1 6.4, SDM 2 CALL, RET) where they do not pair: a return
 * goes where the stack says, whatever a processor or a translator remembers
 * of the calls before; and the code it returns to is what is there by then.
 * And pushes and pops in a row, as functions begin and end.
 */
#include "guest.h"

#define VA (WINDOW + 0x800000ul)
#define CR0_TS 8
#define STR(x) #x
#define XSTR(x) STR(x)

static ulong page, page2, page3;	/* three in a row, physical = linear */

/* A function of one argument at an address. */
static ulong
call1(ulong at, ulong arg)
{
	ulong v;

	asm volatile("call *%1" : "=a" (v), "+r" (at), "+D" (arg) :
	    : "memory", "cc", "rcx", "rdx", "rbx", "rsi", "r8", "r9", "r10",
	    "r11");
	return v;
}

/* --- returns that do not match ----------------------------------------- */

/* Down rdi levels; from the bottom, leave by rsp and rip as saved above. */
static void
unwinding(void)
{
	ulong p = CODE("xor %eax, %eax; mov $200, %ebx; call 3f; int $0x30;"
	    /* 3: the one who catches, itself some levels down */
	    "3: call 4f; inc %rax; ret;"
	    "4: call 5f; inc %rax; ret;"
	    "5: mov %rsp, %rbp; lea 6f(%rip), %rsi; mov %rdi, %rcx;"
	    "call 7f; ud2;"
	    "6: inc %rax; dec %ebx; jnz 5b; ret;"
	    "7: dec %rcx; jz 8f; call 7b; ud2;"
	    "8: mov %rbp, %rsp; jmp *%rsi;");
	struct cpu c;

	for (ulong depth = 1; depth < 200; depth = depth * 3 / 2 + 1) {
		cpu_init(&c, p);
		c.f.rdi = depth;
		run(&c);
		EXPECT(&c, DONE, 0, -1, "SDM 2 RET: after frames were left");
		CHECK_EQ(c.f.rax, 202, "SDM 2 RET: all who were to return did");
		CHECK_EQ(c.f.rsp, STACK_TOP, "SDM 2 RET: RSP back where it was");
	}
}

static void
mismatched(void)
{
	struct cpu c;

	run_kernel(&c, CODE("xor %eax, %eax; mov $1000, %ebx;"
	    "1: call 2f; inc %eax; jmp 4f; 2: call 3f; ud2;"
	    "3: add $8, %rsp; ret; 4: dec %ebx; jnz 1b"));
	EXPECT(&c, DONE, 0, -1, "SDM 2 RET: to the caller's caller");
	CHECK_EQ(c.f.rax, 1000, "SDM 2 RET: to the caller's caller");
	run_kernel(&c, CODE("xor %eax, %eax; mov $1000, %ebx;"
	    "1: lea 2f(%rip), %rcx; push %rcx; ret; ud2;"
	    "2: inc %eax; dec %ebx; jnz 1b"));
	EXPECT(&c, DONE, 0, -1, "SDM 2 RET: without a call");
	CHECK_EQ(c.f.rax, 1000, "SDM 2 RET: without a call");
	run_kernel(&c, CODE("xor %eax, %eax; mov $1000, %ebx;"
	    "1: call 2f; .byte 0x0f, 0x0b; inc %eax; dec %ebx; jnz 1b; jmp 3f;"
	    "2: addq $2, (%rsp); ret; 3:"));
	EXPECT(&c, DONE, 0, -1, "SDM 2 RET: to an address that was changed");
	CHECK_EQ(c.f.rax, 1000, "SDM 2 RET: to an address that was changed");
	run_kernel(&c, CODE("mov $1000, %ebx; 1: call 2f; 2: pop %rax;"
	    "lea 2b(%rip), %rcx; sub %rax, %rcx; jnz 3f;"
	    "call 4f; dec %ebx; jnz 1b; jmp 5f; 3: ud2; 4: ret; 5:"));
	EXPECT(&c, DONE, 0, -1, "SDM 2 CALL: to ask for RIP");
	/* A retpoline: jump to rax by a return. */
	run_kernel(&c, CODE("xor %edx, %edx; mov $1000, %ebx;"
	    "lea 6f(%rip), %rax; 1: call 2f; inc %edx; dec %ebx; jnz 1b;"
	    "jmp 7f;"
	    "2: call 4f; 3: pause; lfence; jmp 3b; 4: mov %rax, (%rsp); ret;"
	    "6: inc %edx; ret; 7:"));
	EXPECT(&c, DONE, 0, -1, "SDM 2 RET: a retpoline");
	CHECK_EQ(c.f.rdx, 2000, "SDM 2 RET: a retpoline");
}

static void
immediate(void)
{
	struct cpu c;

	run_kernel(&c, CODE("xor %eax, %eax; mov $1000, %ebx;"
	    "1: push $1; push $2; push $3; call 2f; dec %ebx; jnz 1b; jmp 3f;"
	    "2: add 8(%rsp), %rax; add 24(%rsp), %rax; ret $24; 3:"));
	EXPECT(&c, DONE, 0, -1, "SDM 2 RET imm16: returns");
	CHECK_EQ(c.f.rax, 4000, "SDM 2 RET imm16: what was pushed");
	CHECK_EQ(c.f.rsp, STACK_TOP, "SDM 2 RET imm16: parameters released");
}

/* Arithmetic flags go through calls and returns both. */
static void
flags(void)
{
	struct cpu c;

	run_kernel(&c, CODE("xor %edx, %edx; mov $500, %ebx;"
	    "1: xor %eax, %eax; mov $0x80000000, %ecx; add %ecx, %ecx;"
	    "call 2f; seto %al; setc %ah; setz %sil; movzx %sil, %esi;"
	    "add %eax, %edx; add %esi, %edx; dec %ebx; jnz 1b; jmp 3f;"
	    "2: jno 4f; jnc 4f; jnz 4f; mov $3, %ecx; cmp $4, %ecx; ret;"
	    "4: ud2; 3:"));
	EXPECT(&c, DONE, 0, -1, "SDM 2 CALL: flags affected: none");
	CHECK_EQ(c.f.rdx, 500 * 256, "SDM 2 RET: flags affected: none");
}

/* A RET that faults changed nothing. */
static void
faulting(void)
{
	static const char *const what =
	    "SDM 2 RET: #GP(0) if the return address is not canonical";
	ulong at[2];
	struct cpu c;

	at[0] = CODE("jmp 2f; 1: ret; 2: xor %ecx, %ecx; dec %rcx;"
	    "call 3f; ud2; 3: call 4f; ud2; 4: mov %rbx, (%rsp); jmp 1b");
	at[1] = CODE("jmp 2f; 1: ret $16; 2: xor %ecx, %ecx; dec %rcx;"
	    "call 3f; ud2; 3: call 4f; ud2; 4: mov %rbx, (%rsp); jmp 1b");
	for (unsigned i = 0; i < 2; i++)
		for (unsigned k = 0; k < 20; k++) {
			cpu_init(&c, at[i]);
			c.f.rbx = k & 1 ? 0x800000000000ul : 1ul << 63;
			run(&c);
			tcg_wrong();
			EXPECT(&c, GP, 0, at[i] + 2, what);
			tcg_wrong();
			CHECK_EQ(c.f.rsp, STACK_TOP - 16, what);
			CHECK_EQ(c.f.rcx, -1ul, what);
			CHECK_EQ(c.f.rflags & F_SF, F_SF, what);
		}
	/* Where the stack is not mapped. */
	page_map(VA, 0);
	cpu_init(&c, CODE("call 1f; int3; 1: lea 1f(%rip), %rdx;"
	    "mov %rbx, %rsp; 1: ret"));
	c.f.rbx = VA;
	run(&c);
	EXPECT(&c, PF, 0, c.f.rdx, "SDM 2 RET: #PF");
	CHECK_EQ(c.cr2, VA, "SDM 3 4.7: CR2");
	CHECK_EQ(c.f.rsp, VA, "SDM 2 RET: RSP unchanged by a fault");
	cpu_init(&c, CODE("lea 1f(%rip), %rdx; 1: call 2f; 2: int3"));
	c.f.rsp = VA + 8;
	run(&c);
	EXPECT(&c, PF, 2, c.f.rdx, "SDM 2 CALL: #PF");
	CHECK_EQ(c.f.rsp, VA + 8, "SDM 2 CALL: RSP unchanged by a fault");
}

/*
 * Rows of pushes and pops with the edge of what is mapped at each of their
 * accesses: what comes before it is done, what faults changes nothing.
 */
static void
rows(void)
{
	static const u8 in_at[] = { 0, 4, 5, 9, 11, 13 };
	static const u8 out_at[] = { 0, 2, 6, 7, 9, 10 };
	ulong in = CODE("push %rbx; mov %edi, %r12d; .byte 0x55;"
	    "push %r12; xor %eax, %eax; push %r8; push $7; call 1f; 1:");
	ulong out = CODE("pop %r8; pop %rbx; lea 1(%rbx), %eax; pop %rbp;"
	    "pop %r12; pop %rdi; ret");
	volatile ulong *top = (ulong *)VA;
	struct cpu c;

	page_map(VA - 4096, 0);
	page_map(VA, page | PTE_P | PTE_W);
	page_map(VA + 4096, 0);
	for (unsigned n = 0; n <= 6; n++) {
		cpu_init(&c, in);
		c.f.rsp = VA + 8 * n;
		c.f.rbx = 1;
		c.f.rbp = 2;
		c.f.rdi = 3;
		c.f.r8 = 4;
		fill((void *)VA, 0xee, 64);
		run(&c);
		EXPECT(&c, n == 6 ? DONE : PF, n == 6 ? 0 : 2,
		    n == 6 ? -1ul : in + in_at[n], "SDM 2 PUSH: in a row");
		CHECK_EQ(c.f.rsp, VA, "SDM 2 PUSH: those before are done");
		CHECK_EQ(n == 6 || c.cr2 == VA - 8, 1, "SDM 3 4.7: CR2");
		for (unsigned k = 0; k < n; k++)
			CHECK_EQ(top[n - 1 - k], k == 3 ? 4 : k == 4 ? 7 :
			    k == 5 ? in + 18 : k + 1, "SDM 2 PUSH: in order");
		CHECK_EQ(top[n], ~0ul / 255 * 0xee, "SDM 2 PUSH: no more");
	}
	for (unsigned n = 0; n <= 6; n++) {
		cpu_init(&c, out);
		c.f.rsp = VA + 4096 - 8 * n;
		for (unsigned k = 0; k < n; k++)
			((volatile ulong *)c.f.rsp)[k] = k + 10;
		if (n == 6)
			((volatile ulong *)c.f.rsp)[5] = CODE("nop");
		run(&c);
		EXPECT(&c, n == 6 ? DONE : PF, 0,
		    n == 6 ? -1ul : out + out_at[n], "SDM 2 POP: in a row");
		CHECK_EQ(c.f.rsp, VA + 4096, "SDM 2 POP: those before are done");
		CHECK_EQ(n == 6 || c.cr2 == VA + 4096, 1, "SDM 3 4.7: CR2");
		CHECK(c.f.r8 == (n > 0 ? 10 : 0) && c.f.rbx == (n > 1 ? 11 : 0) &&
		    c.f.rax == (n > 1 ? 12 : 0) && c.f.rbp == (n > 2 ? 12 : 0) &&
		    c.f.r12 == (n > 3 ? 13 : 0) && c.f.rdi == (n > 4 ? 14 : 0),
		    "SDM 2 POP: what the row had loaded");
	}
	/* Across a page edge where both are mapped. */
	page_map(VA - 4096, page2 | PTE_P | PTE_W);
	for (unsigned n = 0; n <= 12; n++) {
		cpu_init(&c, CODE("push %rbx; push %rbp; mov %edi, %ebp;"
		    "push %r12; push $-9; call 1f; jmp 2f; 1: ret;"
		    "2: pop %rdi; pop %rax; pop %r9; pop %rsi"));
		c.f.rsp = VA + 8 * n;
		c.f.rbx = 0x1111;
		c.f.rbp = 0x2222;
		c.f.r12 = 0x3333;
		run(&c);
		EXPECT(&c, DONE, 0, -1, "SDM 2 PUSH, POP: over a page's edge");
		CHECK(c.f.rdi == -9ul && c.f.rax == 0x3333 &&
		    c.f.r9 == 0x2222 && c.f.rsi == 0x1111 &&
		    c.f.rsp == VA + 8 * n, "SDM 2 POP: what was pushed");
	}
	/* LEAVE and what follows it. */
	for (unsigned n = 0; n <= 4; n++) {
		cpu_init(&c, CODE("mov %rsp, %rbp; call 1f; jmp 2f;"
		    "1: push %rbp; mov %rsp, %rbp; push %rbx; sub $64, %rsp;"
		    "leave; ret; 2:"));
		c.f.rsp = VA + 8 * n;
		run(&c);
		EXPECT(&c, DONE, 0, -1, "SDM 2 LEAVE: and RET");
		CHECK(c.f.rsp == VA + 8 * n && c.f.rbp == c.f.rsp,
		    "SDM 2 LEAVE: as on the way in");
	}
}

/* --- depth --------------------------------------------------------------- */

#define DEEP_STACK 0x7000000ul	/* physical memory nobody uses, below this */

static void
deep(void)
{
	ulong p = CODE("xor %eax, %eax; call 1f; int $0x30;"
	    "1: dec %rdi; jz 2f; call 1b; inc %rax; 2: ret");
	ulong down_up = CODE("xor %eax, %eax; call 1f; int $0x30;"
	    /* rdi levels down, then rdx times rsi down and up again */
	    "1: dec %rdi; jz 2f; call 1b; inc %rax; ret;"
	    "2: mov %rsi, %rdi; call 3f; dec %rdx; jnz 2b; ret;"
	    "3: dec %rdi; jz 4f; call 3b; inc %rax; 4: ret");
	static const ulong depths[] = {
		1, 2, 100, 2047, 4096, 8191, 8192, 16384, 32767, 65535, 65536,
		65537, 65600, 131072, 1000000,
	};
	struct cpu c;

	for (unsigned i = 0; i < ARRAY_LEN(depths); i++) {
		cpu_init(&c, p);
		c.f.rdi = depths[i];
		c.f.rsp = DEEP_STACK;
		run(&c);
		EXPECT(&c, DONE, 0, -1, "SDM 1 6.4: deep recursion returns");
		CHECK_EQ(c.f.rax, depths[i] - 1, "SDM 1 6.4: every level");
		CHECK_EQ(c.f.rsp, DEEP_STACK, "SDM 1 6.4: RSP is back");
	}
	for (ulong at = 65500; at <= 65560; at += 7) {
		cpu_init(&c, down_up);
		c.f.rdi = at;
		c.f.rsi = 100;
		c.f.rdx = 200;
		c.f.rsp = DEEP_STACK;
		run(&c);
		EXPECT(&c, DONE, 0, -1, "SDM 1 6.4: down and up at depth");
		CHECK_EQ(c.f.rax, at - 1 + 200 * 99, "SDM 1 6.4: every level");
	}
	cpu_init(&c, CODE("mov %rdi, %rbp; xor %eax, %eax; call 1f;"
	    "int $0x30; 1: dec %rdi; jz 2f; stc; call 1b; jnc 3f; inc %rax;"
	    "2: stc; ret; 3: ud2"));
	c.f.rdi = 200000;
	c.f.rsp = DEEP_STACK;
	c.f.rcx = 0x1111;
	c.f.r10 = 0x2222;
	c.f.r11 = 0x3333;
	run(&c);
	EXPECT(&c, DONE, 0, -1, "SDM 1 6.4: deep recursion");
	CHECK(c.f.rcx == 0x1111 && c.f.r10 == 0x2222 && c.f.r11 == 0x3333 &&
	    c.f.rbp == 200000, "SDM 1 6.4: other registers are left alone");
}

/* --- code that changes meanwhile ------------------------------------------ */

/*
 * At an address: call *%rdi with itself in rsi; mov $imm, %eax; ret.  The
 * callee changes the imm, or what page this is, or whether it is one.
 */
static void
put_caller(ulong at, u32 imm)
{
	u8 b[] = {
		0x48, 0x8d, 0x35, 0xf9, 0xff, 0xff, 0xff, /* lea here, %rsi */
		0xff, 0xd7, 0xb8, imm, imm >> 8, imm >> 16, imm >> 24, 0xc3,
	};

	copy((void *)at, b, sizeof(b));
}

#define CALLER_HEAD 9	/* LEA and CALL */
#define IMM_AT 10

static volatile u64 *code_pte;
static u64 next_entry;

/* rsi + 10 is the immediate: store rdx's low half there. */
static ulong
patcher(void)
{
	return CODE("movl $0x12345678, " XSTR(IMM_AT) "(%rsi); ret");
}

static ulong
nested_patcher(void)
{
	return CODE("call 1f; ret; 1: call 2f; ret;"
	    "2: movl $0x7654321, " XSTR(IMM_AT) "(%rsi); ret");
}

static void
self_modifying(void)
{
	ulong one = patcher(), two = nested_patcher();

	for (u32 i = 0; i < 40; i++) {
		put_caller(page, i);
		CHECK_EQ(call1(page, one), 0x12345678,
		    "SDM 3 11.6: the code after the call rewritten meanwhile");
		put_caller(page + 4096 - CALLER_HEAD, i);	/* the rest is in page2 */
		CHECK_EQ(call1(page + 4096 - CALLER_HEAD, two), 0x7654321,
		    "SDM 3 11.6: the same on the next page");
		put_caller(page + 4096 - 12, i);
		CHECK_EQ(call1(page + 4096 - 12, one), 0x12345678,
		    "SDM 3 11.6: an instruction on two pages");
	}
}

static void
remap_invlpg(void)
{
	*code_pte = next_entry;
	invlpg(VA);
}

static void
remap_cr3(void)
{
	*code_pte = next_entry;
	write_cr3(read_cr3());
}

static void
remap_cr4(void)
{
	*code_pte = next_entry;
	write_cr4(read_cr4() ^ 1 << 7);
	write_cr4(read_cr4() ^ 1 << 7);
}

static ulong fault_at;

static void
back_in(struct frame *f)
{
	fault_at = f->rip == read_cr2() ? f->rip : 0;
	page_map(VA, page | PTE_P | PTE_W);
}

static void
remapped(void)
{
	void (*const how[])(void) = { remap_invlpg, remap_cr3, remap_cr4 };

	code_pte = pte_at(VA, 1);
	put_caller(page, 1111);
	put_caller(page2, 2222);
	for (u32 i = 0; i < 60; i++) {
		page_map(VA, (i & 1 ? page2 : page) | PTE_P | PTE_W);
		next_entry = (i & 2 ? page : page2) | PTE_P | PTE_W;
		CHECK_EQ(call1(VA, (ulong)how[i % 3]), i & 2 ? 1111 : 2222,
		    "SDM 3 4.10.4: the caller's page exchanged meanwhile");
	}
	/* LEA and CALL end one page; the return address is the next one. */
	put_caller(page, 0);
	copy((void *)(page3 + 4096 - CALLER_HEAD), (void *)page, CALLER_HEAD);
	page_map(VA - 4096, page3 | PTE_P | PTE_W);
	copy((void *)page, "\xb8\x11\0\0\0\xc3", 6);
	copy((void *)page2, "\xb8\x22\0\0\0\xc3", 6);
	for (u32 i = 0; i < 60; i++) {
		page_map(VA, (i & 1 ? page2 : page) | PTE_P | PTE_W);
		next_entry = (i & 2 ? page : page2) | PTE_P | PTE_W;
		CHECK_EQ(call1(VA - CALLER_HEAD, (ulong)how[i % 3]),
		    i & 2 ? 0x11 : 0x22,
		    "SDM 3 4.10.4: the page returned to exchanged meanwhile");
	}
	/* Gone altogether: the return faults at the address returned to. */
	hook[PF] = back_in;
	put_caller(page, 4444);
	for (u32 i = 0; i < 30; i++) {
		page_map(VA, page | PTE_P | PTE_W);
		next_entry = 0;
		fault_at = 0;
		CHECK_EQ(call1(VA, (ulong)how[i % 3]), 4444,
		    "SDM 3 4.7: the caller's page came back");
		CHECK_EQ(fault_at, VA + CALLER_HEAD, "SDM 3 4.7: it was missed");
	}
	hook[PF] = NULL;
}

/* What code may do changed meanwhile: here, whether it has an SSE unit. */
static void
mode_changed(void)
{
	struct cpu c;

	for (unsigned i = 0; i < 20; i++) {
		cpu_init(&c, CODE("call 1f; movaps %xmm0, %xmm1; int $0x30;"
		    "1: call 2f; ret; 2: mov %rbx, %cr0; ret"));
		c.f.rbx = read_cr0() | (i & 1 ? CR0_TS : 0);
		run(&c);
		write_cr0(read_cr0() & ~(ulong)CR0_TS);
		EXPECT(&c, i & 1 ? NM : DONE, 0, -1,
		    "SDM 3 2.5: CR0.TS set by the function called");
	}
}

/* --- interrupts ------------------------------------------------------------ */

static volatile unsigned ticks;

static __attribute__((noinline)) unsigned
fib(unsigned n)
{
	asm volatile("" : "+r" (n));
	return n < 2 ? n : fib(n - 1) + fib(n - 2);
}

static void
tick(struct frame *f)
{
	ticks += fib(5) - 4;	/* one */
	pic_eoi(0);
}

/* Wait until IRQ 0 is requested of the 8259. */
static bool
requested(void)
{
	for (unsigned i = 0; i < 10000000; i++) {
		outb(0x20, 0x0a);
		if (inb(0x20) & 1)
			return true;
	}
	return false;
}

/* An interrupt that waits comes after RET, before CLI. */
static __attribute__((noinline)) void
windows(void)
{
	asm volatile("call 1f; cli; jmp 2f; 1: sti; ret; 2:" :
	    : : "memory", "cc");
}

static void
interrupts(void)
{
	ulong p = CODE("1: call 2f; dec %ebx; jnz 1b; int $0x30;"
	    "2: push %rbx; call 3f; pop %rbx; ret; 3: call 4f; call 4f; ret;"
	    "4: inc %rax; ret");
	unsigned wrong = 0;
	struct cpu c;

	pic_setup(0x50, 0xfffe);
	hook[0x50] = tick;
	pit_periodic(1193);
	for (unsigned i = 0; i < 100000 && ticks < 40; i++) {
		sti();
		wrong += fib(15) != 610;
		cli();
		cpu_init_user(&c, p);
		c.f.rflags |= F_IF;
		c.f.rbx = 1000;
		run(&c);
		wrong += c.f.vector != DONE || c.f.rax != 2000;
	}
	CHECK_EQ(wrong, 0, "SDM 3 6.12: interrupts between call and return");
	CHECK(ticks >= 40, "8254: interrupts came");
	outb(0x21, 0xff);
	for (unsigned i = 0; i < 20; i++) {
		windows();
		ticks = 0;
		pit_oneshot(100);
		CHECK(requested(), "8259 IRR: IRQ 0 is requested");
		outb(0x21, 0xfe);
		windows();
		CHECK_EQ(ticks, 1, "SDM 2 STI: one instruction is held back");
		outb(0x21, 0xff);
	}
	hook[0x50] = NULL;
}

void
guest_main(void)
{
	page = page_alloc();
	page2 = page_alloc();
	page3 = page_alloc();
	unwinding();
	mismatched();
	immediate();
	flags();
	faulting();
	rows();
	deep();
	self_modifying();
	remapped();
	mode_changed();
	interrupts();
}
