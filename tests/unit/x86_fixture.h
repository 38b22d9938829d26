/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A vCPU without an engine, set up in a mode of choice with descriptor tables
 * in its own RAM, for the tests of modes/x86.
 */
#ifndef TRIVISOR_TESTS_UNIT_X86_FIXTURE_H
#define TRIVISOR_TESTS_UNIT_X86_FIXTURE_H

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "modes/cpuid.h"
#include "modes/x86/x86.h"

/* Where things are in the fixture's RAM. */
enum {
	FX_GDT = 0x1000, FX_IDT = 0x2000, FX_TSS = 0x4000, FX_TSS2 = 0x5000,
	FX_LDT = 0x5800, FX_STACK0 = 0x9000, FX_STACK3 = 0xb000,
	FX_IST = 0xd000, FX_CODE = 0x10000, FX_PML4 = 0x20000,
	FX_PDPT = 0x21000, FX_PD = 0x22000,
	FX_HANDLERS = 0x30000,		/* 16 bytes apart, by vector */
};

/* Selectors of the GDT that every mode gets. */
enum {
	SEL_CODE0 = 0x08, SEL_DATA0 = 0x10, SEL_CODE3 = 0x1b,
	SEL_DATA3 = 0x23, SEL_TSS = 0x28, SEL_TSS2 = 0x38, SEL_LDT = 0x48,
	SEL_CONF0 = 0x58, SEL_CODE0_NP = 0x60, SEL_DATA0_NP = 0x68,
	SEL_RODATA3 = 0x73, SEL_EXECONLY3 = 0x7b, SEL_GATE = 0x80,
	SEL_TASKGATE = 0x90, SEL_CODE16 = 0x98, SEL_CODE1 = 0xa1,
	SEL_CODE32 = 0xa8, SEL_CODE32_3 = 0xb3, SEL_FREE = 0xb8,
	FX_GDT_LIMIT = 0xff,
};

struct fx {
	struct vm vm;
	struct vcpu *c;
	struct platform plat;
	struct clock clock;
	struct cpuid_host host;
	struct cpuid_table cpuid;
	struct vcpu *vcpus[1];
	/* What the platform saw and gives. */
	int irq;
	gpa_t mmio_gpa[8];
	unsigned mmio_size[8];
	unsigned n_mmio;
	uint64_t mmio_value;
	unsigned flushes;
	unsigned traced;
	gpa_t traced_gpa;
	size_t traced_len;
	uint8_t tpr;
};

int fx_setup(void **state);
int fx_teardown(void **state);

/* Ring 0 in the mode; stacks, TSS and IDT in place. */
void fx_real(struct fx *f);
void fx_prot(struct fx *f);
void fx_long(struct fx *f);
/* Drop to ring 3 in whatever mode. */
void fx_ring3(struct fx *f);
/* Virtual-8086 mode over fx_prot(). */
void fx_v86(struct fx *f);
void fx_amd(struct fx *f, bool amd);

void fx_put(struct fx *f, gpa_t gpa, uint64_t v, unsigned size);
uint64_t fx_get(struct fx *f, gpa_t gpa, unsigned size);
/* A descriptor: base, byte limit or pages with SEG_G, attr as seg_reg's. */
uint64_t fx_desc(uint32_t base, uint32_t limit, uint16_t attr);
void fx_gdt(struct fx *f, uint16_t sel, uint64_t raw);
/* A gate of type and DPL in the current mode's format. */
void fx_idt(struct fx *f, unsigned vector, uint16_t sel, uint64_t off,
    uint8_t attr, unsigned ist);
uint64_t fx_gate(uint16_t sel, uint32_t off, uint8_t attr, unsigned params);

/* The vector whose handler rip is at, or -1. */
int fx_vector(const struct fx *f);

enum { GATE_INT32 = 0x8e, GATE_TRAP32 = 0x8f, GATE_INT16 = 0x86,
    GATE_TASK = 0x85, GATE_CALL32 = 0x8c, GATE_CALL16 = 0x84 };

#define FX_TEST(f) cmocka_unit_test_setup_teardown(f, fx_setup, fx_teardown)

#endif
