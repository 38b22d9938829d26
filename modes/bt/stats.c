/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the translator shows of itself: counters and translated code.
 *
 * The counters are read while vCPUs run: each is one aligned word that one
 * thread at a time increments, so a reader sees an old value or a new one.
 */
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
	VCPU_COUNTER("bt.looks", c.looks),
	VCPU_COUNTER("bt.exits_chain", n_exit[BT_EXIT_CHAIN]),
	VCPU_COUNTER("bt.exits_lookup", n_exit[BT_EXIT_LOOKUP]),
	VCPU_COUNTER("bt.exits_poll", n_exit[BT_EXIT_POLL]),
	VCPU_COUNTER("bt.exits_fault", n_exit[BT_EXIT_FAULT]),
	VCPU_COUNTER("bt.tlb_misses", n_slow),
	VCPU_COUNTER("bt.tlb_fills", n_fill),
	VCPU_COUNTER("bt.tlb_flushes_page", n_tlb_flush[TLB_FLUSH_PAGE]),
	VCPU_COUNTER("bt.tlb_flushes_nonglobal",
	    n_tlb_flush[TLB_FLUSH_NONGLOBAL]),
	VCPU_COUNTER("bt.tlb_flushes_pcid", n_tlb_flush[TLB_FLUSH_PCID]),
	VCPU_COUNTER("bt.tlb_flushes_pcid_page",
	    n_tlb_flush[TLB_FLUSH_PCID_PAGE]),
	VCPU_COUNTER("bt.tlb_flushes_all_nonglobal",
	    n_tlb_flush[TLB_FLUSH_ALL_NONGLOBAL]),
	VCPU_COUNTER("bt.tlb_flushes_all", n_tlb_flush[TLB_FLUSH_ALL]),
	VCPU_COUNTER("bt.tlb_switches", n_tlb_flush[TLB_SWITCH_NOFLUSH]),
	VCPU_COUNTER("bt.steps", n_step),
	VCPU_COUNTER("bt.lookups", n_lookup),
	VCPU_COUNTER("bt.image_switches", n_switch),
	VCPU_COUNTER("bt.images_reused", n_recycle),
};

static const struct counter per_vm[] = {
	VM_COUNTER("bt.translations", n_translated),
	VM_COUNTER("bt.translated_insns", n_insns_translated),
	VM_COUNTER("bt.relocated", n_relocated),
	VM_COUNTER("bt.relocated_wrong", n_reloc_wrong),
	VM_COUNTER("bt.chains", n_chain),
	VM_COUNTER("bt.chains_cross", n_cross),
	VM_COUNTER("bt.chains_probe", n_probe),
	VM_COUNTER("bt.chains_undone", n_unlink),
	VM_COUNTER("bt.invalidated", n_smc),
	VM_COUNTER("bt.cache_flushes", n_flush),
	VM_COUNTER("bt.evictions", n_evict),
	VM_COUNTER("bt.evicted", n_evicted),
	VM_COUNTER("bt.rescued", n_rescued),
	VM_COUNTER("bt.cache_bytes_used", n_used),
	VM_COUNTER("bt.cache_bytes", cache_size),
	VM_COUNTER("bt.metadata_bytes", n_metadata),
	VM_COUNTER("bt.protect_searches", n_protect_many),
};

static const char *const helper_names[HELP_COUNT] = {
	[HELP_SYSCALL] = "bt.helper.syscall",
	[HELP_SYSRET] = "bt.helper.sysret",
	[HELP_IRET] = "bt.helper.iret",
	[HELP_POPF] = "bt.helper.popf",
	[HELP_HLT] = "bt.helper.hlt",
	[HELP_WRMSR] = "bt.helper.wrmsr",
	[HELP_RDMSR] = "bt.helper.rdmsr",
	[HELP_MOV_CR] = "bt.helper.mov_cr",
	[HELP_SET_AC] = "bt.helper.set_ac",
	[HELP_FSGSBASE] = "bt.helper.fsgsbase",
	[HELP_XSAVE] = "bt.helper.xsave",
	[HELP_XRSTOR] = "bt.helper.xrstor",
	[HELP_REP_MOVS] = "bt.helper.rep_movs",
	[HELP_REP_STOS] = "bt.helper.rep_stos",
	[HELP_BAD_RET] = "bt.helper.bad_ret",
};

static_assert(HELP_COUNT <= MAX_HELPERS, "a counter for each helper");

const char *
bt_helper_name(unsigned id)
{
	if (id >= HELP_COUNT || !helper_names[id])
		return "bt.helper.other";
	return helper_names[id];
}

/* Whose counters are asked for: [first, end). */
struct whose {
	const struct vm *vm;
	unsigned first, end;
};

static uint64_t
value(const void *base, size_t offset)
{
	return __atomic_load_n((const uint64_t *)((const char *)base + offset),
	    __ATOMIC_RELAXED);
}

static uint64_t
sum(const struct whose *w, size_t offset)
{
	uint64_t n = 0;

	for (unsigned i = w->first; i < w->end; i++)
		n += value(bt_of(w->vm->vcpu[i]), offset);
	return n;
}

static uint64_t
ticks_to_ns(const struct vm *vm, uint64_t ticks)
{
	uint64_t ms;

	if (!vm->tsc_khz)
		return 0;
	ms = ticks / vm->tsc_khz;
	return ms * 1000000 + ticks % vm->tsc_khz * 1000000 / vm->tsc_khz;
}

static void
emit_helpers(const struct whose *w, engine_stat_fn *emit, void *ctx)
{
	uint64_t n[HELP_COUNT], all = 0;

	for (unsigned k = 0; k < HELP_COUNT; k++)
		all += n[k] = sum(w, offsetof(struct bt_vcpu, n_helper) +
		    k * sizeof(uint64_t));
	emit(ctx, "bt.helper_calls", all);
	for (unsigned k = 0; k < HELP_COUNT; k++)
		emit(ctx, bt_helper_name(k), n[k]);
}

void
bt_stats(struct vm *vm, unsigned vcpu, engine_stat_fn *emit, void *ctx)
{
	struct whose w = { .vm = vm, .first = 0, .end = vm->n_vcpus };

	if (vcpu != ALL_VCPUS) {
		w.first = vcpu;
		w.end = vcpu + 1;
	}
	for (size_t k = 0; k < ARRAY_LEN(per_vcpu); k++)
		emit(ctx, per_vcpu[k].name, sum(&w, per_vcpu[k].offset));
	emit(ctx, "bt.translate_ns", ticks_to_ns(vm,
	    sum(&w, offsetof(struct bt_vcpu, translate_ticks))));
	emit_helpers(&w, emit, ctx);
	for (size_t k = 0; vcpu == ALL_VCPUS && k < ARRAY_LEN(per_vm); k++)
		emit(ctx, per_vm[k].name, value(bt_vm_of(vm),
		    per_vm[k].offset));
	if (vcpu == ALL_VCPUS) {
		emit(ctx, "bt.stops", value(&vm->stop.n_stops, 0));
		emit(ctx, "bt.stop_ns", ticks_to_ns(vm,
		    value(&vm->stop.stop_ticks, 0)));
	}
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

	for (unsigned k = t->max_tu; k-- > 0 && shown < max;) {
		const struct tu *u = t->tu[k];

		if (!u)
			continue;
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
