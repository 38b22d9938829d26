/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The monitor's rules for scripts:
 *
 *	rules sizes	a line "CLASS LENGTH" per class: its filter's length, by
 *			which a recording knows a thread's class
 *	rules use	reads lines "CLASS CALL ARG0 ... ARG5" of calls that
 *			were made (numbers in hexadecimal) and prints the calls
 *			that no rule allows and the rules that no call needed;
 *			fails if there are any of these.  A call that is not
 *			allowed was its monitor's end, which a test notices; or
 *			it is another process's, which got the same number
 *	rules names	prints the rules
 */
#include <seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "monitor/jail.h"
#include "tests/tools/bpf.h"

#define MAX_RULES 128

static unsigned used[JAIL_CLASSES][MAX_RULES];

static int
sizes(void)
{
	for (int k = 0; k < JAIL_CLASSES; k++) {
		struct seccomp_filter *f;
		struct err e;
		size_t n;

		if (seccomp_build(&f, &jail_class[k], &e)) {
			fprintf(stderr, "rules: %s\n", e.msg);
			return 1;
		}
		seccomp_code(f, &n);
		printf("%s %zu\n", jail_class[k].name, n);
		seccomp_free(f);
	}
	return 0;
}

static void
print_rule(const char *what, const struct seccomp_class *c,
    const struct seccomp_rule *r)
{
	char *name = seccomp_syscall_resolve_num_arch(SCMP_ARCH_X86_64, r->nr);

	printf("%s: class %s: %s", what, c->name, name);
	for (unsigned i = 0; i < SECCOMP_MAX_PINS && r->pin[i].op; i++)
		printf(" arg%u%s%#lx", r->pin[i].arg,
		    r->pin[i].op == PIN_WITHOUT ? " without " : "=",
		    (unsigned long)r->pin[i].value);
	printf("\n");
	free(name);
}

static int
class_of(const char *name)
{
	for (int k = 0; k < JAIL_CLASSES; k++)
		if (!strcmp(jail_class[k].name, name))
			return k;
	return -1;
}

/* True: it is allowed, and its rule is used now. */
static bool
take(const char *line)
{
	unsigned long a[6] = { 0 };
	uint64_t args[6];
	char class[32];
	char call[64];
	int k, nr, rule;

	if (sscanf(line, "%31s %63s %lx %lx %lx %lx %lx %lx", class, call,
	    &a[0], &a[1], &a[2], &a[3], &a[4], &a[5]) < 2)
		return false;
	k = class_of(class);
	nr = seccomp_syscall_resolve_name_arch(SCMP_ARCH_X86_64, call);
	if (k < 0 || nr < 0)
		return false;
	for (int i = 0; i < 6; i++)
		args[i] = a[i];
	/* Whose pid it was, the recording does not say. */
	rule = class_allows(&jail_class[k], nr, args, (pid_t)args[0]);
	if (rule < 0)
		return false;
	used[k][rule]++;
	return true;
}

static int
use(void)
{
	char line[512];
	unsigned bad = 0;
	unsigned n = 0;

	while (fgets(line, sizeof(line), stdin)) {
		n++;
		if (!take(line))
			printf("not allowed: %s", line);
	}
	for (int k = 0; k < JAIL_CLASSES; k++)
		for (size_t i = 0; i < jail_class[k].n; i++)
			if (!used[k][i]) {
				bad++;
				print_rule("not needed", &jail_class[k],
				    &jail_class[k].rules[i]);
			}
	printf("%u calls, %u rules that none of them needed\n", n, bad);
	return !n || bad;
}

static int
names(void)
{
	for (int k = 0; k < JAIL_CLASSES; k++)
		for (size_t i = 0; i < jail_class[k].n; i++)
			print_rule("rule", &jail_class[k],
			    &jail_class[k].rules[i]);
	return 0;
}

int
main(int argc, char **argv)
{
	static const struct {
		const char *name;
		int (*fn)(void);
	} verbs[] = { { "sizes", sizes }, { "use", use }, { "names", names } };

	for (size_t i = 0; i < ARRAY_LEN(verbs); i++)
		if (argc == 2 && !strcmp(argv[1], verbs[i].name))
			return verbs[i].fn();
	fprintf(stderr, "usage: rules sizes|use|names\n");
	return 2;
}
