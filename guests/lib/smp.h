/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Several processors in a self-checking guest (64-bit images).  smp_start()
 * brings the others up; each then halts until it is given a function to run.
 * Handlers run on the interrupted stack, without IST.
 *
 * Claims and output belong to processor 0; the others leave what they saw in
 * memory.  The command line says how many there are ("cpus=4") and what else
 * option() is asked for.
 */
#ifndef SMP_H
#define SMP_H

#include "guest.h"
#include "smp_size.h"

#define VEC_WAKE 0xf0		/* ends HLT, nothing else */

typedef void cpu_fn(unsigned id);

/* One per processor, at its GS base. */
struct percpu {
	u64 id;
	cpu_fn *volatile fn;		/* what it is to run, or runs */
	volatile unsigned started;	/* times it came out of SIPI */
	volatile unsigned hits[256];	/* of count_hit, by vector */
	u32 lapic_id;			/* when it started */
	u64 apic_base;
	u64 arg;
} __attribute__((aligned(4096)));

extern struct percpu percpu[SMP_MAX_CPUS];
extern unsigned n_cpus;
extern u64 tsc_per_ms;
extern bool x2apic;

/* A number from the command line, "name=number". */
ulong option(const char *name, ulong otherwise);

/* Bring all up; false and a failed claim when one does not come. */
bool smp_start(void);
/* INIT, then SIPI twice, to one processor; it starts at page's trampoline. */
void smp_restart(unsigned id, u8 page);
/* Hand fn to a processor that idles; processor 0 is not one of these. */
void start_on(unsigned id, cpu_fn *fn);
/* Wait for it; false after ms. */
bool wait_on(unsigned id, unsigned ms);
/* fn on the first n processors, at the same time, the caller's included. */
void on_first(unsigned n, cpu_fn *fn);
void on_all(cpu_fn *fn);

static inline unsigned
cpu_id(void)
{
	unsigned id;

	asm volatile("mov %%gs:0, %0" : "=r" (id));
	return id;
}

/* --- the local APIC, in either mode --- */

enum {
	ICR_FIXED = 0, ICR_LOWEST = 1 << 8, ICR_NMI = 4 << 8,
	ICR_INIT = 5 << 8, ICR_SIPI = 6 << 8, ICR_LOGICAL = 1 << 11,
	ICR_ASSERT = 1 << 14, ICR_SELF = 1 << 18, ICR_ALL = 2 << 18,
	ICR_OTHERS = 3 << 18,
};

u32 apic_read(u32 reg);			/* offsets of the xAPIC */
void apic_write(u32 reg, u32 v);
/* dest: an APIC id, or a logical destination as the mode has it. */
void apic_send(u32 dest, u32 icr);
void apic_eoi(void);
void apic_on(void);			/* software enable, spurious 0xff */
/* A hook: counts in hits[] and ends the interrupt. */
void count_hit(struct frame *f);
void count_nmi(struct frame *f);

/* --- waiting --- */

static inline void
relax(void)
{
	asm volatile("pause" ::: "memory");
}

/* Until cond holds or ms have gone by; the value is cond. */
#define WAIT_UNTIL(cond, ms) ({ \
	u64 end_ = rdtsc() + (ms) * tsc_per_ms; \
	bool ok_; \
	while (!(ok_ = (cond)) && rdtsc() < end_) \
		relax(); \
	ok_; })

struct barrier {
	volatile unsigned arrived __attribute__((aligned(64)));
	volatile unsigned turn __attribute__((aligned(64)));
};

/* All n processors meet. */
void barrier(struct barrier *b, unsigned n);

/* --- small things --- */

static inline void
barrier_compiler(void)
{
	asm volatile("" ::: "memory");
}

static inline unsigned
add_return(volatile unsigned *p, unsigned v)
{
	asm volatile("lock xaddl %0, %1" : "+r" (v), "+m" (*p)
	    :: "memory", "cc");
	return v;
}

/* xorshift64; never 0. */
static inline u64
next_random(u64 *s)
{
	*s ^= *s << 13;
	*s ^= *s >> 7;
	*s ^= *s << 17;
	return *s;
}

#endif
