/* SPDX-License-Identifier: Apache-2.0 */
/*
 * CTL_DISASM: translations for people, the guest's instructions on the left,
 * the host's on the right.  Capstone prints both; it is asked nothing else.
 */
#include <capstone/capstone.h>
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "monitor/monitor.h"

#define TEXT_MAX 13000		/* percent-encoded it must fit into a packet */
#define LINES_MAX 128
#define LEFT_WIDTH 44
#define GUEST_MAX 4096

struct listing {
	char line[LINES_MAX][64];
	unsigned n;
};

struct show {
	struct machine *m;
	csh guest, host;
	char text[TEXT_MAX];
	size_t used;
	bool full;
	struct listing left, right;
};

static void say(struct show *s, const char *fmt, ...) PRINTF_LIKE(2, 3);

static void
say(struct show *s, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(s->text + s->used, TEXT_MAX - s->used, fmt, ap);
	va_end(ap);
	if (n < 0 || (size_t)n >= TEXT_MAX - s->used)
		s->full = true;
	else
		s->used += (size_t)n;
	s->text[s->used] = '\0';
}

/* Bytes that Capstone cannot read become a line of their own. */
static void
disassemble(csh cs, const uint8_t *code, size_t len, uint64_t at,
    struct listing *l)
{
	cs_insn *in = cs_malloc(cs);

	l->n = 0;
	while (in && len && l->n < LINES_MAX) {
		char *line = l->line[l->n++];

		if (cs_disasm_iter(cs, &code, &len, &at, in)) {
			snprintf(line, sizeof(l->line[0]), "%8" PRIx64
			    "  %.15s %.36s", in->address & UINT32_MAX, in->mnemonic,
			    in->op_str);
		} else {
			snprintf(line, sizeof(l->line[0]), "%8" PRIx64
			    "  .byte 0x%02x", at & UINT32_MAX, *code);
			code++;
			at++;
			len--;
		}
	}
	if (in)
		cs_free(in, 1);
}

/* The guest's bytes, as far as they lie in the page we know. */
static void
guest_side(struct show *s, const struct engine_code *code)
{
	uint8_t buf[GUEST_MAX];
	size_t here = PAGE_SIZE - (code->gpa & ~PAGE_MASK);
	size_t n = MIN(code->guest_len, here);

	s->left.n = 0;
	if (gmem_read(&s->m->vm.mem, code->gpa, buf, n) == 0)
		disassemble(s->guest, buf, n, code->rip, &s->left);
}

static void
show_one(void *ctx, const struct engine_code *code)
{
	struct show *s = ctx;
	unsigned n;

	guest_side(s, code);
	disassemble(s->host, code->host, code->host_len,
	    (uintptr_t)code->host, &s->right);
	say(s, "guest 0x%" PRIx64 ": %u instructions, %u bytes; host %p: %u "
	    "bytes, entered at +%u\n", code->rip, code->n_insns,
	    code->guest_len, (const void *)code->host, code->host_len,
	    code->entry);
	n = MAX(s->left.n, s->right.n);
	for (unsigned i = 0; i < n && !s->full; i++)
		say(s, "%-*.*s | %s\n", LEFT_WIDTH, LEFT_WIDTH,
		    i < s->left.n ? s->left.line[i] : "",
		    i < s->right.n ? s->right.line[i] : "");
	say(s, "\n");
}

static cs_mode
guest_mode(const struct cpu_state *s)
{
	uint16_t attr = s->seg[SEG_CS].attr;

	if (s->efer & EFER_LMA && attr & SEG_L)
		return CS_MODE_64;
	return attr & SEG_DB ? CS_MODE_32 : CS_MODE_16;
}

static int
show_all(struct show *s, uint64_t pc, unsigned count, struct err *e)
{
	const struct vm *vm = &s->m->vm;
	unsigned n = vm->engine->show(&s->m->vm, pc, count, show_one, s);

	if (!n && pc)
		return err_set(e, ERR_INVALID_ARG,
		    "there is no translation of 0x%" PRIx64, pc);
	if (!n)
		return err_set(e, ERR_OPERATION_INVALID,
		    "nothing has been translated yet");
	if (s->full)
		memcpy(s->text + MIN(s->used, TEXT_MAX - 5), "...\n", 5);
	return 0;
}

int
show_translations(struct monitor *mon, uint64_t pc, unsigned count,
    struct ctl_msg *a, struct err *e)
{
	struct machine *m = mon->m;
	struct show *s;
	int rc;

	if (!m->vm.engine->show) {
		err_set(e, ERR_OPERATION_UNSUPPORTED,
		    "engine %s translates nothing", m->vm.engine->name);
		return -EOPNOTSUPP;
	}
	s = calloc(1, sizeof(*s));
	if (!s)
		return err_set_sys(e, ENOMEM, "listing");
	s->m = m;
	machine_hold(m, HOLD_SHOW);
	machine_wait_parked(m);
	if (cs_open(CS_ARCH_X86, guest_mode(&m->vm.vcpu[0]->s), &s->guest) ||
	    cs_open(CS_ARCH_X86, CS_MODE_64, &s->host)) {
		rc = err_set(e, ERR_INTERNAL, "the disassembler does not work");
	} else {
		rc = show_all(s, pc, count, e);
		cs_close(&s->host);
	}
	if (s->guest)
		cs_close(&s->guest);
	machine_release(m, HOLD_SHOW);
	if (!rc && ctl_put(a, "text", "%s", s->text))
		rc = err_set(e, ERR_INTERNAL, "the listing is too long");
	free(s);
	return rc;
}
