/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The guest's CPUID: which leaves there are, what of each is the host's and
 * what is ours.  cpuid_host.c reads the host, cpuid_tab.c says which feature
 * bits are offered, cpu_model.c which of them a domain is given.
 */
#include "modes/cpuid.h"

#include <errno.h>

#include "base/copy.h"
#include "modes/cpu_state.h"
#include "modes/cpuid_tab.h"
#include "modes/x86/decode.h"

#define KVM_LEAF 0x40000000u
#define EXT_LEAF 0x80000000u
#define XCR0_AVX UINT64_C(4)
#define XCR0_AVX512 UINT64_C(0xe0)
/* More would only make page tables' reserved bits and 1:1 maps larger. */
#define MAX_PHYS_BITS 40
/* io/chip/lapic.h counts at 1 GHz. */
#define APIC_TIMER_KHZ 1000000u
/* The last leaves of a model; of the host, where it is passed through. */
#define MODEL_MAX_BASIC 0xdu
#define HOST_MAX_BASIC 0x16u
#define DIE_LEAF 0x1fu

/* Everything that goes into a guest's table. */
struct recipe {
	const struct cpuid_host *h;
	const struct cpuid_guest *g;
	struct cpuid_table *t;
	struct cpuid_set set;
	unsigned apic_bits;	/* width of an APIC id in the package */
	unsigned per_package;	/* vCPUs */
	uint32_t tsc_khz;
	bool amd;
};

/* Of the leaves that a model has its own numbers for. */
static struct cpuid_regs
host_numbers(const struct recipe *c, uint32_t leaf, unsigned sub)
{
	return c->g->signature ? (struct cpuid_regs){ 0, 0, 0, 0 } :
	    cpuid_leaf_get(&c->h->t, leaf, sub);
}

static uint32_t
feature_word(const struct recipe *c, uint32_t leaf, unsigned sub,
    unsigned reg)
{
	unsigned w = 0;

	while (cpuid_words[w].leaf != leaf || cpuid_words[w].sub != sub ||
	    cpuid_words[w].reg != reg)
		w++;
	return c->set.w[w];
}

/* EAX of leaf 1. */
static uint32_t
signature(const struct recipe *c)
{
	return c->g->signature ? c->g->signature :
	    cpuid_leaf_get(&c->h->t, 1, 0).eax;
}

static void
basic_leaves(const struct recipe *c)
{
	struct cpuid_regs r = cpuid_leaf_get(&c->h->t, 0, 0);

	r.eax = c->t->max_basic;
	cpuid_leaf_put(c->t, 0, 0, false, r);
	cpuid_leaf_put(c->t, 1, 0, false, (struct cpuid_regs){
		.eax = signature(c),
		/* CLFLUSH works on 64 bytes. */
		.ebx = 8 << 8 | c->per_package << 16,
		.ecx = feature_word(c, 1, 0, CPUID_ECX),
		.edx = feature_word(c, 1, 0, CPUID_EDX) |
		    (c->per_package > 1 ? 1u << 28 : 0),
	});
	cpuid_leaf_put(c->t, 2, 0, false, host_numbers(c, 2, 0));
	cpuid_leaf_put(c->t, 6, 0, false, (struct cpuid_regs){
	    .eax = feature_word(c, 6, 0, CPUID_EAX) });
	cpuid_leaf_put(c->t, 0x16, 0, false, host_numbers(c, 0x16, 0));
}

/* A model's caches, in the form of leaf 4: 32 + 32 KiB, 1 MiB, 16 MiB. */
static const struct cpuid_regs model_caches[] = {
	{ 0x121, 7u << 22 | 63, 63, 0 }, { 0x122, 7u << 22 | 63, 63, 0 },
	{ 0x143, 15u << 22 | 63, 1023, 0 }, { 0x163, 15u << 22 | 63, 16383, 0 },
};

/*
 * Cache leaves 4 (Intel) and 0x8000001d (AMD): the last level is shared by a
 * die, the others by the threads of a core.
 */
static void
cache_leaf(const struct recipe *c, uint32_t leaf)
{
	unsigned die = c->t->thread_bits + c->t->core_bits;
	unsigned cores = c->apic_bits - c->t->thread_bits;

	for (unsigned sub = 0; sub < 8; sub++) {
		struct cpuid_regs r = host_numbers(c, leaf, sub);

		if (c->g->signature && sub < ARRAY_LEN(model_caches))
			r = model_caches[sub];
		if (!(r.eax & 31))
			break;
		r.eax &= 0x3fff;
		r.eax |= ((1u << ((r.eax >> 5 & 7) >= 3 ? die :
		    c->t->thread_bits)) - 1) << 14;
		if (leaf == 4)
			r.eax |= ((1u << MIN(cores, 6u)) - 1) << 26;
		cpuid_leaf_put(c->t, leaf, sub, true, r);
	}
}

static void
feature_leaf_7(const struct recipe *c)
{
	cpuid_leaf_put(c->t, 7, 0, true, (struct cpuid_regs){
		.eax = c->amd ? MIN(cpuid_leaf_get(&c->h->t, 7, 0).eax, 2u) :
		    2,
		.ebx = feature_word(c, 7, 0, CPUID_EBX),
		.ecx = feature_word(c, 7, 0, CPUID_ECX),
		.edx = feature_word(c, 7, 0, CPUID_EDX),
	});
	cpuid_leaf_put(c->t, 7, 1, true, (struct cpuid_regs){
		.eax = feature_word(c, 7, 1, CPUID_EAX),
		.ebx = feature_word(c, 7, 1, CPUID_EBX),
		.ecx = feature_word(c, 7, 1, CPUID_ECX),
		.edx = feature_word(c, 7, 1, CPUID_EDX),
	});
	cpuid_leaf_put(c->t, 7, 2, true, (struct cpuid_regs){
		.edx = feature_word(c, 7, 2, CPUID_EDX) });
}

/* Threads, then cores; 0x1f knows dies, too. */
static void
topology_leaf(const struct recipe *c)
{
	const struct cpuid_table *t = c->t;
	unsigned core_shift = t->thread_bits + t->core_bits;

	cpuid_leaf_put(c->t, 0xb, 0, true, (struct cpuid_regs){
	    .eax = t->thread_bits, .ebx = t->threads, .ecx = 0x100 });
	cpuid_leaf_put(c->t, 0xb, 1, true, (struct cpuid_regs){
	    .eax = c->apic_bits, .ebx = c->per_package, .ecx = 0x201 });
	if (t->dies == 1)
		return;
	cpuid_leaf_put(c->t, DIE_LEAF, 0, true, (struct cpuid_regs){
	    .eax = t->thread_bits, .ebx = t->threads, .ecx = 0x100 });
	cpuid_leaf_put(c->t, DIE_LEAF, 1, true, (struct cpuid_regs){
	    .eax = core_shift, .ebx = c->per_package / t->dies,
	    .ecx = 0x201 });
	cpuid_leaf_put(c->t, DIE_LEAF, 2, true, (struct cpuid_regs){
	    .eax = c->apic_bits, .ebx = c->per_package, .ecx = 0x502 });
}

/* Bytes of a standard-format XSAVE area with these components. */
static uint32_t
xsave_size(const struct cpuid_table *t, uint64_t xcr0)
{
	uint32_t size = 576;

	for (unsigned i = 2; i < 8; i++) {
		struct cpuid_regs r = cpuid_leaf_get(t, 0xd, i);

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
		struct cpuid_regs r = cpuid_leaf_get(t, 0xd, i);

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
			cpuid_leaf_put(c->t, 0xd, i, true, cpuid_leaf_get(&c->h->t, 0xd, i));
	cpuid_leaf_put(c->t, 0xd, 0, true, (struct cpuid_regs){
		.eax = (uint32_t)mask,
		.ebx = 576,
		.ecx = xsave_size(c->t, mask),
	});
	cpuid_leaf_put(c->t, 0xd, 1, true, (struct cpuid_regs){
		.eax = feature_word(c, 0xd, 1, CPUID_EAX) });
}

/* KVM's signature and what of its interface there is. */
static void
hypervisor_leaves(const struct recipe *c)
{
	const uint32_t clock = 1u << 0, nop_io_delay = 1u << 1;
	const uint32_t clock2 = 1u << 3, stable = 1u << 24;

	cpuid_leaf_put(c->t, KVM_LEAF, 0, false, (struct cpuid_regs){
	    KVM_LEAF + 0x10, 0x4b4d564b, 0x564b4d56, 0x4d });
	cpuid_leaf_put(c->t, KVM_LEAF + 1, 0, false, (struct cpuid_regs){
	    .eax = nop_io_delay |
	    (c->g->no_kvmclock ? 0 : clock | clock2 | stable) });
	cpuid_leaf_put(c->t, KVM_LEAF + 0x10, 0, false, (struct cpuid_regs){
	    .eax = c->tsc_khz, .ebx = APIC_TIMER_KHZ });
}

/* Leaves 0x80000002 to 4: 48 characters. */
static void
brand_leaves(const struct recipe *c)
{
	char text[48];
	unsigned n = 0;

	fill_bytes(text, 0, sizeof(text));
	while (c->g->brand && c->g->brand[n] && n + 1 < sizeof(text)) {
		text[n] = c->g->brand[n];
		n++;
	}
	for (unsigned i = 0; i < 3; i++) {
		struct cpuid_regs r = cpuid_leaf_get(&c->h->t,
		    EXT_LEAF + 2 + i, 0);

		if (c->g->brand)
			copy_bytes(&r, text + i * sizeof(r), sizeof(r));
		cpuid_leaf_put(c->t, EXT_LEAF + 2 + i, 0, false, r);
	}
}

/* L1 and L2, L3 as AMD tells them; of a model, those of leaf 4. */
static void
amd_cache_leaves(const struct recipe *c)
{
	const uint32_t l1 = 32u << 24 | 8u << 16 | 1u << 8 | 64;
	const uint32_t l2 = 1024u << 16 | 8u << 12 | 1u << 8 | 64;
	const uint32_t l3 = 32u << 18 | 8u << 12 | 1u << 8 | 64;

	if (!c->g->signature) {
		for (uint32_t leaf = EXT_LEAF + 5; leaf <= EXT_LEAF + 6; leaf++)
			cpuid_leaf_put(c->t, leaf, 0, false,
			    cpuid_leaf_get(&c->h->t, leaf, 0));
		return;
	}
	if (c->amd)
		cpuid_leaf_put(c->t, EXT_LEAF + 5, 0, false,
		    (struct cpuid_regs){ .ecx = l1, .edx = l1 });
	cpuid_leaf_put(c->t, EXT_LEAF + 6, 0, false, (struct cpuid_regs){
	    .ecx = l2, .edx = c->amd ? l3 : 0 });
}

static void
extended_leaves(const struct recipe *c)
{
	struct cpuid_regs r = cpuid_leaf_get(&c->h->t, EXT_LEAF, 0);

	r.eax = c->t->max_ext;
	cpuid_leaf_put(c->t, EXT_LEAF, 0, false, r);
	r = (struct cpuid_regs){ 0, 0, 0, 0 };
	if (c->amd) {
		r.eax = signature(c);
		r.ebx = host_numbers(c, EXT_LEAF + 1, 0).ebx;
	}
	r.ecx = feature_word(c, EXT_LEAF + 1, 0, CPUID_ECX);
	r.edx = feature_word(c, EXT_LEAF + 1, 0, CPUID_EDX) & ~CPUID_REPEATED;
	if (c->amd)
		r.edx |= feature_word(c, 1, 0, CPUID_EDX) & CPUID_REPEATED;
	if (c->amd && c->per_package > 1)
		r.ecx |= 1u << 1;
	/* Without leaf 0x8000001e nobody finds AMD's threads. */
	if (c->amd && c->t->threads > 1)
		r.ecx |= 1u << 22;
	cpuid_leaf_put(c->t, EXT_LEAF + 1, 0, false, r);
	brand_leaves(c);
	amd_cache_leaves(c);
	cpuid_leaf_put(c->t, 0x80000007, 0, false, (struct cpuid_regs){
		.ebx = feature_word(c, 0x80000007, 0, CPUID_EBX),
		.edx = feature_word(c, 0x80000007, 0, CPUID_EDX),
	});
	cpuid_leaf_put(c->t, 0x80000008, 0, false, (struct cpuid_regs){
		.eax = c->t->phys_bits | 48u << 8,
		.ebx = feature_word(c, 0x80000008, 0, CPUID_EBX),
		.ecx = c->amd ? (c->per_package - 1) | c->apic_bits << 12 : 0,
	});
}

static void
amd_leaves(const struct recipe *c)
{
	cpuid_leaf_put(c->t, 0x80000019, 0, false,
	    host_numbers(c, 0x80000019, 0));
	cpuid_leaf_put(c->t, 0x8000001a, 0, false,
	    host_numbers(c, 0x8000001a, 0));
	/* The rest is filled in per vCPU. */
	cpuid_leaf_put(c->t, 0x8000001e, 0, false, (struct cpuid_regs){
	    .eax = 1, .ebx = (c->t->threads - 1u) << 8,
	    .ecx = (c->t->dies - 1u) << 8 });
	cpuid_leaf_put(c->t, 0x80000021, 0, false, (struct cpuid_regs){
		.eax = feature_word(c, 0x80000021, 0, CPUID_EAX),
		.ecx = feature_word(c, 0x80000021, 0, CPUID_ECX),
	});
}

/* AMD's rules of decoding, or Intel's. */
static void
tell_decoder(const struct recipe *c)
{
	insn_decode_set_vendor(c->amd ? INSN_AMD : INSN_INTEL);
}

static unsigned
width(unsigned n)
{
	unsigned bits = 0;

	while ((1u << bits) < n)
		bits++;
	return bits;
}

static int
set_topology(struct recipe *c, struct err *e)
{
	const struct cpuid_guest *g = c->g;
	unsigned n = g->n_vcpus;
	bool flat = !g->threads;
	struct cpuid_table *t = c->t;

	if (!n || n > 255)
		return err_set(e, ERR_INVALID_ARG,
		    "cpu: %u vcpus cannot be numbered", n);
	if (!flat && (!g->sockets || !g->dies || !g->cores ||
	    g->sockets > n || g->dies > n || g->cores > n || g->threads > n ||
	    g->sockets * g->dies * g->cores * g->threads != n))
		return err_set(e, ERR_CONFIG_UNSUPPORTED, "cpu: a topology of "
		    "%u sockets, %u dies, %u cores, %u threads does not make "
		    "%u vcpus", g->sockets, g->dies, g->cores, g->threads, n);
	t->threads = (uint16_t)(flat ? 1 : g->threads);
	t->cores = (uint16_t)(flat ? n : g->cores);
	t->dies = (uint16_t)(flat ? 1 : g->dies);
	t->thread_bits = (uint8_t)width(t->threads);
	t->core_bits = (uint8_t)width(t->cores);
	t->die_bits = (uint8_t)width(t->dies);
	c->apic_bits = t->thread_bits + t->core_bits + t->die_bits;
	c->per_package = (unsigned)t->threads * t->cores * t->dies;
	/* 255 is everybody's. */
	if (cpuid_apic_id(t, n - 1) > 254)
		return err_set(e, ERR_CONFIG_UNSUPPORTED, "cpu: the topology "
		    "needs APIC ids above 254");
	return 0;
}

static int
set_features(struct recipe *c, struct err *e)
{
	struct cpuid_set missing;
	char names[256];
	uint32_t any = 0;
	unsigned n;

	cpuid_offered(c->h, &c->set);
	if (!c->g->set)
		return 0;
	for (unsigned w = 0; w < CPUID_WORDS; w++) {
		missing.w[w] = c->g->set->w[w] & ~c->set.w[w];
		any |= missing.w[w];
	}
	c->set = *c->g->set;
	if (!any)
		return 0;
	n = cpuid_set_names(&missing, names, sizeof(names));
	return err_set(e, ERR_CPU_INCOMPATIBLE, "cpu: this host cannot give "
	    "the %u features %s", n, names);
}

/* Components of XCR0 that the guest's features can use. */
static uint64_t
guest_xcr0(const struct recipe *c)
{
	uint64_t mask = c->h->t.xcr0_mask;

	if (!cpuid_set_has(&c->set, &cpuid_features[FEAT_XSAVE]))
		return 0;
	if (!cpuid_set_has(&c->set, &cpuid_features[FEAT_AVX]))
		mask &= ~XCR0_AVX;
	if (!cpuid_set_has(&c->set, &cpuid_features[FEAT_AVX512F]))
		mask &= ~XCR0_AVX512;
	return mask;
}

static void
set_limits(struct recipe *c)
{
	struct cpuid_table *t = c->t;

	t->max_basic = c->g->signature ? MODEL_MAX_BASIC :
	    MIN(MAX(c->h->t.max_basic, MODEL_MAX_BASIC), HOST_MAX_BASIC);
	if (t->dies > 1)
		t->max_basic = DIE_LEAF;
	t->max_ext = c->amd ? 0x80000021 : 0x80000008;
	t->host_xcr0 = c->h->t.host_xcr0;
	t->xcr0_mask = guest_xcr0(c);
	t->phys_bits = (uint8_t)MIN(c->h->t.phys_bits, MAX_PHYS_BITS);
	/* The soft MMU's, whatever the host has. */
	if (c->g->signature)
		t->phys_bits = MAX_PHYS_BITS;
	if (t->phys_bits < 36)
		t->phys_bits = 36;
}

int
cpuid_build(struct cpuid_table *t, const struct cpuid_host *h,
    const struct cpuid_guest *g, uint64_t tsc_khz, struct err *e)
{
	struct recipe c = { .h = h, .g = g, .t = t,
	    .tsc_khz = (uint32_t)tsc_khz, .amd = cpuid_is_amd(h) };
	int rc;

	fill_bytes(t, 0, sizeof(*t));
	rc = set_topology(&c, e);
	if (!rc)
		rc = set_features(&c, e);
	if (rc)
		return rc;
	tell_decoder(&c);
	set_limits(&c);
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
	cpuid_collect_features(t);
	if (!cpuid_has(t, FEAT_LM) || !cpuid_has(t, FEAT_SSE2))
		return err_set(e, ERR_CPU_INCOMPATIBLE,
		    "cpu: the features taken away leave no x86-64 processor");
	return 0;
}

int
cpuid_resolve(struct cpuid_table *t, const struct cpuid_host *h,
    unsigned n_vcpus, uint64_t tsc_khz, struct err *e)
{
	const struct cpuid_guest g = { .n_vcpus = n_vcpus };

	return cpuid_build(t, h, &g, tsc_khz, e);
}

unsigned
cpuid_apic_id(const struct cpuid_table *t, unsigned vcpu)
{
	unsigned thread = vcpu % t->threads;
	unsigned core = vcpu / t->threads % t->cores;
	unsigned die = vcpu / (t->threads * t->cores) % t->dies;
	unsigned socket = vcpu / (t->threads * t->cores * t->dies);

	return ((socket << t->die_bits | die) << t->core_bits | core) <<
	    t->thread_bits | thread;
}

/* --- answering --- */

/* What of an answer depends on the vCPU's own state. */
static void
patch(const struct cpuid_table *t, uint32_t leaf, uint32_t subleaf,
    unsigned vcpu, uint64_t cr4, uint64_t xcr0, uint64_t xss,
    struct cpuid_regs *r)
{
	unsigned apic_id = cpuid_apic_id(t, vcpu);

	switch (leaf) {
	case 1:
		r->ebx |= apic_id << 24;
		if (cr4 & CR4_OSXSAVE)
			r->ecx |= 1u << 27;
		break;
	case 0xb:
	case DIE_LEAF:
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
		/* The core within the package, and the node. */
		r->ebx |= (apic_id >> t->thread_bits) &
		    ((1u << (t->core_bits + t->die_bits)) - 1) & 0xff;
		r->ecx |= vcpu / (t->threads * t->cores);
		break;
	}
}

void
cpuid_answer(const struct cpuid_table *t, uint32_t leaf, uint32_t subleaf,
    unsigned vcpu, uint64_t cr4, uint64_t xcr0, uint64_t xss,
    struct cpuid_regs *r)
{
	const struct cpuid_leaf *l;

	/*
	 * Above the last basic leaf Intel answers with the last one; ours is
	 * zero wherever that could be, as AMD's is.
	 */
	l = cpuid_leaf_find(t, leaf, subleaf);
	*r = l ? l->r : (struct cpuid_regs){ 0, 0, 0, 0 };
	if (l || leaf == 0xb || (leaf == DIE_LEAF && t->dies > 1))
		patch(t, leaf, subleaf, vcpu, cr4, xcr0, xss, r);
}
