/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where a vCPU is, for the sampling profile.  Runs in a signal's handler: reads
 * only, and no thread-local storage.  A translation cannot go away meanwhile,
 * for its code is freed only while the vCPU is outside of it.
 */
#include "modes/bt/bt.h"

static const struct {
	const char *name;
	size_t offset;		/* of its address in struct bt_vm */
} stubs[] = {
#define STUB(n, f) { "stub." n, offsetof(struct bt_vm, f) }
	STUB("enter", enter), STUB("exit_chain", exit_chain),
	STUB("poll", poll), STUB("miss", miss),
	STUB("probe_slow", probe_slow), STUB("slow", slow),
	STUB("step", step), STUB("call", call),
	STUB("tail_kernel", tail[SET_KERNEL]),
	STUB("tail_kernel_ac", tail[SET_KERNEL_AC]),
	STUB("tail_user", tail[SET_USER]), STUB("tail_exit", tail_exit),
	STUB("fault_exit", fault_exit),
	STUB("ret_miss", ret_empty[SET_KERNEL]),
	STUB("ret_miss", ret_empty[SET_KERNEL_AC]),
	STUB("ret_miss", ret_empty[SET_USER]),
#undef STUB
};

const char *
bt_stub_at(const struct bt_vm *t, const uint8_t *pc)
{
	const uint8_t *best = NULL;
	const char *name = NULL;

	for (size_t k = 0; k < ARRAY_LEN(stubs); k++) {
		const uint8_t *at = *(const uint8_t *const *)
		    ((const char *)t + stubs[k].offset);

		if (at && at <= pc && (!best || at > best)) {
			best = at;
			name = stubs[k].name;
		}
	}
	return name;
}

static const char *
part_of(unsigned doing)
{
	static const char *const names[DOING_HELPER] = {
		[DOING_OUTSIDE] = NULL, [DOING_LOOP] = "loop",
		[DOING_LOCK] = "lock", [DOING_TRANSLATE] = "translate",
		[DOING_STEP] = "interpreter", [DOING_SLOW] = "tlb_miss",
	};

	if (doing < DOING_HELPER)
		return names[doing];
	return bt_helper_name(doing - DOING_HELPER) + sizeof("bt.") - 1;
}

void
bt_where(const struct vcpu *c, const uint8_t *pc, struct engine_where *w)
{
	const struct bt_vcpu *b = container_of(c, const struct bt_vcpu, c);
	const struct bt_vm *t = b->bt;
	const struct tu *u;

	w->in_code = false;
	if (pc < t->rx || pc >= t->rx + t->cache_size) {
		w->part = part_of(b->doing);
		return;
	}
	if (pc < t->rx + t->stubs_end) {
		w->part = bt_stub_at(t, pc);
		return;
	}
	u = bt_tu_at(t, pc);
	if (!u) {
		w->part = "probe";
		return;
	}
	w->in_code = true;
	w->rip = u->rip;
	w->offset = (uint32_t)(bt_tu_rip(u, pc) - u->rip);
	w->cpl = u->mode & MODE_USER ? 3 : 0;
}
