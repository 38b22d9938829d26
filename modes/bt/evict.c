/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Making room.  The oldest region of the cache is emptied: what is left of
 * the cache, and of what vCPUs remember, must lead nowhere into it:
 *
 *	hash, page lists		bt_tu_unlist()
 *	jumps into it			the same, by its TUs' incoming lists
 *	jump caches			bt_jc_drop()
 *	its exits in others' lists	forget_exits()
 *	jumps to probes in it		forget_probes()
 *	return stacks			bt_ret_reset()
 *
 * One region ahead, translations are retired: nothing leads to them any more,
 * but their code is still there.  What is wanted again while the region before
 * them fills is copied into that (reloc.c), at a fraction of what translating
 * costs; so what is in use stays, and what is not goes.
 *
 * All other vCPUs are stopped while a region is emptied.  Code memory that is used again holds
 * other instructions than some processor may have fetched ahead: membarrier()
 * makes them forget, or cpuid where a vCPU notices the new generation.
 */
#include "modes/bt/bt.h"

#include <linux/membarrier.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "modes/x86/stop.h"

static void
forget_exits(struct tu *u)
{
	for (unsigned k = 0; k < u->n_exits; k++) {
		struct tu_exit *x = &u->exit[k];

		if (x->to || x->probed)
			bt_incoming_remove(x);
		if (x->in_cross)
			bt_cross_remove(x);
	}
}

static void
forget_probes(struct bt_vm *t, struct bt_region *r)
{
	for (struct tu_exit *x = r->probed; x; x = x->next_in) {
		bt_patch(t, x->field, x->stub);
		x->probed = false;
	}
	r->probed = NULL;
}

/* Jump caches may still lead there afterwards. */
static void
empty(struct vm *vm, struct bt_region *r)
{
	struct bt_vm *t = bt_vm_of(vm);

	for (unsigned k = 0; k < r->n_tu; k++)
		if (!r->tu[k]->dead) {
			bt_tu_unlist(vm, r->tu[k]);
			t->n_evicted++;
		}
	for (unsigned k = 0; k < r->n_tu; k++) {
		forget_exits(r->tu[k]);
		r->tu[k] = NULL;
	}
	forget_probes(t, r);
	t->n_used -= r->used - r->start;
	r->used = r->start;
	r->arena_used = 0;
	r->n_tu = 0;
}

/* With the others stopped: memory was freed. */
static void
freed(struct vm *vm)
{
	struct bt_vm *t = bt_vm_of(vm);

	t->generation++;
	t->full = false;
	for (unsigned k = 0; k < vm->n_vcpus; k++)
		bt_ret_reset(bt_of(vm->vcpu[k]));
	if (t->sync_core && vm->n_vcpus > 1)
		syscall(SYS_membarrier,
		    MEMBARRIER_CMD_PRIVATE_EXPEDITED_SYNC_CORE, 0, 0);
}

void
bt_flush_all(struct vm *vm)
{
	struct bt_vm *t = bt_vm_of(vm);

	vm_lock(vm);
	vm_stop_others(vm);
	for (unsigned k = 0; k < t->n_regions; k++)
		empty(vm, &t->region[k]);
	for (unsigned k = 0; k < vm->n_vcpus; k++)
		bt_jc_drop_all(bt_of(vm->vcpu[k]));
	t->fill = t->region;
	t->n_flush++;
	freed(vm);
	vm_go_on(vm);
	vm_unlock(vm);
}

/* The region to come is the next to be emptied. */
static void
retire_next(struct vm *vm)
{
	struct bt_vm *t = bt_vm_of(vm);
	struct bt_region *r = bt_next_region(t);

	if (t->disable & BT_PART_RELOC)
		return;
	for (unsigned k = 0; k < r->n_tu; k++)
		bt_tu_retire(vm, r->tu[k]);
}

bool
bt_fill_next(struct vm *vm)
{
	struct bt_vm *t = bt_vm_of(vm);

	if (bt_next_region(t)->n_tu)
		return false;
	t->fill = bt_next_region(t);
	t->full = false;
	retire_next(vm);
	return true;
}

static void
empty_oldest(struct vm *vm)
{
	struct bt_vm *t = bt_vm_of(vm);
	struct bt_region *r = t->fill = bt_next_region(t);

	for (unsigned k = 0; k < r->n_tu; k++)
		if (!r->tu[k]->retired && !r->tu[k]->dead) {
			bt_tu_kill(vm, r->tu[k]);
			t->n_evicted++;
		}
	empty(vm, r);
	t->n_evict++;
}

void
bt_make_room(struct vm *vm)
{
	if (bt_vm_of(vm)->n_regions == 1) {
		bt_flush_all(vm);
		return;
	}
	vm_lock(vm);
	vm_stop_others(vm);
	empty_oldest(vm);
	freed(vm);
	vm_go_on(vm);
	retire_next(vm);
	vm_unlock(vm);
}
