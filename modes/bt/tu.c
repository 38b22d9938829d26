/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The set of translations: found by (rip, gpa, mode), listed per guest page
 * for invalidation, linked to each other by chained exits.
 *
 * A dead TU's code and metadata stay until its region of the cache is emptied,
 * so code that is still running in it may finish; it can only leave through
 * exits.
 */
#include "modes/bt/gen.h"

#include <linux/membarrier.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "modes/x86/stop.h"

#define FIRST_PATIENCE 16
#define MAX_PATIENCE 8

static unsigned
hash_of(uint64_t rip, gpa_t gpa, uint32_t mode)
{
	uint64_t h = rip ^ gpa << 7 ^ (uint64_t)mode << 40;

	h *= UINT64_C(0x9e3779b97f4a7c15);
	return (unsigned)(h >> (64 - TU_HASH_BITS));
}

static unsigned
same_hash_of(gpa_t gpa, uint32_t mode)
{
	return hash_of(0, gpa, mode);
}

struct tu *
bt_tu_find_same(struct bt_vm *t, gpa_t gpa, uint32_t mode, bool global)
{
	struct tu *u = t->same[same_hash_of(gpa, mode)];

	for (; u; u = u->same_next)
		if (u->gpa == gpa && u->mode == mode && u->global == global)
			return u->fixed ? NULL : u;
	return NULL;
}

static void
same_insert(struct bt_vm *t, struct tu *u)
{
	struct tu **head = &t->same[same_hash_of(u->gpa, u->mode)];

	u->same_next = *head;
	u->same_at = head;
	if (*head)
		(*head)->same_at = &u->same_next;
	*head = u;
}

static void
same_remove(struct tu *u)
{
	*u->same_at = u->same_next;
	if (u->same_next)
		u->same_next->same_at = u->same_at;
}

struct tu *
bt_tu_find(struct bt_vm *t, uint64_t rip, gpa_t gpa, gpa_t gpa2, uint32_t mode)
{
	struct tu *u = t->hash[hash_of(rip, gpa, mode)];

	for (; u; u = u->hash_next)
		if (u->rip == rip && u->gpa == gpa && u->mode == mode &&
		    (u->gpa2 == ~UINT64_C(0) || u->gpa2 == gpa2))
			return u;
	return NULL;
}

static unsigned
pages_of(const struct tu *u, gpa_t page[2])
{
	page[0] = u->gpa & PAGE_MASK;
	page[1] = u->gpa2;
	return u->gpa2 == ~UINT64_C(0) || u->gpa2 == page[0] ? 1 : 2;
}

struct tu *
bt_tu_new(struct bt_vm *t, unsigned n_exits, unsigned n_map, unsigned n_relocs)
{
	struct tu *u;

	if (t->fill->n_tu == t->region_tus) {
		t->full = true;
		return NULL;
	}
	u = bt_arena_alloc(t, sizeof(*u) + n_exits * sizeof(*u->exit) +
	    n_map * sizeof(*u->map) + n_relocs * sizeof(*u->reloc));
	if (!u)
		return NULL;
	*u = (struct tu){
		.n_exits = (uint8_t)n_exits, .n_map = (uint16_t)n_map,
		.n_reloc = (uint16_t)n_relocs,
	};
	u->exit = (struct tu_exit *)(u + 1);
	u->map = (struct tu_map *)(u->exit + n_exits);
	u->reloc = (struct reloc *)(u->map + n_map);
	return u;
}

/* Which of a TU's two places in lists belongs to this page. */
static unsigned
page_slot(const struct tu *u, gpa_t page)
{
	return (u->gpa & PAGE_MASK) == page ? 0 : 1;
}

static struct tu ***
page_at(struct tu *u, gpa_t page)
{
	return &u->page_at[page_slot(u, page)];
}

static void
insert(struct bt_vm *t, struct tu *u)
{
	unsigned h = hash_of(u->rip, u->gpa, u->mode);
	gpa_t page[2];
	unsigned n = pages_of(u, page);

	u->hash_next = t->hash[h];
	t->hash[h] = u;
	same_insert(t, u);
	for (unsigned i = 0; i < n; i++) {
		uint64_t pn = page[i] >> PAGE_SHIFT;

		u->page_next[i] = t->page_head[pn];
		u->page_at[i] = &t->page_head[pn];
		if (u->page_next[i])
			*page_at(u->page_next[i], page[i]) = &u->page_next[i];
		t->page_head[pn] = u;
	}
}

void
bt_tu_file(struct bt_vm *t, struct tu *u)
{
	struct bt_region *r = t->fill;

	bt_take(t, u->code_len);
	u->index = bt_next_index(t);
	t->tu[u->index] = u;
	/* Fault handlers search without the lock. */
	__atomic_store_n(&r->n_tu, r->n_tu + 1, __ATOMIC_RELEASE);
	insert(t, u);
	bt_perfmap_tu(t, u);
}

static void
page_unlink(struct vm *vm, struct tu *u, gpa_t page)
{
	struct bt_vm *t = bt_vm_of(vm);
	unsigned slot = page_slot(u, page);
	struct tu *next = u->page_next[slot];
	struct gmem_page p;

	*u->page_at[slot] = next;
	if (next)
		*page_at(next, page) = u->page_at[slot];
	if (!t->page_head[page >> PAGE_SHIFT] && gmem_page(&vm->mem, page, &p))
		__atomic_and_fetch(p.trace, (uint8_t)~GMEM_TRACE_CODE,
		    __ATOMIC_SEQ_CST);
}

static void
hash_unlink(struct bt_vm *t, struct tu *u)
{
	struct tu **at = &t->hash[hash_of(u->rip, u->gpa, u->mode)];

	while (*at != u)
		at = &(*at)->hash_next;
	*at = u->hash_next;
}

void
bt_patch(struct bt_vm *t, uint8_t *field, const uint8_t *target)
{
	const uint8_t *next = t->rx + (field - t->rw) + 4;

	/* Else another processor might fetch half of it. */
	BUG_ON((uintptr_t)field & 3);
	__atomic_store_n((int32_t *)(void *)field, (int32_t)(target - next),
	    __ATOMIC_RELEASE);
}

static void
incoming_add(struct tu_exit **head, struct tu_exit *x)
{
	x->next_in = *head;
	x->in_at = head;
	if (*head)
		(*head)->in_at = &x->next_in;
	*head = x;
}

void
bt_incoming_remove(struct tu_exit *x)
{
	*x->in_at = x->next_in;
	if (x->next_in)
		x->next_in->in_at = x->in_at;
}

void
bt_chain(struct bt_vm *t, struct tu_exit *x, struct tu *to)
{
	if (!x->field || x->to || x->probed || to->dead)
		return;
	x->to = to;
	incoming_add(&to->incoming, x);
	bt_patch(t, x->field, to->code + (x->no_poll ? BT_POLL_SIZE : 0));
	t->n_chain++;
}

#define PROBE_SIZE 128		/* at most */

/*
 * Chain to a translation that reaches into a second page: that page's mapping
 * may change while the first one's stays, so go by way of the jump cache,
 * which follows the mappings.
 */
void
bt_chain_probe(struct bt_vcpu *b, struct tu_exit *x)
{
	struct bt_vm *t = b->bt;
	struct emit e = {
		.p = t->rw + t->fill->used, .end = t->rw + t->fill->end,
		.rx_off = t->rx - t->rw,
	};
	const uint8_t *at = emit_rx(&e);

	if (!x->field || x->to || x->probed || bt_room(t) < PROBE_SIZE)
		return;
	gen_probe_const(&e, t, bt_jc_offset(b), x->target);
	bt_take(t, (size_t)(emit_rx(&e) - at));
	bt_patch(t, x->field, at);
	bt_perfmap_code(t, at, (size_t)(emit_rx(&e) - at), "probe");
	x->probed = true;
	incoming_add(&t->fill->probed, x);
	t->n_probe++;
}

/* Back to the stub that leads to the run loop. */
void
bt_unchain(struct bt_vm *t, struct tu_exit *x)
{
	bt_incoming_remove(x);
	bt_patch(t, x->field, x->stub);
	x->to = NULL;
	t->n_unlink++;
}

/* Out of all lists; jump caches may still lead to it. */
static void
unlink_from_code(struct bt_vm *t, struct tu *u)
{
	hash_unlink(t, u);
	for (struct tu_exit *x = u->incoming; x; x = x->next_in) {
		bt_patch(t, x->field, x->stub);
		x->to = NULL;
		t->n_unlink++;
	}
	u->incoming = NULL;
}

static void
jc_drop(struct vm *vm, const struct tu *u)
{
	for (unsigned i = 0; i < vm->n_vcpus; i++)
		bt_jc_drop(bt_of(vm->vcpu[i]), u);
}

void
bt_tu_unlist(struct vm *vm, struct tu *u)
{
	gpa_t page[2];
	unsigned n = pages_of(u, page);

	u->dead = true;
	if (!u->retired)
		unlink_from_code(bt_vm_of(vm), u);
	same_remove(u);
	for (unsigned i = 0; i < n; i++)
		page_unlink(vm, u, page[i]);
}

void
bt_tu_retire(struct vm *vm, struct tu *u)
{
	if (u->dead || u->retired)
		return;
	u->retired = true;
	unlink_from_code(bt_vm_of(vm), u);
	jc_drop(vm, u);
}

void
bt_tu_kill(struct vm *vm, struct tu *u)
{
	if (u->dead)
		return;
	bt_tu_unlist(vm, u);
	jc_drop(vm, u);
}

/* Does [gpa, gpa+len) touch bytes that the TU was made from? */
static bool
overlaps(const struct tu *u, gpa_t gpa, size_t len)
{
	uint64_t in_first = u->len;
	uint64_t in_second = 0;

	if (u->gpa2 != ~UINT64_C(0)) {
		in_first = PAGE_SIZE - (u->gpa & ~PAGE_MASK);
		in_second = u->len - in_first;
	}
	if (gpa < u->gpa + in_first && u->gpa < gpa + len)
		return true;
	return in_second && gpa < u->gpa2 + in_second && u->gpa2 < gpa + len;
}

/* Returns whether there was one. */
static bool
kill_range(struct vm *vm, gpa_t page, gpa_t gpa, size_t len)
{
	struct tu *u, *next;
	bool any = false;

	for (u = bt_vm_of(vm)->page_head[page >> PAGE_SHIFT]; u; u = next) {
		next = u->page_next[page_slot(u, page)];
		if (!overlaps(u, gpa, len))
			continue;
		bt_tu_kill(vm, u);
		bt_vm_of(vm)->n_smc++;
		any = true;
	}
	return any;
}

/*
 * A store to a page with translations is interpreted, even if it misses their
 * bytes.  Pages that once held code and are something else now (freed and used
 * again) would make that last for ever: so after some such stores the page's
 * translations go.  If they were needed after all they are made again, and the
 * page has more patience the next time.
 */
static bool
too_hot(struct bt_vm *t, gpa_t page)
{
	struct page_heat *h = &t->heat[page >> PAGE_SHIFT];

	if (!t->page_head[page >> PAGE_SHIFT] ||
	    ++h->misses < FIRST_PATIENCE << h->patience)
		return false;
	h->misses = 0;
	if (h->patience < MAX_PATIENCE)
		h->patience++;
	return true;
}

void
bt_code_dirty(struct vm *vm, gpa_t gpa, size_t len)
{
	struct bt_vm *t = bt_vm_of(vm);
	gpa_t page = gpa & PAGE_MASK;

	if (page >> PAGE_SHIFT >= t->n_pages)
		return;
	vm_lock(vm);
	if (!kill_range(vm, page, gpa, len) && too_hot(t, page))
		kill_range(vm, page, page, PAGE_SIZE);
	vm_unlock(vm);
}

struct tu *
bt_tu_at(const struct bt_vm *t, const uint8_t *pc)
{
	size_t k = (size_t)(pc - t->rx) / t->region_size;
	const struct bt_region *r = &t->region[k];
	unsigned lo = 0, hi;

	if (k >= t->n_regions)
		return NULL;
	hi = __atomic_load_n(&r->n_tu, __ATOMIC_ACQUIRE);
	while (lo < hi) {
		unsigned mid = (lo + hi) / 2;
		struct tu *u = r->tu[mid];

		if (pc < u->start)
			hi = mid;
		else if (pc >= u->start + u->code_len)
			lo = mid + 1;
		else
			return u;
	}
	return NULL;
}

uint64_t
bt_tu_rip(const struct tu *u, const uint8_t *pc)
{
	uint32_t off = (uint32_t)(pc - u->start);
	uint64_t rip = u->rip;

	for (unsigned i = 0; i < u->n_map && u->map[i].host <= off; i++)
		rip = u->rip + u->map[i].guest;
	return rip;
}
