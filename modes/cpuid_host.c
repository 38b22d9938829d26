/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The host's processor: reading its CPUID, and making it look poorer than it
 * is.  Linked by the daemon, too, which looks at it to say what a domain can
 * have: base/ and the tables, no engine.
 */
#include "modes/cpuid.h"

#include <errno.h>

#include "base/copy.h"
#include "base/sandbox.h"
#include "modes/cpuid_tab.h"

#define EXT_LEAF 0x80000000u
/* Components of XCR0 that the vCPU's state carries: x87, SSE, AVX, AVX-512. */
#define XCR0_KNOWN UINT64_C(0xe7)
#define XCR0_AVX UINT64_C(4)
#define XCR0_AVX512 UINT64_C(0xe0)

/* --- table access --- */

const struct cpuid_leaf *
cpuid_leaf_find(const struct cpuid_table *t, uint32_t leaf, uint32_t subleaf)
{
	for (unsigned i = 0; i < t->n; i++) {
		const struct cpuid_leaf *l = &t->leaf[i];

		if (l->leaf == leaf && (!l->subleafs || l->subleaf == subleaf))
			return l;
	}
	return NULL;
}

struct cpuid_regs
cpuid_leaf_get(const struct cpuid_table *t, uint32_t leaf, uint32_t subleaf)
{
	const struct cpuid_leaf *l = cpuid_leaf_find(t, leaf, subleaf);

	return l ? l->r : (struct cpuid_regs){ 0, 0, 0, 0 };
}

/* Registers in the order of enum cpuid_reg. */
uint32_t *
cpuid_reg_of(struct cpuid_regs *r, unsigned reg)
{
	uint32_t *const regs[] = { &r->eax, &r->ebx, &r->ecx, &r->edx };

	return regs[reg];
}

void
cpuid_leaf_put(struct cpuid_table *t, uint32_t leaf, uint32_t subleaf,
    bool subleafs, struct cpuid_regs r)
{
	if (!(r.eax | r.ebx | r.ecx | r.edx) || t->n == CPUID_MAX_LEAVES)
		return;
	t->leaf[t->n++] = (struct cpuid_leaf){ leaf, subleaf, subleafs, r };
}

/* --- the host --- */

static struct cpuid_regs
host_cpuid(uint32_t leaf, uint32_t subleaf)
{
	struct cpuid_regs r;

	__asm__ volatile("cpuid"
	    : "=a"(r.eax), "=b"(r.ebx), "=c"(r.ecx), "=d"(r.edx)
	    : "a"(leaf), "c"(subleaf));
	return r;
}

static uint64_t
host_xcr0(void)
{
	uint32_t lo;
	uint32_t hi;

	__asm__ volatile("xgetbv" : "=a"(lo), "=d"(hi) : "c"(0));
	return (uint64_t)hi << 32 | lo;
}

/* The leaves a guest is shown something of; ECX 0 to last, if it counts. */
static const struct {
	uint32_t leaf;
	int last;
} host_leaves[] = {
	{ 0, -1 }, { 1, -1 }, { 2, -1 }, { 4, 7 }, { 6, -1 }, { 7, 2 },
	{ 0xb, 1 }, { 0xd, 7 }, { 0x16, -1 },
	{ 0x80000000, -1 }, { 0x80000001, -1 }, { 0x80000002, -1 },
	{ 0x80000003, -1 }, { 0x80000004, -1 }, { 0x80000005, -1 },
	{ 0x80000006, -1 }, { 0x80000007, -1 }, { 0x80000008, -1 },
	{ 0x80000019, -1 }, { 0x8000001a, -1 }, { 0x8000001d, 7 },
	{ 0x8000001e, -1 }, { 0x80000021, -1 },
};

static void
read_leaves(struct cpuid_table *t)
{
	for (unsigned i = 0; i < ARRAY_LEN(host_leaves); i++) {
		uint32_t leaf = host_leaves[i].leaf;
		int last = host_leaves[i].last;

		if (leaf > (leaf & EXT_LEAF ? t->max_ext : t->max_basic))
			continue;
		for (int sub = 0; sub <= (last < 0 ? 0 : last); sub++)
			cpuid_leaf_put(t, leaf, (uint32_t)sub, last >= 0,
			    host_cpuid(leaf, (uint32_t)sub));
	}
}

/* --- features --- */

static void
set_feature(struct cpuid_table *t, unsigned f, bool on)
{
	uint64_t bit = BIT(f % 64);

	if (on)
		t->features[f / 64] |= bit;
	else
		t->features[f / 64] &= ~bit;
}

/* Bring features[] in line with the leaves. */
void
cpuid_collect_features(struct cpuid_table *t)
{
	for (unsigned f = FEAT_NONE + 1; f < FEAT_COUNT; f++) {
		const struct cpuid_bit *b = &cpuid_features[f];
		struct cpuid_regs r = cpuid_leaf_get(t, b->leaf, b->sub);

		set_feature(t, f, *cpuid_reg_of(&r, b->reg) >> b->bit & 1);
	}
}

/* The row that rules a bit, NULL when no table knows it. */
const struct cpuid_bit *
cpuid_bit_find(uint32_t leaf, unsigned sub, unsigned reg, unsigned bit)
{
	for (unsigned i = 0; i < cpuid_n_bits; i++) {
		const struct cpuid_bit *b = &cpuid_bits[i];

		if (b->leaf == leaf && b->sub == sub && b->reg == reg &&
		    b->bit == bit)
			return b;
	}
	for (unsigned f = FEAT_NONE + 1; f < FEAT_COUNT; f++) {
		const struct cpuid_bit *b = &cpuid_features[f];

		if (b->leaf == leaf && b->sub == sub && b->reg == reg &&
		    b->bit == bit)
			return b;
	}
	return NULL;
}

const char *
cpuid_why_not(enum x86_feature f)
{
	const struct cpuid_bit *b = &cpuid_features[f];

	if (f == FEAT_NONE)
		return NULL;
	b = cpuid_bit_find(b->leaf, b->sub, b->reg, b->bit);
	return b->policy == CPUID_HIDE ? b->why : NULL;
}

/* --- names --- */

static bool
is_separator(char c)
{
	return c == '-' || c == '_' || c == '.';
}

/* sse4.1, sse4_1, sse4-1 and sse41 are one name. */
static bool
same_name(const char *s, size_t len, const char *name)
{
	size_t i = 0;

	/* No name begins with a separator: most are told apart here. */
	if (!len || *s != *name)
		return false;
	for (;;) {
		while (i < len && is_separator(s[i]))
			i++;
		while (is_separator(*name))
			name++;
		if (i == len || !*name)
			return i == len && !*name;
		if (s[i++] != *name++)
			return false;
	}
}

const struct cpuid_bit *
cpuid_bit_named(const char *name, size_t len)
{
	for (unsigned i = 0; i < cpuid_n_aliases; i++)
		if (same_name(name, len, cpuid_aliases[i].alias)) {
			name = cpuid_aliases[i].name;
			for (len = 0; name[len]; len++)
				;
			break;
		}
	for (unsigned f = FEAT_NONE + 1; f < FEAT_COUNT; f++)
		if (same_name(name, len, cpuid_features[f].name))
			return cpuid_bit_find(cpuid_features[f].leaf,
			    cpuid_features[f].sub, cpuid_features[f].reg,
			    cpuid_features[f].bit);
	for (unsigned i = 0; i < cpuid_n_bits; i++)
		if (same_name(name, len, cpuid_bits[i].name))
			return &cpuid_bits[i];
	return NULL;
}

static bool
same_place(const struct cpuid_bit *a, const struct cpuid_bit *b)
{
	return a->leaf == b->leaf && a->sub == b->sub && a->reg == b->reg &&
	    a->bit == b->bit;
}

/* What needs what; taking away the second takes the first away too. */
const struct cpuid_need cpuid_needs[] = {
	{ FEAT_SSE, FEAT_FXSR }, { FEAT_SSE2, FEAT_SSE },
	{ FEAT_SSE3, FEAT_SSE2 }, { FEAT_SSSE3, FEAT_SSE3 },
	{ FEAT_SSE41, FEAT_SSSE3 }, { FEAT_SSE42, FEAT_SSE41 },
	{ FEAT_AES, FEAT_SSE2 }, { FEAT_PCLMULQDQ, FEAT_SSE2 },
	{ FEAT_SHA, FEAT_SSE2 }, { FEAT_GFNI, FEAT_SSE2 },
	{ FEAT_SSE4A, FEAT_SSE3 }, { FEAT_INVPCID, FEAT_PCID },
	{ FEAT_XSAVEOPT, FEAT_XSAVE }, { FEAT_XSAVEC, FEAT_XSAVE },
	{ FEAT_XGETBV1, FEAT_XSAVE }, { FEAT_XSAVES, FEAT_XSAVE },
	{ FEAT_AVX, FEAT_XSAVE }, { FEAT_AVX, FEAT_SSE42 },
	{ FEAT_AVX2, FEAT_AVX }, { FEAT_FMA, FEAT_AVX },
	{ FEAT_F16C, FEAT_AVX }, { FEAT_VAES, FEAT_AVX },
	{ FEAT_VAES, FEAT_AES }, { FEAT_VPCLMULQDQ, FEAT_AVX },
	{ FEAT_VPCLMULQDQ, FEAT_PCLMULQDQ }, { FEAT_FMA4, FEAT_AVX },
	{ FEAT_XOP, FEAT_AVX }, { FEAT_AVXVNNI, FEAT_AVX2 },
	{ FEAT_AVXIFMA, FEAT_AVX2 }, { FEAT_AVXVNNIINT8, FEAT_AVX2 },
	{ FEAT_AVXNECONVERT, FEAT_AVX2 }, { FEAT_AVX512F, FEAT_AVX2 },
	{ FEAT_AVX512F, FEAT_FMA }, { FEAT_AVX512F, FEAT_F16C },
	{ FEAT_AVX512DQ, FEAT_AVX512F }, { FEAT_AVX512IFMA, FEAT_AVX512F },
	{ FEAT_AVX512CD, FEAT_AVX512F }, { FEAT_AVX512BW, FEAT_AVX512F },
	{ FEAT_AVX512VL, FEAT_AVX512F }, { FEAT_AVX512VBMI, FEAT_AVX512BW },
	{ FEAT_AVX512VBMI2, FEAT_AVX512BW },
	{ FEAT_AVX512VNNI, FEAT_AVX512F },
	{ FEAT_AVX512BITALG, FEAT_AVX512BW },
	{ FEAT_AVX512VPOPCNTDQ, FEAT_AVX512F },
	{ FEAT_AVX512VP2INTERSECT, FEAT_AVX512F },
	{ FEAT_AVX512FP16, FEAT_AVX512BW }, { FEAT_AVX512BF16, FEAT_AVX512BW },
};
const unsigned cpuid_n_needs = ARRAY_LEN(cpuid_needs);

bool
cpuid_dropped(const struct cpuid_host *h, unsigned f)
{
	return h->dropped[f / 64] >> (f % 64) & 1;
}

static void
drop(struct cpuid_host *h, unsigned f)
{
	h->dropped[f / 64] |= BIT(f % 64);
	set_feature(&h->t, f, false);
}

/* The host has it, or we do. */
static bool
is_there(const struct cpuid_host *h, enum x86_feature f)
{
	const struct cpuid_bit *b = &cpuid_features[f];

	if (cpuid_has(&h->t, f))
		return true;
	b = cpuid_bit_find(b->leaf, b->sub, b->reg, b->bit);
	return b->policy == CPUID_SET && !cpuid_dropped(h, f);
}

/* Take away what needs something that is not there. */
static void
close_features(struct cpuid_host *h)
{
	bool again = true;

	if ((h->t.host_xcr0 & XCR0_AVX) == 0)
		drop(h, FEAT_AVX);
	if ((h->t.host_xcr0 & XCR0_AVX512) != XCR0_AVX512)
		drop(h, FEAT_AVX512F);
	while (again) {
		again = false;
		for (unsigned i = 0; i < cpuid_n_needs; i++) {
			if (is_there(h, cpuid_needs[i].needs) ||
			    cpuid_dropped(h, cpuid_needs[i].f))
				continue;
			drop(h, cpuid_needs[i].f);
			again = true;
		}
	}
}

/*
 * Our own: libc's string functions use vector registers, and a check keeps
 * the whole library free of them.
 */
static bool
starts(const char *s, const char *with)
{
	while (*with && *s == *with) {
		s++;
		with++;
	}
	return !*with;
}

static int
drop_name(struct cpuid_host *h, const char *name, size_t len, struct err *e)
{
	bool all_avx512 = len == 6 && starts(name, "avx512");
	const struct cpuid_bit *named = cpuid_bit_named(name, len);
	bool found = false;

	for (unsigned f = FEAT_NONE + 1; f < FEAT_COUNT; f++) {
		const struct cpuid_bit *b = &cpuid_features[f];

		if (all_avx512 ? starts(b->name, "avx512") :
		    named && same_place(b, named)) {
			drop(h, f);
			found = true;
		}
	}
	if (found)
		return 0;
	err_set(e, ERR_INVALID_ARG, "host cpu: no feature is called \"%.*s\"",
	    (int)MIN(len, 64), name);
	err_hint(e, "names are those of <cpu><feature name=''/>, for example "
	    "avx512, avx2, bmi2, fsgsbase");
	return -EINVAL;
}

static int
drop_list(struct cpuid_host *h, const char *list, struct err *e)
{
	while (list && *list) {
		size_t len = 0;

		while (list[len] && list[len] != ',')
			len++;
		if (len && !sandbox_word(list, len)) {
			int rc = drop_name(h, list, len, e);

			if (rc)
				return rc;
		}
		list += len + (list[len] == ',');
	}
	return 0;
}

/* Make the host's leaves say what features[] says. */
static void
strip_leaves(struct cpuid_host *h)
{
	for (unsigned f = FEAT_NONE + 1; f < FEAT_COUNT; f++) {
		const struct cpuid_bit *b = &cpuid_features[f];

		for (unsigned i = 0; i < h->t.n; i++) {
			struct cpuid_leaf *l = &h->t.leaf[i];

			if (cpuid_dropped(h, f) && l->leaf == b->leaf &&
			    (!l->subleafs || l->subleaf == b->sub))
				*cpuid_reg_of(&l->r, b->reg) &= ~(1u << b->bit);
		}
	}
}

/* Components of XCR0 that the features left can use. */
static uint64_t
usable_xcr0(const struct cpuid_table *t)
{
	uint64_t mask = t->host_xcr0 & XCR0_KNOWN;

	if (!cpuid_has(t, FEAT_XSAVE))
		return 0;
	if (!cpuid_has(t, FEAT_AVX))
		mask &= ~XCR0_AVX;
	if (!cpuid_has(t, FEAT_AVX512F))
		mask &= ~XCR0_AVX512;
	return mask;
}

int
cpuid_host_read(struct cpuid_host *h, const char *without, struct err *e)
{
	struct cpuid_regs r = host_cpuid(0, 0);
	int rc;

	fill_bytes(h, 0, sizeof(*h));
	copy_bytes(h->vendor, &r.ebx, 4);
	copy_bytes(h->vendor + 4, &r.edx, 4);
	copy_bytes(h->vendor + 8, &r.ecx, 4);
	h->t.max_basic = r.eax;
	h->t.max_ext = host_cpuid(EXT_LEAF, 0).eax;
	read_leaves(&h->t);
	cpuid_collect_features(&h->t);
	h->t.phys_bits = (uint8_t)cpuid_leaf_get(&h->t, 0x80000008, 0).eax;
	if (cpuid_has(&h->t, FEAT_OSXSAVE))
		h->t.host_xcr0 = host_xcr0();
	else
		drop(h, FEAT_XSAVE);
	rc = drop_list(h, without, e);
	if (rc)
		return rc;
	close_features(h);
	strip_leaves(h);
	if (!cpuid_has(&h->t, FEAT_XSAVE))
		h->t.host_xcr0 = 0;
	h->t.xcr0_mask = usable_xcr0(&h->t);
	return 0;
}

/* --- what a guest can have --- */

bool
cpuid_is_amd(const struct cpuid_host *h)
{
	return starts(h->vendor, "AuthenticAMD") ||
	    starts(h->vendor, "HygonGenuine");
}

static bool
bit_dropped(const struct cpuid_host *h, const struct cpuid_bit *b)
{
	for (unsigned f = FEAT_NONE + 1; f < FEAT_COUNT; f++)
		if (same_place(&cpuid_features[f], b))
			return cpuid_dropped(h, f);
	return false;
}

static bool
bit_offered(const struct cpuid_host *h, const struct cpuid_bit *b,
    uint32_t host)
{
	if (b->policy == CPUID_PASS)
		return host >> b->bit & 1;
	return (b->policy == CPUID_SET || b->policy ==
	    (cpuid_is_amd(h) ? CPUID_SET_AMD : CPUID_SET_INTEL)) &&
	    !bit_dropped(h, b);
}

void
cpuid_offered(const struct cpuid_host *h, struct cpuid_set *s)
{
	for (unsigned w = 0; w < CPUID_WORDS; w++) {
		const struct cpuid_word *word = &cpuid_words[w];
		struct cpuid_regs r = cpuid_leaf_get(&h->t, word->leaf,
		    word->sub);

		s->w[w] = 0;
		for (unsigned bit = 0; bit < 32; bit++) {
			const struct cpuid_bit *b = cpuid_bit_find(word->leaf,
			    word->sub, word->reg, bit);

			if (b && bit_offered(h, b,
			    *cpuid_reg_of(&r, word->reg)))
				s->w[w] |= 1u << bit;
		}
	}
}

/* Which word of a set a bit is in. */
static unsigned
word_of(const struct cpuid_bit *b)
{
	unsigned w = 0;

	while (cpuid_words[w].leaf != b->leaf || cpuid_words[w].sub != b->sub ||
	    cpuid_words[w].reg != b->reg)
		w++;
	return w;
}

bool
cpuid_set_has(const struct cpuid_set *s, const struct cpuid_bit *b)
{
	return s->w[word_of(b)] >> b->bit & 1;
}

void
cpuid_set_put(struct cpuid_set *s, const struct cpuid_bit *b, bool on)
{
	uint32_t *w = &s->w[word_of(b)];

	*w = on ? *w | 1u << b->bit : *w & ~(1u << b->bit);
}

unsigned
cpuid_set_names(const struct cpuid_set *s, char *buf, size_t size)
{
	unsigned n = 0;
	size_t len = 0;

	for (unsigned w = 0; w < CPUID_WORDS; w++)
		for (unsigned bit = 0; bit < 32; bit++) {
			const struct cpuid_bit *b;
			const char *name;

			if (!(s->w[w] >> bit & 1))
				continue;
			b = cpuid_bit_find(cpuid_words[w].leaf,
			    cpuid_words[w].sub, cpuid_words[w].reg, bit);
			name = b ? b->name : "?";
			if (n++ && len + 2 < size) {
				buf[len++] = ',';
				buf[len++] = ' ';
			}
			while (*name && len + 1 < size)
				buf[len++] = *name++;
		}
	buf[len] = '\0';
	return n;
}
