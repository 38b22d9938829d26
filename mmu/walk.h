/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The guest page-table walker: 32-bit, PAE and 4-level paging as in the Intel
 * SDM volume 3, chapter 4 (CPUID offers no 5-level paging).  It decides everything a TLB fill needs to
 * know, sets accessed and dirty bits by locked compare-and-exchange as the
 * processor does, and reports faults with the architectural error code.
 *
 * Owning vCPU thread; vector-free.
 */
#ifndef TRIVISOR_MMU_WALK_H
#define TRIVISOR_MMU_WALK_H

#include "mmu/gmem.h"

/* The registers that steer a walk; engines keep one current per vCPU. */
struct walk_regs {
	uint64_t cr0, cr3, cr4, efer, rflags;
	uint8_t maxphyaddr;	/* bits above are reserved in entries */
	bool no_1g;		/* CPUID lacks PDPE1GB: PS is reserved there */
	bool no_pse36;		/* CPUID lacks PSE36 */
	bool amd;		/* PML4E bit 8 is reserved */
	uint64_t pdpte[4];	/* PAE: latched at MOV CR3 */
};

/* What the access wants; combine. */
enum {
	WALK_WRITE = 1,
	WALK_FETCH = 2,
	WALK_USER = 4,		/* CPL 3 and not an implicit supervisor access */
	WALK_IMPLICIT = 8,	/* descriptor tables, TSS: SMAP ignores AC */
	WALK_PROBE = 16,	/* set no A/D bits (debuggers) */
};

/* #PF error code bits, SDM 3 4.7. */
enum {
	PF_P = 1, PF_W = 2, PF_U = 4, PF_RSVD = 8, PF_I = 16, PF_PK = 32,
};

struct walk_result {
	gpa_t gpa;		/* of the byte asked for */
	uint64_t page_size;	/* 4K, 2M, 4M or 1G as mapped */
	bool user;		/* U/S allows CPL 3 */
	bool writable;		/* R/W set on all levels (WP not applied) */
	bool nx;		/* fetch forbidden by NX */
	bool dirty;		/* D bit is set now: a write needs no new walk */
	bool global;		/* G bit, and CR4.PGE */
	uint32_t error_code;	/* when the walk fails */
};

/*
 * Translate one linear address.  0 and *r filled, or -EFAULT with
 * r->error_code set for #PF.  With CR0.PG clear it is the identity.  Canonical
 * checks are the caller's business.  Page-table entries outside RAM read as
 * all ones (reserved-bit fault).  SMEP, SMAP (with rflags.AC), WP and NX are
 * applied as the registers say.
 */
MUST_USE int walk(struct gmem *m, const struct walk_regs *regs, gva_t va,
    unsigned access, struct walk_result *r);
/*
 * Load the four PAE page-directory-pointer entries for MOV CR3/CR0/CR4;
 * -EINVAL when a present one has reserved bits set (#GP(0) then).
 */
MUST_USE int walk_load_pdptes(struct gmem *m, struct walk_regs *regs);

#endif
