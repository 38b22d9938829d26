/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A decoded instruction in the words of objdump -M intel, so that texts can
 * be compared.  Only struct insn is asked, never the bytes.
 */
#include "tests/decoder/decoder.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

struct out {
	char *p;
	size_t left;
};

static void PRINTF_LIKE(2, 3)
put(struct out *o, const char *format, ...)
{
	va_list ap;
	int n;

	va_start(ap, format);
	n = vsnprintf(o->p, o->left, format, ap);
	va_end(ap);
	if (n < 0 || (size_t)n >= o->left)
		n = o->left ? (int)o->left - 1 : 0;
	o->p += n;
	o->left -= n;
}

static const char *const conds[16] = {
	"o", "no", "b", "ae", "e", "ne", "be", "a",
	"s", "ns", "p", "np", "l", "ge", "le", "g",
};

/* Mnemonics that name the operand size, 2, 4, 8 bytes. */
static const struct {
	enum insn_id id;
	const char *name[3];
} sized[] = {
	{ I_CBW, { "cbw", "cwde", "cdqe" } },
	{ I_CWD, { "cwd", "cdq", "cqo" } },
	{ I_IRET, { "iretw", "iret", "iretq" } },
};

/* Names that differ for no deeper reason. */
static const struct {
	enum insn_id id;
	const char *name;
} other_name[] = {
	{ I_WAIT, "fwait" }, { I_ICEBP, "int1" }, { I_JMPF, "jmp" },
	{ I_CALLF, "call" }, { I_FNENI, "fneni(8087" },
	{ I_FNDISI, "fndisi(8087" }, { I_FNSETPM, "fnsetpm(287" },
	{ I_XLAT, "xlat" }, { I_SETSSBSY, "setssbsy" },
	{ I_PREFETCHWT1, "prefetchwt1" },
};

/* FXSAVE and the like are named ...64 with REX.W. */
static bool
has_64_name(unsigned id)
{
	switch (id) {
	case I_FXSAVE: case I_FXRSTOR: case I_XSAVE: case I_XRSTOR:
	case I_XSAVEC: case I_XSAVEOPT: case I_XSAVES: case I_XRSTORS:
		return true;
	default:
		return false;
	}
}

static const char *
by_operand_size(const struct insn *i)
{
	unsigned k;

	for (k = 0; k < ARRAY_LEN(sized); k++)
		if (sized[k].id == i->desc->id)
			return sized[k].name[i->op_bytes / 4];
	for (k = 0; k < ARRAY_LEN(other_name); k++)
		if (other_name[k].id == i->desc->id)
			return other_name[k].name;
	return NULL;
}

void
print_mnemonic(const struct insn *i, char *buf, size_t size)
{
	static const char *const jcxz[] = { "jcxz", "jecxz", "jrcxz" };
	const char *name = by_operand_size(i);

	switch (i->desc->id) {
	case I_JCC:
		snprintf(buf, size, "j%s", conds[i->cond]);
		return;
	case I_SETCC:
		snprintf(buf, size, "set%s", conds[i->cond]);
		return;
	case I_CMOVCC:
		snprintf(buf, size, "cmov%s", conds[i->cond]);
		return;
	case I_JCXZ:
		name = jcxz[i->addr_bytes / 4];
		break;
	case I_INCSSP: case I_RDSSP:
		snprintf(buf, size, "%s%c", i->desc->name, i->w ? 'q' : 'd');
		return;
	case I_WRSS: case I_WRUSS:
		snprintf(buf, size, "%s%c", i->desc->name, i->w ? 'q' : 'd');
		return;
	}
	snprintf(buf, size, "%s%s", name ? name : i->desc->name,
	    i->w && has_64_name(i->desc->id) ? "64" : "");
}

/* --- operands --- */

static void
put_gpr(struct out *o, unsigned reg, unsigned size, bool high8)
{
	static const char *const low[16] = {
		"al", "cl", "dl", "bl", "spl", "bpl", "sil", "dil",
	};
	static const char *const word[16] = {
		"ax", "cx", "dx", "bx", "sp", "bp", "si", "di",
	};

	if (high8)
		put(o, "%ch", "acdb"[reg & 3]);
	else if (reg >= 8)
		put(o, "r%u%s", reg, size == 8 ? "" : size == 4 ? "d" :
		    size == 2 ? "w" : "b");
	else if (size == 1)
		put(o, "%s", low[reg]);
	else
		put(o, "%s%s", size == 8 ? "r" : size == 4 ? "e" : "",
		    word[reg]);
}

static void
put_hex(struct out *o, uint64_t v, unsigned bytes)
{
	if (bytes < 8)
		v &= (UINT64_C(1) << 8 * bytes) - 1;
	put(o, "0x%" PRIx64, v);
}

static const char *const segs[] = { "es", "cs", "ss", "ds", "fs", "gs" };

static void
put_size(struct out *o, const struct insn *i)
{
	const char *ptr = i->mem.broadcast ? "BCST" : "PTR";

	switch (i->mem_size) {
	case 1: put(o, "BYTE %s ", ptr); break;
	case 2: put(o, "WORD %s ", ptr); break;
	case 4: put(o, "DWORD %s ", ptr); break;
	case 6: put(o, "FWORD %s ", ptr); break;
	case 8: put(o, "QWORD %s ", ptr); break;
	case 10: put(o, "TBYTE %s ", ptr); break;
	case 16: put(o, "XMMWORD %s ", ptr); break;
	case 32: put(o, "YMMWORD %s ", ptr); break;
	case 64: put(o, "ZMMWORD %s ", ptr); break;
	}
}

/* The index register of a gather is as long as there are elements. */
static void
put_index(struct out *o, const struct insn *i)
{
	unsigned len = i->vl;

	if (!i->mem.vsib) {
		put_gpr(o, i->mem.index, i->addr_bytes, false);
		return;
	}
	if (strstr(i->desc->name, "erdq") || strstr(i->desc->name, "erdpd"))
		len = MAX(16, len / 2);
	put(o, "%cmm%u", len == 64 ? 'z' : len == 32 ? 'y' : 'x',
	    i->mem.index);
}

static void
put_mem(struct out *o, const struct insn *i)
{
	const struct insn_mem *m = &i->mem;
	bool plus = false;

	if (!m->moffs)
		put_size(o, i);
	if (i->seg_override != REG_NONE)
		put(o, "%s:", segs[m->seg]);
	if (m->base == REG_NONE && m->index == REG_NONE && !m->rip_rel) {
		if (i->seg_override == REG_NONE)
			put(o, "ds:");
		put_hex(o, m->disp, i->mode == MODE_64 ? 8 : i->addr_bytes);
		return;
	}
	put(o, "[");
	if (m->rip_rel) {
		put(o, "%s", i->addr_bytes == 8 ? "rip" : "eip");
		plus = true;
	}
	if (m->base != REG_NONE) {
		put_gpr(o, m->base, i->addr_bytes, false);
		plus = true;
	}
	if (m->index != REG_NONE) {
		put(o, "%s", plus ? "+" : "");
		put_index(o, i);
		if (i->addr_bytes != 2)
			put(o, "*%u", m->scale);
		plus = true;
	}
	if (i->disp_len)
		put(o, "%c0x%" PRIx64, m->disp < 0 && !m->rip_rel ? '-' : '+',
		    m->disp < 0 && !m->rip_rel ? -(uint64_t)m->disp :
		    (uint64_t)m->disp);
	put(o, "]");
}

static unsigned
imm_bytes(const struct insn *i, const struct opnd *op)
{
	/* Of a sign-extended immediate objdump shows the operand's width. */
	if (i->imm < 0 && op->size <= i->op_bytes)
		return i->op_bytes;
	return 8;
}

static void
put_vector(struct out *o, const struct opnd *op)
{
	put(o, "%cmm%u", op->size == 64 ? 'z' : op->size == 32 ? 'y' : 'x',
	    op->reg);
}

static void
put_opnd(struct out *o, const struct insn *i, const struct opnd *op,
    uint64_t addr)
{
	switch (op->kind) {
	case OPND_GPR:
		put_gpr(o, op->reg, op->size ? op->size : i->op_bytes,
		    op->high8);
		break;
	case OPND_MEM:
		put_mem(o, i);
		break;
	case OPND_IMM:
		put_hex(o, i->imm, imm_bytes(i, op));
		break;
	case OPND_IMM2:
		put_hex(o, i->imm2, 8);
		break;
	case OPND_REL:
		put_hex(o, addr + i->len + i->imm, i->op_bytes == 2 ? 2 :
		    i->mode == MODE_64 ? 8 : 4);
		break;
	case OPND_FAR:
		put(o, "0x%" PRIx64 ":0x%" PRIx64, i->imm2, (uint64_t)i->imm);
		break;
	case OPND_SREG:
		put(o, "%s", segs[op->reg]);
		break;
	case OPND_CR:
		put(o, "cr%u", op->reg);
		break;
	case OPND_DR:
		put(o, "dr%u", op->reg);
		break;
	case OPND_XMM:
		put_vector(o, op);
		break;
	case OPND_K:
		put(o, "k%u", op->reg);
		break;
	case OPND_MMX:
		put(o, "mm%u", op->reg);
		break;
	case OPND_ST:
		put(o, op->place == PLACE_FIXED ? "st" : "st(%u)", op->reg);
		break;
	case OPND_ONE:
		put(o, "1");
		break;
	}
}

/* Mask after the destination, or after memory in the first place. */
static void
put_mask(struct out *o, const struct insn *i)
{
	if (i->aaa)
		put(o, "{k%u}", i->aaa);
	if (i->evex_z)
		put(o, "{z}");
}

void
print_operands(const struct insn *i, uint64_t addr, char *buf, size_t size)
{
	struct out o = { buf, size };
	unsigned k;

	buf[0] = 0;
	for (k = 0; k < i->n_opnd; k++) {
		if (k)
			put(&o, ",");
		put_opnd(&o, i, &i->opnd[k], addr);
		if (k == 0)
			put_mask(&o, i);
	}
}
