/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The VM configuration: defaults, rules, and its journey through the set-up
 * socket.  One table describes every field that travels; descriptors go
 * beside the text, and the field "fds" says which is which.
 */
#include "vm/config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#include "vm/control.h"
#include "vm/tune.h"

#define MIN_CODE_CACHE (UINT64_C(1) << 20)
#define MAX_CODE_CACHE (UINT64_C(4) << 30)
#define MAX_TLB_ENTRIES 65536
#define MAX_RTC_OFFSET (INT64_C(1000) * 366 * 86400)
#define MAX_FDS 40

static const char *const mode_names[] = {
	[VM_MODE_AUTO] = "auto", [VM_MODE_BT] = "bt",
	[VM_MODE_HVM] = "hvm", [VM_MODE_PV] = "pv",
};
static const char *const engine_names[] = {
	[VM_ENGINE_DEFAULT] = "default", [VM_ENGINE_INTERP] = "interp",
};
static const char *const action_names[] = {
	[VM_ACTION_DESTROY] = "destroy", [VM_ACTION_RESTART] = "restart",
	[VM_ACTION_PRESERVE] = "preserve",
};
static const char *const offset_names[] = {
	[VM_CLOCK_UTC] = "utc", [VM_CLOCK_LOCALTIME] = "localtime",
};

enum field_type { F_STR, F_U64, F_I64, F_UINT, F_BOOL, F_ENUM };

struct field {
	const char *key;
	enum field_type type;
	size_t offset;
	size_t size;		/* F_STR: of the array; F_ENUM: of names */
	const char *const *names;
};

#define STR(f) { #f, F_STR, offsetof(struct vm_config, f), \
	sizeof(((struct vm_config *)0)->f), NULL }
#define NUM(f, t) { #f, t, offsetof(struct vm_config, f), 0, NULL }
#define ENUM(f, n) { #f, F_ENUM, offsetof(struct vm_config, f), \
	ARRAY_LEN(n), n }

#define SERIAL_PATH(n) { "serial" #n ".path", F_STR, \
	offsetof(struct vm_config, serial_path[n]), VM_SERIAL_PATH, NULL }

static const struct field fields[] = {
	STR(name), STR(uuid), NUM(memory, F_U64), NUM(vcpus, F_UINT),
	ENUM(mode, mode_names), ENUM(engine, engine_names), STR(cmdline),
	ENUM(on_poweroff, action_names), ENUM(on_reboot, action_names),
	ENUM(on_crash, action_names), ENUM(clock_offset, offset_names),
	NUM(triple_fault_crashes, F_BOOL), NUM(start_paused, F_BOOL),
	NUM(acpi, F_BOOL), NUM(debug_exit, F_BOOL), NUM(hpet, F_BOOL),
	NUM(n_serials, F_UINT), STR(host_without), STR(bt_disable),
	NUM(code_cache, F_U64), NUM(exact_flags, F_BOOL),
	NUM(count_insns, F_BOOL), NUM(perf_map, F_BOOL),
	NUM(tlb_entries, F_UINT), NUM(stop_after, F_U64),
	STR(kernel_name), STR(initrd_name), NUM(host_pid, F_UINT),
	STR(sandbox),
	NUM(console_cap, F_U64), NUM(client_uid, F_UINT),
	NUM(client_gid, F_UINT),
	NUM(rtc_offset, F_I64), STR(cpu_model), STR(cpu_set),
	NUM(cpu_signature, F_UINT), STR(cpu_brand), NUM(sockets, F_UINT),
	NUM(dies, F_UINT), NUM(cores, F_UINT), NUM(threads, F_UINT),
	NUM(no_kvmclock, F_BOOL), STR(cpuset), STR(emulator_pin),
	STR(vcpu_pins),
	SERIAL_PATH(0), SERIAL_PATH(1), SERIAL_PATH(2), SERIAL_PATH(3),
};

/* Enum fields are read and written as unsigned through the table. */
static_assert(sizeof(enum vm_mode) == sizeof(unsigned), "enum size");

#define SERIAL_FDS(n) \
	{ "serial" #n, offsetof(struct vm_config, serial_fd[n]) }, \
	{ "serial" #n ".pty", offsetof(struct vm_config, serial_pty_fd[n]) }, \
	{ "serial" #n ".slave", \
	  offsetof(struct vm_config, serial_slave_fd[n]) }, \
	{ "serial" #n ".listen", \
	  offsetof(struct vm_config, serial_listen_fd[n]) }, \
	{ "serial" #n ".log", offsetof(struct vm_config, serial_log_fd[n]) }

static const struct {
	const char *key;
	size_t offset;
} fd_fields[] = {
	{ "kernel", offsetof(struct vm_config, kernel_fd) },
	{ "initrd", offsetof(struct vm_config, initrd_fd) },
	{ "log", offsetof(struct vm_config, log_fd) },
	{ "report", offsetof(struct vm_config, report_fd) },
	{ "definition", offsetof(struct vm_config, definition_fd) },
	{ "gdb", offsetof(struct vm_config, gdb_fd) },
	{ "perf", offsetof(struct vm_config, perf_fd) },
	SERIAL_FDS(0), SERIAL_FDS(1), SERIAL_FDS(2), SERIAL_FDS(3),
};
static_assert(ARRAY_LEN(fd_fields) <= MAX_FDS, "room for all");

static bool
parse_name(const char *const *names, size_t n, const char *text, unsigned *v)
{
	size_t i;

	for (i = 0; i < n; i++) {
		if (!strcmp(names[i], text)) {
			*v = (unsigned)i;
			return true;
		}
	}
	return false;
}

#define NAME_FUNCTIONS(fn, type, table) \
	const char * \
	fn##_name(type v) \
	{ \
		return (unsigned)v < ARRAY_LEN(table) ? table[v] : "?"; \
	} \
	bool \
	fn##_parse(const char *text, type *v) \
	{ \
		unsigned u; \
		if (!parse_name(table, ARRAY_LEN(table), text, &u)) \
			return false; \
		*v = (type)u; \
		return true; \
	}

NAME_FUNCTIONS(vm_mode, enum vm_mode, mode_names)
NAME_FUNCTIONS(vm_engine, enum vm_engine, engine_names)
NAME_FUNCTIONS(vm_action, enum vm_action, action_names)
NAME_FUNCTIONS(vm_clock_offset, enum vm_clock_offset, offset_names)

static bool
is_alnum(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	    (c >= '0' && c <= '9');
}

bool
vm_name_ok(const char *name)
{
	size_t i;

	if (!is_alnum(name[0]))
		return false;
	for (i = 0; name[i]; i++)
		if (i >= VM_NAME_MAX ||
		    (!is_alnum(name[i]) && !strchr("._-", name[i])))
			return false;
	return true;
}

bool
vm_uuid_ok(const char *uuid)
{
	size_t i;

	for (i = 0; i < 36; i++) {
		bool dash = i == 8 || i == 13 || i == 18 || i == 23;

		if (dash ? uuid[i] != '-' :
		    !uuid[i] || !strchr("0123456789abcdef", uuid[i]))
			return false;
	}
	return !uuid[36];
}

void
vm_uuid_new(char uuid[37])
{
	uint8_t b[16];

	BUG_ON(getrandom(b, sizeof(b), 0) != sizeof(b));
	b[6] = (uint8_t)((b[6] & 0x0f) | 0x40);
	b[8] = (uint8_t)((b[8] & 0x3f) | 0x80);
	snprintf(uuid, 37, "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-"
	    "%02x%02x%02x%02x%02x%02x", b[0], b[1], b[2], b[3], b[4], b[5],
	    b[6], b[7], b[8], b[9], b[10], b[11], b[12], b[13], b[14], b[15]);
}

static int *
fd_field(const struct vm_config *c, size_t i)
{
	return (int *)((char *)(uintptr_t)c + fd_fields[i].offset);
}

void
vm_config_init(struct vm_config *c)
{
	size_t i;

	memset(c, 0, sizeof(*c));
	c->memory = UINT64_C(256) << 20;
	c->vcpus = 1;
	c->mode = VM_MODE_AUTO;
	c->on_poweroff = VM_ACTION_DESTROY;
	c->on_reboot = VM_ACTION_RESTART;
	c->on_crash = VM_ACTION_DESTROY;
	c->acpi = true;
	c->n_serials = 1;
	c->console_cap = VM_CONSOLE_CAP;
	for (i = 0; i < ARRAY_LEN(fd_fields); i++)
		*fd_field(c, i) = -1;
}

void
vm_config_fini(struct vm_config *c)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(fd_fields); i++) {
		int *fd = fd_field(c, i);

		if (*fd >= 0)
			close(*fd);
		*fd = -1;
	}
}

/* An error about one field. */
#define BAD(e, field, ...) \
	(err_set(e, ERR_CONFIG_UNSUPPORTED, __VA_ARGS__), name_field(e, field))

static int
name_field(struct err *e, const char *field)
{
	if (e)
		snprintf(e->element, sizeof(e->element), "%s", field);
	return -EINVAL;
}

static int
check_identity(const struct vm_config *c, struct err *e)
{
	if (!vm_name_ok(c->name)) {
		err_set(e, ERR_NO_NAME, "domain name \"%s\" is not usable",
		    c->name);
		err_hint(e, "use 1 to %d of A-Z a-z 0-9 . _ - and begin with "
		    "a letter or digit", VM_NAME_MAX);
		return name_field(e, "name");
	}
	if (!vm_uuid_ok(c->uuid))
		return BAD(e, "uuid", "domain %s: uuid \"%s\" is not one",
		    c->name, c->uuid);
	return 0;
}

static int
check_machine(const struct vm_config *c, struct err *e)
{
	if (c->memory % PAGE_SIZE)
		return BAD(e, "memory", "domain %s: memory of %llu bytes is "
		    "not a multiple of 4 KiB", c->name,
		    (unsigned long long)c->memory);
	if (c->memory < VM_MIN_MEMORY || c->memory > VM_MAX_MEMORY)
		return BAD(e, "memory", "domain %s: memory of %llu KiB is "
		    "outside 1 MiB to 64 GiB", c->name,
		    (unsigned long long)c->memory >> 10);
	if (c->vcpus < 1 || c->vcpus > VM_MAX_VCPUS)
		return BAD(e, "vcpus", "domain %s: %u virtual CPUs asked for, "
		    "1 to %d can be had", c->name, c->vcpus, VM_MAX_VCPUS);
	if (c->n_serials > VM_MAX_SERIALS)
		return BAD(e, "n_serials", "domain %s: %u serial ports asked "
		    "for, at most %d can be had", c->name, c->n_serials,
		    VM_MAX_SERIALS);
	return 0;
}

static bool
plain_text(const char *s)
{
	for (; *s; s++)
		if ((unsigned char)*s < ' ' || *s == 0x7f)
			return false;
	return true;
}

/* "avx512,bmi2": letters, digits, . _ - and commas. */
static bool
list_text(const char *s)
{
	for (; *s; s++)
		if (!is_alnum(*s) && !strchr(",._-", *s))
			return false;
	return true;
}

static int
check_texts(const struct vm_config *c, struct err *e)
{
	if (!plain_text(c->cmdline))
		return BAD(e, "cmdline", "domain %s: the kernel command line "
		    "holds a control character", c->name);
	if (!list_text(c->host_without))
		return BAD(e, "host_without", "domain %s: host_without=\"%s\" "
		    "is not a comma-separated list", c->name, c->host_without);
	if (!list_text(c->bt_disable))
		return BAD(e, "bt_disable", "domain %s: bt_disable=\"%s\" is "
		    "not a comma-separated list", c->name, c->bt_disable);
	return 0;
}

/* What only resolving can make, in range; the set is for the engine to read. */
static int
check_cpu(const struct vm_config *c, struct err *e)
{
	struct vm_cpuset pins[VM_MAX_VCPUS];
	struct vm_cpuset set;
	unsigned max = VM_MAX_VCPUS;

	if (c->threads && (c->sockets > max || c->dies > max ||
	    c->cores > max || c->threads > max ||
	    c->sockets * c->dies * c->cores * c->threads != c->vcpus))
		return BAD(e, "topology", "domain %s: %u sockets, %u dies, "
		    "%u cores, %u threads do not make %u virtual CPUs",
		    c->name, c->sockets, c->dies, c->cores, c->threads,
		    c->vcpus);
	if (!plain_text(c->cpu_model) || !plain_text(c->cpu_set) ||
	    !plain_text(c->cpu_brand))
		return BAD(e, "cpu_model", "domain %s: the CPU model holds a "
		    "control character", c->name);
	if ((c->cpuset[0] && !vm_cpuset_parse(c->cpuset, &set)) ||
	    (c->emulator_pin[0] && !vm_cpuset_parse(c->emulator_pin, &set)) ||
	    !vm_pins_parse(c->vcpu_pins, pins))
		return BAD(e, "cpuset", "domain %s: a set of host CPUs is not "
		    "one", c->name);
	if (c->rtc_offset > MAX_RTC_OFFSET || c->rtc_offset < -MAX_RTC_OFFSET)
		return BAD(e, "rtc_offset", "domain %s: the clock is more "
		    "than 1000 years off", c->name);
	return 0;
}

static int
check_engine(const struct vm_config *c, struct err *e)
{
	if (c->code_cache && (c->code_cache < MIN_CODE_CACHE ||
	    c->code_cache > MAX_CODE_CACHE))
		return BAD(e, "code_cache", "domain %s: a code cache of %llu "
		    "bytes is outside 1 MiB to 4 GiB", c->name,
		    (unsigned long long)c->code_cache);
	if (c->tlb_entries & (c->tlb_entries - 1) ||
	    c->tlb_entries > MAX_TLB_ENTRIES)
		return BAD(e, "tlb_entries", "domain %s: tlb_entries=%u is "
		    "not a power of two up to %d", c->name, c->tlb_entries,
		    MAX_TLB_ENTRIES);
	if (c->engine == VM_ENGINE_INTERP && c->mode != VM_MODE_AUTO &&
	    c->mode != VM_MODE_BT)
		return BAD(e, "engine", "domain %s: engine interp and mode %s "
		    "contradict each other", c->name, vm_mode_name(c->mode));
	return 0;
}

int
vm_config_check(const struct vm_config *c, struct err *e)
{
	int rc;

	rc = check_identity(c, e);
	if (!rc)
		rc = check_machine(c, e);
	if (!rc)
		rc = check_texts(c, e);
	if (!rc)
		rc = check_cpu(c, e);
	if (!rc)
		rc = check_engine(c, e);
	return rc;
}

static int
put_field(struct ctl_msg *m, const struct vm_config *c, const struct field *f)
{
	const void *p = (const char *)c + f->offset;

	switch (f->type) {
	case F_STR:
		return ctl_put(m, f->key, "%s", (const char *)p);
	case F_U64:
		return ctl_put(m, f->key, "%llu",
		    (unsigned long long)*(const uint64_t *)p);
	case F_I64:
		return ctl_put(m, f->key, "%lld",
		    (long long)*(const int64_t *)p);
	case F_UINT:
		return ctl_put(m, f->key, "%u", *(const unsigned *)p);
	case F_BOOL:
		return ctl_put(m, f->key, "%d", *(const bool *)p);
	case F_ENUM:
		return ctl_put(m, f->key, "%s",
		    f->names[*(const unsigned *)p]);
	}
	return -EINVAL;
}

static bool
parse_signed(const char *text, int64_t *v)
{
	char *end;

	errno = 0;
	*v = strtoll(text, &end, 10);
	return end != text && !*end && !errno;
}

static bool
get_field(const struct ctl_msg *m, struct vm_config *c, const struct field *f)
{
	void *p = (char *)c + f->offset;
	char text[32];
	uint64_t v;

	if (f->type == F_STR)
		return ctl_get(m, f->key, p, f->size);
	if (f->type == F_ENUM)
		return ctl_get(m, f->key, text, sizeof(text)) &&
		    parse_name(f->names, f->size, text, p);
	if (f->type == F_I64)
		return ctl_get(m, f->key, text, sizeof(text)) &&
		    parse_signed(text, p);
	if (!ctl_get_u64(m, f->key, &v))
		return false;
	if (f->type == F_U64)
		*(uint64_t *)p = v;
	else if (f->type == F_UINT && v <= UINT32_MAX)
		*(unsigned *)p = (unsigned)v;
	else if (f->type == F_BOOL && v <= 1)
		*(bool *)p = v;
	else
		return false;
	return true;
}

union fd_control {
	char buf[CMSG_SPACE(MAX_FDS * sizeof(int))];
	struct cmsghdr align;
};

/* Name the present descriptors in *m and put them into the control buffer. */
static int
put_fds(struct ctl_msg *m, const struct vm_config *c, struct msghdr *mh,
    union fd_control *control)
{
	char list[512] = "";
	int fds[MAX_FDS];
	size_t i, n = 0;
	struct cmsghdr *h;

	for (i = 0; i < ARRAY_LEN(fd_fields); i++) {
		size_t len = strlen(list);

		if (*fd_field(c, i) < 0)
			continue;
		snprintf(list + len, sizeof(list) - len, "%s%s", n ? "," : "",
		    fd_fields[i].key);
		fds[n++] = *fd_field(c, i);
	}
	if (n) {
		mh->msg_control = control->buf;
		mh->msg_controllen = CMSG_SPACE(n * sizeof(int));
		h = CMSG_FIRSTHDR(mh);
		h->cmsg_level = SOL_SOCKET;
		h->cmsg_type = SCM_RIGHTS;
		h->cmsg_len = CMSG_LEN(n * sizeof(int));
		memcpy(CMSG_DATA(h), fds, n * sizeof(int));
	}
	return ctl_put(m, "fds", "%s", list);
}

int
vm_config_send(int sock, const struct vm_config *c, struct err *e)
{
	union fd_control control = { 0 };
	struct ctl_msg m;
	struct iovec iov[2] = { { &m.h, sizeof(m.h) }, { m.body, 0 } };
	struct msghdr mh = { .msg_iov = iov, .msg_iovlen = 2 };
	ssize_t n;
	size_t i;
	int rc;

	rc = vm_config_check(c, e);
	if (rc)
		return rc;
	ctl_msg_init(&m, CTL_CONFIG, 0);
	rc = put_fds(&m, c, &mh, &control);
	for (i = 0; !rc && i < ARRAY_LEN(fields); i++)
		rc = put_field(&m, c, &fields[i]);
	if (rc)
		return err_set(e, ERR_INTERNAL,
		    "domain %s: configuration does not fit a packet", c->name);
	iov[1].iov_len = m.len;
	do {
		n = sendmsg(sock, &mh, MSG_NOSIGNAL);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return err_set_sys(e, errno,
		    "domain %s: cannot send the configuration", c->name);
	return 0;
}

/* All descriptors of the packet into fds[]; the count. */
static size_t
collect_fds(struct msghdr *mh, int fds[MAX_FDS])
{
	struct cmsghdr *h;
	size_t i, n = 0;

	for (h = CMSG_FIRSTHDR(mh); h; h = CMSG_NXTHDR(mh, h)) {
		size_t k = (h->cmsg_len - CMSG_LEN(0)) / sizeof(int);

		if (h->cmsg_level != SOL_SOCKET || h->cmsg_type != SCM_RIGHTS)
			continue;
		for (i = 0; i < k; i++) {
			int fd;

			memcpy(&fd, CMSG_DATA(h) + i * sizeof(int), sizeof(fd));
			if (n < MAX_FDS)
				fds[n++] = fd;
			else
				close(fd);
		}
	}
	return n;
}

/* Give each received descriptor to the field the list names. */
static bool
assign_fds(const struct ctl_msg *m, struct vm_config *c, int *fds, size_t n)
{
	char list[512], *save = NULL, *word;
	size_t i, used = 0;

	if (!ctl_get(m, "fds", list, sizeof(list)))
		return false;
	for (word = strtok_r(list, ",", &save); word;
	    word = strtok_r(NULL, ",", &save)) {
		for (i = 0; i < ARRAY_LEN(fd_fields); i++)
			if (!strcmp(fd_fields[i].key, word))
				break;
		if (i == ARRAY_LEN(fd_fields) || *fd_field(c, i) >= 0 ||
		    used == n)
			return false;
		*fd_field(c, i) = fds[used];
		fds[used++] = -1;
	}
	return used == n;
}

static int
parse_config(const struct ctl_msg *m, struct vm_config *c, struct err *e)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(fields); i++)
		if (!get_field(m, c, &fields[i]))
			return BAD(e, fields[i].key, "configuration: field %s "
			    "is missing or not valid", fields[i].key);
	return vm_config_check(c, e);
}

static ssize_t
recv_packet(int sock, struct ctl_msg *m, struct msghdr *mh)
{
	struct iovec iov[2] = {
		{ &m->h, sizeof(m->h) }, { m->body, sizeof(m->body) - 1 },
	};
	ssize_t n;

	mh->msg_iov = iov;
	mh->msg_iovlen = 2;
	do {
		n = recvmsg(sock, mh, MSG_CMSG_CLOEXEC);
	} while (n < 0 && errno == EINTR);
	mh->msg_iov = NULL;
	mh->msg_iovlen = 0;
	return n;
}

int
vm_config_recv(int sock, struct vm_config *c, struct err *e)
{
	union fd_control control = { 0 };
	struct msghdr mh = { .msg_control = control.buf,
		.msg_controllen = sizeof(control.buf) };
	struct ctl_msg m;
	int fds[MAX_FDS], rc;
	size_t i, n_fds;
	ssize_t n;

	vm_config_init(c);
	ctl_msg_init(&m, CTL_CONFIG, 0);
	n = recv_packet(sock, &m, &mh);
	if (n < 0)
		return err_set_sys(e, errno, "configuration: cannot receive");
	n_fds = collect_fds(&mh, fds);
	m.len = n > (ssize_t)sizeof(m.h) ? (size_t)n - sizeof(m.h) : 0;
	m.body[m.len] = '\0';
	if (!m.len || m.h.magic != CTL_MAGIC || m.h.type != CTL_CONFIG ||
	    mh.msg_flags & (MSG_TRUNC | MSG_CTRUNC) ||
	    memchr(m.body, '\0', m.len) || !assign_fds(&m, c, fds, n_fds))
		rc = err_set(e, ERR_RPC, "configuration: the packet is not "
		    "one this monitor understands");
	else
		rc = parse_config(&m, c, e);
	for (i = 0; rc && i < n_fds; i++)
		if (fds[i] >= 0)
			close(fds[i]);
	if (rc)
		vm_config_fini(c);
	return rc;
}
