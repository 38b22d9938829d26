/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The CPUID policy: every feature bit this host has is either offered or has
 * its reason, and what is offered hangs together.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "modes/cpu_state.h"
#include "modes/cpuid_tab.h"

static struct cpuid_host host;
static struct cpuid_table t;

static struct cpuid_regs
native(uint32_t leaf, uint32_t sub)
{
	struct cpuid_regs r;

	__asm__ volatile("cpuid"
	    : "=a"(r.eax), "=b"(r.ebx), "=c"(r.ecx), "=d"(r.edx)
	    : "a"(leaf), "c"(sub));
	return r;
}

static uint32_t
reg_of(const struct cpuid_regs *r, unsigned reg)
{
	const uint32_t regs[] = { r->eax, r->ebx, r->ecx, r->edx };

	return regs[reg];
}

static struct cpuid_regs
ask(uint32_t leaf, uint32_t sub)
{
	struct cpuid_regs r;

	cpuid_answer(&t, leaf, sub, 0, 0, 1, 0, &r);
	return r;
}

static void
make(const char *without, unsigned n_vcpus)
{
	struct err e;

	assert_int_equal(cpuid_host_read(&host, without, &e), 0);
	assert_int_equal(cpuid_resolve(&t, &host, n_vcpus, 2596122, &e), 0);
}

/* The words of leaf that this host has at all. */
static bool
host_has_leaf(uint32_t leaf, unsigned sub)
{
	if (native(leaf & 0x80000000, 0).eax < leaf)
		return false;
	return leaf != 7 || sub == 0 || native(7, 0).eax >= sub;
}

static void
every_host_bit_is_offered_or_has_a_reason(void **state)
{
	static const char reg_name[] = "abcd";
	unsigned hidden = 0;
	unsigned offered = 0;

	make(NULL, 1);
	for (unsigned w = 0; w < CPUID_WORDS; w++) {
		const struct cpuid_word *word = &cpuid_words[w];
		struct cpuid_regs h = native(word->leaf, word->sub);
		struct cpuid_regs g = ask(word->leaf, word->sub);

		if (!host_has_leaf(word->leaf, word->sub))
			continue;
		for (unsigned bit = 0; bit < 32; bit++) {
			const struct cpuid_bit *b = cpuid_bit_find(word->leaf,
			    word->sub, word->reg, bit);

			if (!(reg_of(&h, word->reg) >> bit & 1))
				continue;
			if (!b)
				fail_msg("leaf %#x.%u e%cx bit %u is in no "
				    "table", word->leaf, word->sub,
				    reg_name[word->reg], bit);
			if (reg_of(&g, word->reg) >> bit & 1) {
				offered++;
				continue;
			}
			if (b->policy == CPUID_STATE)
				continue;
			if (!b->why || !*b->why)
				fail_msg("leaf %#x.%u e%cx bit %u (%s) is "
				    "missing without a reason", word->leaf,
				    word->sub, reg_name[word->reg], bit,
				    b->name);
			print_message("not offered: %s (%#x.%u e%cx %u): %s\n",
			    b->name, word->leaf, word->sub,
			    reg_name[word->reg], bit, b->why);
			hidden++;
		}
	}
	print_message("%u bits of the host offered, %u not\n", offered,
	    hidden);
}

static void
the_tables_are_sound(void **state)
{
	for (unsigned i = 0; i < cpuid_n_bits; i++) {
		const struct cpuid_bit *b = &cpuid_bits[i];
		bool word = false;

		/* A reason for each bit hidden, none for the others. */
		if ((b->policy == CPUID_HIDE) != (b->why != NULL) &&
		    b->policy != CPUID_STATE)
			fail_msg("%s: policy and reason differ", b->name);
		for (unsigned w = 0; w < CPUID_WORDS; w++)
			word |= cpuid_words[w].leaf == b->leaf &&
			    cpuid_words[w].sub == b->sub &&
			    cpuid_words[w].reg == b->reg;
		if (!word)
			fail_msg("%s is in no feature word", b->name);
		for (unsigned j = 0; j < i; j++)
			if (cpuid_bits[j].leaf == b->leaf &&
			    cpuid_bits[j].sub == b->sub &&
			    cpuid_bits[j].reg == b->reg &&
			    cpuid_bits[j].bit == b->bit)
				fail_msg("%s is listed twice", b->name);
	}
	/* Names in the two lists agree. */
	for (unsigned f = FEAT_NONE + 1; f < FEAT_COUNT; f++) {
		const struct cpuid_bit *x = &cpuid_features[f];
		const struct cpuid_bit *b = cpuid_bit_find(x->leaf, x->sub,
		    x->reg, x->bit);

		assert_string_equal(x->name, b->name);
	}
}

static void
vector_extensions_of_the_host_are_offered(void **state)
{
	static const enum x86_feature want[] = { FEAT_SSE42, FEAT_AES,
	    FEAT_PCLMULQDQ, FEAT_POPCNT, FEAT_MOVBE, FEAT_AVX, FEAT_F16C,
	    FEAT_FMA, FEAT_AVX2, FEAT_BMI1, FEAT_BMI2, FEAT_LZCNT, FEAT_ADX,
	    FEAT_SHA, FEAT_AVX512F, FEAT_AVX512BW, FEAT_AVX512DQ,
	    FEAT_AVX512VL, FEAT_AVX512VBMI2, FEAT_GFNI, FEAT_VAES };

	make(NULL, 1);
	for (unsigned i = 0; i < ARRAY_LEN(want); i++)
		assert_int_equal(cpuid_has(&t, want[i]),
		    cpuid_has(&host.t, want[i]));
}

/* Bits that keep kernels from branch thunks (bt.md 7.0.10). */
static void
mitigations_are_off_by_cpuid(void **state)
{
	make(NULL, 1);
	assert_true(cpuid_has(&t, FEAT_ARCH_CAPABILITIES));
	assert_true(cpuid_has(&t, FEAT_HYPERVISOR));
	assert_true(ask(0x80000008, 0).ebx >> 29 & 1);	/* BTC_NO */
	assert_true(ask(0x80000008, 0).ebx >> 26 & 1);	/* SSB_NO */
	if (!strcmp(host.vendor, "AuthenticAMD")) {
		assert_true(ask(0x80000021, 0).eax >> 8 & 1);	/* AutoIBRS */
		assert_true(ask(0x80000021, 0).eax >> 29 & 1);	/* SRSO_NO */
		assert_true(ask(0x80000021, 0).ecx >> 1 & 1);	/* TSA_SQ_NO */
	} else {
		assert_true(ask(7, 2).edx >> 4 & 1);		/* BHI_CTRL */
	}
	/* IBPB, STIBP, SSBD would only be switched back and forth. */
	assert_false(ask(7, 0).edx >> 26 & 1);
	assert_false(ask(0x80000008, 0).ebx >> 12 & 1);
}

/* The other vendor's guest, from this host with another name. */
static void
vendors_get_their_own_leaves(void **state)
{
	struct err e;

	make(NULL, 1);
	strcpy(host.vendor, "GenuineIntel");
	assert_int_equal(cpuid_resolve(&t, &host, 1, 1000, &e), 0);
	assert_int_equal(ask(0x80000000, 0).eax, 0x80000008);
	assert_int_equal(ask(0x80000021, 0).eax, 0);
	assert_int_equal(ask(7, 0).eax, 2);
	assert_true(ask(7, 2).edx >> 4 & 1);	/* BHI_CTRL */
	strcpy(host.vendor, "AuthenticAMD");
	assert_int_equal(cpuid_resolve(&t, &host, 1, 1000, &e), 0);
	assert_int_equal(ask(0x80000000, 0).eax, 0x80000021);
	assert_false(ask(7, 2).edx >> 4 & 1);
	assert_true(ask(0x80000021, 0).eax >> 6 & 1);	/* NullSelClrBase */
}

static void
taking_features_away(void **state)
{
	struct err e;

	make("avx512,bmi2,fsgsbase", 1);
	assert_false(cpuid_has(&t, FEAT_AVX512F));
	assert_false(cpuid_has(&t, FEAT_AVX512VPOPCNTDQ));
	assert_false(cpuid_has(&t, FEAT_BMI2));
	assert_false(cpuid_has(&t, FEAT_FSGSBASE));
	assert_int_equal(t.xcr0_mask & 0xe0, 0);
	assert_int_equal(ask(0xd, 0).eax & 0xe0, 0);
	assert_int_equal(ask(0xd, 6).eax, 0);
	make("avx", 1);
	assert_false(cpuid_has(&t, FEAT_AVX2));
	assert_false(cpuid_has(&t, FEAT_AVX512F));
	assert_false(cpuid_has(&t, FEAT_VAES));
	assert_int_equal(t.xcr0_mask & ~UINT64_C(3), 0);
	make("x2apic,tsc-deadline", 1);
	assert_false(cpuid_has(&t, FEAT_X2APIC));
	assert_false(cpuid_has(&t, FEAT_TSC_DEADLINE));
	make("xsave", 1);
	assert_int_equal(t.host_xcr0, 0);
	assert_int_equal(ask(0xd, 0).eax, 0);
	assert_int_equal(cpuid_host_read(&host, "avx2,nonsense", &e), -EINVAL);
	assert_non_null(strstr(e.msg, "nonsense"));
	assert_true(e.hint[0]);
	assert_int_equal(cpuid_host_read(&host, "sse2", &e), 0);
	assert_true(cpuid_resolve(&t, &host, 1, 1, &e) < 0);
	assert_int_equal(e.code, ERR_CPU_INCOMPATIBLE);
	make("", 1);
}

/* PCIDs are the soft TLB's business, not the host's. */
static void
pcids_need_no_host(void **state)
{
	struct err e;

	assert_int_equal(cpuid_host_read(&host, NULL, &e), 0);
	for (unsigned i = 0; i < host.t.n; i++) {
		if (host.t.leaf[i].leaf == 1)
			host.t.leaf[i].r.ecx &= ~(1u << 17);
		if (host.t.leaf[i].leaf == 7)
			host.t.leaf[i].r.ebx &= ~(1u << 10);
	}
	assert_int_equal(cpuid_resolve(&t, &host, 1, 2596122, &e), 0);
	assert_true(cpuid_has(&t, FEAT_PCID));
	assert_true(cpuid_has(&t, FEAT_INVPCID));
	make("pcid", 1);
	assert_false(cpuid_has(&t, FEAT_PCID));
	assert_false(cpuid_has(&t, FEAT_INVPCID));
}

static void
what_follows_from_state(void **state)
{
	struct cpuid_regs r;

	make(NULL, 4);
	cpuid_answer(&t, 1, 0, 3, CR4_OSXSAVE, 1, 0, &r);
	assert_int_equal(r.ebx >> 24, 3);
	assert_int_equal(r.ebx >> 16 & 0xff, 4);
	assert_true(r.ecx >> 27 & 1);
	assert_true(r.edx >> 28 & 1);
	cpuid_answer(&t, 1, 0, 3, 0, 1, 0, &r);
	assert_false(r.ecx >> 27 & 1);
	cpuid_answer(&t, 0xb, 1, 3, 0, 1, 0, &r);
	assert_int_equal(r.eax, 2);
	assert_int_equal(r.ebx, 4);
	assert_int_equal(r.ecx, 0x201);
	assert_int_equal(r.edx, 3);
	cpuid_answer(&t, 0xb, 2, 3, 0, 1, 0, &r);
	assert_int_equal(r.ebx, 0);
	assert_int_equal(r.ecx, 2);
	assert_int_equal(r.edx, 3);
}

/* Layout as on the host: XSAVE runs there. */
static void
xsave_sizes_are_the_hosts(void **state)
{
	struct cpuid_regs r;

	make(NULL, 1);
	if (!t.xcr0_mask) {
		print_message("the host has no XSAVE\n");
		return;
	}
	cpuid_answer(&t, 0xd, 0, 0, CR4_OSXSAVE, 3, 0, &r);
	assert_int_equal(r.eax, t.xcr0_mask);
	assert_int_equal(r.ebx, 576);
	assert_in_range(r.ecx, 576, XSAVE_AREA_SIZE);
	cpuid_answer(&t, 0xd, 0, 0, CR4_OSXSAVE, t.xcr0_mask, 0, &r);
	assert_int_equal(r.ebx, r.ecx);
	for (unsigned i = 2; i < 8; i++) {
		struct cpuid_regs h = native(0xd, i);
		struct cpuid_regs g = ask(0xd, i);

		if (!(t.xcr0_mask >> i & 1)) {
			assert_int_equal(g.eax, 0);
			continue;
		}
		assert_int_equal(g.eax, h.eax);
		assert_int_equal(g.ebx, h.ebx);
	}
}

static void
hypervisor_leaves(void **state)
{
	struct cpuid_regs r;

	make(NULL, 1);
	r = ask(0x40000000, 0);
	assert_memory_equal(&r.ebx, "KVMK", 4);
	assert_memory_equal(&r.ecx, "VMKV", 4);
	assert_int_equal(r.edx, 0x4d);
	/* CLOCKSOURCE, NOP_IO_DELAY, CLOCKSOURCE2, CLOCKSOURCE_STABLE. */
	assert_int_equal(ask(0x40000001, 0).eax, 0x0100000b);
	assert_int_equal(ask(0x40000010, 0).eax, 2596122);
	assert_int_equal(ask(0x80000008, 0).eax & 0xff, t.phys_bits);
	assert_in_range(t.phys_bits, 36, 40);
	r = ask(0x3fffffff, 0);
	assert_int_equal(r.eax | r.ebx | r.ecx | r.edx, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_host_bit_is_offered_or_has_a_reason),
		cmocka_unit_test(the_tables_are_sound),
		cmocka_unit_test(vector_extensions_of_the_host_are_offered),
		cmocka_unit_test(mitigations_are_off_by_cpuid),
		cmocka_unit_test(vendors_get_their_own_leaves),
		cmocka_unit_test(taking_features_away),
		cmocka_unit_test(pcids_need_no_host),
		cmocka_unit_test(what_follows_from_state),
		cmocka_unit_test(xsave_sizes_are_the_hosts),
		cmocka_unit_test(hypervisor_leaves),
	};

	return cmocka_run_group_tests_name("cpuid", tests, NULL, NULL);
}
