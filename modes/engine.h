/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The contract between the monitor and whatever runs guest code.
 *
 * The monitor owns struct vm and every struct vcpu and has one thread per
 * vCPU.  Sequence: vm_init, vcpu_init per vCPU, reset; then run() in a loop,
 * from the owning thread only, until told otherwise; vcpu_fini, vm_fini.
 *
 * Ports, MMIO, APIC MSRs and time are reached through struct platform, whose
 * functions the monitor supplies.  Engines of ours (interp, bt) call them in
 * the middle of an instruction; an engine on KVM calls them to serve its
 * exits.  run() comes back only for what the loop must decide.
 *
 * Vector registers: while interp or bt run, the guest's x87/SSE/AVX state is
 * live in the host's registers.  All of modes/x86, modes/interp, modes/bt,
 * mmu/ is therefore compiled without vector registers and calls no libc
 * function that may use them; platform calls are bracketed by x86_fpu_out()
 * and x86_fpu_in() (modes/x86/fpu.h) except those marked vector-free below.
 */
#ifndef TRIVISOR_MODES_ENGINE_H
#define TRIVISOR_MODES_ENGINE_H

#include <stdatomic.h>

#include "base/clock.h"
#include "base/err.h"
#include "mmu/gmem.h"
#include "mmu/walk.h"
#include "modes/cpu_state.h"

struct vcpu;
struct vm;
struct cpuid_table;	/* modes/cpuid.h */

/*
 * The linear TLB behind x86_read() and x86_write() (x86/mem.c only): direct
 * mapped, an entry is valid while its generation is the current one.
 */
#define X86_TLB_ENTRIES 256

struct x86_tlb_entry {
	gva_t page;
	uint64_t gen;
	gpa_t gpa;		/* of the 4 KiB page */
	uint64_t size;		/* of the page as mapped */
	uint8_t *host;		/* borrowed; NULL for MMIO */
	uint8_t *trace;		/* borrowed */
	uint32_t ok;		/* bit per kind of access that was walked */
	bool ram;		/* writes are not dropped */
	bool global;
};

struct x86_tlb {
	uint64_t gen;		/* of entries that are not global */
	uint64_t global_gen;
	bool large;		/* an entry of a large page may be here */
	struct x86_tlb_entry e[X86_TLB_ENTRIES];
};

/*
 * kvmclock's figures, the same for all vCPUs of a VM so that their pages never
 * contradict each other (x86/kvmclock.c only).  lock guards what is not atomic.
 */
struct x86_kvmclock {
	_Atomic uint32_t lock;
	_Atomic uint32_t gen;	/* changes with what the pages have to say */
	uint64_t tsc;		/* the clock's TSC, without a vCPU's offset */
	uint64_t ns;		/* system time then */
	uint32_t mul;		/* 0: not worked out yet */
	int8_t shift;
};

enum engine_id { ENGINE_INTERP, ENGINE_BT, ENGINE_HVM, ENGINE_COUNT };

/* Why run() came back. */
enum vcpu_exit_reason {
	EXIT_KICKED,		/* vcpu_kick(); nothing else to report */
	EXIT_HALT,		/* HLT and nothing to wake for; IF in rflags */
	EXIT_SHUTDOWN,		/* triple fault */
	EXIT_DEBUG,		/* breakpoint or single step of the debugger */
	EXIT_ERROR,		/* the engine cannot go on: text in err */
};

struct vcpu_exit {
	enum vcpu_exit_reason reason;
	struct err err;
};

/*
 * The machine around a vCPU, supplied by the monitor.  All on the owning vCPU
 * thread.  ctx is borrowed.  size is 1, 2, 4 or (MMIO only) 8 bytes.
 */
struct platform {
	uint32_t (*pio_read)(void *ctx, uint16_t port, unsigned size);
	void (*pio_write)(void *ctx, uint16_t port, unsigned size,
	    uint32_t value);
	uint64_t (*mmio_read)(void *ctx, gpa_t gpa, unsigned size);
	void (*mmio_write)(void *ctx, gpa_t gpa, unsigned size, uint64_t value);
	/*
	 * Vector-free.  Take the highest interrupt that may be delivered now
	 * (local APIC, or the 8259s through LINT0/virtual wire) and mark it in
	 * service; -1 when there is none.
	 */
	int (*irq_take)(void *ctx, struct vcpu *c);
	/* Vector-free.  Is there one irq_take() would return? */
	bool (*irq_pending)(void *ctx, struct vcpu *c);
	/*
	 * Vector-free.  APIC_BASE, x2APIC 0x800..0x8ff and TSC_DEADLINE MSRs;
	 * 0, or -EPERM for #GP(0).
	 */
	int (*apic_msr_read)(void *ctx, struct vcpu *c, uint32_t msr,
	    uint64_t *value);
	int (*apic_msr_write)(void *ctx, struct vcpu *c, uint32_t msr,
	    uint64_t value);
	/* Vector-free.  CR8 <-> TPR. */
	void (*set_tpr)(void *ctx, struct vcpu *c, uint8_t cr8);
	uint8_t (*get_tpr)(void *ctx, struct vcpu *c);
	/* Optional: FERR# is asserted, an x87 error with CR0.NE clear. */
	void (*ferr)(void *ctx);
	/* Vector-free, optional: the guest wrote its TSC or TSC_ADJUST. */
	void (*tsc_changed)(void *ctx, struct vcpu *c);
};

/*
 * A vCPU.  Engines put their own structure around it (struct vcpu first) and
 * say its size in engine_ops.vcpu_size; the monitor allocates it zeroed and
 * page aligned.  Only the owning thread touches it, but for the atomics.
 */
struct vcpu {
	struct cpu_state s;

	/*
	 * Requests to the vCPU from other threads.  attention is what generated
	 * code polls: zero means "leave translated code and look" (a flag-free
	 * JRCXZ then suffices), one means run on.  A writer sets the request
	 * first, then attention = 0 (vcpu_attention()); the vCPU sets attention
	 * back to 1 before it looks at the requests.
	 */
	_Atomic uint32_t attention;
	_Atomic uint32_t kicked;	/* run() must return EXIT_KICKED */
	_Atomic uint32_t irq_hint;	/* irq_pending() may have become true */
	_Atomic uint32_t nmi_hint;	/* an NMI was raised */
	_Atomic uint32_t inside;	/* see modes/x86/stop.h */

	struct vm *vm;			/* borrowed */
	unsigned id;			/* 0-based; also the APIC id */
	void *aux[ENGINE_COUNT];	/* owned by the engine of that number */

	/* modes/x86 private: exception in the making, counters. */
	struct {
		bool raised;		/* an exception waits for delivery */
		uint8_t vector;
		bool has_error;
		bool soft;		/* INT n, INT3, INTO, INT1: next rip */
		uint32_t error;
		uint64_t cr2;
		uint64_t dr6;
	} exc;
	uint64_t insns;			/* retired by the interpreter */
	uint64_t looks;			/* at attention, in C */
	bool fpu_live;			/* guest vectors are in the registers */
	struct walk_regs walk;		/* follows cr0, cr3, cr4, efer, rflags */
	bool smc_hit;			/* a traced code page was written */
	bool amd;			/* the guest's CPUID says AMD or Hygon */
	uint32_t kvmclock_gen;		/* of what its pvclock page says */
	struct x86_tlb ltlb;
};

/* A piece of translated code, for people; pointers are borrowed. */
struct engine_code {
	uint64_t rip;			/* guest address of the first byte */
	gpa_t gpa;			/* where its bytes are */
	unsigned guest_len, n_insns;
	const uint8_t *host;		/* the code made of it */
	unsigned host_len;
	unsigned entry;			/* offset in host that jumps go to */
};

typedef void engine_show_fn(void *ctx, const struct engine_code *code);

/* Where a signal interrupted a vCPU's thread. */
struct engine_where {
	bool in_code;			/* in code made of the block at rip */
	uint64_t rip;
	uint32_t offset;		/* of the instruction in the block */
	uint8_t cpl;
	/* Else in what part of the engine, static; NULL: not in run(). */
	const char *part;
};

#define ALL_VCPUS (~0u)

typedef void engine_stat_fn(void *ctx, const char *name, uint64_t value);

struct engine_ops {
	const char *name;
	enum engine_id id;
	size_t vcpu_size;	/* at least sizeof(struct vcpu) */
	int (*vm_init)(struct vm *vm, struct err *e);
	void (*vm_fini)(struct vm *vm);
	int (*vcpu_init)(struct vcpu *c, struct err *e);
	void (*vcpu_fini)(struct vcpu *c);
	/* Owning thread.  Runs until there is something to report. */
	void (*run)(struct vcpu *c, struct vcpu_exit *x);
	/*
	 * Owning thread: execute exactly n instructions (or deliver an
	 * exception or halt earlier; both count as one).  Serves another
	 * engine's rare paths: if c->fpu_live is set on entry the vector state
	 * is in the registers and stays there.  Returns instructions executed;
	 * c->exc.raised is never set on return (delivered).  -EPERM: triple
	 * fault (activity is then ACT_SHUTDOWN).
	 */
	int (*step)(struct vcpu *c, unsigned n);
	/* Complete the state in c->s / take it over after c->s was replaced. */
	void (*save)(struct vcpu *c, struct cpu_state *s);
	int (*load)(struct vcpu *c, const struct cpu_state *s, struct err *e);
	/*
	 * Forget cached linear translations; va is what the scope says.
	 * Called by modes/x86 for MOV CRn, INVLPG, INVPCID, WRMSR EFER.
	 */
	void (*tlb_flush)(struct vcpu *c, unsigned scope, gva_t va);
	/* [gpa, gpa+len), within one page that has GMEM_TRACE_CODE, is about
	 * to be written by somebody else than generated code.  Any thread. */
	void (*code_dirty)(struct vm *vm, gpa_t gpa, size_t len);
	/*
	 * Optional; owning thread, outside of run(), about to sleep: memory
	 * that was of no use for a while may be given back.  now is the host's
	 * monotonic clock.
	 */
	void (*rest)(struct vcpu *c, ns_t now);
	/* Ends a run() from any thread or signal handler; idempotent. */
	void (*kick)(struct vcpu *c);
	/*
	 * Optional, vCPUs parked: up to max translations that hold pc, or the
	 * newest ones when pc is 0.  Returns how many were shown.
	 */
	unsigned (*show)(struct vm *vm, uint64_t pc, unsigned max,
	    engine_show_fn *emit, void *ctx);
	/*
	 * Optional; owning thread, in the handler of a signal that came at host
	 * address pc: no locks, no thread-local storage, no libc.
	 */
	void (*where)(const struct vcpu *c, const uint8_t *pc,
	    struct engine_where *w);
	/*
	 * Any thread, while vCPUs run: names and values of one vCPU's counters,
	 * or with ALL_VCPUS of their sums and of the engine's own.
	 */
	void (*stats)(struct vm *vm, unsigned vcpu, engine_stat_fn *emit,
	    void *ctx);
};

/*
 * What to forget.  The current PCID is CR3's as it is now, 0 without
 * CR4.PCIDE; an engine that keeps no translations of other PCIDs forgets those
 * it has whenever CR3 is written.  More than asked may always be forgotten
 * (SDM 3 4.10.4.1).
 */
enum {
	TLB_FLUSH_PAGE,		/* va's: the current PCID's, all global ones */
	TLB_FLUSH_NONGLOBAL,	/* the current PCID's; CR3 may be new */
	TLB_FLUSH_ALL,		/* of all PCIDs, globals too */
	TLB_SWITCH_NOFLUSH,	/* CR3 is new: another PCID, none */
	/* INVPCID of a PCID that is not the current one. */
	TLB_FLUSH_PCID,		/* va is the PCID: its non-global ones */
	TLB_FLUSH_PCID_PAGE,	/* va is page | PCID: that page's of it */
	TLB_FLUSH_ALL_NONGLOBAL,	/* of all PCIDs */
	TLB_SCOPES,
};

/* Private to modes/x86/stop.c, which explains it. */
struct vm_stop {
	_Atomic uint32_t word;		/* the lock */
	void *_Atomic owner;
	unsigned depth;
	_Atomic uint32_t stopping;
	unsigned stops;
	uint64_t n_stops, stop_ticks;	/* statistics; TSC ticks waited */
};

struct vm {
	const struct engine_ops *engine;	/* runs the vCPUs */
	const struct engine_ops *second;	/* steps rare paths; may equal it */
	void *priv[ENGINE_COUNT];		/* owned by each engine */
	struct gmem mem;
	const struct platform *plat;
	void *plat_ctx;
	const struct clock *clock;
	const struct cpuid_table *cpuid;	/* borrowed, resolved model */
	uint64_t tsc_khz;
	uint64_t tsc_zero;			/* host TSC of the first reset */
	struct vm_stop stop;
	struct x86_kvmclock kvmclock;
	unsigned n_vcpus;
	struct vcpu **vcpu;			/* n_vcpus of them, owned */
	/* For kvmclock's wall clock: CLOCK_REALTIME when clock read zero. */
	uint64_t boot_realtime_ns;
	/* Engine options, from the command line: see modes/options.h. */
	const struct engine_options *opt;
};

extern const struct engine_ops engine_interp;
extern const struct engine_ops engine_bt;

/* Poke a vCPU so that it looks at its requests.  Any thread, signal-safe. */
static inline void
vcpu_attention(struct vcpu *c)
{
	atomic_store_explicit(&c->attention, 0, memory_order_seq_cst);
}

#endif
