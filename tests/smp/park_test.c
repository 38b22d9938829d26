/* SPDX-License-Identifier: Apache-2.0 */
/*
 * After the kick a vCPU comes back within a bounded number of steps, whatever
 * the guest does: counted in instructions retired and looks at requests, not
 * in time.
 *
 *	park_test [KICKS]	for each loop and engine; 200
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "modes/bt/bt.h"
#include "tests/smp/rig.h"

/*
 * A translation is run to its end, BT_MAX_INSNS at most; the kicker reads the
 * counters of a processor whose stores may lag by a store buffer's length,
 * each of them an instruction.
 */
#define BOUND (BT_MAX_INSNS + 128)
/* Returns and jumps forward are no safe points: so deep is the recursion. */
#define DEPTH "200"

/* --- what the guest does --------------------------------------------------------- */

#define LOOP(name, text) \
	__asm__(".pushsection .rodata\n.balign 4096\n" \
	    ".globl loop_" #name ", loop_" #name "_end\n" \
	    "loop_" #name ":\n" text "\nloop_" #name "_end:\n.popsection\n"); \
	extern const uint8_t loop_##name[], loop_##name##_end[];

LOOP(movsb, "1: mov $0x100000000, %rsi\n mov $0x200000000, %rdi\n"
    "mov $0x100000000, %rcx\n rep movsb\n jmp 1b")
LOOP(movsb_down, "std\n1: mov $0x1ffffffff, %rsi\n mov $0x2ffffffff, %rdi\n"
    "mov $0x100000000, %rcx\n rep movsb\n jmp 1b")
LOOP(stosq, "1: mov $0x100000000, %rdi\n mov $0x20000000, %rcx\n"
    "rep stosq\n jmp 1b")
LOOP(scasb, "mov $1, %eax\n 1: mov $0x100000000, %rdi\n"
    "mov $0x100000000, %rcx\n repne scasb\n jmp 1b")
LOOP(insb, "1: mov $0x100000000, %rdi\n mov $0x100000000, %rcx\n"
    "mov $0x80, %edx\n rep insb\n jmp 1b")
LOOP(jmp, "1: jmp 1b")
LOOP(pause, "1: pause\n jmp 1b")
LOOP(indirect, "lea 1f(%rip), %rax\n 1: jmp *%rax")
LOOP(loop, "1: xor %ecx, %ecx\n 2: loop 2b\n jmp 1b")
LOOP(callret, "1: call 2f\n jmp 1b\n 2: call 3f\n ret\n 3: ret")
LOOP(recursion, "mov %rsp, %rbp\n 1: mov %rbp, %rsp\n mov $" DEPTH ", %ecx\n"
    "call 2f\n jmp 1b\n 2: dec %ecx\n jz 3f\n call 2b\n 3: ret")
/* The handler of #PF faults as well, at its first instruction's access. */
LOOP(nested, "mov $0x30000, %esp\n mov 0x7fff0000, %eax\n hlt")
LOOP(int3, "1: int3\n jmp 1b\n .balign 64\n iretq")
/* The site's four bytes are counted up by itself, and run. */
LOOP(smc, "1: incl 2f+1(%rip)\n 2: mov $0, %eax\n jmp 1b")
/* Each of two pieces of code, in pages of their own, changes the other. */
LOOP(pingpong, "1: incl 2f+1(%rip)\n 3: mov $0, %eax\n jmp 2f\n"
    ".balign 4096\n 2: mov $0, %eax\n incl 3b+1(%rip)\n jmp 1b")
LOOP(locked, "1: lock incq 0x200ffd\n jmp 1b")
LOOP(cpuid, "1: xor %eax, %eax\n cpuid\n jmp 1b")
LOOP(cr3, "1: mov %cr3, %rax\n mov %rax, %cr3\n jmp 1b")
LOOP(sti, "1: sti\n jmp 1b")
LOOP(movss, "mov %ss, %eax\n 1: mov %eax, %ss\n mov %eax, %ss\n jmp 1b")
LOOP(tf, "pushf\n orl $0x100, (%rsp)\n popf\n 1: jmp 1b\n .balign 64\n iretq")
LOOP(hlt, "cli\n 1: hlt\n jmp 1b")
LOOP(sti_hlt, "1: sti\n hlt\n jmp 1b")

static const struct loop {
	const char *name;
	const uint8_t *code, *end;
	int vector;		/* with a handler of its own */
	unsigned handler;	/* offset in the code */
	unsigned ist;
	bool nowhere;		/* the handler is in no page */
	unsigned more;		/* steps than BOUND */
} loops[] = {
#define L(n) .name = #n, .code = loop_##n, .end = loop_##n##_end
	{ L(movsb) }, { L(movsb_down) },
	{ L(stosq) }, { L(scasb) },
	{ L(insb) }, { L(jmp) },
	{ L(pause) }, { L(indirect) },
	{ L(loop) }, { L(callret) },
	{ L(recursion), .more = 200 },
	/* Faults within faults: with a handler, and with none to be found. */
	{ L(nested), .vector = VEC_PF },
	{ L(nested), .vector = VEC_PF, .ist = 1, .nowhere = true },
	{ L(int3), .vector = VEC_BP, .handler = 64 },
	{ L(tf), .vector = VEC_DB, .handler = 64 },
	{ L(smc) }, { L(pingpong) },
	{ L(locked) }, { L(cpuid) },
	{ L(cr3) }, { L(sti) },
	{ L(movss) }, { L(hlt) },
	{ L(sti_hlt) },
};

/* --- kicking ---------------------------------------------------------------------- */

static uint64_t
random64(void)
{
	static uint64_t s = 0x9e3779b97f4a7c15;

	s ^= s << 13;
	s ^= s >> 7;
	s ^= s << 17;
	return s;
}

/* Some kicks close after the start, others far. */
static void
random_wait(void)
{
	uint64_t n = random64() % 4096;

	if (random64() & 1)
		usleep((useconds_t)(random64() % 300));
	while (n--)
		__asm__ volatile("pause");
}

static bool
came_back(struct rig_cpu *p)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	t.tv_sec += 60;
	return sem_timedwait(&p->kicked, &t) == 0 && rig_alive(p->rig);
}

static void
load_loop(struct rig *r, const struct loop *l)
{
	size_t size = (size_t)(l->end - l->code);

	if (gmem_write(&r->vm.mem, RIG_CODE, l->code, size))
		exit(99);
	if (l->vector)
		rig_gate(r, (unsigned)l->vector, l->nowhere ?
		    UINT64_C(0x7ffe0000) : RIG_CODE + l->handler, l->ist);
}

/* The most steps from a kick to its end; -1: it never came back. */
static int64_t
kick_loop(struct rig *r, const struct loop *l, unsigned kicks)
{
	struct rig_cpu *p = &r->cpu[0];
	int64_t most = 0;

	load_loop(r, l);
	rig_start(r, RIG_CODE);
	for (unsigned k = 0; k < kicks; k++) {
		uint64_t before, after;

		random_wait();
		r->vm.engine->kick(p->c);
		before = rig_progress(r, 0);
		if (!came_back(p))
			return -1;
		after = atomic_load(&p->progress);
		if (after > before)
			most = MAX(most, (int64_t)(after - before));
		sem_post(&p->go);
	}
	rig_stop(r);
	if (!l->nowhere && p->c->s.rip - RIG_CODE > (size_t)(l->end - l->code)) {
		printf("FAIL %s: ran away to %" PRIx64 "\n", l->name,
		    p->c->s.rip);
		return INT32_MAX;
	}
	return most;
}

static bool
test_engine(const struct engine_ops *engine, unsigned kicks)
{
	static const struct engine_options opt = { .count_insns = true };
	int64_t worst = 0, most;
	bool ok = true;

	for (unsigned i = 0; i < ARRAY_LEN(loops); i++) {
		struct rig *r = rig_new(engine, 1, &opt);

		most = kick_loop(r, &loops[i], kicks);
		if (most < 0 || most > BOUND + loops[i].more) {
			printf("FAIL %s, %s: ", engine->name, loops[i].name);
			printf(most < 0 ? "does not come back\n" :
			    "%" PRId64 " steps after the kick, should be at "
			    "most %u\n", most, BOUND + loops[i].more);
			ok = false;
			/* Its thread is still at it. */
			if (most < 0)
				exit(1);
		}
		worst = MAX(worst, most);
		rig_free(r);
	}
	printf("summary: kick to park, %s: %zu loops, %u kicks each, at most "
	    "%" PRId64 " steps\n", engine->name, ARRAY_LEN(loops), kicks,
	    worst);
	return ok;
}

int
main(int argc, char **argv)
{
	unsigned kicks = argc > 1 ? (unsigned)atoi(argv[1]) : 200;
	bool ok;

	if (!kicks)
		return 99;
	setlinebuf(stdout);
	ok = test_engine(&engine_interp, kicks);
	ok &= test_engine(&engine_bt, kicks);
	return !ok;
}
