/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Port access: IOPL and the TSS's I/O permission map decide (SDM 1 19.5),
 * the platform answers.
 */
#include "modes/interp/handlers.h"
#include "modes/x86/fpu.h"
#include "modes/x86/stop.h"

enum {
	TSS32_AVAIL = 9,
	TSS32_BUSY = 11,
	TSS_IO_MAP = 0x66,	/* where the map's offset stands */
};

/* Every bit of [port, port+size) clear in the TSS's map? */
static int
io_bitmap(struct vcpu *c, uint16_t port, unsigned size)
{
	const struct seg_reg *tr = &c->s.seg[SEG_TR];
	unsigned type = tr->attr & SEG_TYPE;
	uint16_t base, bits;
	uint32_t at;

	if ((type != TSS32_AVAIL && type != TSS32_BUSY) || tr->limit < 103)
		return raise_gp0(c);
	if (x86_read(c, tr->base + TSS_IO_MAP, &base, 2, WALK_IMPLICIT, false))
		return H_FAULT;
	at = base + port / 8;
	if (at + 1 > tr->limit)
		return raise_gp0(c);
	if (x86_read(c, tr->base + at, &bits, 2, WALK_IMPLICIT, false))
		return H_FAULT;
	if (bits >> port % 8 & ((1u << size) - 1))
		return raise_gp0(c);
	return 0;
}

int
io_allowed(struct vcpu *c, uint16_t port, unsigned size)
{
	if (!(c->s.cr0 & CR0_PE))
		return 0;
	if (is_v86(c) || c->s.cpl > iopl(c))
		return io_bitmap(c, port, size);
	return 0;
}

static void
watch_port(struct vcpu *c, uint16_t port, unsigned size)
{
	if (unlikely(c->s.dr[7] & 0xff))
		interp_of(c)->watch_hit |= debug_match_io(c, port, size);
}

uint32_t
port_in(struct vcpu *c, uint16_t port, unsigned size)
{
	bool live = x86_fpu_out(c);
	bool inside = vcpu_out(c);
	uint32_t v = c->vm->plat->pio_read(c->vm->plat_ctx, port, size);

	vcpu_in(c, inside);
	x86_fpu_in(c, live);
	watch_port(c, port, size);
	return v;
}

void
port_out(struct vcpu *c, uint16_t port, unsigned size, uint32_t v)
{
	bool live = x86_fpu_out(c);
	bool inside = vcpu_out(c);

	c->vm->plat->pio_write(c->vm->plat_ctx, port, size,
	    v & size_mask(size));
	vcpu_in(c, inside);
	x86_fpu_in(c, live);
	watch_port(c, port, size);
}

/* The accumulator's operand has the access size. */
int
h_in(struct vcpu *c, const struct insn *i)
{
	unsigned size = i->opnd[0].size;
	uint16_t port = i->opnd[1].kind == OPND_IMM ? (uint8_t)i->imm :
	    (uint16_t)c->s.gpr[RDX];

	if (io_allowed(c, port, size))
		return H_FAULT;
	reg_set(c, RAX, size, port_in(c, port, size));
	return H_NEXT;
}

int
h_out(struct vcpu *c, const struct insn *i)
{
	unsigned size = i->opnd[1].size;
	uint16_t port = i->opnd[0].kind == OPND_IMM ? (uint8_t)i->imm :
	    (uint16_t)c->s.gpr[RDX];

	if (io_allowed(c, port, size))
		return H_FAULT;
	port_out(c, port, size, c->s.gpr[RAX]);
	return H_NEXT;
}
