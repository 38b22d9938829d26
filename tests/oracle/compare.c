/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is different, and what may be: only interpreter paths may choose
 * undefined flags, and only those that the decoder's table calls undefined
 * (bt.md 7.0.7 of the design, repeated in README.md).
 */
#include <capstone/capstone.h>
#include <inttypes.h>
#include <string.h>

#include "tests/oracle/oracle.h"

#define LINUX_TASK_SIZE UINT64_C(0x7ffffffff000)

static const char *const gpr_name[GPR_COUNT] = {
	"rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi",
	"r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15",
};

struct diff {
	FILE *out;		/* NULL: only count */
	unsigned n;
};

static void
differ(struct diff *d, const char *what, uint64_t want, uint64_t got)
{
	if (want == got)
		return;
	d->n++;
	if (d->out)
		fprintf(d->out, "  %-8s native %016" PRIx64 "  engine %016"
		    PRIx64 "  xor %" PRIx64 "\n", what, want, got, want ^ got);
}

static void
bytes(FILE *out, const uint8_t *p, unsigned n)
{
	while (n--)
		fprintf(out, "%02x", p[n]);
}

static void
differ_bytes(struct diff *d, const char *what, unsigned i, const uint8_t *want,
    const uint8_t *got, unsigned n)
{
	if (!memcmp(want, got, n))
		return;
	d->n++;
	if (!d->out)
		return;
	fprintf(d->out, "  %s%u\n    native ", what, i);
	bytes(d->out, want, n);
	fprintf(d->out, "\n    engine ");
	bytes(d->out, got, n);
	fprintf(d->out, "\n");
}

static void
compare_vec(struct diff *d, const struct vec_state *a,
    const struct vec_state *b)
{
	differ(d, "fcw", a->fcw, b->fcw);
	differ(d, "fsw", a->fsw, b->fsw);
	differ(d, "ftw", a->ftw, b->ftw);
	differ(d, "mxcsr", a->mxcsr, b->mxcsr);
	for (unsigned i = 0; i < 8; i++)
		differ_bytes(d, "st", i, a->st[i], b->st[i], 10);
	for (unsigned i = 0; i < 8; i++)
		differ(d, "k", a->k[i], b->k[i]);
	for (unsigned i = 0; i < 32; i++)
		differ_bytes(d, "zmm", i, a->zmm[i], b->zmm[i], 64);
}

static void
compare_mem(struct diff *d, const struct result *a, const struct result *b)
{
	unsigned shown = 0;

	if (!memcmp(a->mem, b->mem, DATA_BYTES))
		return;
	d->n++;
	for (unsigned i = 0; d->out && i < DATA_BYTES && shown < 16; i++) {
		if (a->mem[i] == b->mem[i])
			continue;
		fprintf(d->out, "  [%" PRIx64 "] native %02x engine %02x\n",
		    DATA_VA + 4096 * (uint64_t)data_page[i / 4096] + i % 4096,
		    a->mem[i], b->mem[i]);
		shown++;
	}
}

/* Index of the instruction that starts at the saved RIP, or -1. */
static int
insn_at(const struct seq *q, uint64_t rip)
{
	uint64_t off = seq_offset(q, rip);

	for (unsigned i = 0; i < q->n; i++)
		if (q->insn[i].off == off)
			return (int)i;
	return -1;
}

/*
 * Which byte of a large or masked operand CR2 names is the processor's own
 * affair (FXRSTOR tries the last one first, CLZERO says where the line
 * starts): there only the page counts.
 */
static uint64_t
cr2_mask(const struct seq *q, const struct result *want)
{
	int i = insn_at(q, want->s.rip);
	const struct insn_desc *d;

	if (i < 0 || q->insn[i].row == UINT16_MAX)
		return UINT64_MAX;
	d = &insn_tab[q->insn[i].row];
	if (d->cls == CLASS_FPSTATE || d->id == I_CLZERO ||
	    d->attr & ATTR_MASKED_MEM)
		return PAGE_MASK;
	return UINT64_MAX;
}

/* Control may get there by a jump into the middle of something. */
static bool
at_int1(const struct seq *q, uint64_t rip)
{
	uint64_t at = seq_offset(q, rip);
	struct insn in;

	return at < q->len && insn_decode(&in, q->code + at, q->len - at,
	    MODE_64) > 0 && in.desc->id == I_ICEBP;
}

const char *
left_open(const struct seq *q, const struct result *want)
{
	int i = insn_at(q, want->s.rip);

	if (want->vector == VEC_DB && at_int1(q, want->s.rip))
		return "RIP after INT1, which virtualised hosts get wrong";
	if (i < 0 || q->insn[i].row == UINT16_MAX)
		return NULL;
	switch (insn_tab[q->insn[i].row].id) {
	case I_MASKMOVQ:
	case I_MASKMOVDQU:
	case I_VMASKMOVDQU:
		return "whether masked-out bytes fault (SDM 2 MASKMOVDQU)";
	default:
		break;
	}
	if (want->vector == VEC_DB &&
	    insn_tab[q->insn[i].row].attr & ATTR_MASKED_MEM)
		return "how far a gather gets before a step (SDM 2 VGATHER)";
	return NULL;
}

unsigned
compare(const struct seq *q, const struct result *want,
    const struct result *got, uint64_t taint, FILE *out)
{
	uint32_t error_mask = UINT32_MAX;
	uint64_t cr2 = cr2_mask(q, want);
	struct diff d = { out, 0 };

	/*
	 * Linux reports faults beyond user space as protection faults; what
	 * is mapped there is its secret.
	 */
	if (want->vector == VEC_PF && want->cr2 >= LINUX_TASK_SIZE)
		error_mask = ~1u;
	differ(&d, "vector", want->vector, got->vector);
	differ(&d, "error", want->error & error_mask, got->error & error_mask);
	differ(&d, "cr2", want->cr2 & cr2, got->cr2 & cr2);
	differ(&d, "rip", want->s.rip, got->s.rip);
	differ(&d, "rflags", want->s.rflags & ~taint, got->s.rflags & ~taint);
	differ(&d, "fsbase", want->s.fs_base, got->s.fs_base);
	differ(&d, "gsbase", want->s.gs_base, got->s.gs_base);
	for (unsigned i = 0; i < GPR_COUNT; i++)
		differ(&d, gpr_name[i], want->s.gpr[i], got->s.gpr[i]);
	compare_vec(&d, &want->s.v, &got->s.v);
	compare_mem(&d, want, got);
	return d.n;
}

uint64_t
taint_of(const struct seq *q, bool *skip)
{
	uint64_t taint = 0, ever = 0;

	*skip = false;
	for (unsigned pass = 0; pass < (q->loops ? 2u : 1u); pass++) {
		for (unsigned i = 0; i < q->n; i++) {
			const struct insn_desc *d;

			if (q->insn[i].row == UINT16_MAX)
				continue;
			d = &insn_tab[q->insn[i].row];
			if (d->flags_read & taint)
				*skip = true;
			/* A branch may jump over what defines them again. */
			if (!q->branches && !(d->attr & ATTR_FLAGS_COND))
				taint &= ~(uint64_t)d->flags_write;
			taint |= d->flags_undef;
			ever |= taint;
		}
	}
	return ever;
}

/*
 * What follows the faulting instruction, decoded anew: control may have gone
 * to where the generator put no instruction.  Beyond the sequence is INT3.
 */
uint64_t
dead_at_fault(const struct seq *q, const struct result *want)
{
	uint64_t live = 0, dead = 0, at = seq_offset(q, want->s.rip);
	unsigned end = MIN(q->len + INSN_MAX_LEN, CODE_BYTES - q->start);
	uint8_t code[SEQ_MAX_BYTES + INSN_MAX_LEN];
	struct insn in;

	memset(code, 0xcc, sizeof(code));
	memcpy(code, q->code, q->len);
	for (; at < q->len; at += in.len) {
		const struct insn_desc *d;

		if (insn_decode(&in, code + at, end - at, MODE_64) <= 0)
			break;
		d = in.desc;
		live |= d->flags_read & ~dead;
		/* LOOP leaves all alive, as any branch and the end do. */
		if (d->flow != FLOW_NONE)
			break;
		if (!(d->attr & (ATTR_FLAGS_COND | ATTR_REP)))
			dead |= (d->flags_write | d->flags_undef) & ~live;
	}
	return dead & FLAGS_ARITH;
}

void
disassemble(const struct seq *q, FILE *out)
{
	uint64_t at = q->va + q->start;
	csh cs;

	if (cs_open(CS_ARCH_X86, CS_MODE_64, &cs) != CS_ERR_OK)
		return;
	for (unsigned i = 0; i < q->n; i++) {
		unsigned off = q->insn[i].off;
		unsigned end = i + 1 < q->n ? q->insn[i + 1].off : q->len;
		cs_insn *ci;
		size_t n;

		if (off >= q->len)
			break;
		end = MIN(end, q->len);
		fprintf(out, "  %08" PRIx64 "  ", at + off);
		for (unsigned k = off; k < end; k++)
			fprintf(out, "%02x", q->code[k]);
		fprintf(out, "%*s", (int)(2 * (13 - MIN(12u, end - off))), "");
		n = cs_disasm(cs, q->code + off, end - off, at + off, 1, &ci);
		if (n) {
			fprintf(out, "%s %s", ci->mnemonic, ci->op_str);
			cs_free(ci, n);
		}
		if (q->insn[i].row != UINT16_MAX)
			fprintf(out, "   <%s>", insn_tab[q->insn[i].row].name);
		fprintf(out, "\n");
	}
	cs_close(&cs);
}

void
print_state(const struct seq *q, FILE *out)
{
	const struct state *s = &q->init;

	for (unsigned i = 0; i < GPR_COUNT; i++)
		fprintf(out, "  %-4s %016" PRIx64 "%s", gpr_name[i], s->gpr[i],
		    i % 4 == 3 ? "\n" : "");
	fprintf(out, "  rip  %016" PRIx64 "  rflags %" PRIx64 "  fs %" PRIx64
	    "  gs %" PRIx64 "\n", s->rip, s->rflags, s->fs_base, s->gs_base);
	fprintf(out, "  fcw %x fsw %x ftw %x mxcsr %x image %u\n", s->v.fcw,
	    s->v.fsw, s->v.ftw, s->v.mxcsr, q->image);
	for (unsigned i = 0; i < 8; i++)
		fprintf(out, "  k%u %" PRIx64 "%s", i, s->v.k[i],
		    i == 7 ? "\n" : "");
}
