/* SPDX-License-Identifier: Apache-2.0 */
/*
 * GDB's numbering of x86 registers, in 64- and 32-bit layout, as one table per
 * layout: target description, 'g' and 'G' all follow from it.
 */
#include <stdio.h>
#include <string.h>

#include "monitor/gdb.h"

/* Offsets in the legacy region of the XSAVE area, SDM 1 table 13-1. */
enum {
	FX_FCW = 0, FX_FSW = 2, FX_FTW = 4, FX_FOP = 6, FX_FIP = 8,
	FX_FDP = 16, FX_MXCSR = 24, FX_ST = 32, FX_XMM = 160,
};

#define GPR(i) offsetof(struct cpu_state, gpr) + 8 * (i)
#define SEL(i) offsetof(struct cpu_state, seg[i].selector)
#define FX(i) offsetof(struct cpu_state, xsave) + (i)

struct reg {
	const char *name;
	uint16_t offset;	/* in struct cpu_state */
	uint8_t have;		/* bytes there */
	uint8_t bytes;		/* bytes that GDB wants */
	const char *type;
};

struct layout {
	const char *arch;
	const struct reg *reg;
	unsigned n;
};

/* What both layouts have after their integer registers. */
#define COMMON \
	{ "eflags", offsetof(struct cpu_state, rflags), 4, 4, "int32" }, \
	{ "cs", SEL(SEG_CS), 2, 4, "int32" }, \
	{ "ss", SEL(SEG_SS), 2, 4, "int32" }, \
	{ "ds", SEL(SEG_DS), 2, 4, "int32" }, \
	{ "es", SEL(SEG_ES), 2, 4, "int32" }, \
	{ "fs", SEL(SEG_FS), 2, 4, "int32" }, \
	{ "gs", SEL(SEG_GS), 2, 4, "int32" }, \
	{ "st0", FX(FX_ST), 10, 10, "i387_ext" }, \
	{ "st1", FX(FX_ST + 16), 10, 10, "i387_ext" }, \
	{ "st2", FX(FX_ST + 32), 10, 10, "i387_ext" }, \
	{ "st3", FX(FX_ST + 48), 10, 10, "i387_ext" }, \
	{ "st4", FX(FX_ST + 64), 10, 10, "i387_ext" }, \
	{ "st5", FX(FX_ST + 80), 10, 10, "i387_ext" }, \
	{ "st6", FX(FX_ST + 96), 10, 10, "i387_ext" }, \
	{ "st7", FX(FX_ST + 112), 10, 10, "i387_ext" }, \
	{ "fctrl", FX(FX_FCW), 2, 4, "int" }, \
	{ "fstat", FX(FX_FSW), 2, 4, "int" }, \
	{ "ftag", FX(FX_FTW), 1, 4, "int" }, \
	{ "fiseg", FX(FX_FIP + 4), 2, 4, "int" }, \
	{ "fioff", FX(FX_FIP), 4, 4, "int" }, \
	{ "foseg", FX(FX_FDP + 4), 2, 4, "int" }, \
	{ "fooff", FX(FX_FDP), 4, 4, "int" }, \
	{ "fop", FX(FX_FOP), 2, 4, "int" }

#define XMM(i) { "xmm" #i, FX(FX_XMM + 16 * i), 16, 16, "uint128" }
#define G(n, i) { n, GPR(i), 8, 8, "int64" }
#define G32(n, i) { n, GPR(i), 4, 4, "int32" }

static const struct reg regs64[] = {
	G("rax", RAX), G("rbx", RBX), G("rcx", RCX), G("rdx", RDX),
	G("rsi", RSI), G("rdi", RDI), { "rbp", GPR(RBP), 8, 8, "data_ptr" },
	{ "rsp", GPR(RSP), 8, 8, "data_ptr" },
	G("r8", R8), G("r9", R9), G("r10", R10), G("r11", R11),
	G("r12", R12), G("r13", R13), G("r14", R14), G("r15", R15),
	{ "rip", offsetof(struct cpu_state, rip), 8, 8, "code_ptr" },
	COMMON,
	XMM(0), XMM(1), XMM(2), XMM(3), XMM(4), XMM(5),
	XMM(6), XMM(7), XMM(8), XMM(9), XMM(10),
	XMM(11), XMM(12), XMM(13), XMM(14), XMM(15),
	{ "mxcsr", FX(FX_MXCSR), 4, 4, "int" },
	{ "fs_base", offsetof(struct cpu_state, seg[SEG_FS].base), 8, 8,
	    "int" },
	{ "gs_base", offsetof(struct cpu_state, seg[SEG_GS].base), 8, 8,
	    "int" },
};

static const struct reg regs32[] = {
	G32("eax", RAX), G32("ecx", RCX), G32("edx", RDX), G32("ebx", RBX),
	{ "esp", GPR(RSP), 4, 4, "data_ptr" },
	{ "ebp", GPR(RBP), 4, 4, "data_ptr" },
	G32("esi", RSI), G32("edi", RDI),
	{ "eip", offsetof(struct cpu_state, rip), 4, 4, "code_ptr" },
	COMMON,
	XMM(0), XMM(1), XMM(2), XMM(3), XMM(4), XMM(5),
	XMM(6), XMM(7),
	{ "mxcsr", FX(FX_MXCSR), 4, 4, "int" },
};

static const struct layout layout64 = { "i386:x86-64", regs64,
	ARRAY_LEN(regs64) };
static const struct layout layout32 = { "i386", regs32, ARRAY_LEN(regs32) };

static const struct layout *
layout_of(bool is64)
{
	return is64 ? &layout64 : &layout32;
}

bool
gdb_is_64(const struct cpu_state *s)
{
	return s->efer & EFER_LMA;
}

unsigned
gdb_n_regs(bool is64)
{
	return layout_of(is64)->n;
}

bool
gdb_put_reg(struct gdb_out *o, const struct cpu_state *s, unsigned n)
{
	const struct layout *l = layout_of(gdb_is_64(s));
	uint8_t v[16] = { 0 };

	if (n >= l->n)
		return false;
	memcpy(v, (const uint8_t *)s + l->reg[n].offset, l->reg[n].have);
	gdb_put_hex(o, v, l->reg[n].bytes);
	return true;
}

void
gdb_put_regs(struct gdb_out *o, const struct cpu_state *s)
{
	for (unsigned n = 0; gdb_put_reg(o, s, n); n++)
		continue;
}

/* Selectors are shown, but loading them is more than storing a number. */
static bool
may_set(const struct reg *r)
{
	return strcmp(r->type, "int32") || r->bytes == r->have;
}

static bool
take_reg(const char **hex, struct cpu_state *s, const struct reg *r)
{
	uint8_t v[16];

	if (!gdb_get_hex(hex, v, r->bytes))
		return false;
	if (may_set(r))
		memcpy((uint8_t *)s + r->offset, v, r->have);
	s->rflags |= FLAG_FIXED1;
	return true;
}

bool
gdb_get_reg(const char *hex, struct cpu_state *s, unsigned n)
{
	const struct layout *l = layout_of(gdb_is_64(s));

	return n < l->n && take_reg(&hex, s, &l->reg[n]);
}

bool
gdb_get_regs(const char *hex, struct cpu_state *s)
{
	const struct layout *l = layout_of(gdb_is_64(s));

	for (unsigned n = 0; n < l->n; n++)
		if (!take_reg(&hex, s, &l->reg[n]))
			return false;
	return true;
}

/* --- the target description ---------------------------------------------------- */

/* GDB's standard features, in the order of our tables. */
static const char *
feature_of(const struct reg *r)
{
	if (!strncmp(r->name, "xmm", 3) || !strcmp(r->name, "mxcsr"))
		return "org.gnu.gdb.i386.sse";
	if (strstr(r->name, "_base"))
		return "org.gnu.gdb.i386.segments";
	return "org.gnu.gdb.i386.core";
}

static size_t
describe(const struct layout *l, char *buf, size_t size)
{
	const char *feature = "";
	size_t n = (size_t)snprintf(buf, size, "<?xml version=\"1.0\"?>"
	    "<!DOCTYPE target SYSTEM \"gdb-target.dtd\"><target version=\"1.0\">"
	    "<architecture>%s</architecture>", l->arch);

	for (unsigned i = 0; i < l->n; i++) {
		const struct reg *r = &l->reg[i];

		if (strcmp(feature, feature_of(r))) {
			n += (size_t)snprintf(buf + n, size - n,
			    "%s<feature name=\"%s\">",
			    *feature ? "</feature>" : "", feature_of(r));
			feature = feature_of(r);
		}
		n += (size_t)snprintf(buf + n, size - n,
		    "<reg name=\"%s\" bitsize=\"%u\" type=\"%s\"/>", r->name,
		    r->bytes * 8u, r->type);
	}
	n += (size_t)snprintf(buf + n, size - n, "</feature></target>");
	return n;
}

void
gdb_describe(struct gdb_out *o, bool is64, uint64_t off, uint64_t len)
{
	char xml[6144];
	size_t n = describe(layout_of(is64), xml, sizeof(xml));

	BUG_ON(n >= sizeof(xml));
	off = MIN(off, n);
	len = MIN(MIN(len, n - off), GDB_PACKET);
	gdb_put(o, "%c%.*s", off + len < n ? 'm' : 'l', (int)len, xml + off);
}
