/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Domain XML: what is accepted is stored, printed and read back without a
 * change of meaning; what is refused is explained.
 */
#include "api/domain_xml.h"
#include "tests/fuzz/fuzz.h"

static struct domain_def *
parse_again(const char *text)
{
	struct domain_def *d = NULL;
	struct err e = { 0 };

	if (domain_def_parse(&d, text, strlen(text), &e)) {
		fprintf(stderr, "%s\n%s\n", e.msg, text);
		MUST(!"what was accepted once is accepted again");
	}
	return d;
}

static void
same_machine(const struct domain_def *a, const struct domain_def *b)
{
	MUST(!strcmp(a->cfg.name, b->cfg.name));
	MUST(!strcmp(a->cfg.uuid, b->cfg.uuid));
	MUST(!strcmp(a->cfg.cmdline, b->cfg.cmdline));
	MUST(a->cfg.memory == b->cfg.memory);
	MUST(a->cfg.vcpus == b->cfg.vcpus);
	MUST(a->cfg.n_serials == b->cfg.n_serials);
	MUST(a->cfg.on_poweroff == b->cfg.on_poweroff);
	MUST(a->cfg.on_reboot == b->cfg.on_reboot);
	MUST(a->cfg.on_crash == b->cfg.on_crash);
	MUST(a->cfg.acpi == b->cfg.acpi);
	MUST(a->mode == b->mode && a->mode_required == b->mode_required);
	MUST(!strcmp(a->kernel ? a->kernel : "", b->kernel ? b->kernel : ""));
	MUST(!strcmp(a->initrd ? a->initrd : "", b->initrd ? b->initrd : ""));
}

static void
check_round_trip(struct domain_def *d)
{
	struct domain_def *read_back, *printed;
	char *stored = domain_def_stored(d);
	char *text;

	MUST(stored);
	read_back = parse_again(stored);
	same_machine(d, read_back);
	text = domain_def_dump(read_back, 0, NULL);
	MUST(text);
	printed = parse_again(text);
	MUST(!strcmp(printed->cfg.uuid, d->cfg.uuid));
	free(stored);
	stored = domain_def_dump(printed, 0, NULL);
	MUST(stored && !strcmp(stored, text));
	free(stored);
	free(text);
	domain_def_free(printed);
	domain_def_free(read_back);
}

/* What check does: on and on, whatever is wrong. */
static void
check_all(const char *text, size_t size, bool strict, bool good)
{
	struct domain_parse_opts opts = { .all = true, .strict = strict };
	struct domain_def *d = NULL;
	struct err e = { 0 };
	size_t i;

	if (domain_def_parse_opts(&d, text, size, &opts, &e)) {
		MUST_EXPLAIN(&e);
		MUST(!good);
		return;
	}
	MUST(strict || good == !d->n_errors);
	MUST(d->n_problems <= DOMAIN_MAX_PROBLEMS);
	for (i = 0; i < d->n_problems; i++) {
		MUST(d->problems[i].reason[0] && d->problems[i].line > 0);
		MUST((d->problems[i].kind == PROBLEM_ERROR) ==
		    (d->problems[i].code != 0));
	}
	domain_def_free(d);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct domain_def *d = NULL;
	struct err e = { 0 };
	/* Not terminated: reading past the length is noticed. */
	char *text = malloc(size ? size : 1);
	bool good;

	memcpy(text, data, size);
	good = !domain_def_parse(&d, text, size, &e);
	if (!good)
		MUST_EXPLAIN(&e);
	else
		check_round_trip(d);
	check_all(text, size, false, good);
	check_all(text, size, true, good && !d->n_problems);
	domain_def_free(d);
	free(text);
	return 0;
}
