/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The page-table walker (SDM 3, chapter 4).  One table row describes each
 * level of each paging mode; one loop walks them all.
 *
 * Accessed bits of upper entries are set on the way down, as a processor does
 * that "uses" them; those of the leaf only once the access is allowed.
 */
#include "mmu/walk.h"

#include <errno.h>

enum {
	PTE_P = 1, PTE_RW = 2, PTE_US = 4, PTE_A = 0x20, PTE_D = 0x40,
	PTE_PS = 0x80, PTE_G = 0x100,
};

/* What steers a walk, SDM 3 2.5 (mmu knows nothing of modes/). */
#define CR0_WP BIT(16)
#define CR0_PG BIT(31)
#define CR4_PSE BIT(4)
#define CR4_PAE BIT(5)
#define CR4_PGE BIT(7)
#define CR4_SMEP BIT(20)
#define CR4_SMAP BIT(21)
#define EFER_LMA BIT(10)
#define EFER_NX BIT(11)
#define FLAG_AC BIT(18)

#define PTE_NX BIT(63)
#define PTE_ADDR UINT64_C(0x000ffffffffff000)

/* One level of a paging mode, root first. */
struct level {
	uint8_t shift;		/* of its index in the linear address */
	uint8_t bits;		/* of that index */
	bool may_leaf;		/* PS=1 maps a page here */
	uint64_t leaf_rsvd;	/* reserved in such a leaf */
};

static const struct level levels_32[] = {
	{ 22, 10, true, 0 },
	{ 12, 10, false, 0 },
};

/* The first is not read from memory: the four PDPTEs are latched. */
static const struct level levels_pae[] = {
	{ 30, 2, false, 0 },
	{ 21, 9, true, 0x1fe000 },
	{ 12, 9, false, 0 },
};

static const struct level levels_4[] = {
	{ 39, 9, false, 0 },
	{ 30, 9, true, 0x3fffe000 },
	{ 21, 9, true, 0x1fe000 },
	{ 12, 9, false, 0 },
};

/* A walk in progress. */
struct state {
	struct gmem *m;
	const struct walk_regs *regs;
	gva_t va;
	unsigned access;
	bool pae;		/* 8-byte entries */
	bool la;		/* 4-level */
	/* The entry at hand. */
	gpa_t gpa;
	uint64_t pte;
	uint64_t *host;		/* its place, NULL outside RAM and in ROM */
	/* Gathered over the levels. */
	bool user, writable, nx;
};

static uint64_t
phys_mask(const struct walk_regs *regs)
{
	return regs->maxphyaddr >= 52 ? BIT(52) - 1 :
	    BIT(regs->maxphyaddr) - 1;
}

/* Fetch the entry at s->gpa; what is not backed reads as all ones. */
static void
read_entry(struct state *s)
{
	struct gmem_page p;
	void *at;

	s->host = NULL;
	if (!gmem_page(s->m, s->gpa, &p)) {
		s->pte = s->pae ? ~UINT64_C(0) : ~UINT32_C(0);
		return;
	}
	at = p.host + (s->gpa & ~PAGE_MASK);
	if (p.writable)
		s->host = at;
	if (s->pae)
		s->pte = __atomic_load_n((uint64_t *)at, __ATOMIC_RELAXED);
	else
		s->pte = __atomic_load_n((uint32_t *)at, __ATOMIC_RELAXED);
}

/*
 * Set bits in the entry unless somebody changed it since it was read; false
 * then, and the walk starts again.  An entry in ROM keeps its bits.
 */
static bool
set_bits(struct state *s, uint64_t bits)
{
	uint64_t old = s->pte;
	uint32_t old32 = (uint32_t)old;
	bool done;

	if ((old & bits) == bits || !s->host || s->access & WALK_PROBE)
		return true;
	gmem_note_write(s->m, s->gpa, s->pae ? 8 : 4);
	if (s->pae)
		done = __atomic_compare_exchange_n(s->host, &old, old | bits,
		    false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
	else
		done = __atomic_compare_exchange_n((uint32_t *)s->host, &old32,
		    old32 | (uint32_t)bits, false, __ATOMIC_SEQ_CST,
		    __ATOMIC_SEQ_CST);
	gmem_note_write(s->m, s->gpa, s->pae ? 8 : 4);
	if (done)
		s->pte |= bits;
	return done;
}

/* Does the present entry at hand have reserved bits set? */
static bool
reserved(const struct state *s, const struct level *l, unsigned depth,
    bool leaf)
{
	const struct walk_regs *regs = s->regs;
	uint64_t rsvd;

	if (!s->pae) {
		/* SDM 3 table 4-4: PSE-36 holds address bits 32 and up. */
		unsigned m = MIN(regs->maxphyaddr, 40u);

		if (!leaf || l->shift != 22)
			return false;
		if (regs->no_pse36)
			return s->pte & 0x3fe000;
		rsvd = 0x3fe000 & ~((BIT(m - 32) - 1) << 13);
		return s->pte & rsvd;
	}
	rsvd = (BIT(52) - 1) & ~phys_mask(regs);
	if (!s->la)
		rsvd |= (BIT(63) - 1) & ~(BIT(52) - 1);	/* PAE: 62:52 too */
	if (!(regs->efer & EFER_NX))
		rsvd |= PTE_NX;
	if (leaf)
		rsvd |= l->leaf_rsvd;
	else if (s->la && depth == 0)
		rsvd |= PTE_PS | (regs->amd ? PTE_G : 0);
	if (s->la && depth == 1 && regs->no_1g)
		rsvd |= PTE_PS;
	return s->pte & rsvd;
}

static int
fail(const struct state *s, struct walk_result *r, uint32_t code)
{
	const struct walk_regs *regs = s->regs;

	if (s->access & WALK_WRITE)
		code |= PF_W;
	if (s->access & WALK_USER)
		code |= PF_U;
	if (s->access & WALK_FETCH && (regs->cr4 & CR4_SMEP ||
	    (regs->cr4 & CR4_PAE && regs->efer & EFER_NX)))
		code |= PF_I;
	r->error_code = code;
	return -EFAULT;
}

/* Access rights, SDM 3 4.6.1, on what all levels gave together. */
static bool
allowed(const struct state *s)
{
	const struct walk_regs *regs = s->regs;

	if (s->access & WALK_FETCH && s->nx)
		return false;
	if (s->access & WALK_USER)
		return s->user && (s->writable || !(s->access & WALK_WRITE));
	if (s->user && s->access & WALK_FETCH && regs->cr4 & CR4_SMEP)
		return false;
	if (s->user && !(s->access & WALK_FETCH) && regs->cr4 & CR4_SMAP &&
	    (s->access & WALK_IMPLICIT || !(regs->rflags & FLAG_AC)))
		return false;
	return s->writable || !(s->access & WALK_WRITE) ||
	    !(regs->cr0 & CR0_WP);
}

/* Physical address of the page a leaf maps, by its size. */
static gpa_t
leaf_base(const struct state *s, uint64_t size)
{
	if (s->pae)
		return s->pte & PTE_ADDR & ~(size - 1);
	if (size == PAGE_SIZE)
		return s->pte & 0xfffff000;
	return (s->pte & 0xffc00000) | (s->regs->no_pse36 ? 0 :
	    (s->pte >> 13 & 0xff) << 32);
}

/* The leaf is at hand: rights, A and D.  -EAGAIN when it changed meanwhile. */
static int
finish(struct state *s, const struct level *l, struct walk_result *r)
{
	uint64_t size = BIT(l->shift);
	uint64_t bits = PTE_A;

	if (!allowed(s))
		return fail(s, r, PF_P);
	if (s->access & WALK_WRITE)
		bits |= PTE_D;
	if (!set_bits(s, bits))
		return -EAGAIN;
	r->page_size = size;
	r->gpa = leaf_base(s, size) | (s->va & (size - 1));
	r->user = s->user;
	r->writable = s->writable;
	r->nx = s->nx;
	r->dirty = s->pte & PTE_D;
	r->global = s->pte & PTE_G && s->regs->cr4 & CR4_PGE;
	r->error_code = 0;
	return 0;
}

/* Add one entry's rights to what has been gathered. */
static void
gather(struct state *s)
{
	s->user = s->user && s->pte & PTE_US;
	s->writable = s->writable && s->pte & PTE_RW;
	s->nx = s->nx || (s->pae && s->pte & PTE_NX &&
	    s->regs->efer & EFER_NX);
}

static int
walk_levels(struct state *s, const struct level *l, unsigned first,
    unsigned n, gpa_t table, struct walk_result *r)
{
	s->user = true;
	s->writable = true;
	s->nx = false;
	for (unsigned i = first; i < n; i++) {
		uint64_t index = s->va >> l[i].shift & (BIT(l[i].bits) - 1);
		bool leaf;

		s->gpa = table + index * (s->pae ? 8 : 4);
		read_entry(s);
		if (!(s->pte & PTE_P))
			return fail(s, r, 0);
		/* 32-bit paging has large pages only under CR4.PSE. */
		leaf = i == n - 1 || (l[i].may_leaf && s->pte & PTE_PS &&
		    (s->pae || s->regs->cr4 & CR4_PSE));
		if (reserved(s, &l[i], i, leaf))
			return fail(s, r, PF_P | PF_RSVD);
		gather(s);
		if (leaf)
			return finish(s, &l[i], r);
		if (!set_bits(s, PTE_A))
			return -EAGAIN;
		table = s->pte & (s->pae ? PTE_ADDR : 0xfffff000);
	}
	return fail(s, r, 0);
}

/* Pick the paging mode, SDM 3 4.1.1, and walk once. */
static int
walk_once(struct state *s, struct walk_result *r)
{
	const struct walk_regs *regs = s->regs;
	uint64_t pdpte;

	if (!(regs->cr4 & CR4_PAE))
		return walk_levels(s, levels_32, 0, ARRAY_LEN(levels_32),
		    regs->cr3 & 0xfffff000, r);
	s->pae = true;
	if (regs->efer & EFER_LMA) {
		s->la = true;
		return walk_levels(s, levels_4, 0, ARRAY_LEN(levels_4),
		    regs->cr3 & PTE_ADDR, r);
	}
	pdpte = regs->pdpte[s->va >> 30 & 3];
	if (!(pdpte & PTE_P))
		return fail(s, r, 0);
	return walk_levels(s, levels_pae, 1, ARRAY_LEN(levels_pae),
	    pdpte & PTE_ADDR, r);
}

int
walk(struct gmem *m, const struct walk_regs *regs, gva_t va, unsigned access,
    struct walk_result *r)
{
	struct state s = { .m = m, .regs = regs, .va = va, .access = access };
	int rc;

	if (!(regs->cr0 & CR0_PG)) {
		*r = (struct walk_result){ .gpa = va, .page_size = PAGE_SIZE,
		    .user = true, .writable = true, .dirty = true };
		return 0;
	}
	/* Another processor's change to an entry starts the walk again. */
	do {
		rc = walk_once(&s, r);
	} while (rc == -EAGAIN);
	return rc;
}

int
walk_load_pdptes(struct gmem *m, struct walk_regs *regs)
{
	struct state s = { .m = m, .regs = regs, .pae = true };
	uint64_t rsvd = 0x1e6 | ~phys_mask(regs);
	uint64_t pdpte[4];

	/* SDM 3 4.4.1: loaded together, all or none. */
	for (unsigned i = 0; i < 4; i++) {
		s.gpa = (regs->cr3 & 0xffffffe0) + i * 8;
		read_entry(&s);
		pdpte[i] = s.pte;
		if (s.pte & PTE_P && s.pte & rsvd)
			return -EINVAL;
	}
	for (unsigned i = 0; i < 4; i++)
		regs->pdpte[i] = pdpte[i];
	return 0;
}
