/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Chains between two global pages.  Their mappings change only by an INVLPG
 * that names them or a flush of everything, and those undo the chains.
 *
 * Chains are every vCPU's, mappings are each one's own until it invalidates
 * them.  A vCPU must never follow a chain through a mapping it has invalidated:
 * so one is made only from a walk later than the last invalidation by anybody
 * that undid chains to that page.
 */
#include "modes/bt/bt.h"

#include "modes/x86/stop.h"

/* Kernel and user pages are kept apart: INVLPG mostly names the latter. */
static struct tu_exit **
list_of(struct bt_vm *t, gva_t va)
{
	return &t->cross[(va >> PAGE_SHIFT & (CROSS_LISTS / 2 - 1)) |
	    (va >> 63) * (CROSS_LISTS / 2)];
}

static _Atomic uint32_t *
epoch_of(struct bt_vm *t, gva_t va)
{
	return &t->cross_epoch[(va >> PAGE_SHIFT) % CROSS_EPOCHS];
}

uint32_t
bt_cross_epoch(struct bt_vm *t, gva_t va)
{
	return atomic_load(epoch_of(t, va));
}

void
bt_chain_cross(struct bt_vm *t, struct tu_exit *x, struct tu *to)
{
	struct tu_exit **list = list_of(t, x->target);

	if (!x->field || x->to || x->probed || to->dead)
		return;
	bt_chain(t, x, to);
	t->n_cross++;
	if (x->in_cross)
		return;
	x->in_cross = true;
	x->next_cross = *list;
	x->cross_at = list;
	if (*list)
		(*list)->cross_at = &x->next_cross;
	__atomic_store_n(list, x, __ATOMIC_SEQ_CST);
}

void
bt_cross_remove(struct tu_exit *x)
{
	*x->cross_at = x->next_cross;
	if (x->next_cross)
		x->next_cross->cross_at = x->cross_at;
	x->in_cross = false;
}

bool
bt_cross_current(struct bt_vcpu *b, uint64_t rip)
{
	struct itlb_entry *p;

	if (b->c.vm->n_vcpus == 1)
		return true;
	p = bt_itlb_get(b, rip);
	if (p && p->epoch == bt_cross_epoch(b->bt, rip))
		return true;
	if (p)
		p->tag = 0;	/* walk anew */
	return false;
}

static void
unlink_page(struct bt_vm *t, gva_t va)
{
	struct tu_exit *x, *next;

	for (x = *list_of(t, va); x; x = next) {
		next = x->next_cross;
		if (x->to && ((va ^ x->target) & PAGE_MASK))
			continue;
		bt_cross_remove(x);
		/* Its target may have died meanwhile. */
		if (x->to)
			bt_unchain(t, x);
	}
}

static void
unlink_all(struct bt_vm *t)
{
	struct tu_exit *x;

	for (unsigned i = 0; i < CROSS_LISTS; i++)
		while ((x = t->cross[i]) != NULL) {
			bt_cross_remove(x);
			if (x->to)
				bt_unchain(t, x);
		}
}

/* Whoever walks from now on sees what this vCPU was told of. */
static void
count_epochs(struct bt_vm *t, gva_t va, bool all)
{
	if (!all) {
		atomic_fetch_add(epoch_of(t, va), 1);
		atomic_fetch_add(epoch_of(t, va - PAGE_SIZE), 1);
		return;
	}
	for (unsigned i = 0; i < CROSS_EPOCHS; i++)
		atomic_fetch_add(&t->cross_epoch[i], 1);
}

void
bt_unlink_cross(struct bt_vcpu *b, gva_t va, bool all)
{
	struct bt_vm *t = b->bt;

	if (b->c.vm->n_vcpus > 1)
		count_epochs(t, va, all);
	if (!all &&
	    !__atomic_load_n(list_of(t, va), __ATOMIC_SEQ_CST) &&
	    !__atomic_load_n(list_of(t, va - PAGE_SIZE), __ATOMIC_SEQ_CST))
		return;
	vm_lock(b->c.vm);
	if (all) {
		unlink_all(t);
	} else {
		unlink_page(t, va);
		unlink_page(t, va - PAGE_SIZE);
	}
	vm_unlock(b->c.vm);
}
