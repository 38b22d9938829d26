/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The board: an i440FX-style PC.  An ISA interrupt n goes to 8259 input n and
 * to I/O APIC pin n, but for the timer, which is on pin 2 (the MADT says so);
 * the 8259s' INT goes to LINT0 of the first processor.
 */
#include "monitor/wiring.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>

#include "base/log.h"
#include "modes/x86/x86.h"
#include "monitor/boot/acpi.h"
#include "monitor/vcpu.h"

#define DEBUG_EXIT_PORT 0xf4

/* --- lines ------------------------------------------------------------------ */

static void
isa_irq(void *ctx, unsigned n, int level)
{
	struct machine *m = ctx;

	i8259_set(&m->pic, n, level);
	ioapic_set(&m->ioapic, n == 0 ? 2 : n, level);
}

static struct irq_line
isa_line(struct machine *m, unsigned n)
{
	return (struct irq_line){ .set = isa_irq, .ctx = m, .n = n };
}

/* PCI lines routed to the 8259s: shared with nobody, pins 16.. are others. */
static void
pic_irq(void *ctx, unsigned n, int level)
{
	struct machine *m = ctx;

	i8259_set(&m->pic, n, level);
}

/* Has no processor taken the timer's last interrupt yet? */
static bool
timer_irq_waiting(void *ctx)
{
	struct machine *m = ctx;
	struct apic_msg msg;

	return i8259_waiting(&m->pic, 0) ||
	    (ioapic_message(&m->ioapic, 2, &msg) &&
	    apic_bus_waiting(&m->apics, &msg));
}

static void
ioapic_deliver(void *ctx, const struct apic_msg *msg)
{
	struct machine *m = ctx;

	apic_bus_deliver(&m->apics, msg);
}

/* --- what the guest asks of the machine --------------------------------------- */

static void
on_reset(void *ctx)
{
	machine_request(ctx, REQ_RESET, 0, NULL);
}

static void
on_power_off(void *ctx)
{
	machine_request(ctx, REQ_POWER_OFF, 0, NULL);
}

static void
on_debug_exit(void *ctx, uint32_t value)
{
	machine_request(ctx, REQ_DEBUG_EXIT, value, NULL);
}

static void
on_debug_line(void *ctx, const char *text, size_t n)
{
	struct machine *m = ctx;
	char clean[SYSCTL_LINE + 1];

	for (size_t i = 0; i < n && i < SYSCTL_LINE; i++)
		clean[i] = text[i] >= ' ' && text[i] <= '~' ? text[i] : '?';
	clean[MIN(n, SYSCTL_LINE)] = '\0';
	log_limited(&m->debug_limit, LOG_INFO, "what=guest-debug text=\"%s\"",
	    clean);
}

/* --- building -------------------------------------------------------------------- */

/* What the RTC shows, which need not be UTC. */
static int64_t
wall_time(const struct machine *m)
{
	return clock_realtime() + m->cfg.rtc_offset * NS_PER_SEC;
}

static void
init_chips(struct machine *m)
{
	struct irq_line lint0 = { .set = lapic_lint_set,
	    .ctx = &m->cpu[0].lapic, .n = 0 };
	struct irq_line irq0 = isa_line(m, 0);
	struct irq_line irq8 = isa_line(m, 8);
	struct irq_line pic = { .set = pic_irq, .ctx = m };
	struct irq_line pins = { .set = ioapic_set, .ctx = &m->ioapic };
	struct irq_line intx = { .set = i440fx_intx, .ctx = &m->i440fx };
	struct i8042_wiring kbc = { .irq1 = isa_line(m, 1),
	    .irq12 = isa_line(m, 12), .reset = on_reset, .ctx = m };
	struct acpi_pm_wiring pm = { .sci = isa_line(m, ACPI_SCI_IRQ),
	    .power_off = on_power_off, .ctx = m };
	struct sysctl_wiring sys = { .kbc = &m->kbc, .reset = on_reset,
	    .irq13 = isa_line(m, 13),
	    .debug_line = on_debug_line, .debug_exit = on_debug_exit,
	    .ctx = m };

	i8259_init(&m->pic, &lint0);
	/* Four bits: with many vCPUs it shares the first one's, as many do. */
	ioapic_init(&m->ioapic, (m->cpu[m->vm.n_vcpus - 1].lapic.id + 1) & 15,
	    ioapic_deliver, m);
	i8254_init(&m->pit, &m->timers, &irq0);
	i8254_set_waiting(&m->pit, timer_irq_waiting, m);
	mc146818_init(&m->rtc, &m->timers, &irq8, wall_time(m));
	mc146818_set_memory(&m->rtc, m->map.low_top,
	    m->map.high_top - MAP_4G);
	i8042_init(&m->kbc, &kbc);
	acpi_pm_init(&m->pm, &m->timers, &pm);
	sysctl_init(&m->sysctl, &sys);
	pci_init(&m->pci, &m->pio, &m->mmio, &m->sysctl, &intx);
	i440fx_init(&m->i440fx, &pic, &pins);
}

/* Where the port's bytes go besides clients: what came as descriptors. */
static int
attach_backends(struct machine *m, unsigned i, struct err *e)
{
	struct console *k = &m->console[i];
	struct vm_config *c = &m->cfg;
	int rc;

	k->files = logger_wake;
	k->files_ctx = &m->logger;
	if (c->serial_fd[i] >= 0)
		console_add_file(k, c->serial_fd[i], c->console_cap);
	if (c->serial_log_fd[i] >= 0)
		console_add_file(k, c->serial_log_fd[i], c->console_cap);
	if (c->serial_listen_fd[i] >= 0)
		fcntl(c->serial_listen_fd[i], F_SETFL, O_RDWR | O_NONBLOCK);
	if (c->serial_pty_fd[i] < 0)
		return 0;
	fcntl(c->serial_pty_fd[i], F_SETFL, O_RDWR | O_NONBLOCK);
	rc = console_attach(k, VIEWER_PTY, c->serial_pty_fd[i], NULL);
	if (rc)
		return err_set_sys(e, -rc, "serial port %u: pty", i);
	c->serial_pty_fd[i] = -1;	/* the viewer's now */
	return 0;
}

static int
attach_serials(struct machine *m, struct err *e)
{
	int rc = 0;

	for (unsigned i = 0; i < m->cfg.n_serials && !rc; i++) {
		struct irq_line irq = isa_line(m, uart_places[i].irq);
		struct uart_backend be = { .tx = console_tx,
		    .room = console_room, .ctx = &m->console[i] };

		console_init(&m->console[i], &m->timers);
		m->console[i].uart = &m->uart[i];
		uart_init(&m->uart[i], &m->timers, &irq, &be);
		rc = attach_backends(m, i, e);
		if (!rc)
			rc = uart_attach(&m->uart[i], &m->pio,
			    uart_places[i].port, e);
	}
	return rc;
}

int
wiring_build(struct machine *m, struct err *e)
{
	int rc;

	bus_init(&m->pio, &m->lock);
	bus_init(&m->mmio, &m->lock);
	init_chips(m);
	rc = i8259_attach(&m->pic, &m->pio, e);
	if (!rc)
		rc = ioapic_attach(&m->ioapic, &m->mmio, e);
	if (!rc)
		rc = i8254_attach(&m->pit, &m->pio, e);
	if (!rc)
		rc = mc146818_attach(&m->rtc, &m->pio, e);
	if (!rc)
		rc = i8042_attach(&m->kbc, &m->pio, e);
	if (!rc && m->cfg.acpi)
		rc = acpi_pm_attach(&m->pm, &m->pio, e);
	if (!rc)
		rc = sysctl_attach(&m->sysctl, &m->pio, e);
	if (!rc && m->cfg.debug_exit)
		rc = sysctl_attach_debug_exit(&m->sysctl, &m->pio,
		    DEBUG_EXIT_PORT, e);
	if (!rc)
		rc = pci_attach(&m->pci, e);
	if (!rc)
		rc = i440fx_add(&m->i440fx, &m->pci, e);
	if (!rc)
		rc = attach_serials(m, e);
	m->wired = !rc;
	return rc;
}

/*
 * What a terminal's reader has not taken yet goes away when we close our end:
 * give it a moment, for somebody may be about to.
 */
static void
settle_ptys(const struct machine *m)
{
	struct pollfd p;

	for (unsigned i = 0; i < m->cfg.n_serials; i++) {
		p = (struct pollfd){ .fd = m->cfg.serial_slave_fd[i],
		    .events = POLLIN };
		for (unsigned k = 0; k < 10 && poll(&p, 1, 0) > 0; k++)
			poll(NULL, 0, 10);
	}
}

void
wiring_fini(struct machine *m)
{
	if (!m->wired)
		return;
	pthread_mutex_lock(&m->lock);
	sysctl_flush(&m->sysctl);
	for (unsigned i = 0; i < m->cfg.n_serials; i++)
		console_drain(&m->console[i], NS_PER_SEC / 2);
	settle_ptys(m);
	for (unsigned i = 0; i < m->cfg.n_serials; i++) {
		console_fini(&m->console[i]);
	}
	pthread_mutex_unlock(&m->lock);
	logger_stop(&m->logger);
}

void
wiring_reset(struct machine *m)
{
	pthread_mutex_lock(&m->lock);
	pci_reset(&m->pci);
	i440fx_reset(&m->i440fx);
	i8254_reset(&m->pit);
	mc146818_reset(&m->rtc);
	i8042_reset(&m->kbc);
	acpi_pm_reset(&m->pm);
	sysctl_reset(&m->sysctl);
	for (unsigned i = 0; i < m->cfg.n_serials; i++)
		uart_reset(&m->uart[i]);
	ioapic_reset(&m->ioapic);
	i8259_reset(&m->pic);
	pthread_mutex_unlock(&m->lock);
}

void
wiring_reset_cpu(struct cpu *p)
{
	x86_reset(p->c);
	if (!p->lapic.bsp)
		x86_init(p->c);
}
