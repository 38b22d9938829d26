/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The run-time of the self-checking guests.  A test is one image with one
 * guest_main(); it makes claims with CHECK() and friends, each naming the
 * manual's section ("SDM 3" is Intel's volume 3, "APM 2" AMD's volume 2), and
 * leaves through the isa-debug-exit port: 0 when every claim held.
 *
 * The heart is run(): it loads a complete register state, jumps into a piece
 * of test code at any privilege level and comes back with the state and the
 * vector of whatever exception or interrupt ended it.
 */
#ifndef GUEST_H
#define GUEST_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef unsigned long long u64;
typedef unsigned long ulong;

#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))

/* The GDT of boot.S. */
enum {
	SEL_KCODE = 0x08, SEL_KDATA = 0x10, SEL_UCODE32 = 0x18 | 3,
	SEL_UDATA = 0x20 | 3, SEL_UCODE = 0x28 | 3, SEL_UDATA2 = 0x30 | 3,
	SEL_KCODE32 = 0x38, SEL_KCODE16 = 0x40, SEL_KDATA16 = 0x48,
	SEL_TSS = 0x50, SEL_FREE = 0x60,	/* the first one for tests */
};

enum {
	DE = 0, DB = 1, NMI = 2, BP = 3, OF = 4, BR = 5, UD = 6, NM = 7,
	DF = 8, TS = 10, NP = 11, SS = 12, GP = 13, PF = 14, MF = 16,
	AC = 17, MC = 18, XM = 19,
	DONE = 0x30,		/* INT at the end of every CODE() */
};

enum {
	F_CF = 1, F_1 = 2, F_PF = 4, F_AF = 0x10, F_ZF = 0x40, F_SF = 0x80,
	F_TF = 0x100, F_IF = 0x200, F_DF = 0x400, F_OF = 0x800,
	F_IOPL3 = 0x3000, F_NT = 0x4000, F_RF = 0x10000, F_VM = 0x20000,
	F_AC = 0x40000, F_VIF = 0x80000, F_VIP = 0x100000, F_ID = 0x200000,
};

enum {
	PTE_P = 1, PTE_W = 2, PTE_U = 4, PTE_PWT = 8, PTE_PCD = 16,
	PTE_A = 32, PTE_D = 64, PTE_PS = 128, PTE_G = 256,
};
#define PTE_NX (1ull << 63)

/* Physical 0 .. 1 GiB, accessible at CPL 3 (64-bit images). */
#ifdef __x86_64__
#define USER_BASE 0x80000000ul
#else
#define USER_BASE 0ul
#endif

/* As the stubs of trap.S push it. */
struct frame {
	ulong ds, es, fs, gs;
#ifdef __x86_64__
	ulong r8, r9, r10, r11, r12, r13, r14, r15;
#endif
	ulong rax, rcx, rdx, rbx, unused, rbp, rsi, rdi;
	ulong vector, error;
	ulong rip, cs, rflags, rsp, ss;
#ifndef __x86_64__
	ulong vm_es, vm_ds, vm_fs, vm_gs;	/* only with EFLAGS.VM */
#endif
};

struct cpu {
	struct frame f;
	ulong cr2;
};

/* --- claims --- check.c --- */

extern const char *test_name;
extern unsigned checks_failed, checks_done;

void check_at(bool ok, const char *file, int line, const char *expr,
    const char *what);
void check_eq_at(u64 got, u64 want, const char *file, int line,
    const char *expr, const char *what);
/* what quotes the manual's section and says the claim in words. */
#define CHECK(cond, what) check_at(cond, __FILE__, __LINE__, #cond, what)
#define CHECK_EQ(got, want, what) \
	check_eq_at(got, want, __FILE__, __LINE__, #got, what)
/*
 * The next claim holds by the manual but is known to fail on QEMU's TCG;
 * there, and only there, its failure is reported and not counted.
 */
void tcg_wrong(void);
extern bool excuse;
_Noreturn void guest_done(void);
_Noreturn void guest_fail(const char *why);

void print(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* --- running test code --- trap.c --- */

/*
 * Assembly text as a separate snippet, ended by INT 0x30; the value is its
 * address.  In user mode run it at user(address).
 */
#ifdef __x86_64__
#define CODE_ADDR "lea 771b(%%rip), %0"
#define CODE_BITS ".code64\n"
#else
#define CODE_ADDR "mov $771b, %0"
#define CODE_BITS ".code32\n"
#endif
#define CODE(text) ({ \
	ulong code_; \
	asm volatile(".pushsection .snip,\"ax\",@progbits\n771:\n" text \
	    "\nint $0x30\n" CODE_BITS ".popsection"); \
	asm volatile(CODE_ADDR : "=r" (code_)); \
	code_; })
/* The same, assembled for another mode. */
#define CODE32(text) CODE(".code32\n" text)
#define CODE16(text) CODE(".code16\n" text)

static inline ulong
user(ulong kernel_address)
{
	return kernel_address + USER_BASE;
}

/* A zeroed state: CPL 0, flat segments, test stack, RFLAGS = 2, at rip. */
void cpu_init(struct cpu *c, ulong rip);
/* The same at CPL 3; rip and the stack through the user alias. */
void cpu_init_user(struct cpu *c, ulong rip);
/* Go; the vector that ended it.  c is the state found then. */
unsigned run(struct cpu *c);
/* cpu_init, run. */
unsigned run_kernel(struct cpu *c, ulong rip);
unsigned run_user(struct cpu *c, ulong rip);
/* Claim a vector, an error code and (unless -1) an offset from code. */
void expect_at(const struct cpu *c, unsigned vector, u32 error, ulong rip,
    const char *file, int line, const char *what);
#define EXPECT(c, vector, error, rip, what) \
	expect_at(c, vector, error, rip, __FILE__, __LINE__, what)

/* Called for a vector instead of leaving run(); returns to resume. */
typedef void hook_fn(struct frame *f);
extern hook_fn *hook[256];

struct gate {
	u16 off0, sel;
	u8 ist, type;		/* type: 0x8e interrupt gate, DPL 0 */
	u16 off16;
#ifdef __x86_64__
	u32 off32, zero;
#endif
};
extern struct gate idt[256];
extern u64 gdt[64];
extern const ulong trap_stubs[256];
extern const char trap_iret[];

void idt_default(void);
void idt_set(unsigned vector, ulong handler, unsigned type, unsigned ist);
void idt_load(void);
void gdt_load(void);

#ifdef __x86_64__
struct tss {
	u32 reserved0;
	u64 rsp[3] __attribute__((packed));
	u64 reserved1 __attribute__((packed));
	u64 ist[8] __attribute__((packed));	/* ist[0] is IST1 */
	u16 reserved2, iomap;
	u8 bitmap[8192 + 8];
} __attribute__((packed, aligned(16)));
#else
struct tss {
	u32 link, esp0, ss0, esp1, ss1, esp2, ss2, cr3;
	u32 eip, eflags, eax, ecx, edx, ebx, esp, ebp, esi, edi;
	u32 es, cs, ss, ds, fs, gs, ldt;
	u16 debug_trap, iomap;
	u8 bitmap[8192 + 8];
} __attribute__((packed, aligned(128)));
#endif
extern struct tss tss;
void tss_load(unsigned limit);
/* Build a segment descriptor: access is bits 40..47, flags bits 52..55. */
u64 seg_desc(u32 base, u32 limit, unsigned access, unsigned flags);

extern u8 test_stack[8192], test_stack2[8192];
#define STACK_TOP ((ulong)test_stack + sizeof(test_stack) - 64)

/* Put code bytes somewhere. */
void copy(void *dst, const void *src, size_t n);
void fill(void *dst, int byte, size_t n);
bool same(const void *a, const void *b, size_t n);

/* --- pages --- page.c (64-bit images) --- */

/* The window whose tables tests own: 1 .. 2 GiB, empty at start. */
#define WINDOW 0x40000000ul
/* A physical page nobody else uses. */
ulong page_alloc(void);
/* Pointer to the entry mapping va at level 1 (PTE) .. 4, tables made P W U. */
volatile u64 *pte_at(ulong va, unsigned level);
void page_map(ulong va, u64 entry);	/* 4 KiB, and INVLPG */

/* --- chips --- chips.c --- */

void pic_setup(u8 base, u16 mask);	/* both 8259s; mask: 1 is masked */
void pic_eoi(unsigned irq);
void pit_oneshot(unsigned ticks);	/* channel 0, mode 0 */
void pit_periodic(unsigned ticks);	/* channel 0, mode 2 */
u16 pit_read(void);
bool lapic_enable(void);		/* xAPIC, spurious vector 0xff */
u32 lapic_read(u32 reg);
void lapic_write(u32 reg, u32 v);
u32 ioapic_read(u8 reg);
void ioapic_write(u8 reg, u32 v);
/* Busy until flag is non-zero or about ms have gone by PIT channel 2. */
bool wait_for(volatile unsigned *flag, unsigned ms);
void delay_ms(unsigned ms);

/* --- small things --- */

static inline void
outb(u16 port, u8 v)
{
	asm volatile("outb %0, %1" :: "a" (v), "Nd" (port));
}

static inline u8
inb(u16 port)
{
	u8 v;

	asm volatile("inb %1, %0" : "=a" (v) : "Nd" (port));
	return v;
}

static inline void
outl(u16 port, u32 v)
{
	asm volatile("outl %0, %1" :: "a" (v), "Nd" (port));
}

#define DEFINE_REG(name) \
static inline ulong \
read_##name(void) \
{ \
	ulong v; \
\
	asm volatile("mov %%" #name ", %0" : "=r" (v)); \
	return v; \
} \
static inline void \
write_##name(ulong v) \
{ \
	asm volatile("mov %0, %%" #name :: "r" (v) : "memory"); \
}
DEFINE_REG(cr0)
DEFINE_REG(cr2)
DEFINE_REG(cr3)
DEFINE_REG(cr4)
DEFINE_REG(dr0)
DEFINE_REG(dr1)
DEFINE_REG(dr2)
DEFINE_REG(dr3)
DEFINE_REG(dr6)
DEFINE_REG(dr7)

static inline void
cpuid(u32 leaf, u32 sub, u32 r[4])
{
	asm volatile("cpuid" : "=a" (r[0]), "=b" (r[1]), "=c" (r[2]),
	    "=d" (r[3]) : "a" (leaf), "c" (sub));
}

/* One CPUID bit; reg 0..3 for EAX..EDX. */
static inline bool
has(u32 leaf, u32 sub, unsigned reg, unsigned bit)
{
	u32 r[4];

	cpuid(leaf & 0x80000000, 0, r);
	if (r[0] < leaf)
		return false;
	cpuid(leaf, sub, r);
	return r[reg] >> bit & 1;
}

static inline u64
rdmsr(u32 msr)
{
	u32 lo, hi;

	asm volatile("rdmsr" : "=a" (lo), "=d" (hi) : "c" (msr));
	return (u64)hi << 32 | lo;
}

static inline void
wrmsr(u32 msr, u64 v)
{
	asm volatile("wrmsr" :: "c" (msr), "a" ((u32)v),
	    "d" ((u32)(v >> 32)) : "memory");
}

static inline void
invlpg(ulong va)
{
	asm volatile("invlpg (%0)" :: "r" (va) : "memory");
}

static inline u64
rdtsc(void)
{
	u32 lo, hi;

	asm volatile("rdtsc" : "=a" (lo), "=d" (hi));
	return (u64)hi << 32 | lo;
}

static inline void sti(void) { asm volatile("sti" ::: "memory"); }
static inline void cli(void) { asm volatile("cli" ::: "memory"); }

bool is_tcg(void);
bool is_amd(void);
void guest_main(void);

#endif
