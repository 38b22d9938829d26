/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Address spaces: sorted ranges, binary search.  The lock covers look-up and
 * call, so a range cannot move away under its access.
 */
#include "io/dev.h"

#include <errno.h>

void
bus_init(struct bus *b, pthread_mutex_t *device_lock)
{
	b->n = 0;
	b->lock = device_lock;
	b->unclaimed = 0;
}

/* Index of the first range whose base is above addr. */
static unsigned
first_above(const struct bus *b, uint64_t addr)
{
	unsigned lo = 0;
	unsigned hi = b->n;

	while (lo < hi) {
		unsigned mid = (lo + hi) / 2;

		if (b->range[mid].base > addr)
			hi = mid;
		else
			lo = mid + 1;
	}
	return lo;
}

static const struct bus_range *
overlapping(const struct bus *b, uint64_t base, uint64_t size)
{
	unsigned i = first_above(b, base);

	if (i > 0 && base - b->range[i - 1].base < b->range[i - 1].size)
		return &b->range[i - 1];
	if (i < b->n && b->range[i].base - base < size)
		return &b->range[i];
	return NULL;
}

/* Room, sense and overlaps have been checked. */
static void
insert(struct bus *b, const struct bus_range *r)
{
	unsigned at = first_above(b, r->base);

	for (unsigned i = b->n; i > at; i--)
		b->range[i] = b->range[i - 1];
	b->range[at] = *r;
	b->n++;
}

static int
try_insert(struct bus *b, const struct bus_range *r)
{
	uint64_t end;

	if (r->size == 0 || !add_u64(&end, r->base, r->size - 1) ||
	    overlapping(b, r->base, r->size))
		return -EINVAL;
	if (b->n == BUS_MAX_RANGES)
		return -ENOSPC;
	insert(b, r);
	return 0;
}

int
bus_add(struct bus *b, const struct bus_range *r, struct err *e)
{
	const struct bus_range *other;
	int rc;

	pthread_mutex_lock(b->lock);
	rc = try_insert(b, r);
	other = rc == -EINVAL ? overlapping(b, r->base, r->size) : NULL;
	pthread_mutex_unlock(b->lock);
	if (rc == 0)
		return 0;
	err_set(e, ERR_INTERNAL, "%s: cannot claim 0x%llx..0x%llx: %s%s",
	    r->name, (unsigned long long)r->base,
	    (unsigned long long)(r->base + r->size - 1),
	    rc == -ENOSPC ? "the bus is full" :
	    other ? "taken by " : "not a range",
	    other && other->name ? other->name : "");
	return rc;
}

int
bus_move(struct bus *b, void *dev, const struct bus_ops *ops, uint64_t base,
    uint64_t size)
{
	struct bus_range r = { base, size, ops, dev, "bar" };
	unsigned i = 0;

	while (i < b->n &&
	    (b->range[i].dev != dev || b->range[i].ops != ops))
		i++;
	if (i < b->n) {
		r.name = b->range[i].name;
		b->n--;
		for (; i < b->n; i++)
			b->range[i] = b->range[i + 1];
	}
	return size ? try_insert(b, &r) : 0;
}

/* The range that covers [addr, addr+size) wholly, or NULL. */
static const struct bus_range *
find(const struct bus *b, uint64_t addr, unsigned size)
{
	unsigned i = first_above(b, addr);
	const struct bus_range *r;

	if (i == 0)
		return NULL;
	r = &b->range[i - 1];
	if (addr - r->base >= r->size || r->size - (addr - r->base) < size)
		return NULL;
	return r;
}

static uint64_t
size_mask(unsigned size)
{
	return size >= 8 ? UINT64_MAX : BIT(size * 8) - 1;
}

uint64_t
bus_read(struct bus *b, uint64_t addr, unsigned size)
{
	uint64_t value = UINT64_MAX;
	const struct bus_range *r;

	pthread_mutex_lock(b->lock);
	r = find(b, addr, size);
	if (r)
		value = r->ops->read(r->dev, addr - r->base, size);
	else
		b->unclaimed++;
	pthread_mutex_unlock(b->lock);
	return value & size_mask(size);
}

void
bus_write(struct bus *b, uint64_t addr, unsigned size, uint64_t value)
{
	const struct bus_range *r;

	pthread_mutex_lock(b->lock);
	r = find(b, addr, size);
	if (r)
		r->ops->write(r->dev, addr - r->base, size,
		    value & size_mask(size));
	else
		b->unclaimed++;
	pthread_mutex_unlock(b->lock);
}
