/* SPDX-License-Identifier: Apache-2.0 */
/*
 * System calls that a class of threads may make: a table of rules becomes a
 * filter, the filter a thread's own for the rest of its life.  Any other call,
 * or one with other arguments, kills the whole process (SIGSYS).  Filters add
 * up, and threads inherit.
 *
 *	seccomp_build()		once per class, while everything is allowed
 *	seccomp_install()	each thread of the class
 */
#ifndef TRIVISOR_BASE_SECCOMP_H
#define TRIVISOR_BASE_SECCOMP_H

#include "base/err.h"

#define SECCOMP_MAX_PINS 4

enum seccomp_op {
	PIN_NONE,
	PIN_EQUALS,		/* argument == value */
	PIN_WITHOUT,		/* no bit of value is set in the argument */
	PIN_OWN_PID,		/* argument == getpid() */
};

/* The argument's lower 32 bits for int arguments: the kernel sees no more. */
struct seccomp_pin {
	uint8_t op;		/* enum seccomp_op */
	uint8_t arg;		/* 0..5 */
	uint64_t value;
};

/* Several rules for one call: any of them is enough. */
struct seccomp_rule {
	int nr;
	struct seccomp_pin pin[SECCOMP_MAX_PINS];
};

struct seccomp_class {
	const char *name;
	const struct seccomp_rule *rules;
	size_t n;
	bool forbids;		/* what the rules say; everything else passes */
};

struct seccomp_filter;

/* PIN_OWN_PID means the process that calls this. */
MUST_USE int seccomp_build(struct seccomp_filter **out,
    const struct seccomp_class *c, struct err *e);
/* For good, the calling thread only; no_new_privs is set already. */
MUST_USE int seccomp_install(const struct seccomp_filter *f, struct err *e);
/* Installed filters are the kernel's. */
void seccomp_free(struct seccomp_filter *f);
/* The program, 8 bytes per instruction (struct sock_filter). */
const void *seccomp_code(const struct seccomp_filter *f, size_t *n_insns);

#endif
