/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A storm of host signals to the thread that runs the engine, as timers, a
 * debugger or a profiler may cause one.  The handler runs on the alternate
 * stack, leaves no vector register as it was (the kernel has saved them), and
 * makes every other signal a request that the vCPU look around.
 */
#include <cpuid.h>
#include <signal.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "tests/oracle/oracle.h"

/* glibc has no name for the member. */
#ifndef sigev_notify_thread_id
#define sigev_notify_thread_id _sigev_un._tid
#endif

#define STORM_SIGNAL (SIGRTMIN + 3)

static struct {
	timer_t timer;
	struct vcpu *_Atomic running;
	_Atomic uint64_t n;
	bool on, avx, avx512;
} storm;

static void
spoil_vectors(void)
{
	uint32_t mxcsr = 0x1fbf | 3 << 13;

	__asm__ volatile("fninit\n\tfldpi\n\tfld1\n\tldmxcsr %0\n\t"
	    "pcmpeqd %%xmm0, %%xmm0\n\tpcmpeqd %%xmm5, %%xmm5\n\t"
	    "pcmpeqd %%xmm15, %%xmm15" : : "m"(mxcsr) :
	    "xmm0", "xmm5", "xmm15", "st", "st(1)");
	if (storm.avx)
		__asm__ volatile("vzeroall" : : :
		    "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6",
		    "xmm7", "xmm8", "xmm9", "xmm10", "xmm11", "xmm12",
		    "xmm13", "xmm14", "xmm15");
	if (storm.avx512)
		__asm__ volatile(".byte 0x62, 0xa3, 0x7d, 0x40, 0x25, 0xc0, "
		    "0xff\n\t"		/* vpternlogd $-1, zmm16 three times */
		    ".byte 0xc5, 0xfc, 0x46, 0xc8\n\t"	/* kxnorw k1 */
		    ".byte 0xc5, 0xfc, 0x46, 0xf8" : : : "memory");
}

static void
on_signal(int sig, siginfo_t *si, void *uc)
{
	uint64_t n = atomic_fetch_add(&storm.n, 1);
	struct vcpu *c = atomic_load(&storm.running);

	(void)sig;
	(void)si;
	(void)uc;
	/* The kernel leaves the interrupted code's AC set; mind the red zone. */
	__asm__ volatile("lea -128(%%rsp), %%rsp\n\tpushf\n\t"
	    "andl $~0x40000, (%%rsp)\n\tpopf\n\tlea 128(%%rsp), %%rsp"
	    : : : "memory", "cc");
	spoil_vectors();
	if (c && n % 2)
		vcpu_attention(c);
}

static void
look_at_host(void)
{
	unsigned a, b, c, d;
	uint32_t lo = 0, hi;

	__cpuid(1, a, b, c, d);
	if (c & 1u << 27)
		__asm__("xgetbv" : "=a"(lo), "=d"(hi) : "c"(0));
	storm.avx = (lo & 6) == 6;
	storm.avx512 = (lo & 0xe6) == 0xe6;
}

int
storm_start(unsigned hz)
{
	struct sigaction sa = { .sa_sigaction = on_signal,
		.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_RESTART };
	struct sigevent ev = { .sigev_notify = SIGEV_THREAD_ID,
		.sigev_signo = STORM_SIGNAL };
	struct itimerspec every = { .it_interval = {
		.tv_sec = hz == 1, .tv_nsec = hz > 1 ? 1000000000 / hz : 0 } };

	look_at_host();
	every.it_value = every.it_interval;
	ev.sigev_notify_thread_id = gettid();
	if (sigaction(STORM_SIGNAL, &sa, NULL) ||
	    timer_create(CLOCK_MONOTONIC, &ev, &storm.timer) ||
	    timer_settime(storm.timer, 0, &every, NULL))
		return -1;
	storm.on = true;
	return 0;
}

void
storm_begin(struct vcpu *c)
{
	atomic_store(&storm.running, c);
}

void
storm_end(void)
{
	atomic_store(&storm.running, NULL);
}

uint64_t
storm_count(void)
{
	return atomic_load(&storm.n);
}

void
storm_stop(void)
{
	if (storm.on)
		timer_delete(storm.timer);
	storm.on = false;
}
