/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ACPI fixed hardware (ACPI 6.5, 4.8): PM1a event and control blocks, the
 * 32-bit PM timer and GPE block 0.  SCI_EN is hard-wired to 1 (the FADT's
 * SMI_CMD must be 0).  The SCI is a level on irq (IRQ 9, active high in our
 * wiring).  Put the numbers below into the FADT.
 *
 * acpi_pm_init(); acpi_pm_attach().  Device lock held.
 */
#ifndef TRIVISOR_IO_CHIP_ACPI_PM_H
#define TRIVISOR_IO_CHIP_ACPI_PM_H

#include "io/dev.h"

#define ACPI_PM_BASE	0x600
#define ACPI_PM1_EVT	0x600	/* status, enable: 2 bytes each */
#define ACPI_PM1_CNT	0x604	/* 2 bytes */
#define ACPI_PM_TMR	0x608	/* 4 bytes, TMR_VAL_EXT = 1 */
#define ACPI_GPE0	0x60c	/* status, enable: 2 bytes each, 16 GPEs */
#define ACPI_PM_SIZE	0x10
#define ACPI_PM_HZ	3579545
#define ACPI_SCI_IRQ	9
#define ACPI_S5_TYP	5	/* SLP_TYPa for the DSDT's \_S5 */
#define ACPI_RESET_PORT	0xcf9	/* FADT RESET_REG and RESET_VALUE */
#define ACPI_RESET_VALUE 0x06

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
/* ACPI_PM_SIZE ports from ACPI_PM_BASE. */
MUST_USE int acpi_pm_attach(struct acpi_pm *p, struct bus *pio, struct err *e);
/* The user pressed the power button. */
void acpi_pm_power_button(struct acpi_pm *p);
/* Raise a general-purpose event, n < 16. */
void acpi_pm_gpe(struct acpi_pm *p, unsigned n);

extern const struct dev_ops acpi_pm_ops;

#endif
