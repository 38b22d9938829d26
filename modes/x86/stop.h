/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One vCPU makes the others stand still: for what no single store can publish
 * (write protection of a page that code was translated from, locked operations
 * that cross a page, freeing translated code).
 *
 * A vCPU thread is *inside* while it may touch guest memory or translated code
 * on its own: in run(), but for the moments it waits.  A stop ends when every
 * other vCPU is outside; a vCPU that wants in again waits until the stop is
 * over.  So whatever a vCPU does between two points where it goes outside is
 * one piece for whoever stops it.  It goes outside
 *	- when attention is zero and it looks at its requests (vcpu_look_stop()),
 *	- around platform calls, which may wait for other threads,
 *	- while it waits for the VM's lock (vm_lock()), and when run() returns.
 *
 * The VM's lock guards what engines share among vCPUs (translations).  It is
 * recursive, and the last lock one may take: no platform call with it held.
 * A stop needs it.  Vector-free.
 */
#ifndef TRIVISOR_MODES_X86_STOP_H
#define TRIVISOR_MODES_X86_STOP_H

#include "modes/engine.h"

/* Owner, at the start and the end of run(). */
void vcpu_enter(struct vcpu *c);
void vcpu_leave(struct vcpu *c);
/* Owner, inside or not: go outside; returns what vcpu_in() takes. */
bool vcpu_out(struct vcpu *c);
void vcpu_in(struct vcpu *c, bool was_inside);
/* Owner, at a safe point: let a stop happen. */
static inline void
vcpu_look_stop(struct vcpu *c)
{
	if (unlikely(atomic_load_explicit(&c->vm->stop.stopping,
	    memory_order_relaxed)))
		vcpu_in(c, vcpu_out(c));
}

/*
 * Any thread.  A vCPU that is inside goes outside while it waits, so a stop may
 * happen before this returns; it is inside again afterwards.
 */
void vm_lock(struct vm *vm);
void vm_unlock(struct vm *vm);
/*
 * With the VM's lock held: returns when no other vCPU is inside; they stay
 * outside until vm_go_on().  Nests.
 */
void vm_stop_others(struct vm *vm);
void vm_go_on(struct vm *vm);

#endif
