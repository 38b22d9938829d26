/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ACPI fixed hardware (ACPI 6.5, 4.8): PM1a event and control blocks, the
 * 32-bit PM timer and GPE block 0.  SCI_EN is hard-wired to 1 (the FADT's
 * SMI_CMD must be 0).  The SCI is a level on line sci (IRQ 9, active high).
 * The numbers below go into the FADT.
 *
 * acpi_pm_init(); acpi_pm_attach().  Device lock held.
 */
#ifndef TRIVISOR_IO_CHIP_ACPI_PM_H
#define TRIVISOR_IO_CHIP_ACPI_PM_H

#include "io/dev.h"

enum {
	PM1_EVT_PORT = 0x600,	/* status, enable: 2 bytes each */
	PM1_CNT_PORT = 0x604,	/* 2 bytes */
	PM_TMR_PORT = 0x608,	/* 4 bytes, TMR_VAL_EXT = 1 */
	GPE0_PORT = 0x60c,	/* status, enable: 2 bytes each, 16 GPEs */
	PM_PORTS = 0x10,
	PM_S5_TYP = 5,		/* SLP_TYPa for the DSDT's \_S5 */
	PM_TMR_HZ = 3579545,
};

struct acpi_pm_wiring {
	struct irq_line sci;
	void (*power_off)(void *ctx);	/* S5 entered */
	void *ctx;			/* borrowed */
};

struct acpi_pm {
	uint16_t pm1_sts, pm1_en, pm1_cnt;
	uint16_t gpe_sts, gpe_en;
	uint64_t overflows;	/* PM timer bit 31 changes accounted for */
	uint64_t start;		/* PM ticks of the clock at reset */
	uint8_t level;		/* of the SCI */
	struct timer timer;	/* bit 31 of the PM timer changes */
	struct timer_queue *tq;	/* borrowed */
	struct acpi_pm_wiring w;
};

void acpi_pm_init(struct acpi_pm *p, struct timer_queue *tq,
    const struct acpi_pm_wiring *w);
void acpi_pm_reset(struct acpi_pm *p);
/* PM_PORTS ports from PM1_EVT_PORT. */
MUST_USE int acpi_pm_attach(struct acpi_pm *p, struct bus *pio, struct err *e);
/* The user pressed the power button. */
void acpi_pm_power_button(struct acpi_pm *p);
/* Raise a general-purpose event, n < 16. */
void acpi_pm_gpe(struct acpi_pm *p, unsigned n);

extern const struct dev_ops acpi_pm_ops;

#endif
