/* SPDX-License-Identifier: Apache-2.0 */
/*
 * CPU models, on hosts made up for the test: one that has everything, and
 * poorer ones.  What a model means is frozen: a few are written down here in
 * full.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "modes/cpu_model.h"
#include "modes/cpu_model_tab.h"
#include "modes/cpuid_tab.h"

static struct cpuid_host rich;
static struct cpu_model m;
static struct err e;

/* A host with every bit there is. */
static void
make_rich(const char *vendor)
{
	memset(&rich, 0, sizeof(rich));
	strcpy(rich.vendor, vendor);
	rich.t.max_basic = 0x20;
	rich.t.max_ext = 0x80000021;
	rich.t.host_xcr0 = rich.t.xcr0_mask = 0xe7;
	rich.t.phys_bits = 46;
	for (unsigned w = 0; w < CPUID_WORDS; w++) {
		const struct cpuid_word *word = &cpuid_words[w];
		struct cpuid_leaf *l = NULL;

		for (unsigned i = 0; i < rich.t.n; i++)
			if (rich.t.leaf[i].leaf == word->leaf &&
			    rich.t.leaf[i].subleaf == word->sub)
				l = &rich.t.leaf[i];
		if (!l) {
			l = &rich.t.leaf[rich.t.n++];
			l->leaf = word->leaf;
			l->subleaf = word->sub;
			l->subleafs = word->leaf == 7 || word->leaf == 0xd;
		}
		*cpuid_reg_of(&l->r, word->reg) = ~0u;
	}
	cpuid_collect_features(&rich.t);
}

static void
take(const char *name)
{
	const struct cpuid_bit *b = cpuid_bit_named(name, strlen(name));

	assert_non_null(b);
	for (unsigned i = 0; i < rich.t.n; i++)
		if (rich.t.leaf[i].leaf == b->leaf &&
		    rich.t.leaf[i].subleaf == b->sub)
			*cpuid_reg_of(&rich.t.leaf[i].r, b->reg) &=
			    ~(1u << b->bit);
	cpuid_collect_features(&rich.t);
}

static int
set_up(void **state)
{
	(void)state;
	make_rich("GenuineIntel");
	memset(&e, 0, sizeof(e));
	return 0;
}

static struct vm_cpu_want
custom(const char *model)
{
	struct vm_cpu_want w = { .mode = VM_CPU_CUSTOM, .line = 7 };

	snprintf(w.model, sizeof(w.model), "%s", model);
	return w;
}

static void
policy(struct vm_cpu_want *w, const char *name, enum vm_cpu_policy p)
{
	struct vm_cpu_feature *f = &w->features[w->n_features++];

	snprintf(f->name, sizeof(f->name), "%s", name);
	f->policy = p;
	f->line = 9;
}

static int
resolve(const struct vm_cpu_want *w)
{
	memset(&e, 0, sizeof(e));
	return cpu_model_resolve(&m, &rich, w, &e);
}

static bool
has(const char *name)
{
	const struct cpuid_bit *b = cpuid_bit_named(name, strlen(name));

	assert_non_null(b);
	return cpuid_set_has(&m.set, b);
}

static bool
noted(const char *text)
{
	for (unsigned i = 0; i < m.n_notes; i++)
		if (strstr(m.notes[i], text))
			return true;
	return false;
}

/* --- the tables --- */

static void
every_row_is_sound(void **state)
{
	struct cpuid_set s;
	struct cpuid_set left;

	(void)state;
	assert_true(cpu_n_models > 50);
	for (unsigned i = 0; i < cpu_n_models; i++) {
		const char *name = cpu_models[i].name;
		struct vm_cpu_want w = custom(name);

		/* A feature that nobody knows would abort here. */
		assert_true(cpu_model_features(name, &s));
		assert_true(cpu_model_missing(&rich, name, &s, &left));
		/* A host with everything can give them all. */
		for (unsigned k = 0; k < CPUID_WORDS; k++)
			assert_int_equal(s.w[k], 0);
		assert_int_equal(resolve(&w), 0);
		assert_true(has("lm") && has("sse2") && has("hypervisor"));
		for (unsigned k = 0; k < i; k++)
			assert_string_not_equal(cpu_models[k].name, name);
	}
	for (unsigned i = 0; i < cpu_n_model_aliases; i++) {
		assert_non_null(cpu_model_vendor(cpu_model_aliases[i].name));
		for (unsigned k = 0; k < cpu_n_models; k++)
			assert_string_not_equal(cpu_models[k].name,
			    cpu_model_aliases[i].name);
	}
	for (unsigned i = 0; i < cpuid_n_aliases; i++)
		assert_non_null(cpuid_bit_named(cpuid_aliases[i].name,
		    strlen(cpuid_aliases[i].name)));
	assert_null(cpu_model_vendor("Pentium"));
}

/* As people, libvirt, QEMU and Linux write them. */
static void
features_have_several_spellings(void **state)
{
	static const char *const same[][2] = {
		{ "sse4.1", "sse4_1" }, { "sse4.1", "sse41" },
		{ "pni", "sse3" }, { "pclmuldq", "pclmulqdq" },
		{ "spec_ctrl", "spec-ctrl" }, { "nx", "xd" },
		{ "avx512-vpopcntdq", "avx512_vpopcntdq" },
		{ "amd_ssb_no", "amd-no-ssb" }, { "sha-ni", "sha_ni" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(same); i++) {
		const struct cpuid_bit *b = cpuid_bit_named(same[i][0],
		    strlen(same[i][0]));

		assert_non_null(b);
		assert_ptr_equal(b, cpuid_bit_named(same[i][1],
		    strlen(same[i][1])));
	}
	assert_null(cpuid_bit_named("sse4", 4));
	assert_null(cpuid_bit_named("sse4.22", 7));
	assert_null(cpuid_bit_named("-", 1));
	assert_null(cpuid_bit_named("", 0));
}

/* The words of what the model itself asks for, whatever the host. */
static void
models_are_frozen(void **state)
{
	static const struct {
		const char *name, *text;
	} frozen[] = {
		{ "x86-64-v1",
		    "1.0.c:00020000,1.0.d:078bfbfd,7.0.b:00000402,"
		    "80000001.0.d:20100800" },
		{ "x86-64-v2-v1",
		    "1.0.c:009a2201,1.0.d:078bfbfd,7.0.b:00000402,"
		    "80000001.0.c:00000001,80000001.0.d:28100800" },
		{ "x86-64-v3",
		    "1.0.c:34da3201,1.0.d:078bfbfd,7.0.b:000005ab,"
		    "d.1.a:00000001,80000001.0.c:00000021,80000001.0.d:28100800" },
		{ "x86-64-v4",
		    "1.0.c:34da3201,1.0.d:078bfbfd,7.0.b:d01305ab,"
		    "d.1.a:00000007,80000001.0.c:00000021,80000001.0.d:28100800" },
		{ "qemu64",
		    "1.0.c:00002001,1.0.d:078bfbfd,80000001.0.c:00000005,"
		    "80000001.0.d:20100800" },
		{ "Nehalem",
		    "1.0.c:00982201,1.0.d:078bfbfd,80000001.0.c:00000001,"
		    "80000001.0.d:20100800" },
		{ "Haswell",
		    "1.0.c:77fa3203,1.0.d:078bfbfd,6.0.a:00000004,"
		    "7.0.b:00000fb9,d.1.a:00000001,80000001.0.c:00000021,"
		    "80000001.0.d:28100800" },
		{ "Skylake-Server-v5",
		    "1.0.c:77fa3203,1.0.d:078bfbfd,6.0.a:00000004,"
		    "7.0.b:d11f07a9,7.0.c:00000008,7.0.d:04000000,"
		    "d.1.a:0000000f,80000001.0.c:00000121,80000001.0.d:2c100800" },
		{ "EPYC-Milan",
		    "1.0.c:76da320b,1.0.d:078bfbfd,6.0.a:00000004,"
		    "7.0.b:219c07a9,7.0.c:0040000c,7.0.d:00000010,"
		    "d.1.a:0000000f,80000001.0.c:00c003f5,"
		    "80000001.0.d:2e500800,80000008.0.b:0100d205" },
	};
	char text[512];
	struct cpuid_set s;
	struct cpuid_set back;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(frozen); i++) {
		assert_true(cpu_model_features(frozen[i].name, &s));
		assert_true(cpu_set_print(&s, text, sizeof(text)));
		assert_string_equal(text, frozen[i].text);
		assert_true(cpu_set_parse(text, &back));
		assert_memory_equal(&s, &back, sizeof(s));
	}
	assert_false(cpu_set_print(&s, text, 20));
	assert_false(cpu_set_parse("1.0.c:00000001,1.0.c:00000002", &s));
	assert_false(cpu_set_parse("1.0.c", &s));
	assert_false(cpu_set_parse("99.0.c:00000001", &s));
	assert_false(cpu_set_parse("1.0.c:00000001x", &s));
	assert_true(cpu_set_parse("", &s));
}

static void
levels_contain_each_other(void **state)
{
	static const struct {
		const char *model, *has, *lacks;
	} levels[] = {
		{ "x86-64-v1", "sse2", "ssse3" },
		{ "x86-64-v2", "sse4.2", "avx" },
		{ "x86-64-v3", "avx2", "avx512f" },
		{ "x86-64-v4", "avx512vl", "avx512vnni" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(levels); i++) {
		struct vm_cpu_want w = custom(levels[i].model);

		assert_int_equal(resolve(&w), 0);
		assert_string_equal(m.name, levels[i].model);
		for (size_t k = 0; k <= i; k++)
			assert_true(has(levels[k].has));
		assert_false(has(levels[i].lacks));
		assert_int_equal(m.n_notes, 0);
		assert_int_not_equal(m.signature, 0);
		assert_string_not_equal(m.brand, "");
	}
}

/* --- hosts --- */

static void
a_poorer_host_is_told_what_it_lacks(void **state)
{
	struct vm_cpu_want w = custom("Haswell-noTSX");

	(void)state;
	assert_int_equal(resolve(&w), 0);
	take("avx2");
	take("bmi2");
	assert_int_equal(resolve(&w), -EINVAL);
	assert_int_equal(e.code, ERR_CPU_INCOMPATIBLE);
	assert_int_equal(e.line, 7);
	assert_non_null(strstr(e.msg, "Haswell-noTSX"));
	assert_non_null(strstr(e.msg, "2 of its features: avx2, bmi2"));
	assert_non_null(strstr(e.hint, cpu_model_nearest(&rich)));
	w.check = VM_CPU_CHECK_NONE;
	assert_int_equal(resolve(&w), 0);
	assert_false(has("avx2"));
	assert_true(has("fma"));
	assert_true(noted("avx2, bmi2: this host lacks them"));
	w.check = VM_CPU_CHECK_PARTIAL;
	policy(&w, "avx2", VM_CPU_DISABLE);
	assert_int_equal(resolve(&w), -EINVAL);
	assert_non_null(strstr(e.msg, "1 of its features: bmi2"));
	policy(&w, "bmi2", VM_CPU_DISABLE);
	assert_int_equal(resolve(&w), 0);
}

static void
what_no_engine_gives_is_left_out_or_refused(void **state)
{
	struct vm_cpu_want w = custom("Haswell");

	(void)state;
	assert_int_equal(resolve(&w), 0);
	assert_true(noted("hle, rtm: no engine gives them"));
	assert_false(has("rtm"));
	w.check = VM_CPU_CHECK_FULL;
	assert_int_equal(resolve(&w), -EINVAL);
	assert_non_null(strstr(e.msg, "hle, rtm"));
	w.check = VM_CPU_CHECK_UNSET;
	w.fallback_forbidden = true;
	assert_int_equal(resolve(&w), -EINVAL);
	policy(&w, "hle", VM_CPU_DISABLE);
	policy(&w, "rtm", VM_CPU_DISABLE);
	assert_int_equal(resolve(&w), 0);
}

static void
policies(void **state)
{
	struct vm_cpu_want w = custom("x86-64-v2");

	(void)state;
	policy(&w, "aes", VM_CPU_REQUIRE);
	policy(&w, "rdrand", VM_CPU_OPTIONAL);
	policy(&w, "popcnt", VM_CPU_DISABLE);
	assert_int_equal(resolve(&w), 0);
	assert_true(has("aes") && has("rdrand") && !has("popcnt"));
	take("rdrand");
	assert_int_equal(resolve(&w), 0);
	assert_false(has("rdrand"));
	take("aes");
	assert_int_equal(resolve(&w), -EINVAL);
	assert_int_equal(e.code, ERR_CPU_INCOMPATIBLE);
	assert_int_equal(e.line, 9);
	assert_non_null(strstr(e.msg, "aes: this host lacks it"));
	w.features[0].policy = VM_CPU_FORCE;
	assert_int_equal(resolve(&w), -EINVAL);
	w.features[0].policy = VM_CPU_FORBID;
	assert_int_equal(resolve(&w), 0);
	w.n_features = 0;
	policy(&w, "avx", VM_CPU_FORBID);
	assert_int_equal(resolve(&w), -EINVAL);
	assert_non_null(strstr(e.msg, "avx: this host has it"));
	w.n_features = 0;
	policy(&w, "vmx", VM_CPU_REQUIRE);
	assert_int_equal(resolve(&w), -EINVAL);
	assert_non_null(strstr(e.msg, "not nested"));
	w.features[0].policy = VM_CPU_OPTIONAL;
	assert_int_equal(resolve(&w), 0);
	w.n_features = 0;
	policy(&w, "vmx-ept", VM_CPU_REQUIRE);
	assert_int_equal(resolve(&w), -EINVAL);
	w.features[0].policy = VM_CPU_DISABLE;
	assert_int_equal(resolve(&w), 0);
	w.n_features = 0;
	policy(&w, "mds-no", VM_CPU_REQUIRE);
	assert_int_equal(resolve(&w), 0);
	w.n_features = 0;
	policy(&w, "avx9000", VM_CPU_OPTIONAL);
	assert_int_equal(resolve(&w), -EINVAL);
	assert_int_equal(e.code, ERR_CONFIG_UNSUPPORTED);
}

static void
what_depends_goes_too(void **state)
{
	struct vm_cpu_want w = { .mode = VM_CPU_HOST_PASSTHROUGH };

	(void)state;
	policy(&w, "avx", VM_CPU_DISABLE);
	assert_int_equal(resolve(&w), 0);
	assert_false(has("avx2") || has("avx512f") || has("vaes"));
	assert_true(has("sse4.2"));
	assert_true(noted("avx2"));
	w.n_features = 0;
	policy(&w, "sse2", VM_CPU_DISABLE);
	assert_int_equal(resolve(&w), -EINVAL);
}

static void
matches_and_vendors(void **state)
{
	struct vm_cpu_want w = custom("x86-64-v2");

	(void)state;
	w.match = VM_CPU_MINIMUM;
	assert_int_equal(resolve(&w), 0);
	assert_true(has("avx512f"));
	w.match = VM_CPU_STRICT;
	assert_int_equal(resolve(&w), -EINVAL);
	assert_non_null(strstr(e.msg, "strict"));
	w.match = VM_CPU_EXACT;
	strcpy(w.vendor, "AMD");
	assert_int_equal(resolve(&w), -EINVAL);
	assert_int_equal(e.code, ERR_CPU_INCOMPATIBLE);
	strcpy(w.vendor, "Intel");
	assert_int_equal(resolve(&w), 0);
	w = custom("Nonesuch");
	assert_int_equal(resolve(&w), -EINVAL);
	assert_int_equal(e.code, ERR_CONFIG_UNSUPPORTED);
	assert_int_equal(e.line, 7);
}

static void
modes_without_a_model(void **state)
{
	static const struct {
		enum vm_cpu_mode mode;
		const char *name;
		bool invtsc;
	} modes[] = {
		{ VM_CPU_DEFAULT, "host-passthrough", true },
		{ VM_CPU_HOST_PASSTHROUGH, "host-passthrough", true },
		{ VM_CPU_MAXIMUM, "maximum", true },
		{ VM_CPU_HOST_MODEL, "host-model", false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(modes); i++) {
		struct vm_cpu_want w = { .mode = modes[i].mode };

		assert_int_equal(resolve(&w), 0);
		assert_string_equal(m.name, modes[i].name);
		assert_int_equal(m.signature, 0);
		assert_true(has("avx512f"));
		assert_int_equal(has("invtsc"), modes[i].invtsc);
	}
	assert_string_equal(cpu_model_nearest(&rich), "SapphireRapids");
	make_rich("AuthenticAMD");
	assert_string_equal(cpu_model_nearest(&rich), "EPYC-Genoa");
	take("sse4.2");
	assert_string_equal(cpu_model_nearest(&rich), "phenom");
}

/* Families and models are the vendor's; elsewhere they would mislead. */
static void
signatures(void **state)
{
	struct vm_cpu_want w = custom("Skylake-Server");

	(void)state;
	assert_int_equal(resolve(&w), 0);
	assert_int_equal(m.signature, 0x00050654);
	w = custom("EPYC-Rome");
	assert_int_equal(resolve(&w), 0);
	assert_int_equal(m.signature, 0x00000f61);
	make_rich("AuthenticAMD");
	assert_int_equal(resolve(&w), 0);
	assert_int_equal(m.signature, 0x00830f10);
}

/* --- as a table --- */

static struct cpuid_table t;

static struct cpuid_regs
ask(uint32_t leaf, uint32_t sub, unsigned vcpu)
{
	struct cpuid_regs r;

	cpuid_answer(&t, leaf, sub, vcpu, 0, 1, 0, &r);
	return r;
}

static void
a_models_table_is_the_same_everywhere(void **state)
{
	struct vm_cpu_want w = custom("x86-64-v2");
	struct cpuid_guest g = { .n_vcpus = 2, .set = &m.set };
	struct cpuid_table first;

	(void)state;
	assert_int_equal(resolve(&w), 0);
	g.signature = m.signature;
	g.brand = m.brand;
	assert_int_equal(cpuid_build(&t, &rich, &g, 1000, &e), 0);
	first = t;
	assert_int_equal(ask(0xd, 0, 0).eax, 0);
	assert_int_equal(t.xcr0_mask, 0);
	assert_int_equal(ask(1, 0, 0).eax, m.signature);
	assert_int_equal(ask(0x80000002, 0, 0).eax, 0x76697254);	/* "Triv" */
	/* Another host, with other caches and fewer features. */
	for (unsigned i = 0; i < rich.t.n; i++)
		if (rich.t.leaf[i].leaf == 1)
			rich.t.leaf[i].r.eax = 0x12345;
	cpuid_leaf_put(&rich.t, 4, 0, true, (struct cpuid_regs){ 1, 2, 3, 4 });
	take("avx");
	rich.t.phys_bits = 52;
	rich.t.xcr0_mask = 3;
	assert_int_equal(resolve(&w), 0);
	assert_int_equal(cpuid_build(&t, &rich, &g, 1000, &e), 0);
	assert_int_equal(t.n, first.n);
	assert_memory_equal(t.leaf, first.leaf, sizeof(t.leaf));
	assert_int_equal(t.phys_bits, first.phys_bits);
	/* And one that cannot give it, at the last moment. */
	take("sse4.2");
	assert_int_equal(cpuid_build(&t, &rich, &g, 1000, &e), -EINVAL);
	assert_int_equal(e.code, ERR_CPU_INCOMPATIBLE);
	assert_non_null(strstr(e.msg, "sse4.2"));
}

static void
topologies(void **state)
{
	struct cpuid_guest g = { .n_vcpus = 12, .sockets = 2, .dies = 1,
	    .cores = 3, .threads = 2 };
	static const unsigned ids[] = { 0, 1, 2, 3, 4, 5, 8, 9, 10, 11, 12,
	    13 };

	(void)state;
	assert_int_equal(cpuid_build(&t, &rich, &g, 1000, &e), 0);
	for (unsigned i = 0; i < 12; i++) {
		assert_int_equal(cpuid_apic_id(&t, i), ids[i]);
		assert_int_equal(ask(1, 0, i).ebx >> 24, ids[i]);
		assert_int_equal(ask(0xb, 0, i).edx, ids[i]);
	}
	assert_int_equal(ask(1, 0, 0).ebx >> 16 & 0xff, 6);
	assert_int_equal(ask(0xb, 0, 0).eax, 1);
	assert_int_equal(ask(0xb, 0, 0).ebx, 2);
	assert_int_equal(ask(0xb, 1, 0).eax, 3);
	assert_int_equal(ask(0xb, 1, 0).ebx, 6);
	assert_int_equal(ask(0x1f, 0, 0).ebx, 0);
	g = (struct cpuid_guest){ .n_vcpus = 8, .sockets = 1, .dies = 2,
	    .cores = 2, .threads = 2 };
	assert_int_equal(cpuid_build(&t, &rich, &g, 1000, &e), 0);
	assert_true(ask(0, 0, 0).eax >= 0x1f);
	assert_int_equal(ask(0x1f, 1, 0).eax, 2);
	assert_int_equal(ask(0x1f, 2, 0).ecx >> 8, 5);
	assert_int_equal(ask(0x1f, 2, 7).edx, 7);
	assert_int_equal(ask(0xb, 1, 0).eax, 3);
	make_rich("AuthenticAMD");
	assert_int_equal(cpuid_build(&t, &rich, &g, 1000, &e), 0);
	assert_int_equal(ask(0x8000001e, 0, 5).eax, 5);
	assert_int_equal(ask(0x8000001e, 0, 5).ebx, 1 << 8 | 2);
	assert_int_equal(ask(0x8000001e, 0, 5).ecx, 1 << 8 | 1);
	assert_int_equal(ask(0x80000008, 0, 0).ecx, 3 << 12 | 7);
	take("topoext");
	assert_int_equal(cpuid_build(&t, &rich, &g, 1000, &e), 0);
	assert_true(ask(0x80000001, 0, 0).ecx >> 22 & 1);
	g.threads = 3;
	assert_int_equal(cpuid_build(&t, &rich, &g, 1000, &e), -EINVAL);
	/* One core each: no hyper-threading flag. */
	g = (struct cpuid_guest){ .n_vcpus = 2, .sockets = 2, .dies = 1,
	    .cores = 1, .threads = 1 };
	assert_int_equal(cpuid_build(&t, &rich, &g, 1000, &e), 0);
	assert_false(ask(1, 0, 0).edx >> 28 & 1);
	assert_int_equal(cpuid_apic_id(&t, 1), 1);
}

static void
kvmclock_can_be_absent(void **state)
{
	struct cpuid_guest g = { .n_vcpus = 1, .no_kvmclock = true };

	(void)state;
	assert_int_equal(cpuid_build(&t, &rich, &g, 1000, &e), 0);
	assert_int_equal(ask(0x40000001, 0, 0).eax, 2);
	assert_int_equal(ask(0x40000010, 0, 0).eax, 1000);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(every_row_is_sound, set_up),
		cmocka_unit_test_setup(features_have_several_spellings,
		    set_up),
		cmocka_unit_test_setup(models_are_frozen, set_up),
		cmocka_unit_test_setup(levels_contain_each_other, set_up),
		cmocka_unit_test_setup(a_poorer_host_is_told_what_it_lacks,
		    set_up),
		cmocka_unit_test_setup(
		    what_no_engine_gives_is_left_out_or_refused, set_up),
		cmocka_unit_test_setup(policies, set_up),
		cmocka_unit_test_setup(what_depends_goes_too, set_up),
		cmocka_unit_test_setup(matches_and_vendors, set_up),
		cmocka_unit_test_setup(modes_without_a_model, set_up),
		cmocka_unit_test_setup(signatures, set_up),
		cmocka_unit_test_setup(a_models_table_is_the_same_everywhere,
		    set_up),
		cmocka_unit_test_setup(topologies, set_up),
		cmocka_unit_test_setup(kvmclock_can_be_absent, set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
