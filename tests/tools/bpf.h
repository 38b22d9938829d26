/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a seccomp filter would say, and what the table it was made of says:
 * two opinions that share no code.
 */
#ifndef TRIVISOR_TESTS_TOOLS_BPF_H
#define TRIVISOR_TESTS_TOOLS_BPF_H

#include <linux/seccomp.h>
#include <sys/types.h>

#include "base/seccomp.h"

/* Run the program over one call; its SECCOMP_RET_ value. */
uint32_t bpf_run(const void *code, size_t n_insns,
    const struct seccomp_data *call);
/* Does the rule allow the call?  pid: for PIN_OWN_PID. */
bool rule_allows(const struct seccomp_rule *r, int nr,
    const uint64_t args[6], pid_t pid);
/* The first rule that does, or -1. */
int class_allows(const struct seccomp_class *c, int nr,
    const uint64_t args[6], pid_t pid);

#endif
