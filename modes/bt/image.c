/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Images: the tables that follow an address space, several per vCPU, one per
 * recent PCID (SDM 3 4.10.1), so that a MOV CR3 drops what the architecture
 * demands and no more.
 *
 *	memory	|state|own        |    |state|image 1    |    |state|image 2 ...
 *	gs  ->	^ image 0 current      ^ image 1 current
 *
 * "state" is the same memory each time, so a MOV CR3 changes gs and nothing
 * in generated code.  An image that is not current is cleaned when it becomes
 * so; until then it is noted what must be dropped.  Global entries may be in
 * any image.  When all are taken the one unused for longest gets the new PCID
 * and keeps its global entries.
 *
 * With CR4.PCIDE clear everything belongs to PCID 0, hence to one image.
 */
#include "modes/bt/layout.h"

#include <asm/prctl.h>
#include <errno.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/copy.h"
#include "modes/x86/stop.h"
#include "modes/x86/x86.h"

#define STATE_SIZE offsetof(struct bt_vcpu, own)
#define STRIDE align_up(sizeof(struct bt_vcpu), PAGE_SIZE)

/* --- memory ---------------------------------------------------------------- */

static struct bt_vcpu *
vcpu_before(struct bt_image *m)
{
	return container_of(m, struct bt_vcpu, own);
}

/* Replace the state's pages, as the monitor allocated them, by others. */
static int
move_state(struct bt_vcpu *b, int flags, int fd)
{
	void *p = mmap(NULL, STATE_SIZE, PROT_READ | PROT_WRITE, flags, fd, 0);

	if (p == MAP_FAILED)
		return -errno;
	copy_bytes(p, b, STATE_SIZE);
	if (mremap(p, STATE_SIZE, STATE_SIZE, MREMAP_MAYMOVE | MREMAP_FIXED,
	    b) == MAP_FAILED) {
		int rc = -errno;

		munmap(p, STATE_SIZE);
		return rc;
	}
	return 0;
}

/* Into a file, which can be mapped again. */
static int
share_state(struct bt_vcpu *b, struct err *e)
{
	int fd = memfd_create("trivisor-vcpu", MFD_CLOEXEC);
	int rc;

	if (fd < 0)
		return err_set_sys(e, errno, "vCPU %u: memory for its state",
		    b->c.id);
	rc = ftruncate(fd, (off_t)STATE_SIZE) ? -errno :
	    move_state(b, MAP_SHARED, fd);
	if (rc) {
		close(fd);
		return err_set_sys(e, -rc, "vCPU %u: cannot map its state",
		    b->c.id);
	}
	b->state_fd = fd;
	return 0;
}

/* Back to ordinary memory, which the monitor may free. */
static void
unshare_state(struct bt_vcpu *b)
{
	close(b->state_fd);
	b->state_fd = -1;
	(void)!move_state(b, MAP_PRIVATE | MAP_ANONYMOUS, -1);
}

/* One more image behind an alias of the state. */
static struct bt_image *
image_new(struct bt_vcpu *b, struct err *e)
{
	struct bt_vcpu *at = mmap(NULL, STRIDE, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (at == MAP_FAILED)
		goto fail;
	if (mmap(at, STATE_SIZE, PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_FIXED, b->state_fd, 0) == MAP_FAILED) {
		munmap(at, STRIDE);
		goto fail;
	}
	return &at->own;

fail:
	err_set_sys(e, errno, "vCPU %u: memory for its TLB", b->c.id);
	return NULL;
}

void
bt_images_fini(struct bt_vcpu *b)
{
	for (unsigned k = 1; k < b->n_slots; k++)
		munmap(vcpu_before(b->slot[k].img), STRIDE);
	b->n_slots = 0;
	if (b->state_fd >= 0)
		unshare_state(b);
}

int
bt_images_init(struct bt_vcpu *b, struct err *e)
{
	unsigned n = b->bt->disable & BT_PART_IMAGES ? 1 : BT_IMAGES;
	int rc = 0;

	b->state_fd = -1;
	if (n > 1)
		rc = share_state(b, e);
	if (rc)
		return rc;
	for (unsigned k = 0; k < n; k++) {
		b->slot[k].img = k ? image_new(b, e) : &b->own;
		if (!b->slot[k].img) {
			bt_images_fini(b);
			return -ENOMEM;
		}
		b->slot[k].pcid = PCID_NONE;
		b->slot[k].todo = TODO_ALL;
		b->n_slots = k + 1;
	}
	b->img = &b->own;
	bt_tlb_flush(&b->c, TLB_FLUSH_ALL, 0);
	return 0;
}

/* --- which one is used ------------------------------------------------------ */

/* The vCPU thread's gs; glibc does not use it. */
static void
set_gs(const struct bt_vcpu *b)
{
	static _Thread_local uint64_t now;
	uint64_t base = (uint64_t)(uintptr_t)vcpu_before(b->img);

	if (base == now)
		return;
	now = base;
	if (b->bt->fsgsbase)
		__asm__ volatile("wrgsbase %0" : : "r"(base));
	else
		syscall(SYS_arch_prctl, ARCH_SET_GS, base);
}

void
bt_image_enter(struct bt_vcpu *b)
{
	set_gs(b);
}

static void
drop_all(struct bt_image *m)
{
	bt_tlb_reset(m);
	bt_itlb_flush(m, true);
	bt_jc_reset(m);
	m->large_code = 0;
}

static void
drop_nonglobal(struct bt_image *m)
{
	bt_tlb_flush_nonglobal(m);
	bt_itlb_flush(m, false);
	bt_jc_flush_nonglobal(m);
}

static uint16_t
pcid_now(const struct vcpu *c)
{
	return c->s.cr4 & CR4_PCIDE ? c->s.cr3 & 0xfff : 0;
}

static struct bt_slot *
slot_of(struct bt_vcpu *b, uint16_t pcid)
{
	for (unsigned k = 0; k < b->n_slots; k++)
		if (b->slot[k].pcid == pcid)
			return &b->slot[k];
	return NULL;
}

/* A slot for another PCID: a free one, or the one unused for longest. */
static struct bt_slot *
recycle(struct bt_vcpu *b, uint16_t pcid)
{
	struct bt_slot *best = &b->slot[0];

	for (unsigned k = 1; k < b->n_slots; k++) {
		struct bt_slot *s = &b->slot[k];
		bool free = s->pcid == PCID_NONE;

		if (free != (best->pcid == PCID_NONE) ? free :
		    s->used < best->used)
			best = s;
	}
	best->pcid = pcid;
	best->todo |= TODO_NONGLOBAL;
	b->n_recycle++;
	return best;
}

/* Do what is left to do, and make it the current one. */
static void
use_slot(struct bt_vcpu *b, struct bt_slot *s)
{
	if (s->todo & TODO_ALL)
		drop_all(s->img);
	else if (s->todo)
		drop_nonglobal(s->img);
	s->todo = 0;
	s->bare = false;
	s->used = ++b->clock;
	b->cur = (unsigned)(s - b->slot);
	b->img = s->img;
	if (bt_current == b)
		set_gs(b);
}

/* CR3 was written: go to its PCID's image, of which some may be stale. */
static void
follow_cr3(struct bt_vcpu *b, bool flush)
{
	uint16_t pcid = pcid_now(&b->c);
	struct bt_slot *s = slot_of(b, pcid);

	if (!s)
		s = recycle(b, pcid);
	b->n_switch += s != &b->slot[b->cur];
	if (flush)
		s->todo |= TODO_NONGLOBAL;
	use_slot(b, s);
}

/* --- rest -------------------------------------------------------------------- */

/* How long an image must have been of no use. */
#define REST_INTERVAL NS_PER_SEC

/* Zeroed, it is as it was at first: use_slot() makes it an empty table. */
static void
give_back(struct bt_slot *s)
{
	s->todo |= TODO_ALL;
	s->bare = true;
	madvise(s->img, align_down(sizeof(*s->img), PAGE_SIZE), MADV_DONTNEED);
}

/*
 * A guest that was busy has filled all images; when it sleeps much they are
 * memory for nothing.  The current one stays.
 */
void
bt_images_rest(struct vcpu *c, ns_t now)
{
	struct bt_vcpu *b = bt_of(c);
	bool some = false;

	if (now - b->rested < REST_INTERVAL)
		return;
	b->rested = now;
	/* Others clear jump caches in our images under a stop. */
	vm_lock(c->vm);
	for (unsigned k = 0; k < b->n_slots; k++) {
		struct bt_slot *s = &b->slot[k];

		if (k == b->cur || s->bare || s->used > b->rest_clock)
			continue;
		give_back(s);
		some = true;
	}
	/* What was known of large pages with code has gone, too. */
	if (some)
		bt_unlink_cross(b, 0, true);
	vm_unlock(c->vm);
	b->rest_clock = b->clock;
}

/* --- flushing ------------------------------------------------------------------ */

/* True: code of a large page may have been dropped, and not just va's. */
static bool
flush_page_of(struct bt_image *m, gva_t va, bool globals_only)
{
	bt_tlb_flush_page(m, va, globals_only);
	if (m->large_code & gib_bit(va)) {
		bt_itlb_flush(m, true);
		bt_jc_reset(m);
		m->large_code = 0;
		return true;
	}
	bt_itlb_flush_page(m, va, globals_only);
	bt_jc_flush_page(m, va, globals_only);
	return false;
}

/* INVLPG: the current PCID's translation, and everybody's global ones. */
static void
flush_page(struct bt_vcpu *b, gva_t va)
{
	bool all = false;

	for (unsigned k = 0; k < b->n_slots; k++)
		if (!(b->slot[k].todo & TODO_ALL))
			all |= flush_page_of(b->slot[k].img, va, k != b->cur);
	bt_unlink_cross(b, va, all);
}

static void
flush_pcid_page(struct bt_vcpu *b, uint16_t pcid, gva_t va)
{
	struct bt_slot *s = slot_of(b, pcid);

	if (s && !(s->todo & TODO_ALL))
		flush_page_of(s->img, va, false);
}

/* Not the current one's; its image is free then. */
static void
flush_pcid(struct bt_slot *s)
{
	s->pcid = PCID_NONE;
	s->todo |= TODO_NONGLOBAL;
}

static void
flush_others(struct bt_vcpu *b, uint8_t todo)
{
	for (unsigned k = 0; k < b->n_slots; k++) {
		if (k == b->cur)
			continue;
		b->slot[k].pcid = PCID_NONE;
		b->slot[k].todo |= todo;
	}
}

static void
flush_all(struct bt_vcpu *b)
{
	struct bt_slot *s = &b->slot[b->cur];

	flush_others(b, TODO_ALL);
	s->pcid = pcid_now(&b->c);
	s->todo = TODO_ALL;
	use_slot(b, s);
	bt_unlink_cross(b, 0, true);
}

void
bt_tlb_flush(struct vcpu *c, unsigned scope, gva_t va)
{
	struct bt_vcpu *b = bt_of(c);
	struct bt_slot *s;

	b->n_tlb_flush[scope]++;
	bt_ret_reset(b);
	switch (scope) {
	case TLB_FLUSH_PAGE:
		flush_page(b, va);
		break;
	case TLB_FLUSH_NONGLOBAL:
		follow_cr3(b, true);
		break;
	case TLB_SWITCH_NOFLUSH:
		follow_cr3(b, false);
		break;
	case TLB_FLUSH_PCID_PAGE:
		flush_pcid_page(b, va & 0xfff, va & PAGE_MASK);
		break;
	case TLB_FLUSH_PCID:
		s = slot_of(b, (uint16_t)va);
		if (s)
			flush_pcid(s);
		break;
	case TLB_FLUSH_ALL_NONGLOBAL:
		flush_others(b, TODO_NONGLOBAL);
		follow_cr3(b, true);
		break;
	default:
		flush_all(b);
		break;
	}
}
