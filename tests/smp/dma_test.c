/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Code that a device writes: another thread stores it with gmem_write() while
 * vCPUs run it, then interrupts them.  After the interrupt nobody runs the old
 * code; before it old or new, and never older than what ran already.
 *
 *	dma_test [WRITES [ENGINE]]	of each kind; 2000, both engines
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tests/smp/rig.h"

/*
 * Each vCPU has a line of results at DATA + 64 * number, in RBX:
 *	0 interrupts taken, 8 what the code returned in the last one,
 *	16 calls in the loop, 24 times that the loop got an older value
 * The loop calls the code again and again; or halts ("idle").
 */
__asm__(".pushsection .rodata\n"
    "guest_code:\n"
    "mov %rdi, %rbx\n shl $6, %rbx\n add $0x200000, %rbx\n"
    "xor %r12d, %r12d\n mov $0x300ffe, %r13d\n sti\n"
    "cmpb $0, 0x2f0000\n jne 3f\n"
    "1: call *%r13\n"
    "cmp %r12d, %eax\n jae 2f\n incq 24(%rbx)\n"
    "2: mov %eax, %r12d\n incq 16(%rbx)\n jmp 1b\n"
    "3: sti\n hlt\n incq 16(%rbx)\n jmp 3b\n"
    /* The interrupt: what the code is now, for certain. */
    "guest_irq:\n"
    "push %rax\n call *%r13\n mov %rax, 8(%rbx)\n lock incq (%rbx)\n"
    "pop %rax\n iretq\n"
    "guest_end:\n.popsection\n");
extern const uint8_t guest_code[], guest_irq[], guest_end[];

/* mov $imm, %eax lies over the end of a page: imm is all in the second. */
#define SITE 0x300ffeu
#define IDLE 0x2f0000u
struct result {
	_Atomic uint64_t irqs, value, calls, older;
};

static unsigned failed;

static void
site_bytes(uint8_t b[8], uint32_t v)
{
	/* A NOP and the opcode before the boundary, RET after the value. */
	const uint8_t code[7] = { 0x90, 0xb8, (uint8_t)v, (uint8_t)(v >> 8),
	    (uint8_t)(v >> 16), (uint8_t)(v >> 24), 0xc3 };

	memcpy(b, code, 7);
}

/* --- ways to write ------------------------------------------------------------- */

/* Four bytes, aligned: whole for whoever fetches them meanwhile. */
static void
write_value(struct rig *r, uint32_t v)
{
	if (gmem_write(&r->vm.mem, SITE + 2, &v, 4))
		exit(99);
}

/*
 * A buffer of three pages with the code in the middle, as from a disk.  Its
 * bytes move one by one, so the vCPUs must not run it meanwhile.
 */
static void
write_pages(struct rig *r, uint32_t v)
{
	static uint8_t buffer[3 * 4096];

	memset(buffer, 0xcc, sizeof(buffer));
	site_bytes(buffer + SITE - 0x300000, v);
	if (gmem_write(&r->vm.mem, 0x300000, buffer, sizeof(buffer)))
		exit(99);
}

static const struct way {
	const char *name;
	void (*write)(struct rig *r, uint32_t v);
	bool idle;		/* the vCPUs halt but for the interrupt */
} ways[] = {
	{ "a word, running", write_value, false },
	{ "a word, halted", write_value, true },
	{ "three pages, halted", write_pages, true },
};

/* --- the device ----------------------------------------------------------------- */

static struct result *
result_of(struct rig *r, unsigned id)
{
	return rig_at(r, RIG_DATA + 64 * id);
}

/* Until every vCPU has taken its nth interrupt; false when that fails. */
static bool
all_taken(struct rig *r, uint64_t n)
{
	struct timespec start, now, tick = { 0, 20000 };

	clock_gettime(CLOCK_MONOTONIC, &start);
	for (unsigned id = 0; id < r->vm.n_vcpus; id++)
		for (unsigned spins = 0; result_of(r, id)->irqs < n; spins++) {
			if (spins < 2000) {
				__builtin_ia32_pause();
				continue;
			}
			nanosleep(&tick, NULL);
			clock_gettime(CLOCK_MONOTONIC, &now);
			if (now.tv_sec > start.tv_sec + 60 || !rig_alive(r))
				return false;
		}
	return true;
}

static bool
write_and_look(struct rig *r, const struct way *w, uint32_t v)
{
	w->write(r, v);
	for (unsigned id = 0; id < r->vm.n_vcpus; id++)
		rig_irq(r, id);
	if (!all_taken(r, v)) {
		printf("FAIL no interrupt for write %u\n", v);
		return false;
	}
	for (unsigned id = 0; id < r->vm.n_vcpus; id++) {
		uint64_t got = result_of(r, id)->value;

		if (got != v) {
			printf("FAIL vCPU %u ran %" PRIx64 " after write %u\n",
			    id, got, v);
			return false;
		}
	}
	return true;
}

static void
run_way(const struct engine_ops *engine, unsigned n, const struct way *w,
    unsigned writes)
{
	static const struct engine_options opt;
	struct rig *r = rig_new(engine, n, &opt);
	uint64_t calls = 0, older = 0;
	uint32_t v = 0;

	memcpy(rig_at(r, RIG_CODE), guest_code,
	    (size_t)(guest_end - guest_code));
	*(uint8_t *)rig_at(r, IDLE) = w->idle;
	site_bytes(rig_at(r, SITE), 0);
	rig_gate(r, RIG_IRQ, RIG_CODE + (uint64_t)(guest_irq - guest_code), 0);
	rig_start(r, RIG_CODE);
	while (v < writes && write_and_look(r, w, v + 1))
		v++;
	failed += v < writes || !rig_alive(r);
	rig_stop(r);
	for (unsigned id = 0; id < n; id++) {
		calls += result_of(r, id)->calls;
		older += result_of(r, id)->older;
	}
	if (older) {
		printf("FAIL older code %" PRIu64 " times\n", older);
		failed++;
	}
	printf("summary: dma, %s, %u vCPUs, %s: %u writes, %" PRIu64
	    " runs of the loop, %s\n", engine->name, n, w->name, v, calls,
	    v == writes && !older ? "nothing stale" : "FAILED");
	rig_free(r);
}

int
main(int argc, char **argv)
{
	static const struct engine_ops *const engines[] = {
		&engine_interp, &engine_bt,
	};
	unsigned writes = argc > 1 ? (unsigned)atoi(argv[1]) : 2000;

	if (!writes)
		return 99;
	setlinebuf(stdout);
	for (unsigned e = 0; e < 2; e++) {
		if (argc > 2 && strcmp(argv[2], engines[e]->name))
			continue;
		for (unsigned n = 1; n <= 2; n++)
			for (unsigned i = 0; i < ARRAY_LEN(ways); i++)
				run_way(engines[e], n, &ways[i], writes);
	}
	return failed > 0;
}
