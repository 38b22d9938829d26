/* SPDX-License-Identifier: Apache-2.0 */
/* What the translator shows of itself: counters and translated code. */
#include "modes/bt/bt.h"

struct counter {
	const char *name;
	size_t offset;
};

#define VCPU_COUNTER(n, f) { n, offsetof(struct bt_vcpu, f) }
#define VM_COUNTER(n, f) { n, offsetof(struct bt_vm, f) }

static const struct counter per_vcpu[] = {
	VCPU_COUNTER("bt.insns_translated_retired", count),
	VCPU_COUNTER("bt.insns_interpreted", c.insns),
	VCPU_COUNTER("bt.exits_chain", n_exit[BT_EXIT_CHAIN]),
	VCPU_COUNTER("bt.exits_lookup", n_exit[BT_EXIT_LOOKUP]),
	VCPU_COUNTER("bt.exits_poll", n_exit[BT_EXIT_POLL]),
	VCPU_COUNTER("bt.exits_fault", n_exit[BT_EXIT_FAULT]),
	VCPU_COUNTER("bt.helper_calls", n_helper),
	VCPU_COUNTER("bt.tlb_misses", n_slow),
	VCPU_COUNTER("bt.tlb_fills", n_fill),
	VCPU_COUNTER("bt.steps", n_step),
	VCPU_COUNTER("bt.lookups", n_lookup),
};

static const struct counter per_vm[] = {
	VM_COUNTER("bt.translations", n_translated),
	VM_COUNTER("bt.translated_insns", n_insns_translated),
	VM_COUNTER("bt.chains", n_chain),
	VM_COUNTER("bt.invalidated", n_smc),
	VM_COUNTER("bt.cache_flushes", n_flush),
	VM_COUNTER("bt.cache_bytes_used", used),
};

static uint64_t
value(const void *base, size_t offset)
{
	return *(const uint64_t *)((const char *)base + offset);
}

void
bt_stats(struct vm *vm, void (*emit)(void *ctx, const char *name,
    uint64_t value), void *ctx)
{
	for (size_t k = 0; k < ARRAY_LEN(per_vcpu); k++) {
		uint64_t sum = 0;

		for (unsigned i = 0; i < vm->n_vcpus; i++)
			sum += value(bt_of(vm->vcpu[i]), per_vcpu[k].offset);
		emit(ctx, per_vcpu[k].name, sum);
	}
	for (size_t k = 0; k < ARRAY_LEN(per_vm); k++)
		emit(ctx, per_vm[k].name, value(bt_vm_of(vm),
		    per_vm[k].offset));
}

static bool
covers(const struct tu *u, uint64_t pc)
{
	return !u->dead && pc - u->rip < u->len;
}

unsigned
bt_show(struct vm *vm, uint64_t pc, unsigned max, engine_show_fn *emit,
    void *ctx)
{
	struct bt_vm *t = bt_vm_of(vm);
	unsigned shown = 0;

	for (unsigned k = t->n_tu; k-- > 0 && shown < max;) {
		const struct tu *u = t->tu[k];

		if (pc ? !covers(u, pc) : u->dead)
			continue;
		emit(ctx, &(struct engine_code){
			.rip = u->rip, .gpa = u->gpa, .guest_len = u->len,
			.n_insns = u->n_insns, .host = u->start,
			.host_len = u->code_len,
			.entry = (unsigned)(u->code - u->start),
		});
		shown++;
	}
	return shown;
}
