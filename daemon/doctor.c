/* SPDX-License-Identifier: Apache-2.0 */
/*
 * host.doctor: is all there that Trivisor can make use of on this host, and
 * what could be done about what is not?  Looks only; changes nothing.
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <json-c/json.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <linux/landlock.h>
#include <linux/seccomp.h>

#include "daemon/host.h"
#include "daemon/tuning.h"
#include "modes/cpu_model.h"

enum status { OK, DEGRADED, MISSING };

/* No domain can be run without them. */
static bool
is_required(const char *what)
{
	static const char *const all[] = {
		"mode bt", "monitor", "seccomp", "address space",
		"definitions", "run directory", "logs",
	};

	for (size_t i = 0; i < ARRAY_LEN(all); i++)
		if (!strcmp(all[i], what))
			return true;
	return false;
}

static void PRINTF_LIKE(5, 6)
add(struct json_object *list, const char *what, enum status s,
    const char *remedy, const char *fmt, ...)
{
	static const char *const names[] = { "ok", "degraded", "missing" };
	struct json_object *o = json_object_new_object();
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	json_object_object_add(o, "what", json_object_new_string(what));
	json_object_object_add(o, "status", json_object_new_string(names[s]));
	json_object_object_add(o, "required",
	    json_object_new_boolean(is_required(what)));
	json_object_object_add(o, "detail", json_object_new_string(text));
	if (s != OK && remedy)
		json_object_object_add(o, "remedy",
		    json_object_new_string(remedy));
	json_object_array_add(list, o);
}

/* A number from a file; otherwise where there is none. */
static long
number_of(const char *path, long otherwise)
{
	char text[64];

	if (file_read_text(AT_FDCWD, path, text, sizeof(text)) <= 0)
		return otherwise;
	return strtol(text, NULL, 10);
}

/* --- modes --- */

/* Translated code is written through one mapping and run through another. */
static void
check_bt(struct json_object *list)
{
	static const char remedy[] = "allow executable mappings of memory "
	    "files (SELinux: execmem; noexec of /dev/shm does not matter)";
	int fd = memfd_create("doctor", MFD_CLOEXEC);
	void *p = MAP_FAILED;

	if (fd >= 0 && !ftruncate(fd, 4096))
		p = mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_SHARED, fd, 0);
	if (p == MAP_FAILED)
		add(list, "mode bt", MISSING, remedy,
		    "memory cannot be mapped executable: %s", strerror(errno));
	else
		add(list, "mode bt", OK, NULL,
		    "binary translation runs everywhere");
	if (p != MAP_FAILED)
		munmap(p, 4096);
	if (fd >= 0)
		close(fd);
}

static bool
in_container(void)
{
	return !access("/.dockerenv", F_OK) ||
	    !access("/run/.containerenv", F_OK);
}

static void
check_hvm(struct json_object *list, const struct daemon *d)
{
	static const struct {
		const char *detail, *remedy;
	} of[KVM_STATE_COUNT] = {
		[KVM_UNKNOWN] = { "/dev/kvm can be opened", NULL },
		[KVM_ABSENT] = { "there is no /dev/kvm",
		    "load kvm_intel or kvm_amd; in a virtual machine its host "
		    "must allow nesting" },
		[KVM_DENIED] = { "/dev/kvm may not be opened",
		    "make the daemon's user a member of group kvm" },
		[KVM_NO_DEVICE] = { "/dev/kvm has no hardware under it",
		    "switch VT-x or SVM on in the firmware" },
		[KVM_HARDWARE] = { "/dev/kvm runs on hardware", NULL },
		[KVM_EMULATED] = { "/dev/kvm is emulated", NULL },
		[KVM_BROKEN] = { "/dev/kvm does not work", NULL },
	};
	const char *remedy = of[d->caps.kvm].remedy;

	if (d->caps.kvm == KVM_ABSENT && in_container())
		remedy = "start the container with --device /dev/kvm";
	if (!d->caps.hvm_built)
		add(list, "mode hvm", MISSING, "domains run in mode bt", "this "
		    "version has no engine for hardware assist; %s",
		    of[d->caps.kvm].detail);
	else
		add(list, "mode hvm", remedy ? MISSING : OK, remedy, "%s",
		    of[d->caps.kvm].detail);
}

static void
check_modes(struct json_object *list, const struct daemon *d)
{
	const struct cpuid_host *h = tuning_cpu_host();

	check_bt(list);
	check_hvm(list, d);
	if (!d->caps.pv_built)
		add(list, "mode pv", MISSING, "domains run in mode bt",
		    "this version has no engine for paravirtual guests");
	add(list, "processor", OK, NULL, "%s; the nearest model is %s",
	    cpu_vendor_name(h), cpu_model_nearest(h));
	if (access(d->opt.monitor, X_OK))
		add(list, "monitor", MISSING, "install trivisor-monitor beside "
		    "trivisord, or name it with --monitor", "%.256s: %s",
		    d->opt.monitor, strerror(errno));
}

/* --- sandbox --- */

static void
check_user_ns(struct json_object *list)
{
	static const char what[] = "user namespaces";
	long apparmor = number_of(
	    "/proc/sys/kernel/apparmor_restrict_unprivileged_userns", 0);

	if (number_of("/proc/sys/user/max_user_namespaces", 1) == 0)
		add(list, what, DEGRADED, "sysctl user.max_user_namespaces="
		    "15000", "there may be none on this host");
	else if (geteuid() && number_of(
	    "/proc/sys/kernel/unprivileged_userns_clone", 1) == 0)
		add(list, what, DEGRADED, "sysctl kernel."
		    "unprivileged_userns_clone=1", "users may make none");
	else if (geteuid() && apparmor)
		add(list, what, DEGRADED, "install an AppArmor profile that "
		    "allows userns for trivisord", "AppArmor restricts them "
		    "for users");
	else
		add(list, what, OK, NULL, "allowed");
}

static void
check_landlock(struct json_object *list)
{
	long abi = syscall(SYS_landlock_create_ruleset, NULL, 0,
	    LANDLOCK_CREATE_RULESET_VERSION);

	if (abi < 0)
		add(list, "landlock", DEGRADED, "boot with lsm=landlock,... on "
		    "Linux 5.13 or later", "not to be had: %s",
		    strerror(errno));
	else if (abi < 4)
		add(list, "landlock", DEGRADED, "Linux 6.7 or later",
		    "ABI %ld: files, but no network", abi);
	else
		add(list, "landlock", OK, NULL, "ABI %ld", abi);
}

static void
check_kernel(struct json_object *list)
{
	unsigned action = SECCOMP_RET_KILL_PROCESS;
	long fd = syscall(SYS_pidfd_open, getpid(), 0);

	if (syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action))
		add(list, "seccomp", MISSING, "a kernel with "
		    "CONFIG_SECCOMP_FILTER; a container must not forbid it",
		    "not to be had: %s", strerror(errno));
	else
		add(list, "seccomp", OK, NULL, "filters that kill");
	if (fd < 0)
		add(list, "pidfd", DEGRADED, "Linux 5.3 or later; a container "
		    "must not forbid pidfd_open", "not to be had: %s",
		    strerror(errno));
	else
		add(list, "pidfd", OK, NULL, "there");
	if (fd >= 0)
		close((int)fd);
}

static void
check_cgroup(struct json_object *list, const struct daemon *d)
{
	static const char *const wanted[] = { "cpu", "memory", "pids" };
	static const char remedy[] = "run trivisord as a systemd service with "
	    "Delegate=yes; without, cputune and memtune are refused";
	char lacks[64] = "";
	const char *why;

	if (!cgroup_usable(&d->cgroup, &why)) {
		add(list, "cgroup", DEGRADED, remedy, "%s", why);
		return;
	}
	for (size_t i = 0; i < ARRAY_LEN(wanted); i++)
		if (!cgroup_has(&d->cgroup, wanted[i]))
			snprintf(lacks + strlen(lacks), sizeof(lacks) -
			    strlen(lacks), "%s%s", *lacks ? ", " : "",
			    wanted[i]);
	if (*lacks)
		add(list, "cgroup", DEGRADED, remedy, "%.200s lacks the "
		    "controllers %s", d->cgroup.path, lacks);
	else
		add(list, "cgroup", OK, NULL, "%.256s", d->cgroup.path);
}

/* --- limits ---------------------------------------------------------------- */

static void
check_limits(struct json_object *list)
{
	long maps = number_of("/proc/sys/vm/max_map_count", 65530);
	long overcommit = number_of("/proc/sys/vm/overcommit_memory", 0);
	struct rlimit r;

	if (!getrlimit(RLIMIT_NOFILE, &r) && r.rlim_cur < 1024)
		add(list, "open files", DEGRADED, "LimitNOFILE=8192 in the "
		    "service, or ulimit -n", "%llu, for clients and domains "
		    "together", (unsigned long long)r.rlim_cur);
	else
		add(list, "open files", OK, NULL, "%llu",
		    (unsigned long long)r.rlim_cur);
	if (!getrlimit(RLIMIT_AS, &r) && r.rlim_cur != RLIM_INFINITY)
		add(list, "address space", MISSING, "ulimit -v unlimited",
		    "%llu MiB; monitors reserve much more than they use",
		    (unsigned long long)r.rlim_cur >> 20);
	if (maps < 65530)
		add(list, "mappings", DEGRADED, "sysctl vm.max_map_count=65530",
		    "%ld in one process", maps);
	else
		add(list, "mappings", OK, NULL, "%ld in one process", maps);
	if (overcommit == 2)
		add(list, "overcommit", DEGRADED, "sysctl "
		    "vm.overcommit_memory=0", "strict: guest memory must be "
		    "free as a whole, used or not");
	else
		add(list, "overcommit", OK, NULL, "vm.overcommit_memory=%ld",
		    overcommit);
}

static void
check_dir(struct json_object *list, const char *what, const char *path)
{
	struct statvfs v;

	if (access(path, W_OK | X_OK))
		add(list, what, MISSING, "make it writable for the daemon's "
		    "user", "%.256s: %s", path, strerror(errno));
	else if (!statvfs(path, &v) && (uint64_t)v.f_bavail * v.f_frsize <
	    (UINT64_C(16) << 20))
		add(list, what, DEGRADED, "make room", "%.256s: %llu MiB "
		    "free", path, (unsigned long long)v.f_bavail *
		    v.f_frsize >> 20);
	else
		add(list, what, OK, NULL, "%.256s", path);
}

static void
check_group(struct json_object *list, const struct daemon *d)
{
	const struct group *g;

	if (!d->opt.admin_group[0])
		return;
	errno = 0;
	g = getgrnam(d->opt.admin_group);
	if (g)
		add(list, "administrators", OK, NULL,
		    "root and the members of group %s", d->opt.admin_group);
	else
		add(list, "administrators", DEGRADED, "systemd-sysusers, or "
		    "groupadd --system trivisor", "root alone: there is no "
		    "group %s", d->opt.admin_group);
}

struct json_object *
host_doctor_checks(struct daemon *d)
{
	struct json_object *list = json_object_new_array();

	check_modes(list, d);
	check_user_ns(list);
	check_landlock(list);
	check_kernel(list);
	check_cgroup(list, d);
	check_limits(list);
	check_dir(list, "definitions", d->opt.state_dir);
	check_dir(list, "run directory", d->opt.run_dir);
	check_dir(list, "logs", d->opt.log_dir);
	check_group(list, d);
	return list;
}
