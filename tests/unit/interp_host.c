/* SPDX-License-Identifier: Apache-2.0 */
/* Native execution for interp_test (interp_host.h). */
#include "tests/unit/interp_host.h"

#include <asm/ldt.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "modes/x86/decode.h"
#include "modes/x86/hostfault.h"

/* Linux's own flat segments, and ours of 16 bits in the LDT. */
#define SEL_CODE64 0x33
#define SEL_CODE32 0x23
#define SEL_DATA 0x2b
#define SEL_CODE16 0x07

/* Shared with the assembly below. */
struct host_state host_in, host_out;
uint64_t host_rsp;
struct {
	uint32_t off;
	uint16_t sel;
} __attribute__((packed)) host_target;
uint16_t host_data_sel;		/* for DS and ES; 0 in 64-bit mode */
uint64_t host_xmask;
static struct hostfault_stack signal_stack;
void host_enter(void);
void host_leave(void);

__asm__(
".text\n"
".globl host_enter, host_leave\n"
"host_enter:\n"
"	push %rbx; push %rbp; push %r12; push %r13; push %r14; push %r15\n"
"	mov %rsp, host_rsp(%rip)\n"
"	mov host_xmask(%rip), %eax\n"
"	mov 4+host_xmask(%rip), %edx\n"
"	xrstor64 192+host_in(%rip)\n"
"	movzwl host_data_sel(%rip), %eax\n"
"	mov %eax, %ds\n"
"	mov %eax, %es\n"
"	push 128+host_in(%rip)\n"
"	popf\n"
"	mov 0+host_in(%rip), %rax\n"
"	mov 8+host_in(%rip), %rcx\n"
"	mov 16+host_in(%rip), %rdx\n"
"	mov 24+host_in(%rip), %rbx\n"
"	mov 32+host_in(%rip), %rsp\n"
"	mov 40+host_in(%rip), %rbp\n"
"	mov 48+host_in(%rip), %rsi\n"
"	mov 56+host_in(%rip), %rdi\n"
"	mov 64+host_in(%rip), %r8\n"
"	mov 72+host_in(%rip), %r9\n"
"	mov 80+host_in(%rip), %r10\n"
"	mov 88+host_in(%rip), %r11\n"
"	mov 96+host_in(%rip), %r12\n"
"	mov 104+host_in(%rip), %r13\n"
"	mov 112+host_in(%rip), %r14\n"
"	mov 120+host_in(%rip), %r15\n"
"	ljmp *host_target(%rip)\n"
"host_leave:\n"
"	mov %rax, 0+host_out(%rip)\n"
"	mov %rcx, 8+host_out(%rip)\n"
"	mov %rdx, 16+host_out(%rip)\n"
"	mov %rbx, 24+host_out(%rip)\n"
"	mov %rsp, 32+host_out(%rip)\n"
"	mov %rbp, 40+host_out(%rip)\n"
"	mov %rsi, 48+host_out(%rip)\n"
"	mov %rdi, 56+host_out(%rip)\n"
"	mov %r8, 64+host_out(%rip)\n"
"	mov %r9, 72+host_out(%rip)\n"
"	mov %r10, 80+host_out(%rip)\n"
"	mov %r11, 88+host_out(%rip)\n"
"	mov %r12, 96+host_out(%rip)\n"
"	mov %r13, 104+host_out(%rip)\n"
"	mov %r14, 112+host_out(%rip)\n"
"	mov %r15, 120+host_out(%rip)\n"
"	mov host_rsp(%rip), %rsp\n"
"	pushf\n"
"	pop 128+host_out(%rip)\n"
"	cld\n"
"	xor %eax, %eax\n"
"	mov %eax, %ds\n"
"	mov %eax, %es\n"
"	mov host_xmask(%rip), %eax\n"
"	mov 4+host_xmask(%rip), %edx\n"
"	xsave64 192+host_out(%rip)\n"
"	fninit\n"
"	ldmxcsr default_mxcsr(%rip)\n"
"	pop %r15; pop %r14; pop %r13; pop %r12; pop %rbp; pop %rbx\n"
"	ret\n"
"default_mxcsr: .long 0x1f80\n");

_Static_assert(offsetof(struct host_state, rflags) == 128, "assembly");
_Static_assert(offsetof(struct host_state, xsave) == 192, "assembly");

/* Where code of the other modes arrives, in reach of 32-bit offsets. */
#define WAY_OUT_AT (CODE_AT + 0x800)

static bool
on_fault(int sig, siginfo_t *si, ucontext_t *uc)
{
	greg_t *r = uc->uc_mcontext.gregs;

	if ((uint64_t)r[REG_RIP] - CODE_AT >= 0x1000)
		return false;
	host_out.vector = r[REG_TRAPNO];
	host_out.rip = r[REG_RIP];
	r[REG_RIP] = (greg_t)(uintptr_t)host_leave;
	r[REG_CSGSFS] = (r[REG_CSGSFS] & ~0xffffll) | SEL_CODE64;
	return true;
}

bool
host_init(void)
{
	uint32_t lo, hi;
	void *p = mmap((void *)AREA_BASE, AREA_SIZE,
	    PROT_READ | PROT_WRITE | PROT_EXEC,
	    MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);

	if (p != (void *)AREA_BASE)
		return false;
	__asm__ volatile("xgetbv" : "=a"(lo), "=d"(hi) : "c"(0));
	host_xmask = lo & 0xe7;
	if (hostfault_stack_init(&signal_stack, NULL))
		return false;
	/* A handler on the guest's stack would leave its frame there. */
	hostfault_stack_enter(&signal_stack);
	return hostfault_register(on_fault, NULL) == 0;
}

void
host_fini(void)
{
	hostfault_stack_leave(&signal_stack);
	hostfault_stack_fini(&signal_stack);
	munmap((void *)AREA_BASE, AREA_SIZE);
}

bool
host_can(unsigned mode)
{
	struct user_desc d = {
		.entry_number = 0,
		.limit = 0xfffff,
		.contents = MODIFY_LDT_CONTENTS_CODE,
		.limit_in_pages = 1,
	};

	/* Without 32-bit emulation the kernel has no such segments. */
	if (mode == MODE_16)
		return syscall(SYS_modify_ldt, 1, &d, sizeof(d)) == 0;
	return mode == MODE_64 || access("/proc/sys/abi/ldt16", F_OK) == 0 ||
	    syscall(SYS_modify_ldt, 1, &d, sizeof(d)) == 0;
}

/* jmp *0(%rip) and the address; jmp far imm. */
static void
put_way_out(uint8_t *p, unsigned mode)
{
	static const uint8_t jump[] = { 0xff, 0x25, 0, 0, 0, 0 };
	void (*leave)(void) = host_leave;
	uint8_t *out = (uint8_t *)WAY_OUT_AT;
	uint32_t off = WAY_OUT_AT;
	uint16_t sel = SEL_CODE64;

	memcpy(out, jump, sizeof(jump));
	memcpy(out + sizeof(jump), &leave, sizeof(leave));
	if (mode == MODE_64) {
		*p++ = 0xe9;
		off -= (uint32_t)(uintptr_t)p + 4;
		memcpy(p, &off, 4);
		return;
	}
	if (mode == MODE_16)
		*p++ = 0x66;
	*p++ = 0xea;
	memcpy(p, &off, 4);
	memcpy(p + 4, &sel, 2);
}

void
host_run(struct host_state *s, const uint8_t *code, unsigned len,
    unsigned mode)
{
	static const uint16_t sel[] = { [MODE_16] = SEL_CODE16,
	    [MODE_32] = SEL_CODE32, [MODE_64] = SEL_CODE64 };

	memcpy((uint8_t *)CODE_AT, code, len);
	put_way_out((uint8_t *)CODE_AT + len, mode);
	host_in = *s;
	host_in.rflags |= 0x202;
	host_target.off = CODE_AT;
	host_target.sel = sel[mode];
	host_data_sel = mode == MODE_64 ? 0 : SEL_DATA;
	memset(host_out.xsave, 0, sizeof(host_out.xsave));
	host_out.vector = -1;
	host_out.rip = CODE_AT + len;
	host_enter();
	*s = host_out;
}
