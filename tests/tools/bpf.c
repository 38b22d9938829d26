/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An interpreter for the part of classic BPF that seccomp filters use
 * (Documentation/userspace-api/seccomp_filter.rst), and the meaning of a rule.
 */
#include "tests/tools/bpf.h"

#include <linux/filter.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool
jumps(uint16_t code, uint32_t a, uint32_t k)
{
	switch (BPF_OP(code)) {
	case BPF_JEQ:
		return a == k;
	case BPF_JGT:
		return a > k;
	case BPF_JGE:
		return a >= k;
	default:
		return (a & k) != 0;
	}
}

uint32_t
bpf_run(const void *code, size_t n_insns, const struct seccomp_data *call)
{
	const struct sock_filter *f = code;
	uint32_t a = 0;

	for (size_t pc = 0; pc < n_insns; pc++) {
		const struct sock_filter *i = &f[pc];

		switch (BPF_CLASS(i->code)) {
		case BPF_LD:
			if (i->code != (BPF_LD | BPF_W | BPF_ABS) ||
			    i->k % 4 || i->k + 4 > sizeof(*call))
				abort();
			memcpy(&a, (const char *)call + i->k, 4);
			break;
		case BPF_ALU:
			if (i->code != (BPF_ALU | BPF_AND | BPF_K))
				abort();
			a &= i->k;
			break;
		case BPF_JMP:
			if (BPF_OP(i->code) == BPF_JA)
				pc += i->k;
			else
				pc += jumps(i->code, a, i->k) ? i->jt : i->jf;
			break;
		case BPF_RET:
			if (i->code != (BPF_RET | BPF_K))
				abort();
			return i->k;
		default:
			abort();
		}
	}
	abort();
}

bool
rule_allows(const struct seccomp_rule *r, int nr, const uint64_t args[6],
    pid_t pid)
{
	if (r->nr != nr)
		return false;
	for (unsigned i = 0; i < SECCOMP_MAX_PINS && r->pin[i].op; i++) {
		const struct seccomp_pin *p = &r->pin[i];
		uint64_t want = p->op == PIN_OWN_PID ? (uint64_t)pid :
		    p->value;
		bool ok = (uint32_t)args[p->arg] == want;

		if (p->op == PIN_WITHOUT)
			ok = !(args[p->arg] & want);
		if (!ok)
			return false;
	}
	return true;
}

int
class_allows(const struct seccomp_class *c, int nr, const uint64_t args[6],
    pid_t pid)
{
	for (size_t i = 0; i < c->n; i++)
		if (rule_allows(&c->rules[i], nr, args, pid))
			return (int)i;
	return -1;
}
