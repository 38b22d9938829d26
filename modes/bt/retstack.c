/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Return stacks: where the host's CALL and RET keep their addresses while
 * translated code runs, so that a guest's return is predicted as well as the
 * host predicts its own.
 *
 * A guest CALL pushes the guest's return address to the guest's stack and is
 * then a host CALL; what follows that is the return point.  A guest RET loads
 * its target from the guest's stack and is then a host RET; the return point
 * compares the target with the guest address it stands for.  Equal: it goes on
 * there.  Else that frame is gone and the jump cache is asked, so a stack that
 * does not match costs time and nothing else.
 *
 * A frame is a promise that this guest address leads to that host code.  It is
 * good for one mode word and one address space, so each jump cache (set) has
 * its stack, which is emptied when that cache would be: whenever a mapping is
 * flushed, the mode word changes, or the code cache is emptied.  Code that was
 * modified needs nothing: return points hold no guest code but a chained exit.
 *
 * An empty stack holds one frame, which leads to the jump cache.  A full one
 * runs into its guard page (fault.c); then the newer half is kept.
 */
#include "modes/bt/bt.h"

#include <errno.h>
#include <sys/mman.h>

#include "base/copy.h"

#define STACK_SIZE (UINT64_C(512) << 10)
#define STRIDE (STACK_SIZE + PAGE_SIZE)

static uint64_t
bottom_of(const struct bt_vcpu *b, enum bt_set s)
{
	return (uint64_t)(uintptr_t)b->ret_map + PAGE_SIZE +
	    (uint64_t)s * STRIDE;
}

static uint64_t
empty_of(const struct bt_vcpu *b, enum bt_set s)
{
	return bottom_of(b, s) + STACK_SIZE - 8;
}

int
bt_ret_init(struct bt_vcpu *b, struct err *e)
{
	size_t size = SET_COUNT * STRIDE + PAGE_SIZE;
	void *p = mmap(NULL, size, PROT_NONE,
	    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (p == MAP_FAILED)
		return err_set_sys(e, errno, "bt: return stacks");
	b->ret_map = p;
	for (int s = 0; s < SET_COUNT; s++) {
		void *at = (void *)(uintptr_t)bottom_of(b, (enum bt_set)s);

		if (mprotect(at, STACK_SIZE, PROT_READ | PROT_WRITE)) {
			int sys = errno;

			bt_ret_fini(b);
			return err_set_sys(e, sys, "bt: return stacks");
		}
		*(uint64_t *)(uintptr_t)empty_of(b, (enum bt_set)s) =
		    (uint64_t)(uintptr_t)b->bt->ret_empty[s];
	}
	bt_ret_reset(b);
	return 0;
}

void
bt_ret_fini(struct bt_vcpu *b)
{
	if (b->ret_map)
		munmap(b->ret_map, SET_COUNT * STRIDE + PAGE_SIZE);
	b->ret_map = NULL;
}

static void
reset_one(struct bt_vcpu *b, enum bt_set s)
{
	b->ret_saved[s] = empty_of(b, s);
	if (s == b->ret_set)
		b->ret_sp = b->ret_saved[s];
}

void
bt_ret_reset(struct bt_vcpu *b)
{
	for (int s = 0; s < SET_COUNT; s++)
		reset_one(b, (enum bt_set)s);
}

void
bt_ret_select(struct bt_vcpu *b, enum bt_set s, bool same_mode)
{
	if (s != b->ret_set) {
		b->ret_saved[b->ret_set] = b->ret_sp;
		/* The kernel's stack starts anew when a user enters it. */
		if (b->ret_set == SET_USER) {
			reset_one(b, SET_KERNEL);
			reset_one(b, SET_KERNEL_AC);
		}
		b->ret_set = s;
		b->ret_sp = b->ret_saved[s];
	}
	if (!same_mode)
		reset_one(b, s);
}

uint64_t
bt_ret_overflow(const struct bt_vcpu *b, uint64_t fault, uint64_t sp)
{
	const size_t keep = STACK_SIZE / 2 - 8;
	uint64_t low = bottom_of(b, b->ret_set), to;

	if (low - fault - 1 >= PAGE_SIZE || sp != low)
		return 0;
	to = empty_of(b, b->ret_set) - keep;
	copy_bytes((void *)(uintptr_t)to, (const void *)(uintptr_t)sp, keep);
	return to;
}
