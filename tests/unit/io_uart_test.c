/* SPDX-License-Identifier: Apache-2.0 */
/* The 16550A: io/chip/uart.c. */
#include "io_rig.h"

#include "io/chip/uart.h"

#define IRQ4 4
#define BASE 0x3f8

enum { RBR = BASE, IER, IIR, LCR, MCR, LSR, MSR, SCR, FCR = IIR };

struct fixture {
	struct rig r;
	struct uart u;
	char sent[64];
	unsigned n_sent, rooms;
};

static void
on_tx(void *ctx, uint8_t byte)
{
	struct fixture *f = ctx;

	f->sent[f->n_sent++ % sizeof(f->sent)] = (char)byte;
}

static void
on_room(void *ctx)
{
	((struct fixture *)ctx)->rooms++;
}

static void
setup(struct fixture *f)
{
	struct uart_backend be = { on_tx, on_room, f };
	struct irq_line irq;

	memset(f, 0, sizeof(*f));
	rig_init(&f->r);
	irq = rig_irq(&f->r, IRQ4);
	uart_init(&f->u, &f->r.tq, &irq, &be);
	assert_int_equal(uart_attach(&f->u, &f->r.pio, BASE, NULL), 0);
}

/* 115200 8N1, FIFOs with trigger level 8, OUT2. */
static void
setup_fifo(struct fixture *f)
{
	setup(f);
	outb(&f->r, LCR, 0x83);
	outb(&f->r, RBR, 1);
	outb(&f->r, IER, 0);
	outb(&f->r, LCR, 3);
	outb(&f->r, FCR, 0x81);
	outb(&f->r, MCR, 0x0b);
}

static size_t
receive(struct fixture *f, const char *text)
{
	return uart_rx(&f->u, (const uint8_t *)text, strlen(text));
}

static void
bytes_written_are_sent_at_once(void **state)
{
	struct fixture f;

	setup(&f);
	for (const char *s = "hello"; *s; s++) {
		assert_int_equal(inb(&f.r, LSR) & 0x60, 0x60);
		outb(&f.r, RBR, (uint8_t)*s);
	}
	assert_int_equal(f.n_sent, 5);
	assert_memory_equal(f.sent, "hello", 5);
}

static void
linux_finds_a_16550a(void **state)
{
	struct fixture f;

	setup(&f);
	outb(&f.r, IER, 0);
	assert_int_equal(inb(&f.r, IER), 0);
	outb(&f.r, IER, 0x0f);
	assert_int_equal(inb(&f.r, IER) & 0x0f, 0x0f);
	outb(&f.r, IER, 0xff);
	assert_int_equal(inb(&f.r, IER), 0x0f);
	outb(&f.r, IER, 0);
	outb(&f.r, MCR, 0x1a);
	assert_int_equal(inb(&f.r, MSR) & 0xf0, 0x90);
	outb(&f.r, MCR, 0x08);
	outb(&f.r, LCR, 0);
	outb(&f.r, FCR, 1);
	assert_int_equal(inb(&f.r, IIR) >> 6, 3);
	outb(&f.r, FCR, 0);
	assert_int_equal(inb(&f.r, IIR) >> 6, 0);
	outb(&f.r, SCR, 0xa5);
	assert_int_equal(inb(&f.r, SCR), 0xa5);
	assert_int_equal(f.n_sent, 0);
}

static void
the_divisor_hides_behind_dlab(void **state)
{
	struct fixture f;

	setup(&f);
	outb(&f.r, LCR, 0x80);
	outb(&f.r, RBR, 0x34);
	outb(&f.r, IER, 0x12);
	assert_int_equal(inb(&f.r, RBR), 0x34);
	assert_int_equal(inb(&f.r, IER), 0x12);
	outb(&f.r, LCR, 3);
	assert_int_equal(inb(&f.r, IER), 0);
	assert_int_equal(f.n_sent, 0);
}

static void
enabling_thre_interrupts_at_once_and_each_time(void **state)
{
	struct fixture f;

	setup_fifo(&f);
	outb(&f.r, IER, 2);
	assert_int_equal(f.r.level[IRQ4], 1);
	assert_int_equal(inb(&f.r, IIR), 0xc2);
	assert_int_equal(f.r.level[IRQ4], 0);
	assert_int_equal(inb(&f.r, IIR), 0xc1);
	outb(&f.r, IER, 0);
	outb(&f.r, IER, 2);
	assert_int_equal(f.r.level[IRQ4], 1);
}

static void
a_byte_sent_raises_thre_again(void **state)
{
	struct fixture f;

	setup_fifo(&f);
	outb(&f.r, IER, 2);
	inb(&f.r, IIR);
	outb(&f.r, RBR, 'x');
	assert_int_equal(f.r.level[IRQ4], 1);
	assert_int_equal(inb(&f.r, IIR), 0xc2);
}

static void
out2_gates_the_interrupt(void **state)
{
	struct fixture f;

	setup_fifo(&f);
	outb(&f.r, MCR, 0x03);
	outb(&f.r, IER, 2);
	assert_int_equal(f.r.level[IRQ4], 0);
	outb(&f.r, MCR, 0x0b);
	assert_int_equal(f.r.level[IRQ4], 1);
}

static void
received_bytes_come_in_order(void **state)
{
	struct fixture f;

	setup_fifo(&f);
	assert_int_equal(receive(&f, "abc"), 3);
	assert_int_equal(inb(&f.r, LSR) & 1, 1);
	assert_int_equal(inb(&f.r, RBR), 'a');
	assert_int_equal(inb(&f.r, RBR), 'b');
	assert_int_equal(inb(&f.r, RBR), 'c');
	assert_int_equal(inb(&f.r, LSR) & 1, 0);
}

static void
the_trigger_level_interrupts(void **state)
{
	struct fixture f;

	setup_fifo(&f);
	outb(&f.r, IER, 1);
	receive(&f, "1234567");
	assert_int_equal(f.r.level[IRQ4], 0);
	receive(&f, "8");
	assert_int_equal(f.r.level[IRQ4], 1);
	assert_int_equal(inb(&f.r, IIR), 0xc4);
	inb(&f.r, RBR);
	assert_int_equal(f.r.level[IRQ4], 0);
}

static void
a_few_bytes_interrupt_after_four_characters(void **state)
{
	struct fixture f;

	setup_fifo(&f);
	outb(&f.r, IER, 1);
	receive(&f, "x");
	rig_pass(&f.r, 300 * US);
	assert_int_equal(f.r.level[IRQ4], 0);
	rig_pass(&f.r, 100 * US);
	assert_int_equal(f.r.level[IRQ4], 1);
	assert_int_equal(inb(&f.r, IIR), 0xcc);
	assert_int_equal(inb(&f.r, RBR), 'x');
	assert_int_equal(f.r.level[IRQ4], 0);
	assert_int_equal(inb(&f.r, IIR), 0xc1);
}

static void
without_fifos_each_byte_interrupts(void **state)
{
	struct fixture f;

	setup(&f);
	outb(&f.r, MCR, 0x08);
	outb(&f.r, IER, 1);
	assert_int_equal(receive(&f, "xy"), 1);
	assert_int_equal(f.r.level[IRQ4], 1);
	assert_int_equal(inb(&f.r, IIR), 0x04);
	assert_int_equal(inb(&f.r, RBR), 'x');
	assert_int_equal(f.rooms, 1);
}

static void
a_full_fifo_refuses_and_calls_when_there_is_room(void **state)
{
	struct fixture f;

	setup_fifo(&f);
	assert_int_equal(receive(&f, "0123456789abcdefXYZ"), 16);
	assert_int_equal(receive(&f, "XYZ"), 0);
	assert_int_equal(f.rooms, 0);
	assert_int_equal(inb(&f.r, RBR), '0');
	assert_int_equal(f.rooms, 1);
	inb(&f.r, RBR);
	assert_int_equal(f.rooms, 1);
	assert_int_equal(receive(&f, "XYZ"), 2);
	assert_int_equal(inb(&f.r, LSR) & 2, 0);
}

static void
clearing_the_fifo_makes_room(void **state)
{
	struct fixture f;

	setup_fifo(&f);
	receive(&f, "0123456789abcdefX");
	outb(&f.r, FCR, 0x83);
	assert_int_equal(f.rooms, 1);
	assert_int_equal(inb(&f.r, LSR) & 1, 0);
}

static void
loop_back_returns_what_is_sent(void **state)
{
	struct fixture f;

	setup_fifo(&f);
	outb(&f.r, MCR, 0x10);
	outb(&f.r, RBR, 'q');
	assert_int_equal(f.n_sent, 0);
	assert_int_equal(inb(&f.r, RBR), 'q');
	assert_int_equal(receive(&f, "z"), 0);
	outb(&f.r, MCR, 0x0b);
	assert_int_equal(f.rooms, 1);
}

static void
an_overrun_in_loop_back_is_reported_once(void **state)
{
	struct fixture f;

	setup_fifo(&f);
	outb(&f.r, MCR, 0x10);
	for (unsigned i = 0; i < 17; i++)
		outb(&f.r, RBR, (uint8_t)i);
	assert_int_equal(inb(&f.r, LSR), 0x63);
	assert_int_equal(inb(&f.r, LSR), 0x61);
}

static void
modem_changes_are_reported_once(void **state)
{
	struct fixture f;

	setup_fifo(&f);
	inb(&f.r, MSR);
	outb(&f.r, MCR, 0x10);
	assert_int_equal(inb(&f.r, MSR), 0x0b);
	assert_int_equal(inb(&f.r, MSR), 0x00);
	outb(&f.r, MCR, 0x14);
	assert_int_equal(inb(&f.r, MSR), 0x40);
	outb(&f.r, MCR, 0x10);
	assert_int_equal(inb(&f.r, MSR), 0x04);
}

static void
line_status_comes_before_data(void **state)
{
	struct fixture f;

	setup_fifo(&f);
	outb(&f.r, IER, 0x0f);
	outb(&f.r, MCR, 0x1b);
	for (unsigned i = 0; i < 17; i++)
		outb(&f.r, RBR, (uint8_t)i);
	assert_int_equal(inb(&f.r, IIR), 0xc6);
	inb(&f.r, LSR);
	assert_int_equal(inb(&f.r, IIR), 0xc4);
	outb(&f.r, FCR, 0x83);
	assert_int_equal(inb(&f.r, IIR), 0xc2);
}

static void
reset_drops_everything(void **state)
{
	struct fixture f;

	setup_fifo(&f);
	outb(&f.r, IER, 3);
	receive(&f, "12345678");
	uart_reset(&f.u);
	assert_int_equal(f.r.level[IRQ4], 0);
	assert_int_equal(inb(&f.r, LSR), 0x60);
	assert_int_equal(inb(&f.r, IIR), 0x01);
	assert_int_equal(timer_next(&f.r.tq), INT64_MAX);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bytes_written_are_sent_at_once),
		cmocka_unit_test(linux_finds_a_16550a),
		cmocka_unit_test(the_divisor_hides_behind_dlab),
		cmocka_unit_test(
		    enabling_thre_interrupts_at_once_and_each_time),
		cmocka_unit_test(a_byte_sent_raises_thre_again),
		cmocka_unit_test(out2_gates_the_interrupt),
		cmocka_unit_test(received_bytes_come_in_order),
		cmocka_unit_test(the_trigger_level_interrupts),
		cmocka_unit_test(a_few_bytes_interrupt_after_four_characters),
		cmocka_unit_test(without_fifos_each_byte_interrupts),
		cmocka_unit_test(
		    a_full_fifo_refuses_and_calls_when_there_is_room),
		cmocka_unit_test(clearing_the_fifo_makes_room),
		cmocka_unit_test(loop_back_returns_what_is_sent),
		cmocka_unit_test(an_overrun_in_loop_back_is_reported_once),
		cmocka_unit_test(modem_changes_are_reported_once),
		cmocka_unit_test(line_status_comes_before_data),
		cmocka_unit_test(reset_drops_everything),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
