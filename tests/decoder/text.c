/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Compares the decoder with objdump -d -w -M intel, read from standard input:
 * length, mnemonic and operands of every instruction.
 *
 *	decoder-text [-m 16|32|64] [-s STEP] [-c FILE] [-i] [-v]
 *
 * -s: only the instruction at each multiple of STEP counts (the file was made
 * by decoder-gen); -c: add the rows met to FILE; -i: Intel's variants
 * (objdump -M intel64); -v: every difference.
 * Where objdump and processors disagree, or where its text has no operand of
 * ours to compare with, the tables below say so.
 */
#include "tests/decoder/decoder.h"
#include "tests/decoder/probe.h"

#include <cpuid.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void bug_at(const char *file, int line, const char *what);

static struct {
	enum insn_mode mode;
	unsigned long step;
	bool verbose;
	bool has_probe;
	struct probe probe;
	unsigned long lines, good, length, name, operands, unknown, excused;
	unsigned long refused;
} t = { .mode = MODE_64, .step = 1 };

_Noreturn void
bug_at(const char *file, int line, const char *what)
{
	fprintf(stderr, "%s:%d: %s\n", file, line, what);
	abort();
}

struct line {
	uint64_t addr;
	uint8_t bytes[32];
	unsigned n;
	char name[64];
	char operands[160];
};

static bool
is_prefix_word(const char *w, size_t n)
{
	static const char *const words[] = {
		"lock", "rep", "repz", "repnz", "data16", "data32", "addr32",
		"addr16", "cs", "ds", "es", "ss", "fs", "gs", "bnd",
		"notrack", "xacquire", "xrelease", "{evex}", "{vex}",
	};
	unsigned k;

	if (n >= 3 && !strncmp(w, "rex", 3))
		return true;
	for (k = 0; k < ARRAY_LEN(words); k++)
		if (strlen(words[k]) == n && !strncmp(words[k], w, n))
			return true;
	return false;
}

static const char *
skip_words(const char *s)
{
	size_t n;

	for (;;) {
		s += strspn(s, " ");
		n = strcspn(s, " ");
		if (n == 0 || !is_prefix_word(s, n))
			return s;
		s += n;
	}
}

/* Take out what we do not print: comments, symbols, rounding, riz. */
static void
copy_operands(char *dst, size_t size, const char *s)
{
	size_t n = 0;

	while (*s && *s != '#' && *s != '<' && *s != '\n' && n + 1 < size) {
		if (!strncmp(s, "+riz*", 5) || !strncmp(s, "+eiz*", 5)) {
			s += 6;
		} else if (!strncmp(s, ",{r", 3) || !strncmp(s, "{r", 2) ||
		    !strncmp(s, ",{s", 3) || !strncmp(s, "{sae}", 5)) {
			while (*s && *s++ != '}')
				continue;
		} else {
			dst[n++] = *s++;
		}
	}
	while (n > 0 && dst[n - 1] == ' ')
		n--;
	dst[n] = 0;
}

static bool
parse_line(struct line *l, const char *s)
{
	char *end;
	size_t n;

	l->addr = strtoull(s, &end, 16);
	if (end == s || *end != ':' || end[1] != '\t')
		return false;
	s = end + 2;
	for (l->n = 0; l->n < sizeof(l->bytes); l->n++) {
		unsigned long b = strtoul(s, &end, 16);

		if (end != s + 2)
			break;
		l->bytes[l->n] = b;
		s = end + 1;
	}
	s = strchr(s, '\t');
	if (!s || l->n == 0)
		return false;
	s = skip_words(s + 1);
	n = strcspn(s, " \n");
	if (n >= sizeof(l->name))
		n = sizeof(l->name) - 1;
	memcpy(l->name, s, n);
	l->name[n] = 0;
	s += n;
	s += strspn(s, " ");
	copy_operands(l->operands, sizeof(l->operands), s);
	return true;
}

/* --- mnemonics --- */

static bool
ends_with(const char *s, const char *tail)
{
	size_t n = strlen(s), m = strlen(tail);

	return n >= m && !strcmp(s + n - m, tail);
}

/* Comparisons and PCLMULQDQ whose immediate is part of objdump's name. */
static bool
is_predicate_name(const char *ours, const char *theirs)
{
	static const char *const stem[] = {
		"vpcmpu", "vpcmp", "vcmp", "cmp", "vpclmul", "pclmul",
	};
	unsigned k;

	for (k = 0; k < ARRAY_LEN(stem); k++) {
		size_t n = strlen(stem[k]);
		const char *tail = ours + n;

		if (strncmp(ours, stem[k], n))
			continue;
		if (!strcmp(stem[k], "vpcmpu"))
			n--;
		return !strncmp(theirs, stem[k], n) &&
		    strlen(theirs) > n && ends_with(theirs, tail);
	}
	return false;
}

/* What is another name of the same instruction. */
static const struct {
	const char *ours, *theirs;
} alias[] = {
	{ "mov", "movabs" }, { "jmp", "ljmp" }, { "call", "lcall" },
	{ "nop", "xchg" }, { "shl", "sal" }, { "fstp", "fstpnce" },
	{ "retf", "lret" }, { "iret", "iretd" },
	/* MPX in no CPUID of ours: NOPs. */
	{ "nop", "bndldx" }, { "nop", "bndstx" }, { "nop", "bndmov" },
	{ "nop", "bndcl" }, { "nop", "bndcu" }, { "nop", "bndcn" },
	{ "nop", "bndmk" }, { "nop", "cldemote" },
	{ "prefetchw", "prefetch" },	/* 0F 0D /3 */
	{ "vmmcall", "vmgexit" },	/* the same with F2 or F3 */
	{ "loope", "loopne" }, { "loopne", "loope" },	/* F3 and F2 on AMD */
	{ "xchg", "pause" },	/* F3 with REX.B: XCHG for the host */
	{ "iretw", "iret" }, { "iret", "iretd" },	/* 16-bit code */
};

/* Does objdump append the size to the same name? */
static bool
sized_name(const char *ours, const char *theirs)
{
	size_t n = strlen(ours);

	return !strncmp(ours, theirs, n) && strlen(theirs) == n + 1 &&
	    strchr("bwdlq", theirs[n]);
}

static bool
same_name(const char *ours, const char *theirs)
{
	unsigned k;

	if (!strcmp(ours, theirs) || sized_name(ours, theirs) ||
	    is_predicate_name(ours, theirs))
		return true;
	for (k = 0; k < ARRAY_LEN(alias); k++)
		if (!strcmp(alias[k].ours, ours) &&
		    !strcmp(alias[k].theirs, theirs))
			return true;
	return false;
}

/* --- operands --- */

/* Operands that objdump writes otherwise or not at all. */
static bool
other_operands(const struct insn *i)
{
	switch (i->desc->cls) {
	case CLASS_STRING: case CLASS_IO: case CLASS_X87:
		return true;
	}
	switch (i->desc->id) {
	case I_XLAT: case I_MONITOR: case I_MWAIT: case I_CLZERO:
	case I_VMRUN: case I_VMLOAD: case I_VMSAVE: case I_INVLPGA:
	case I_SKINIT: case I_MASKMOVQ: case I_MASKMOVDQU: case I_VMASKMOVDQU:
	case I_CBW: case I_CWD: case I_AAM: case I_AAD: case I_DAA: case I_DAS:
	case I_AAA: case I_AAS: case I_SALC: case I_NOP:
	case I_MONITORX: case I_MWAITX: case I_RDPRU:
	/* It names XMM where MMX is and, with REX.W, 64-bit registers. */
	case I_MOVQ2DQ: case I_MOVDQ2Q: case I_MOVMSKPS: case I_MOVMSKPD:
	case I_PMOVMSKB: case I_VMOVMSKPS: case I_VMOVMSKPD: case I_VPMOVMSKB:
	case I_TPAUSE: case I_UMWAIT: case I_RDSSP:
	case I_RDFSBASE: case I_RDGSBASE: case I_WRFSBASE: case I_WRGSBASE:
	/* And YMM for a scalar with VEX.L, which is ignored. */
	case I_VMOVSS: case I_VMOVSD: case I_VMOVSH:
		return true;
	/* A selector is written as a register of operand size. */
	case I_MOV:
		return i->opnd[0].kind == OPND_SREG &&
		    i->opnd[1].kind == OPND_GPR;
	case I_XCHG:		/* PAUSE: see alias[] */
		return i->rep == 0xf3 && i->desc->opcode == 0x90;
	case I_MOVSXD:		/* 66 does not matter beside REX.W */
		return i->w && i->opsize;
	/* On AMD a far pointer's offset has at most 32 bits. */
	case I_LSS: case I_LFS: case I_LGS: case I_CALLF: case I_JMPF:
		return i->w;
	}
	return false;
}

/* Take "WORD PTR " and the like out of s. */
static void
drop_size(char *s)
{
	char *ptr = strstr(s, " PTR ");
	char *from = ptr;

	if (!ptr)
		return;
	while (from > s && from[-1] != ',')
		from--;
	memmove(from, ptr + 5, strlen(ptr + 5) + 1);
}

/* objdump's word for what is 16 bytes and not a vector. */
static void
oword(char *s)
{
	char *p = strstr(s, "OWORD PTR");

	if (p) {
		memmove(p + 2, p, strlen(p) + 1);
		memcpy(p, "XMMWORD", 7);
	}
}

static void
drop_last(char *s)
{
	char *comma = strrchr(s, ',');

	if (comma)
		*comma = 0;
}

static bool
same_operands(const struct insn *i, const struct line *l, char *ours,
    size_t size)
{
	char theirs[sizeof(l->operands)];
	const char *name = i->desc->name;
	char *p;

	print_operands(i, l->addr, ours, size);
	if (!strcmp(ours, l->operands) || other_operands(i))
		return true;
	/* No 0x, and no 16-bit operand size for short jumps. */
	if (i->n_opnd == 1 && i->opnd[0].kind == OPND_REL)
		return ((strtoull(ours, NULL, 16) ^
		    strtoull(l->operands, NULL, 16)) &
		    (i->op_bytes == 2 ? 0xffff : ~UINT64_C(0))) == 0;
	/* Mask registers with bits set that hardware ignores. */
	if (i->desc->cls == CLASS_VEC && strstr(l->operands, "(bad)"))
		return strstr(ours, ",k");
	/* A SIB without base and index is written with a made-up one. */
	if (strstr(l->operands, "[riz*") || strstr(l->operands, "[eiz*"))
		return i->has_mem && i->mem.index == REG_NONE;
	strcpy(theirs, l->operands);
	oword(theirs);
	if (i->has_mem && i->mem_size == 0)
		drop_size(theirs);
	/* Sizes it leaves out, as of descriptor tables and far pointers. */
	if (i->has_mem && !strstr(theirs, " PTR ") && !strstr(theirs, "BCST"))
		drop_size(ours);
	if ((p = strstr(theirs, "{1to")))
		memmove(p, strchr(p, '}') + 1, strlen(strchr(p, '}')));
	if (is_predicate_name(name, l->name) && strcmp(name, l->name))
		drop_last(ours);
	return !strcmp(ours, theirs);
}

/*
 * Is it #UD for the host as well?  objdump disassembles data between functions
 * and instructions of extensions that no CPUID of ours offers (XOP, AMX).
 */
static bool
host_refuses(const struct line *l)
{
	uint8_t buf[INSN_MAX_LEN] = { 0 };
	int64_t moved;
	int sig;

	if (!t.has_probe)
		return false;
	memcpy(buf, l->bytes, MIN(l->n, sizeof(buf)));
	return probe_run(&t.probe, t.mode, buf, sizeof(buf), &moved, &sig) ==
	    PROBE_UD;
}

static uint64_t features[(FEAT_COUNT + 63) / 64];

static void
read_features(void)
{
	enum { EAX, EBX, ECX, EDX };
	unsigned r[4];

#define X(e, name, leaf, sub, reg, bit) \
	if (__get_cpuid_count(leaf, sub, &r[0], &r[1], &r[2], &r[3]) && \
	    (r[reg] >> bit & 1)) \
		features[FEAT_##e / 64] |= BIT(FEAT_##e % 64);
	X86_FEATURE_LIST(X)
#undef X
}

/*
 * It is called like something of a feature that the host lacks: that the host
 * refuses it says nothing then.
 */
static bool
host_knows_nothing(const struct line *l)
{
	for (unsigned k = 0; k < insn_tab_len; k++) {
		const struct insn_desc *d = &insn_tab[k];
		unsigned f = d->feature;

		if (f == FEAT_NONE || f == FEAT_NEVER ||
		    (features[f / 64] >> f % 64 & 1))
			continue;
		/* VMOVW is of 16 bytes only; objdump takes any. */
		if (d->enc == (l->bytes[0] == 0x62 ? ENC_EVEX : ENC_VEX) &&
		    d->id != I_VMOVW && !strcmp(d->name, l->name))
			return true;
	}
	return false;
}

/* --- one instruction --- */

static void
differ(const struct line *l, const char *what, const char *name,
    const char *operands)
{
	unsigned k;

	if (!t.verbose && t.length + t.name + t.operands > 40)
		return;
	printf("%s: %" PRIx64 ":", what, l->addr);
	for (k = 0; k < l->n; k++)
		printf(" %02x", l->bytes[k]);
	printf(": objdump: %s %s; ours: %s %s\n", l->name, l->operands, name,
	    operands);
}

static void
check(const struct line *l)
{
	char name[64], operands[200] = "";
	struct insn i;
	int rc = insn_decode(&i, l->bytes, l->n, t.mode);

	t.lines++;
	if (strstr(l->name, "(bad)") || l->name[0] == '.' || !l->name[0]) {
		t.unknown++;
		return;
	}
	/* objdump joins FWAIT and the instruction behind it. */
	if (rc == 1 && i.desc->id == I_WAIT && l->n > 1) {
		t.excused++;
		return;
	}
	if (rc == INSN_UD && host_refuses(l) && !host_knows_nothing(l)) {
		t.refused++;
		return;
	}
	if (rc == INSN_SHORT && strstr(l->operands, "(bad)")) {
		t.unknown++;
		return;
	}
	if (rc != (int)l->n) {
		t.length++;
		snprintf(operands, sizeof(operands), "length %d", rc);
		differ(l, "length", rc > 0 ? i.desc->name : "-", operands);
		return;
	}
	cover(i.desc);
	print_mnemonic(&i, name, sizeof(name));
	if (!same_name(name, l->name)) {
		t.name++;
		differ(l, "name", name, "");
	} else if (!same_operands(&i, l, operands, sizeof(operands))) {
		t.operands++;
		differ(l, "operands", name, operands);
	} else {
		t.good++;
	}
}

int
main(int argc, char **argv)
{
	const char *cover_file = NULL;
	char buf[1024];
	struct line l;
	int c;

	while ((c = getopt(argc, argv, "m:s:c:iv")) != -1) {
		switch (c) {
		case 'm':
			t.mode = atoi(optarg) == 16 ? MODE_16 :
			    atoi(optarg) == 32 ? MODE_32 : MODE_64;
			break;
		case 's':
			t.step = strtoul(optarg, NULL, 0);
			break;
		case 'i':
			insn_decode_set_vendor(INSN_INTEL);
			break;
		case 'c':
			cover_file = optarg;
			break;
		case 'v':
			t.verbose = true;
			break;
		default:
			return 2;
		}
	}
	if (cover_file)
		cover_load(cover_file);
	read_features();
	t.has_probe = !probe_open(&t.probe);
	while (fgets(buf, sizeof(buf), stdin))
		if (parse_line(&l, buf) && l.addr % t.step == 0)
			check(&l);
	if (t.has_probe)
		probe_close(&t.probe);
	if (cover_file && cover_save(cover_file))
		return 2;
	printf("%lu instructions: %lu equal, %lu joined with FWAIT, %lu #UD "
	    "on the host too, %lu unknown to objdump; differences: %lu "
	    "length, %lu name, %lu operands\n", t.lines, t.good, t.excused,
	    t.refused, t.unknown, t.length, t.name, t.operands);
	return t.lines == 0 || t.length + t.name + t.operands != 0;
}
