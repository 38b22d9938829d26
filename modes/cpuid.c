/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading the host's CPUID, and resolving the guest's from it: which leaves
 * there are, what of each is the host's and what is ours.  Which feature bits
 * are offered is said by the tables in cpuid_tab.c.
 */
#include "modes/cpuid.h"

#include <errno.h>

#include "base/copy.h"
#include "base/sandbox.h"
#include "modes/cpu_state.h"
#include "modes/cpuid_tab.h"
#include "modes/x86/decode.h"

#define KVM_LEAF 0x40000000u
#define EXT_LEAF 0x80000000u
/* Components of XCR0 that the vCPU's state carries: x87, SSE, AVX, AVX-512. */
#define XCR0_KNOWN UINT64_C(0xe7)
#define XCR0_AVX UINT64_C(4)
#define XCR0_AVX512 UINT64_C(0xe0)
/* More would only make page tables' reserved bits and 1:1 maps larger. */
#define MAX_PHYS_BITS 40
/* io/chip/lapic.h counts at 1 GHz. */
#define APIC_TIMER_KHZ 1000000u

/* --- table access --- */

static const struct cpuid_leaf *
find(const struct cpuid_table *t, uint32_t leaf, uint32_t subleaf)
{
	for (unsigned i = 0; i < t->n; i++) {
		const struct cpuid_leaf *l = &t->leaf[i];

		if (l->leaf == leaf && (!l->subleafs || l->subleaf == subleaf))
			return l;
	}
	return NULL;
}

static struct cpuid_regs
get(const struct cpuid_table *t, uint32_t leaf, uint32_t subleaf)
{
	const struct cpuid_leaf *l = find(t, leaf, subleaf);

	return l ? l->r : (struct cpuid_regs){ 0, 0, 0, 0 };
}

/* Registers in the order of enum cpuid_reg. */
static uint32_t *
reg_of(struct cpuid_regs *r, unsigned reg)
{
	uint32_t *const regs[] = { &r->eax, &r->ebx, &r->ecx, &r->edx };

	return regs[reg];
}

static void
put(struct cpuid_table *t, uint32_t leaf, uint32_t subleaf, bool subleafs,
    struct cpuid_regs r)
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
			put(t, leaf, (uint32_t)sub, last >= 0,
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
static void
collect_features(struct cpuid_table *t)
{
	for (unsigned f = FEAT_NONE + 1; f < FEAT_COUNT; f++) {
		const struct cpuid_bit *b = &cpuid_features[f];
		struct cpuid_regs r = get(t, b->leaf, b->sub);

		set_feature(t, f, *reg_of(&r, b->reg) >> b->bit & 1);
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

/* What needs what; taking away the second takes the first away too. */
static const struct {
	enum x86_feature f, needs;
} depends[] = {
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

static bool
dropped(const struct cpuid_host *h, unsigned f)
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
	return b->policy == CPUID_SET && !dropped(h, f);
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
		for (unsigned i = 0; i < ARRAY_LEN(depends); i++) {
			if (is_there(h, depends[i].needs) ||
			    dropped(h, depends[i].f))
				continue;
			drop(h, depends[i].f);
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

/* Is s, of len bytes, the string n? */
static bool
equal(const char *s, size_t len, const char *n)
{
	for (size_t i = 0; i < len; i++)
		if (!n[i] || s[i] != n[i])
			return false;
	return !n[len];
}

static int
drop_name(struct cpuid_host *h, const char *name, size_t len, struct err *e)
{
	bool all_avx512 = len == 6 && starts(name, "avx512");
	bool found = false;

	for (unsigned f = FEAT_NONE + 1; f < FEAT_COUNT; f++) {
		const char *n = cpuid_features[f].name;

		if (all_avx512 ? starts(n, "avx512") :
		    equal(name, len, n)) {
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

			if (dropped(h, f) && l->leaf == b->leaf &&
			    (!l->subleafs || l->subleaf == b->sub))
				*reg_of(&l->r, b->reg) &= ~(1u << b->bit);
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

/* AMD's rules of decoding, or Intel's. */
static void
tell_decoder(const struct cpuid_host *h)
{
	static const char *const amd[] = { "AuthenticAMD", "HygonGenuine" };
	bool is_amd = false;

	for (unsigned k = 0; k < ARRAY_LEN(amd); k++) {
		unsigned n = 0;

		while (n < 12 && h->vendor[n] == amd[k][n])
			n++;
		is_amd |= n == 12;
	}
	insn_decode_set_vendor(is_amd ? INSN_AMD : INSN_INTEL);
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
	tell_decoder(h);
	h->t.max_basic = r.eax;
	h->t.max_ext = host_cpuid(EXT_LEAF, 0).eax;
	read_leaves(&h->t);
	collect_features(&h->t);
	h->t.phys_bits = (uint8_t)get(&h->t, 0x80000008, 0).eax;
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

/* --- resolving --- */

/* Everything that goes into a guest's table. */
struct recipe {
	const struct cpuid_host *h;
	struct cpuid_table *t;
	unsigned n_vcpus;
	unsigned apic_bits;	/* width of an APIC id in the package */
	uint32_t tsc_khz;
	bool amd;
};

static bool
host_dropped(const struct recipe *c, const struct cpuid_bit *b)
{
	for (unsigned f = FEAT_NONE + 1; f < FEAT_COUNT; f++) {
		const struct cpuid_bit *x = &cpuid_features[f];

		if (x->leaf == b->leaf && x->sub == b->sub &&
		    x->reg == b->reg && x->bit == b->bit)
			return dropped(c->h, f);
	}
	return false;
}

/* The value of one feature word: host, policies and what was taken away. */
static uint32_t
feature_word(const struct recipe *c, uint32_t leaf, unsigned sub,
    unsigned reg)
{
	struct cpuid_regs host = get(&c->h->t, leaf, sub);
	uint32_t word = 0;

	for (unsigned bit = 0; bit < 32; bit++) {
		const struct cpuid_bit *b = cpuid_bit_find(leaf, sub, reg, bit);
		bool on = false;

		if (!b)
			continue;
		if (b->policy == CPUID_PASS)
			on = *reg_of(&host, reg) >> bit & 1;
		else if (b->policy == CPUID_SET ||
		    b->policy == (c->amd ? CPUID_SET_AMD : CPUID_SET_INTEL))
			on = !host_dropped(c, b);
		if (on)
			word |= 1u << bit;
	}
	return word;
}

static void
basic_leaves(const struct recipe *c)
{
	const struct cpuid_table *host = &c->h->t;
	struct cpuid_regs r = get(host, 0, 0);
	unsigned threads = MIN(c->n_vcpus, 255u);

	r.eax = c->t->max_basic;
	put(c->t, 0, 0, false, r);
	r = get(host, 1, 0);
	r.ebx = (r.ebx & 0xff00) | threads << 16;
	r.ecx = feature_word(c, 1, 0, CPUID_ECX);
	r.edx = feature_word(c, 1, 0, CPUID_EDX) |
	    (c->n_vcpus > 1 ? 1u << 28 : 0);
	put(c->t, 1, 0, false, r);
	put(c->t, 2, 0, false, get(host, 2, 0));
	put(c->t, 6, 0, false, (struct cpuid_regs){
	    .eax = feature_word(c, 6, 0, CPUID_EAX) });
	put(c->t, 0x16, 0, false, get(host, 0x16, 0));
}

/*
 * Cache leaves 4 (Intel) and 0x8000001d (AMD): the sizes are the host's, the
 * last level is shared by all vCPUs, the others by none.
 */
static void
cache_leaf(const struct recipe *c, uint32_t leaf)
{
	for (unsigned sub = 0; sub < 8; sub++) {
		struct cpuid_regs r = get(&c->h->t, leaf, sub);

		if (!(r.eax & 31))
			break;
		r.eax &= 0x3fff;
		if ((r.eax >> 5 & 7) >= 3)
			r.eax |= ((1u << c->apic_bits) - 1) << 14;
		if (leaf == 4)
			r.eax |= ((1u << MIN(c->apic_bits, 6u)) - 1) << 26;
		put(c->t, leaf, sub, true, r);
	}
}

static void
feature_leaf_7(const struct recipe *c)
{
	put(c->t, 7, 0, true, (struct cpuid_regs){
		.eax = c->amd ? MIN(get(&c->h->t, 7, 0).eax, 2u) : 2,
		.ebx = feature_word(c, 7, 0, CPUID_EBX),
		.ecx = feature_word(c, 7, 0, CPUID_ECX),
		.edx = feature_word(c, 7, 0, CPUID_EDX),
	});
	put(c->t, 7, 1, true, (struct cpuid_regs){
		.eax = feature_word(c, 7, 1, CPUID_EAX),
		.ebx = feature_word(c, 7, 1, CPUID_EBX),
		.ecx = feature_word(c, 7, 1, CPUID_ECX),
		.edx = feature_word(c, 7, 1, CPUID_EDX),
	});
	put(c->t, 7, 2, true, (struct cpuid_regs){
		.edx = feature_word(c, 7, 2, CPUID_EDX) });
}

/* Flat: one package, a core per vCPU, one thread each. */
static void
topology_leaf(const struct recipe *c)
{
	put(c->t, 0xb, 0, true, (struct cpuid_regs){
	    .eax = 0, .ebx = 1, .ecx = 0x100 });
	put(c->t, 0xb, 1, true, (struct cpuid_regs){
	    .eax = c->apic_bits, .ebx = c->n_vcpus, .ecx = 0x201 });
}

/* Bytes of a standard-format XSAVE area with these components. */
static uint32_t
xsave_size(const struct cpuid_table *t, uint64_t xcr0)
{
	uint32_t size = 576;

	for (unsigned i = 2; i < 8; i++) {
		struct cpuid_regs r = get(t, 0xd, i);

		if (xcr0 >> i & 1)
			size = MAX(size, r.eax + r.ebx);
	}
	return size;
}

/* The same, compacted: components follow each other, some aligned to 64. */
static uint32_t
xsavec_size(const struct cpuid_table *t, uint64_t xstate)
{
	uint32_t size = 576;

	for (unsigned i = 2; i < 8; i++) {
		struct cpuid_regs r = get(t, 0xd, i);

		if (!(xstate >> i & 1))
			continue;
		if (r.ecx & 2)
			size = (size + 63) & ~63u;
		size += r.eax;
	}
	return size;
}

static void
xsave_leaf(const struct recipe *c)
{
	uint64_t mask = c->t->xcr0_mask;

	if (!mask)
		return;
	/* Components first: the sizes are computed from them. */
	for (unsigned i = 2; i < 8; i++)
		if (mask >> i & 1)
			put(c->t, 0xd, i, true, get(&c->h->t, 0xd, i));
	put(c->t, 0xd, 0, true, (struct cpuid_regs){
		.eax = (uint32_t)mask,
		.ebx = 576,
		.ecx = xsave_size(c->t, mask),
	});
	put(c->t, 0xd, 1, true, (struct cpuid_regs){
		.eax = feature_word(c, 0xd, 1, CPUID_EAX) });
}

/* KVM's signature and what of its interface there is. */
static void
hypervisor_leaves(const struct recipe *c)
{
	const uint32_t clock = 1u << 0, nop_io_delay = 1u << 1;
	const uint32_t clock2 = 1u << 3, stable = 1u << 24;

	put(c->t, KVM_LEAF, 0, false, (struct cpuid_regs){
	    KVM_LEAF + 0x10, 0x4b4d564b, 0x564b4d56, 0x4d });
	put(c->t, KVM_LEAF + 1, 0, false, (struct cpuid_regs){
	    .eax = clock | nop_io_delay | clock2 | stable });
	put(c->t, KVM_LEAF + 0x10, 0, false, (struct cpuid_regs){
	    .eax = c->tsc_khz, .ebx = APIC_TIMER_KHZ });
}

static void
extended_leaves(const struct recipe *c)
{
	const struct cpuid_table *host = &c->h->t;
	struct cpuid_regs r = get(host, EXT_LEAF, 0);

	r.eax = c->t->max_ext;
	put(c->t, EXT_LEAF, 0, false, r);
	r = get(host, 0x80000001, 0);
	r.ecx = feature_word(c, 0x80000001, 0, CPUID_ECX);
	r.edx = feature_word(c, 0x80000001, 0, CPUID_EDX);
	if (c->amd && c->n_vcpus > 1)
		r.ecx |= 2;
	put(c->t, 0x80000001, 0, false, r);
	for (uint32_t leaf = 0x80000002; leaf <= 0x80000006; leaf++)
		put(c->t, leaf, 0, false, get(host, leaf, 0));
	put(c->t, 0x80000007, 0, false, (struct cpuid_regs){
		.ebx = feature_word(c, 0x80000007, 0, CPUID_EBX),
		.edx = feature_word(c, 0x80000007, 0, CPUID_EDX),
	});
	put(c->t, 0x80000008, 0, false, (struct cpuid_regs){
		.eax = c->t->phys_bits | 48u << 8,
		.ebx = feature_word(c, 0x80000008, 0, CPUID_EBX),
		.ecx = c->amd ? (c->n_vcpus - 1) | c->apic_bits << 12 : 0,
	});
}

static void
amd_leaves(const struct recipe *c)
{
	const struct cpuid_table *host = &c->h->t;

	put(c->t, 0x80000019, 0, false, get(host, 0x80000019, 0));
	put(c->t, 0x8000001a, 0, false, get(host, 0x8000001a, 0));
	/* One node; EAX and EBX are filled in per vCPU. */
	put(c->t, 0x8000001e, 0, false, (struct cpuid_regs){ .eax = 1 });
	put(c->t, 0x80000021, 0, false, (struct cpuid_regs){
		.eax = feature_word(c, 0x80000021, 0, CPUID_EAX),
		.ecx = feature_word(c, 0x80000021, 0, CPUID_ECX),
	});
}

int
cpuid_resolve(struct cpuid_table *t, const struct cpuid_host *h,
    unsigned n_vcpus, uint64_t tsc_khz, struct err *e)
{
	struct recipe c = { .h = h, .t = t, .n_vcpus = n_vcpus,
	    .tsc_khz = (uint32_t)tsc_khz };

	if (!n_vcpus || n_vcpus > 255)
		return err_set(e, ERR_INVALID_ARG,
		    "cpu: %u vcpus cannot be numbered", n_vcpus);
	c.amd = starts(h->vendor, "AuthenticAMD") ||
	    starts(h->vendor, "HygonGenuine");
	while ((1u << c.apic_bits) < n_vcpus)
		c.apic_bits++;
	fill_bytes(t, 0, sizeof(*t));
	t->max_basic = MIN(MAX(h->t.max_basic, 0xdu), 0x16u);
	t->max_ext = c.amd ? 0x80000021 : 0x80000008;
	t->host_xcr0 = h->t.host_xcr0;
	t->xcr0_mask = h->t.xcr0_mask;
	t->phys_bits = (uint8_t)MIN(h->t.phys_bits, MAX_PHYS_BITS);
	if (t->phys_bits < 36)
		t->phys_bits = 36;
	basic_leaves(&c);
	cache_leaf(&c, 4);
	feature_leaf_7(&c);
	topology_leaf(&c);
	xsave_leaf(&c);
	hypervisor_leaves(&c);
	extended_leaves(&c);
	if (c.amd) {
		amd_leaves(&c);
		cache_leaf(&c, 0x8000001d);
	}
	collect_features(t);
	if (!cpuid_has(t, FEAT_LM) || !cpuid_has(t, FEAT_SSE2))
		return err_set(e, ERR_CPU_INCOMPATIBLE,
		    "cpu: the host's features taken away leave no x86-64 "
		    "processor");
	return 0;
}

/* --- answering --- */

/* What of an answer depends on the vCPU's own state. */
static void
patch(const struct cpuid_table *t, uint32_t leaf, uint32_t subleaf,
    unsigned apic_id, uint64_t cr4, uint64_t xcr0, uint64_t xss,
    struct cpuid_regs *r)
{
	switch (leaf) {
	case 1:
		r->ebx |= apic_id << 24;
		if (cr4 & CR4_OSXSAVE)
			r->ecx |= 1u << 27;
		break;
	case 0xb:
		r->edx = apic_id;
		r->ecx = (r->ecx & ~0xffu) | (subleaf & 0xff);
		break;
	case 0xd:
		if (subleaf == 0)
			r->ebx = xsave_size(t, xcr0);
		else if (subleaf == 1)
			r->ebx = r->eax & 2 ? xsavec_size(t, xcr0 | xss) : 0;
		break;
	case 0x8000001e:
		r->eax = apic_id;
		r->ebx = apic_id;
		break;
	}
}

void
cpuid_answer(const struct cpuid_table *t, uint32_t leaf, uint32_t subleaf,
    unsigned apic_id, uint64_t cr4, uint64_t xcr0, uint64_t xss,
    struct cpuid_regs *r)
{
	const struct cpuid_leaf *l;

	/*
	 * Above the last basic leaf Intel answers with the last one; ours is
	 * zero wherever that could be, as AMD's is.
	 */
	l = find(t, leaf, subleaf);
	*r = l ? l->r : (struct cpuid_regs){ 0, 0, 0, 0 };
	if (l || leaf == 0xb)
		patch(t, leaf, subleaf, apic_id, cr4, xcr0, xss, r);
}
