/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ports and MMIO as engines reach them.  The engine has put the guest's
 * vectors away before it calls, so this is ordinary code.
 */
#include "monitor/vcpu.h"

/* MMIO carries no vCPU: the thread knows which one it is. */
static struct cpu *
current_cpu(struct machine *m)
{
	pthread_t self = pthread_self();

	for (unsigned i = 0; i < m->vm.n_vcpus; i++)
		if (pthread_equal(m->cpu[i].thread, self))
			return &m->cpu[i];
	return &m->cpu[0];
}

static uint32_t
pio_read(void *ctx, uint16_t port, unsigned size)
{
	struct machine *m = ctx;

	return (uint32_t)bus_read(&m->pio, port, size);
}

static void
pio_write(void *ctx, uint16_t port, unsigned size, uint32_t value)
{
	struct machine *m = ctx;

	bus_write(&m->pio, port, size, value);
}

static uint64_t
mmio_read(void *ctx, gpa_t gpa, unsigned size)
{
	struct machine *m = ctx;
	struct cpu *p = current_cpu(m);

	if (lapic_covers(&p->lapic, gpa))
		return lapic_mmio_read(&p->lapic,
		    (unsigned)(gpa & ~PAGE_MASK), size);
	return bus_read(&m->mmio, gpa, size);
}

static void
mmio_write(void *ctx, gpa_t gpa, unsigned size, uint64_t value)
{
	struct machine *m = ctx;
	struct cpu *p = current_cpu(m);

	if (lapic_covers(&p->lapic, gpa))
		lapic_mmio_write(&p->lapic, (unsigned)(gpa & ~PAGE_MASK), size,
		    (uint32_t)value);
	else
		bus_write(&m->mmio, gpa, size, value);
}

/* An x87 error on its way to IRQ 13. */
static void
ferr(void *ctx)
{
	struct machine *m = ctx;

	pthread_mutex_lock(&m->lock);
	sysctl_ferr(&m->sysctl);
	pthread_mutex_unlock(&m->lock);
}

const struct platform machine_platform = {
	.pio_read = pio_read, .pio_write = pio_write,
	.mmio_read = mmio_read, .mmio_write = mmio_write,
	.irq_take = irq_take, .irq_pending = irq_pending,
	.apic_msr_read = apic_msr_read, .apic_msr_write = apic_msr_write,
	.set_tpr = apic_set_tpr, .get_tpr = apic_get_tpr,
	.ferr = ferr, .tsc_changed = apic_tsc_changed,
};
