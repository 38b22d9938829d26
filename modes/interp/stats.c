/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the interpreter has executed: how much, and which instructions most.
 * As a second engine it thereby tells what the first one leaves to it.
 */
#include "modes/interp/interp.h"

#define TOP 16
#define PREFIX "interp.insn."

static const char *
mnemonic(unsigned id)
{
	for (unsigned k = 0; k < insn_tab_len; k++)
		if (insn_tab[k].id == id)
			return insn_tab[k].name;
	return "?";
}

static void
emit_one(unsigned id, uint64_t n, engine_stat_fn *emit, void *ctx)
{
	char name[sizeof(PREFIX) + 32] = PREFIX;
	const char *m = mnemonic(id);

	for (size_t k = 0; m[k] && k < 32; k++) {
		name[sizeof(PREFIX) - 1 + k] = m[k];
		name[sizeof(PREFIX) + k] = '\0';
	}
	emit(ctx, name, n);
}

static uint64_t
executed(const struct vm *vm, unsigned first, unsigned end, unsigned id)
{
	uint64_t n = 0;

	for (unsigned i = first; i < end; i++)
		n += __atomic_load_n(&interp_of(vm->vcpu[i])->n_insn[id],
		    __ATOMIC_RELAXED);
	return n;
}

/* The most frequent ones, most frequent first. */
static void
emit_top(const struct vm *vm, unsigned first, unsigned end,
    engine_stat_fn *emit, void *ctx)
{
	unsigned id[TOP + 1], n = 0;
	uint64_t count[TOP + 1];

	for (unsigned k = 0; k < I_COUNT; k++) {
		uint64_t v = executed(vm, first, end, k);
		unsigned at = n;

		if (!v)
			continue;
		for (; at > 0 && count[at - 1] < v; at--) {
			count[at] = count[at - 1];
			id[at] = id[at - 1];
		}
		count[at] = v;
		id[at] = k;
		n = MIN(n + 1, TOP);
	}
	for (unsigned k = 0; k < n; k++)
		emit_one(id[k], count[k], emit, ctx);
}

void
interp_stats(struct vm *vm, unsigned vcpu, engine_stat_fn *emit, void *ctx)
{
	unsigned first = vcpu == ALL_VCPUS ? 0 : vcpu;
	unsigned end = vcpu == ALL_VCPUS ? vm->n_vcpus : vcpu + 1;
	uint64_t insns = 0;

	for (unsigned i = first; i < end; i++)
		insns += __atomic_load_n(&vm->vcpu[i]->insns,
		    __ATOMIC_RELAXED);
	emit(ctx, "interp.insns", insns);
	emit_top(vm, first, end, emit, ctx);
}
