/* SPDX-License-Identifier: Apache-2.0 */
/* See oneshot.h. */
#include "monitor/oneshot.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <linux/kvm.h>

#include "base/seal.h"
#include "base/seccomp.h"
#include "modes/cpuid.h"
#include "monitor/boot/acpi.h"
#include "monitor/boot/boot.h"
#include "vm/config.h"
#include "vm/control.h"

#define CPU_SECONDS 10
#define MEMORY_LIMIT (UINT64_C(2) << 30)
#define MAX_FDS 16
/* Where a kernel that speaks VMI looks for the ROM: VMI 3.0, section 2. */
#define VMI_SIGNATURE "cVmi"

struct request {
	bool inspect, probe;
	int image_fd, kvm_fd, root_fd;
	uint64_t memory;
	const char *name;
};

static bool
take_fd(const char *text, int *fd)
{
	char *end;
	long n = strtol(text, &end, 10);

	if (*end || end == text || n < 3 || n >= MAX_FDS ||
	    fcntl((int)n, F_GETFD) < 0)
		return false;
	*fd = (int)n;
	return true;
}

static bool
take_memory(const char *text, uint64_t *memory)
{
	char *end;

	errno = 0;
	*memory = strtoull(text, &end, 10);
	return !errno && end != text && !*end && *memory >= VM_MIN_MEMORY &&
	    *memory <= VM_MAX_MEMORY && *memory % PAGE_SIZE == 0;
}

static bool
parse(struct request *r, int argc, char **argv)
{
	static const struct option options[] = {
		{ "inspect", no_argument, NULL, 'i' },
		{ "probe", no_argument, NULL, 'p' },
		{ "image-fd", required_argument, NULL, 'f' },
		{ "kvm-fd", required_argument, NULL, 'k' },
		{ "root-fd", required_argument, NULL, 'r' },
		{ "memory", required_argument, NULL, 'm' },
		{ "name", required_argument, NULL, 'n' },
		{ NULL, 0, NULL, 0 },
	};
	bool good = true;
	int ch;

	*r = (struct request){ .image_fd = -1, .kvm_fd = -1, .root_fd = -1,
	    .memory = VM_MAX_MEMORY, .name = "image" };
	while (good && (ch = getopt_long(argc, argv, "", options,
	    NULL)) != -1) {
		if (ch == 'i')
			r->inspect = true;
		else if (ch == 'p')
			r->probe = true;
		else if (ch == 'n')
			r->name = optarg;
		else if (ch == 'm')
			good = take_memory(optarg, &r->memory);
		else
			good = ch != '?' && take_fd(optarg, ch == 'f' ?
			    &r->image_fd : ch == 'k' ? &r->kvm_fd :
			    &r->root_fd);
	}
	return good && optind == argc && r->inspect != r->probe &&
	    (r->image_fd >= 0) == r->inspect;
}

/* ---- sealing --------------- */

#define ANY { { PIN_NONE, 0, 0 } }

static const struct seccomp_rule rules[] = {
	/* the file */
	{ SYS_newfstatat, ANY }, { SYS_fstat, ANY }, { SYS_pread64, ANY },
	{ SYS_read, ANY }, { SYS_lseek, ANY },
	/* what KVM says of itself */
	{ SYS_ioctl, { { PIN_EQUALS, 1, KVM_GET_API_VERSION } } },
	{ SYS_ioctl, { { PIN_EQUALS, 1, KVM_CHECK_EXTENSION } } },
	/* memory */
	{ SYS_mmap, { { PIN_WITHOUT, 2, PROT_EXEC } } },
	{ SYS_munmap, ANY }, { SYS_mremap, ANY }, { SYS_brk, ANY },
	{ SYS_madvise, ANY },
	/* the answer */
	{ SYS_write, ANY }, { SYS_close, ANY }, { SYS_exit_group, ANY },
};

static int
seal(const struct request *r, struct err *e)
{
	static const struct seccomp_class class = { .name = "oneshot",
	    .rules = rules, .n = ARRAY_LEN(rules) };
	struct rlimit cpu = { CPU_SECONDS, CPU_SECONDS };
	struct rlimit memory = { MEMORY_LIMIT, MEMORY_LIMIT };
	struct sandbox_state s = { 0 };
	struct seccomp_filter *f = NULL;
	int rc;

	if (r->root_fd >= 0 && sandbox_empty_root(r->root_fd)) {
		/* Seccomp below lets it name no file either. */
	}
	rc = seal_privileges(&s, "", e);
	if (!rc)
		rc = seccomp_build(&f, &class, e);
	if (rc)
		return rc;
	setrlimit(RLIMIT_CPU, &cpu);
	setrlimit(RLIMIT_AS, &memory);
	seal_limits(&s, MAX_FDS);
	seal_memory();
	rc = seccomp_install(f, e);
	return rc;
}

/* ---- --inspect --------------- */

/*
 * Only where its code is to be seen: that of a bzImage is compressed.  The
 * constant is compared with the ROM's first word.
 */
static const char *
speaks_vmi(const struct boot_plan *p)
{
	if (p->kind == BOOT_BZIMAGE)
		return "unknown";
	return memmem(p->kernel.data, p->kernel.size, VMI_SIGNATURE,
	    sizeof(VMI_SIGNATURE) - 1) ? "yes" : "no";
}

static int
inspect(const struct request *r, struct ctl_msg *a, struct err *e)
{
	struct memmap map;
	struct boot_request rq = { .kernel_name = r->name,
	    .kernel_fd = r->image_fd, .initrd_fd = -1, .cmdline = "",
	    .map = &map, .rsdp = ACPI_RSDP };
	struct boot_plan p;
	int rc;

	memmap_init(&map, r->memory);
	rc = boot_parse(&p, &rq, e);
	if (rc)
		return rc;
	ctl_put(a, "kind", "%s", boot_kind_name(p.kind));
	ctl_put(a, "entry", "0x%" PRIx64, (uint64_t)p.entry);
	ctl_put(a, "bits", "%u", p.start == BOOT_START_64 ? 64 : 32);
	/* What lies below is firmware's and boot data's. */
	ctl_put(a, "memory", "%" PRIu64, (uint64_t)p.kernel_end);
	ctl_put(a, "size", "%" PRIu64, p.kernel.size);
	ctl_put(a, "pieces", "%u", p.n_pieces);
	ctl_put(a, "vmi", "%s", speaks_vmi(&p));
	boot_plan_fini(&p);
	return 0;
}

/* ---- --probe --------------- */

static void
probe_kvm(int fd, struct ctl_msg *a)
{
	int version = ioctl(fd, KVM_GET_API_VERSION, 0);

	ctl_put(a, "kvm_api", "%d", version);
	if (version == KVM_API_VERSION)
		ctl_put(a, "kvm_user_memory", "%d", ioctl(fd,
		    KVM_CHECK_EXTENSION, KVM_CAP_USER_MEMORY));
}

static int
probe(const struct request *r, struct ctl_msg *a, struct err *e)
{
	struct cpuid_host h;
	struct cpuid_set offered;
	char names[4096];
	int rc = cpuid_host_read(&h, NULL, e);

	if (rc)
		return rc;
	ctl_put(a, "vendor", "%s", h.vendor);
	cpuid_offered(&h, &offered);
	ctl_put(a, "n_features", "%u", cpuid_set_names(&offered, names,
	    sizeof(names)));
	ctl_put(a, "features", "%s", names);
	ctl_put(a, "hvm_built", "0");
	ctl_put(a, "pv_built", "0");
	if (r->kvm_fd >= 0)
		probe_kvm(r->kvm_fd, a);
	return 0;
}

/* ---- */

bool
oneshot_wanted(int argc, char **argv)
{
	return argc > 1 && (!strcmp(argv[1], "--inspect") ||
	    !strcmp(argv[1], "--probe"));
}

int
oneshot_main(int argc, char **argv)
{
	static struct ctl_msg a;
	struct request r;
	struct err e = { 0 };
	int rc;

	if (!parse(&r, argc, argv)) {
		fprintf(stderr, "usage: trivisor-monitor --inspect --image-fd "
		    "N --memory BYTES [--name TEXT]\n"
		    "       trivisor-monitor --probe [--kvm-fd N]\n"
		    "This program is started by trivisord.\n");
		return 2;
	}
	ctl_msg_init(&a, CTL_OK, 0);
	rc = seal(&r, &e);
	if (!rc)
		rc = r.inspect ? inspect(&r, &a, &e) : probe(&r, &a, &e);
	if (rc) {
		ctl_msg_init(&a, CTL_ERROR, 0);
		ctl_put_err(&a, &e);
	}
	/* In one piece: it is shorter than a pipe. */
	if (write(STDOUT_FILENO, a.body, a.len) != (ssize_t)a.len)
		return 1;
	_exit(0);
}
