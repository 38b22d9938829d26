/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What generated code knows by number: offsets from gs and the register map.
 */
#ifndef TRIVISOR_MODES_BT_LAYOUT_H
#define TRIVISOR_MODES_BT_LAYOUT_H

#include "modes/bt/bt.h"

#define GS(field) ((uint32_t)offsetof(struct bt_vcpu, field))
#define GS_GPR(r) \
	((uint32_t)(offsetof(struct bt_vcpu, c.s.gpr) + 8u * (unsigned)(r)))

/* Scratch registers. */
#define S_A H_R10	/* the page's addend after a check */
#define S_B H_R11	/* the guest linear address after a check */
#define S_C H_RCX	/* data, and JRCXZ */

/* Where a guest register lives; H_NONE: in its slot. */
extern const uint8_t bt_home[GPR_COUNT];

static_assert(sizeof(struct tlb_entry) == 32, "tlb entry size is 1 << 5");

#endif
