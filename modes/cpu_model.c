/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Resolving a CPU model: mode and model give a set of feature bits, policies
 * change it bit by bit, and what depends on something that is not there goes.
 */
#include "modes/cpu_model.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "modes/cpu_model_tab.h"
#include "modes/cpuid_tab.h"

#define MAX_MODELS 96
/* What a model is called to a guest of another vendor's processor. */
#define GENERIC_INTEL 0x00000f61u	/* family 15, model 6, stepping 1 */
#define GENERIC_AMD 0x00060fb1u		/* family 15, model 107, stepping 1 */

/* --- sets ------------------------------------------------------------------- */

static void
set_or(struct cpuid_set *s, const struct cpuid_set *other)
{
	for (unsigned w = 0; w < CPUID_WORDS; w++)
		s->w[w] |= other->w[w];
}

static void
set_and(struct cpuid_set *s, const struct cpuid_set *other)
{
	for (unsigned w = 0; w < CPUID_WORDS; w++)
		s->w[w] &= other->w[w];
}

static void
set_less(struct cpuid_set *s, const struct cpuid_set *other)
{
	for (unsigned w = 0; w < CPUID_WORDS; w++)
		s->w[w] &= ~other->w[w];
}

static unsigned
set_count(const struct cpuid_set *s)
{
	unsigned n = 0;

	for (unsigned w = 0; w < CPUID_WORDS; w++)
		n += (unsigned)__builtin_popcount(s->w[w]);
	return n;
}

bool
cpu_set_print(const struct cpuid_set *s, char *buf, size_t size)
{
	size_t len = 0;

	if (!size)
		return false;
	buf[0] = '\0';
	for (unsigned w = 0; w < CPUID_WORDS; w++) {
		const struct cpuid_word *word = &cpuid_words[w];

		if (!s->w[w])
			continue;
		len += (size_t)snprintf(buf + len, size - len,
		    "%s%x.%u.%c:%08x", len ? "," : "", word->leaf, word->sub,
		    "abcd"[word->reg], s->w[w]);
		if (len >= size)
			return false;
	}
	return true;
}

bool
cpu_set_parse(const char *text, struct cpuid_set *s)
{
	memset(s, 0, sizeof(*s));
	while (*text) {
		unsigned leaf, sub, value, w;
		char reg;
		int n = 0;

		if (sscanf(text, "%x.%u.%c:%8x%n", &leaf, &sub, &reg, &value,
		    &n) != 4)
			return false;
		for (w = 0; w < CPUID_WORDS; w++)
			if (cpuid_words[w].leaf == leaf &&
			    cpuid_words[w].sub == sub &&
			    "abcd"[cpuid_words[w].reg] == reg)
				break;
		if (w == CPUID_WORDS || s->w[w] || !value)
			return false;
		s->w[w] = value;
		text += n;
		if (*text && *text++ != ',')
			return false;
	}
	return true;
}

/* The row of bit at of all words, NULL for one that repeats another. */
static const struct cpuid_bit *
nth_bit(unsigned at)
{
	const struct cpuid_word *w = &cpuid_words[at / 32];
	const struct cpuid_bit *b = cpuid_bit_find(w->leaf, w->sub, w->reg,
	    at % 32);

	/* AMD repeats bits of leaf 1 under their names. */
	return w->leaf == 0x80000001 && w->reg == CPUID_EDX &&
	    CPUID_REPEATED >> (at % 32) & 1 ? NULL : b;
}

const char *
cpu_set_next(const struct cpuid_set *s, unsigned *at)
{
	while (*at < CPUID_WORDS * 32) {
		unsigned i = (*at)++;
		const struct cpuid_bit *b;

		if (!(s->w[i / 32] >> (i % 32) & 1))
			continue;
		b = nth_bit(i);
		if (b)
			return b->name;
	}
	return NULL;
}

bool
cpu_feature_next(const struct cpuid_set *offered, unsigned *at,
    struct cpu_feature_info *f)
{
	static const char *const regs[] = { "eax", "ebx", "ecx", "edx" };
	const struct cpuid_bit *b = NULL;

	while (*at < CPUID_WORDS * 32 && !b)
		b = nth_bit((*at)++);
	if (!b)
		return false;
	*f = (struct cpu_feature_info){ .name = b->name, .leaf = b->leaf,
	    .subleaf = b->sub, .bit = b->bit, .reg = regs[b->reg],
	    .offered = cpuid_set_has(offered, b), .why = b->why };
	return true;
}

/* --- the catalogue ------------------------------------------------------------ */

/* Names, '-' in front of those to take away; all are known (a test says so). */
static void
add_names(struct cpuid_set *s, const char *names)
{
	while (*names) {
		size_t len = strcspn(names, " ");
		bool off = *names == '-';
		const struct cpuid_bit *b = cpuid_bit_named(names + off,
		    len - off);

		BUG_ON(!b);
		cpuid_set_put(s, b, !off);
		names += len;
		names += *names == ' ';
	}
}

static const struct cpu_model_row *
find_row(const char *name)
{
	for (unsigned i = 0; i < cpu_n_model_aliases; i++)
		if (!strcmp(cpu_model_aliases[i].name, name)) {
			name = cpu_model_aliases[i].row;
			break;
		}
	for (unsigned i = 0; i < cpu_n_models; i++)
		if (!strcmp(cpu_models[i].name, name))
			return &cpu_models[i];
	return NULL;
}

/* Names are looked up once: some sixty models have some sixty each. */
static void
row_features(const struct cpu_model_row *row, struct cpuid_set *s)
{
	static struct {
		bool known;
		struct cpuid_set set;
	} rows[MAX_MODELS];
	size_t n = (size_t)(row - cpu_models);

	BUG_ON(n >= MAX_MODELS);
	if (!rows[n].known) {
		if (row->parent)
			row_features(find_row(row->parent), &rows[n].set);
		add_names(&rows[n].set, row->features);
		rows[n].known = true;
	}
	*s = rows[n].set;
}

const char *
cpu_model_name(unsigned n)
{
	return n < cpu_n_models ? cpu_models[n].name : NULL;
}

const char *
cpu_model_vendor(const char *name)
{
	static const char *const names[] = {
		[CPU_ANY] = "", [CPU_INTEL] = "Intel", [CPU_AMD] = "AMD",
		[CPU_HYGON] = "Hygon",
	};
	const struct cpu_model_row *row = find_row(name);

	return row ? names[row->vendor] : NULL;
}

bool
cpu_model_features(const char *name, struct cpuid_set *s)
{
	const struct cpu_model_row *row = find_row(name);

	memset(s, 0, sizeof(*s));
	if (row)
		row_features(row, s);
	return row != NULL;
}

/*
 * What no engine gives on any host: hidden bits, and those that only the other
 * vendor's processors have.
 */
static void
split_missing(struct cpuid_set *missing, struct cpuid_set *left_out)
{
	memset(left_out, 0, sizeof(*left_out));
	for (unsigned w = 0; w < CPUID_WORDS; w++)
		for (unsigned bit = 0; bit < 32; bit++) {
			const struct cpuid_bit *b;

			if (!(missing->w[w] >> bit & 1))
				continue;
			b = cpuid_bit_find(cpuid_words[w].leaf,
			    cpuid_words[w].sub, cpuid_words[w].reg, bit);
			if (b->policy != CPUID_PASS && b->policy != CPUID_SET)
				left_out->w[w] |= 1u << bit;
		}
	set_less(missing, left_out);
}

static bool
missing_of(const struct cpuid_set *offered, const char *name,
    struct cpuid_set *missing, struct cpuid_set *left_out)
{
	if (!cpu_model_features(name, missing))
		return false;
	set_less(missing, offered);
	split_missing(missing, left_out);
	return true;
}

bool
cpu_model_missing(const struct cpuid_host *h, const char *name,
    struct cpuid_set *missing, struct cpuid_set *left_out)
{
	struct cpuid_set offered;

	cpuid_offered(h, &offered);
	return missing_of(&offered, name, missing, left_out);
}

const char *
cpu_vendor_name(const struct cpuid_host *h)
{
	static const char *const names[][2] = {
		{ "GenuineIntel", "Intel" }, { "AuthenticAMD", "AMD" },
		{ "HygonGenuine", "Hygon" },
	};

	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (!strcmp(h->vendor, names[i][0]))
			return names[i][1];
	return h->vendor;
}

const char *
cpu_model_nearest(const struct cpuid_host *h)
{
	const char *vendor = cpu_vendor_name(h);
	const char *best = "x86-64-v1";
	struct cpuid_set offered;
	unsigned most = 0;

	cpuid_offered(h, &offered);
	for (unsigned i = 0; i < cpu_n_models; i++) {
		const char *name = cpu_models[i].name;
		struct cpuid_set missing, left_out, all;
		unsigned n;

		missing_of(&offered, name, &missing, &left_out);
		cpu_model_features(name, &all);
		set_less(&all, &left_out);
		n = set_count(&all);
		/* Another vendor's only where there is none of this one's. */
		if (set_count(&missing) || (cpu_models[i].vendor != CPU_ANY &&
		    strcmp(cpu_model_vendor(name), vendor)))
			continue;
		if (n > most) {
			most = n;
			best = name;
		}
	}
	return best;
}

/* --- resolving ------------------------------------------------------------------ */

struct resolve {
	struct cpu_model *out;
	const struct cpuid_host *h;
	const struct vm_cpu_want *want;
	struct cpuid_set offered;
	struct err *e;
};

static void PRINTF_LIKE(2, 3)
note(struct cpu_model *m, const char *fmt, ...)
{
	va_list ap;

	if (m->n_notes == CPU_MODEL_MAX_NOTES)
		return;
	va_start(ap, fmt);
	vsnprintf(m->notes[m->n_notes++], CPU_MODEL_NOTE_MAX, fmt, ap);
	va_end(ap);
}

static int
at_line(struct resolve *r, int line, const char *element)
{
	if (r->e) {
		r->e->line = line;
		snprintf(r->e->element, sizeof(r->e->element), "%s", element);
	}
	return -EINVAL;
}

/* Lacks, and what can be done about it. */
static int
refuse_missing(struct resolve *r, const struct cpuid_set *missing,
    const char *who)
{
	char names[320];
	unsigned n = cpuid_set_names(missing, names, sizeof(names));

	err_set(r->e, ERR_CPU_INCOMPATIBLE, "cpu model %s: %s %u of its "
	    "features: %s", r->out->name, who, n, names);
	err_hint(r->e, "\"trivisor cpu-models\" says which ones this host can "
	    "give (the nearest is %s); or disable these features",
	    cpu_model_nearest(r->h));
	return at_line(r, r->want->line, "cpu");
}

static int
check_model(struct resolve *r, struct cpuid_set *set)
{
	const struct vm_cpu_want *want = r->want;
	struct cpuid_set missing = *set;
	struct cpuid_set left_out;
	char names[160];

	set_less(&missing, &r->offered);
	/* What is disabled anyway is not missed. */
	for (size_t i = 0; i < want->n_features; i++) {
		const struct vm_cpu_feature *f = &want->features[i];
		const struct cpuid_bit *b = cpuid_bit_named(f->name,
		    strlen(f->name));

		if (b && (f->policy == VM_CPU_DISABLE ||
		    f->policy == VM_CPU_FORBID))
			cpuid_set_put(&missing, b, false);
	}
	split_missing(&missing, &left_out);
	if (set_count(&missing) && want->check != VM_CPU_CHECK_NONE)
		return refuse_missing(r, &missing, "this host lacks");
	if (set_count(&left_out) && (want->check == VM_CPU_CHECK_FULL ||
	    want->fallback_forbidden))
		return refuse_missing(r, &left_out, "no engine gives");
	if (cpuid_set_names(&missing, names, sizeof(names)))
		note(r->out, "without %s: this host lacks them", names);
	if (cpuid_set_names(&left_out, names, sizeof(names)))
		note(r->out, "without %s: no engine gives them", names);
	set_and(set, &r->offered);
	return 0;
}

static uint32_t
signature_of(const struct resolve *r, const struct cpu_model_row *row)
{
	unsigned base = MIN(row->family, 15u);
	bool amd = cpuid_is_amd(r->h);

	if (row->vendor == CPU_ANY || amd != (row->vendor != CPU_INTEL))
		return amd ? GENERIC_AMD : GENERIC_INTEL;
	return (row->family - base) << 20 | (row->model & 0xf0u) << 12 |
	    base << 8 | (row->model & 15u) << 4 | row->stepping;
}

/* match='strict': exactly this host. */
static int
check_strict(struct resolve *r, const struct cpuid_set *set)
{
	struct cpuid_set extra = r->offered;
	char names[320];
	unsigned n;

	set_less(&extra, set);
	for (size_t i = 0; i < r->want->n_features; i++) {
		const char *name = r->want->features[i].name;
		const struct cpuid_bit *b = cpuid_bit_named(name,
		    strlen(name));

		if (b)
			cpuid_set_put(&extra, b, false);
	}
	n = cpuid_set_names(&extra, names, sizeof(names));
	if (!n)
		return 0;
	err_set(r->e, ERR_CPU_INCOMPATIBLE, "cpu model %s: match='strict' and "
	    "this host has %u features more: %s", r->out->name, n, names);
	err_hint(r->e, "match='exact' takes them away from the guest");
	return at_line(r, r->want->line, "cpu");
}

static int
use_model(struct resolve *r)
{
	const struct cpu_model_row *row = find_row(r->want->model);
	struct cpuid_set base = { { 0 } };
	struct cpuid_set *set = &r->out->set;
	int rc;

	if (!row) {
		err_set(r->e, ERR_CONFIG_UNSUPPORTED,
		    "cpu model \"%.64s\" is not known", r->want->model);
		err_hint(r->e, "\"trivisor cpu-models\" lists those that are");
		return at_line(r, r->want->line, "cpu");
	}
	snprintf(r->out->name, sizeof(r->out->name), "%s", r->want->model);
	/* A processor that is the same on every host says so. */
	snprintf(r->out->brand, sizeof(r->out->brand), "Trivisor %.38s",
	    row->name);
	r->out->signature = signature_of(r, row);
	row_features(row, set);
	rc = check_model(r, set);
	if (rc)
		return rc;
	add_names(&base, cpu_model_base);
	set_and(&base, &r->offered);
	set_or(set, &base);
	if (r->want->match == VM_CPU_STRICT)
		return check_strict(r, set);
	if (r->want->match == VM_CPU_MINIMUM)
		set_or(set, &r->offered);
	return 0;
}

/* --- policies --- */

static int
refuse_feature(struct resolve *r, const struct vm_cpu_feature *f,
    const char *why)
{
	err_set(r->e, ERR_CPU_INCOMPATIBLE, "cpu feature %s: %s", f->name, why);
	err_hint(r->e, "policy='optional' takes it where it can be had");
	return at_line(r, f->line, "feature");
}

/* One that is no bit of ours: never given, or always. */
static int
use_other(struct resolve *r, const struct vm_cpu_feature *f)
{
	bool wanted = f->policy == VM_CPU_REQUIRE || f->policy == VM_CPU_FORCE;

	for (unsigned i = 0; i < cpu_n_other_features; i++) {
		const struct cpu_other_feature *o = &cpu_other_features[i];
		size_t n = strlen(o->name);

		/* A name that ends in '-' is the beginning of many. */
		if (o->name[n - 1] == '-' ? strncmp(f->name, o->name, n) :
		    strcmp(f->name, o->name))
			continue;
		if (wanted && o->why)
			return refuse_feature(r, f, o->why);
		if (!o->why && f->policy == VM_CPU_FORBID)
			return refuse_feature(r, f, "every host has it here");
		if (!o->why && f->policy == VM_CPU_DISABLE)
			note(r->out, "feature %s stays: it comes with "
			    "arch-capabilities", f->name);
		return 0;
	}
	err_set(r->e, ERR_CONFIG_UNSUPPORTED, "cpu feature \"%.48s\" is not "
	    "known", f->name);
	err_hint(r->e, "\"trivisor cpu-models --features\" lists those that "
	    "are");
	return at_line(r, f->line, "feature");
}

static int
use_feature(struct resolve *r, const struct vm_cpu_feature *f)
{
	const struct cpuid_bit *b = cpuid_bit_named(f->name, strlen(f->name));
	struct cpuid_set *set = &r->out->set;
	bool here;

	if (!b)
		return use_other(r, f);
	if (b->policy == CPUID_STATE) {
		note(r->out, "feature %s: %s", f->name, b->why);
		return 0;
	}
	here = cpuid_set_has(&r->offered, b);
	switch (f->policy) {
	case VM_CPU_FORCE:
	case VM_CPU_REQUIRE:
		if (!here)
			return refuse_feature(r, f, b->policy == CPUID_HIDE ?
			    b->why : "this host lacks it");
		cpuid_set_put(set, b, true);
		return 0;
	case VM_CPU_OPTIONAL:
		cpuid_set_put(set, b, here);
		return 0;
	case VM_CPU_FORBID:
		if (here)
			return refuse_feature(r, f, "this host has it");
		fallthrough;
	case VM_CPU_DISABLE:
		cpuid_set_put(set, b, false);
		return 0;
	}
	return 0;
}

/* Away with what needs something that is not there. */
static void
close_set(struct resolve *r)
{
	struct cpuid_set *set = &r->out->set;
	struct cpuid_set before = *set;
	bool again = true;
	char names[160];

	while (again) {
		again = false;
		for (unsigned i = 0; i < cpuid_n_needs; i++) {
			const struct cpuid_bit *f =
			    &cpuid_features[cpuid_needs[i].f];

			if (!cpuid_set_has(set, f) || cpuid_set_has(set,
			    &cpuid_features[cpuid_needs[i].needs]))
				continue;
			cpuid_set_put(set, f, false);
			again = true;
		}
	}
	set_less(&before, set);
	if (cpuid_set_names(&before, names, sizeof(names)))
		note(r->out, "without %s: what they need is disabled", names);
}

static int
check_vendor(struct resolve *r)
{
	const char *have = cpu_vendor_name(r->h);

	if (!r->want->vendor[0] || !strcmp(r->want->vendor, have))
		return 0;
	err_set(r->e, ERR_CPU_INCOMPATIBLE, "cpu: a processor by %s is asked "
	    "for, this host's is by %s", r->want->vendor, have);
	err_hint(r->e, "leave <vendor> out");
	return at_line(r, r->want->line, "vendor");
}

static int
begin(struct resolve *r)
{
	static const char *const names[] = {
		[VM_CPU_DEFAULT] = "host-passthrough",
		[VM_CPU_HOST_PASSTHROUGH] = "host-passthrough",
		[VM_CPU_HOST_MODEL] = "host-model",
		[VM_CPU_MAXIMUM] = "maximum", [VM_CPU_CUSTOM] = "",
	};
	const struct cpuid_bit *invtsc = cpuid_bit_named("invtsc", 6);

	if (r->want->mode == VM_CPU_CUSTOM && r->want->model[0])
		return use_model(r);
	snprintf(r->out->name, sizeof(r->out->name), "%s",
	    names[r->want->mode == VM_CPU_CUSTOM ? VM_CPU_DEFAULT :
	    r->want->mode]);
	r->out->set = r->offered;
	/* Of another host's TSC nothing is known. */
	if (r->want->mode == VM_CPU_HOST_MODEL)
		cpuid_set_put(&r->out->set, invtsc, false);
	return 0;
}

int
cpu_model_resolve(struct cpu_model *out, const struct cpuid_host *h,
    const struct vm_cpu_want *want, struct err *e)
{
	struct resolve r = { .out = out, .h = h, .want = want, .e = e };
	int rc;

	memset(out, 0, sizeof(*out));
	cpuid_offered(h, &r.offered);
	rc = check_vendor(&r);
	if (!rc)
		rc = begin(&r);
	for (size_t i = 0; !rc && i < want->n_features; i++)
		rc = use_feature(&r, &want->features[i]);
	if (rc)
		return rc;
	close_set(&r);
	if (!cpuid_set_has(&out->set, &cpuid_features[FEAT_LM]) ||
	    !cpuid_set_has(&out->set, &cpuid_features[FEAT_SSE2])) {
		err_set(e, ERR_CPU_INCOMPATIBLE, "cpu: without lm or sse2 it "
		    "is no x86-64 processor");
		return at_line(&r, want->line, "cpu");
	}
	return 0;
}
