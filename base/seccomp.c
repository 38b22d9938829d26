/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libseccomp makes the programs, as balanced trees; installing is one system
 * call of our own, so that a thread needs neither libseccomp nor memory.
 */
#include "base/seccomp.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

struct seccomp_filter {
	struct sock_fprog prog;
	char name[16];
	struct sock_filter code[];
};

static struct scmp_arg_cmp
comparison(const struct seccomp_pin *p)
{
	struct scmp_arg_cmp c = { .arg = p->arg, .op = SCMP_CMP_EQ };

	switch ((enum seccomp_op)p->op) {
	case PIN_WITHOUT:
		c.op = SCMP_CMP_MASKED_EQ;
		c.datum_a = p->value;
		c.datum_b = 0;
		break;
	case PIN_OWN_PID:
		c.datum_a = (uint64_t)getpid();
		break;
	default:
		c.datum_a = p->value;
		break;
	}
	/*
	 * An int of the C library's may come with anything above it, which the
	 * kernel does not look at.
	 */
	if (c.op == SCMP_CMP_EQ && p->value <= UINT32_MAX) {
		c.op = SCMP_CMP_MASKED_EQ;
		c.datum_b = c.datum_a;
		c.datum_a = UINT32_MAX;
	}
	return c;
}

static int
add_rules(scmp_filter_ctx ctx, const struct seccomp_class *c)
{
	for (size_t i = 0; i < c->n; i++) {
		struct scmp_arg_cmp cmp[SECCOMP_MAX_PINS];
		const struct seccomp_rule *r = &c->rules[i];
		unsigned n = 0;
		int rc;

		for (; n < SECCOMP_MAX_PINS && r->pin[n].op; n++)
			cmp[n] = comparison(&r->pin[n]);
		rc = seccomp_rule_add_array(ctx, c->forbids ?
		    SCMP_ACT_KILL_PROCESS : SCMP_ACT_ALLOW, r->nr, n, cmp);
		if (rc)
			return rc;
	}
	return 0;
}

/* By way of a memfd: 2.5 of libseccomp exports to descriptors only. */
static int
export(scmp_filter_ctx ctx, const char *name, struct seccomp_filter **out)
{
	int fd = memfd_create("seccomp", MFD_CLOEXEC);
	struct seccomp_filter *f = NULL;
	off_t size;
	int rc;

	if (fd < 0)
		return -errno;
	rc = seccomp_export_bpf(ctx, fd);
	size = rc ? 0 : lseek(fd, 0, SEEK_END);
	if (size > 0)
		f = malloc(sizeof(*f) + (size_t)size);
	if (!rc && (!f || pread(fd, f->code, (size_t)size, 0) != size))
		rc = -ENOMEM;
	close(fd);
	if (rc) {
		free(f);
		return rc;
	}
	f->prog = (struct sock_fprog){ .filter = f->code,
	    .len = (unsigned short)((size_t)size / sizeof(f->code[0])) };
	strncpy(f->name, name, sizeof(f->name) - 1);
	f->name[sizeof(f->name) - 1] = '\0';
	*out = f;
	return 0;
}

int
seccomp_build(struct seccomp_filter **out, const struct seccomp_class *c,
    struct err *e)
{
	/* Calls of other ABIs (32-bit, x32) are killed as well. */
	scmp_filter_ctx ctx = seccomp_init(c->forbids ? SCMP_ACT_ALLOW :
	    SCMP_ACT_KILL_PROCESS);
	int rc = ctx ? 0 : -ENOMEM;

	if (!rc)
		rc = seccomp_attr_set(ctx, SCMP_FLTATR_ACT_BADARCH,
		    SCMP_ACT_KILL_PROCESS);
	if (!rc)
		rc = seccomp_attr_set(ctx, SCMP_FLTATR_CTL_OPTIMIZE, 2);
	if (!rc)
		rc = add_rules(ctx, c);
	if (!rc)
		rc = export(ctx, c->name, out);
	if (ctx)
		seccomp_release(ctx);
	return rc ? err_set_sys(e, -rc, "seccomp: filter of class %s",
	    c->name) : 0;
}

int
seccomp_install(const struct seccomp_filter *f, struct err *e)
{
	/*
	 * Before 5.16 a filter made the kernel switch speculative stores off
	 * for the thread, which slows every guest; all that the guest's code
	 * could find so is its own machine.
	 */
	if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER,
	    SECCOMP_FILTER_FLAG_SPEC_ALLOW, &f->prog) == 0)
		return 0;
	err_set_sys(e, errno, "seccomp: filter of class %s", f->name);
	err_hint(e, "the kernel needs CONFIG_SECCOMP_FILTER, and a container "
	    "must not forbid seccomp(2)");
	return -EPERM;
}

void
seccomp_free(struct seccomp_filter *f)
{
	free(f);
}

const void *
seccomp_code(const struct seccomp_filter *f, size_t *n_insns)
{
	*n_insns = f->prog.len;
	return f->code;
}
