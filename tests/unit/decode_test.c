/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The decoder on instructions chosen by hand: every field of struct insn is
 * written out as one line and compared with decode_cases.h.
 *
 * The line: mnemonic and length, sizes (o: operand, a: address, v: vector);
 * operands as access, what, size, place; memory; immediates; flags read,
 * written, undefined; implicit registers read, written; class and flow; and
 * after "@" where things are in the bytes.
 */
#include "modes/x86/decode.h"
#include "modes/x86/feature.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct decode_case {
	const char *what;
	enum insn_mode mode;
	const char *hex;
	const char *line;
};

#define M16 MODE_16
#define M32 MODE_32
#define M64 MODE_64

static const struct decode_case cases[] = {
#include "tests/unit/decode_cases.h"
};

struct out {
	char buf[512];
	size_t n;
};

static void PRINTF_LIKE(2, 3)
put(struct out *o, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	o->n += vsnprintf(o->buf + o->n, sizeof(o->buf) - o->n, format, ap);
	va_end(ap);
	assert_true(o->n < sizeof(o->buf));
}

static const char *const gprs[] = {
	"ax", "cx", "dx", "bx", "sp", "bp", "si", "di", "r8", "r9", "r10",
	"r11", "r12", "r13", "r14", "r15",
};
static const char *const segs[] = { "es", "cs", "ss", "ds", "fs", "gs" };

static void
put_operand(struct out *o, const struct opnd *op)
{
	static const char *const kinds[] = {
		"none", "", "mem", "imm", "imm2", "rel", "far", "", "cr",
		"dr", "x", "k", "mm", "st", "src", "dst", "one",
	};
	static const char *const access[] = {
		"-", "r", "w", "rw", "?", "r?", "w?", "rw?",
	};
	static const char *const places[] = {
		"", "/reg", "/rm", "/v", "/op", "/imm", "/is4",
	};

	put(o, " %s:%s", access[op->access], kinds[op->kind]);
	switch (op->kind) {
	case OPND_GPR:
		put(o, "%s%s", gprs[op->reg], op->high8 ? "h" : "");
		break;
	case OPND_SREG:
		put(o, "%s", segs[op->reg]);
		break;
	case OPND_CR: case OPND_DR: case OPND_XMM: case OPND_K: case OPND_MMX:
	case OPND_ST:
		put(o, "%u", op->reg);
		break;
	}
	put(o, ".%u%s", op->size, places[op->place]);
}

static void
put_memory(struct out *o, const struct insn *i)
{
	const struct insn_mem *m = &i->mem;

	put(o, " [%s:", segs[m->seg]);
	if (m->rip_rel)
		put(o, "rip");
	if (m->base != REG_NONE)
		put(o, "%s", gprs[m->base]);
	if (m->index != REG_NONE && m->vsib)
		put(o, "+x%u*%u", m->index, m->scale);
	else if (m->index != REG_NONE)
		put(o, "+%s*%u", gprs[m->index], m->scale);
	put(o, "%+" PRId64 "]%s%s.%u", m->disp, m->moffs ? "moffs" : "",
	    m->broadcast ? "bcst" : "", i->mem_size);
}

static void
put_flags(struct out *o, const char *what, unsigned f)
{
	static const char names[] = "c1p.a.zstido__n.";
	unsigned k;

	if (!f)
		return;
	put(o, " %s=", what);
	for (k = 0; k < 16; k++)
		if (f >> k & 1)
			put(o, "%c", names[k]);
}

static void
put_gprs(struct out *o, const char *what, unsigned mask)
{
	unsigned k;

	if (!mask)
		return;
	put(o, " %s=", what);
	for (k = 0; k < 16; k++)
		if (mask >> k & 1)
			put(o, "%s.", gprs[k]);
}

static void
put_class(struct out *o, const struct insn_desc *d)
{
	static const char *const classes[] = {
		"int", "stack", "branch", "string", "io", "vec", "mmx", "x87",
		"fpstate", "system",
	};
	static const char *const flows[] = {
		"", "/jcc", "/jmp", "/call", "/jmp-ind", "/call-ind", "/ret",
		"/far", "/int", "/iret", "/syscall", "/sysret", "/sysenter",
		"/sysexit",
	};
	static const char *const attrs[] = {
		"lock", "priv", "iopl", "no64", "only64", "d64", "f64",
		"fcond", "rep", "aligned", "noreal", "zu", "masked", "fpexc",
		"nt", "xacq", "cpl0ud", "vl", "amd",
	};
	static const char *const features[] = {
		"none",
#define X(e, name, leaf, sub, reg, bit) name,
		X86_FEATURE_LIST(X)
#undef X
		"never",
	};
	unsigned k;

	put(o, " %s%s", classes[d->cls], flows[d->flow]);
	if (d->feature)
		put(o, " %s", features[d->feature]);
	if (d->feature2)
		put(o, "+%s", features[d->feature2]);
	for (k = 0; k < ARRAY_LEN(attrs); k++)
		if (d->attr >> k & 1)
			put(o, " %s", attrs[k]);
}

static void
put_raw(struct out *o, const struct insn *i)
{
	put(o, " @p%u", i->n_prefix);
	if (i->rex)
		put(o, " rex%02x", i->rex);
	if (i->enc == ENC_VEX)
		put(o, " vex%02x%02x", i->vex[0], i->vex[1]);
	if (i->enc == ENC_EVEX)
		put(o, " evex%02x%02x%02x", i->vex[0], i->vex[1], i->vex[2]);
	put(o, " map%u op%u:%02x", i->map, i->pos_opcode, i->opcode);
	if (i->has_modrm)
		put(o, " m%u:%02x", i->pos_modrm, i->modrm);
	if (i->has_sib)
		put(o, " s%02x", i->sib);
	if (i->disp_len)
		put(o, " d%u/%u", i->pos_disp, i->disp_len);
	if (i->imm_len)
		put(o, " i%u/%u", i->pos_imm, i->imm_len);
	if (i->opsize)
		put(o, " 66");
	if (i->addrsize_override)
		put(o, " 67");
	if (i->rep)
		put(o, " %02x", i->rep);
	if (i->lock)
		put(o, " lock");
	if (i->seg_override != REG_NONE)
		put(o, " %s:", segs[i->seg_override]);
}

static void
describe(struct out *o, const struct insn *i, int rc)
{
	unsigned k;

	if (rc <= 0) {
		put(o, rc == INSN_UD ? "#UD" : rc == INSN_LONG ? "long" :
		    "short");
		return;
	}
	put(o, "%s %d o%u a%u", i->desc->name, rc, i->op_bytes,
	    i->addr_bytes);
	if (i->vl)
		put(o, " v%u", i->vl);
	if (i->desc->id == I_JCC || i->desc->id == I_SETCC ||
	    i->desc->id == I_CMOVCC)
		put(o, " cond%u", i->cond);
	if (i->aaa || i->evex_z || i->evex_b)
		put(o, " k%u%s%s", i->aaa, i->evex_z ? "z" : "",
		    i->evex_b ? "b" : "");
	for (k = 0; k < i->n_opnd; k++)
		put_operand(o, &i->opnd[k]);
	if (i->has_mem)
		put_memory(o, i);
	if (i->imm_len || i->imm)
		put(o, " imm=%" PRIx64, (uint64_t)i->imm);
	if (i->imm2)
		put(o, " imm2=%" PRIx64, i->imm2);
	put_flags(o, "fr", i->desc->flags_read);
	put_flags(o, "fw", i->desc->flags_write);
	put_flags(o, "fu", i->desc->flags_undef);
	put_gprs(o, "gr", i->desc->gpr_read);
	put_gprs(o, "gw", i->desc->gpr_write);
	put_class(o, i->desc);
	put_raw(o, i);
}

static size_t
parse_hex(const char *s, uint8_t *bytes)
{
	size_t n = 0;
	char *end;

	for (;;) {
		unsigned long b = strtoul(s, &end, 16);

		if (end == s)
			return n;
		bytes[n++] = b;
		s = end;
	}
}

static void
decodes(void **state)
{
	const struct decode_case *c = *state;
	struct out o = { .n = 0 };
	uint8_t bytes[32];
	struct insn i;
	size_t n = parse_hex(c->hex, bytes);
	int rc = insn_decode(&i, bytes, n, c->mode);

	describe(&o, &i, rc);
	if (getenv("DECODE_PRINT"))
		printf("%s\t%s\n", c->what, o.buf);
	else
		assert_string_equal(o.buf, c->line);
	if (rc > 0) {
		assert_int_equal(i.len, rc);
		assert_memory_equal(i.bytes, bytes, rc);
	}
}

/* AMD's processors need no ModRM to refuse UD0 and UD1. */
static bool
is_short_ud(const struct insn *i)
{
	return i->desc->id == I_UD0 || i->desc->id == I_UD1;
}

/* Every byte less is INSN_SHORT, never a look behind the end. */
static void
shorter_is_short(void **state)
{
	unsigned k;

	for (k = 0; k < ARRAY_LEN(cases); k++) {
		uint8_t bytes[32];
		struct insn i;
		size_t n = parse_hex(cases[k].hex, bytes);
		int rc = insn_decode(&i, bytes, n, cases[k].mode);

		if (rc > 0 && is_short_ud(&i))
			continue;
		while (rc-- > 1)
			assert_int_equal(insn_decode(&i, bytes, rc,
			    cases[k].mode), INSN_SHORT);
	}
}

/* 66 and REX.W where the two vendors part. */
static void
intel_differs(void **state)
{
	static const uint8_t call66[] = { 0x66, 0xe8, 1, 2, 3, 4 };
	static const uint8_t lgs[] = { 0x48, 0x0f, 0xb5, 0x00 };
	static const uint8_t sysenter[] = { 0x0f, 0x34 };
	static const uint8_t movsxd[] = { 0x66, 0x63, 0x00 };
	static const uint8_t loop[] = { 0xf3, 0xe0, 0x00 };
	static const uint8_t ud1[] = { 0x0f, 0xb9 };
	struct insn i;

	assert_int_equal(insn_decode(&i, call66, 6, MODE_64), 4);
	assert_int_equal(insn_decode(&i, sysenter, 2, MODE_64), INSN_UD);
	assert_int_equal(insn_decode(&i, lgs, 4, MODE_64), 4);
	assert_int_equal(i.mem_size, 6);
	assert_int_equal(insn_decode(&i, movsxd, 3, MODE_64), 3);
	assert_int_equal(i.mem_size, 4);
	assert_int_equal(insn_decode(&i, loop, 3, MODE_64), 3);
	assert_int_equal(i.desc->id, I_LOOPE);
	assert_int_equal(insn_decode(&i, ud1, 2, MODE_64), INSN_UD);
	insn_decode_set_vendor(INSN_INTEL);
	assert_int_equal(insn_decode(&i, call66, 6, MODE_64), 6);
	assert_int_equal(i.op_bytes, 8);
	assert_int_equal(insn_decode(&i, sysenter, 2, MODE_64), 2);
	assert_int_equal(insn_decode(&i, lgs, 4, MODE_64), 4);
	assert_int_equal(i.mem_size, 10);
	assert_int_equal(insn_decode(&i, movsxd, 3, MODE_64), 3);
	assert_int_equal(i.mem_size, 2);
	assert_int_equal(insn_decode(&i, loop, 3, MODE_64), 3);
	assert_int_equal(i.desc->id, I_LOOPNE);
	assert_int_equal(insn_decode(&i, ud1, 2, MODE_64), INSN_SHORT);
	insn_decode_set_vendor(INSN_AMD);
}

static void
offer(uint64_t *features, enum x86_feature f)
{
	features[f / 64] |= BIT(f % 64);
}

static void
features_are_asked_for(void **state)
{
	static const uint8_t zmm[] = { 0x62, 0xf1, 0x75, 0x48, 0xfe, 0xc2 };
	static const uint8_t ymm[] = { 0x62, 0xf1, 0x75, 0x28, 0xfe, 0xc2 };
	static const uint8_t vaes[] = { 0x62, 0xf2, 0x75, 0x48, 0xdc, 0xc2 };
	static const uint8_t vmxoff[] = { 0x0f, 0x01, 0xc4 };
	static const uint8_t add[] = { 0x01, 0xc0 };
	uint64_t features[FEAT_COUNT / 64 + 1] = { 0 };
	struct insn i;

	assert_int_equal(insn_decode(&i, add, 2, MODE_64), 2);
	assert_true(insn_offered(&i, features));
	assert_int_equal(insn_decode(&i, zmm, 6, MODE_64), 6);
	assert_false(insn_offered(&i, features));
	offer(features, FEAT_AVX512F);
	assert_true(insn_offered(&i, features));
	assert_int_equal(insn_decode(&i, ymm, 6, MODE_64), 6);
	assert_false(insn_offered(&i, features));
	offer(features, FEAT_AVX512VL);
	assert_true(insn_offered(&i, features));
	assert_int_equal(insn_decode(&i, vaes, 6, MODE_64), 6);
	assert_false(insn_offered(&i, features));
	offer(features, FEAT_VAES);
	assert_true(insn_offered(&i, features));
	memset(features, 0xff, sizeof(features));
	assert_int_equal(insn_decode(&i, vmxoff, 3, MODE_64), 3);
	assert_false(insn_offered(&i, features));
}

int
main(void)
{
	struct CMUnitTest tests[ARRAY_LEN(cases) + 3] = {
		cmocka_unit_test(shorter_is_short),
		cmocka_unit_test(intel_differs),
		cmocka_unit_test(features_are_asked_for),
	};
	unsigned k;

	for (k = 0; k < ARRAY_LEN(cases); k++) {
		tests[k + 3].name = cases[k].what;
		tests[k + 3].test_func = decodes;
		tests[k + 3].initial_state = (void *)&cases[k];
	}
	return cmocka_run_group_tests_name("decode", tests, NULL, NULL);
}
