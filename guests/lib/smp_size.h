/* SPDX-License-Identifier: Apache-2.0 */
/* Sizes that smp.S and smp.c share. */
#define SMP_MAX_CPUS 16
#define SMP_STACK_BITS 14
