/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Facts about the host.  What cannot be read is left at what every host has:
 * one CPU in one socket in one cell.
 */
#include "daemon/host.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#define CPU_DIR "/sys/devices/system/cpu"
#define NODE_DIR "/sys/devices/system/node"

/* The beginning of a file, as text; its length, 0 for none. */
static size_t
read_start(const char *path, char *buf, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? 0 : read(fd, buf, size - 1);

	if (fd >= 0)
		close(fd);
	buf[MAX(n, 0)] = '\0';
	return (size_t)MAX(n, 0);
}

/* The file's first line, without its end. */
static bool PRINTF_LIKE(3, 4)
read_line(char *buf, size_t size, const char *fmt, ...)
{
	char path[128];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(path, sizeof(path), fmt, ap);
	va_end(ap);
	read_start(path, buf, size);
	buf[strcspn(buf, "\n")] = '\0';
	return buf[0] != '\0';
}

/* "key : value" of a /proc file, into buf. */
static bool
field(const char *text, const char *key, char *buf, size_t size)
{
	const char *s = strstr(text, key);

	buf[0] = '\0';
	if (!s || !(s = strchr(s, ':')))
		return false;
	s += 1 + strspn(s + 1, " \t");
	snprintf(buf, size, "%.*s", (int)MIN(strcspn(s, "\n"), size - 1), s);
	return true;
}

static void
read_cpuinfo(struct host_facts *f)
{
	char text[4096];
	char value[64];

	read_start("/proc/cpuinfo", text, sizeof(text));
	field(text, "model name", f->model, sizeof(f->model));
	if (field(text, "cpu MHz", value, sizeof(value)))
		f->mhz = (unsigned)(strtod(value, NULL) + 0.5);
}

static uint64_t
kib_of(const char *text, const char *key)
{
	char value[64];

	return field(text, key, value, sizeof(value)) ?
	    strtoull(value, NULL, 10) << 10 : 0;
}

static void
read_memory(struct host_facts *f)
{
	char text[4096];

	read_start("/proc/meminfo", text, sizeof(text));
	f->memory = kib_of(text, "MemTotal");
	f->memory_free = kib_of(text, "MemAvailable");
}

static unsigned
read_number(unsigned otherwise, const char *dir, unsigned n, const char *name)
{
	char text[32];

	if (!read_line(text, sizeof(text), "%s%u/%s", dir, n, name) ||
	    !isdigit((unsigned char)text[0]))
		return otherwise;
	return (unsigned)strtoul(text, NULL, 10);
}

static void
read_cpu(struct host_facts *f, unsigned n)
{
	struct host_cpu *c = &f->cpu[n];

	c->online = true;
	c->socket = read_number(0, CPU_DIR "/cpu", n,
	    "topology/physical_package_id");
	c->core = read_number(n, CPU_DIR "/cpu", n, "topology/core_id");
	read_line(c->siblings, sizeof(c->siblings), CPU_DIR "/cpu%u/topology/"
	    "thread_siblings_list", n);
	f->n_cpus++;
	f->max_cpu = n + 1;
}

static void
read_cpus(struct host_facts *f)
{
	struct vm_cpuset online;
	char text[256];

	if (read_line(text, sizeof(text), CPU_DIR "/online") &&
	    vm_cpuset_parse(text, &online)) {
		for (unsigned i = 0; i < HOST_MAX_CPUS; i++)
			if (vm_cpuset_has(&online, i))
				read_cpu(f, i);
		return;
	}
	for (long i = 0; i < MAX(sysconf(_SC_NPROCESSORS_ONLN), 1L) &&
	    i < HOST_MAX_CPUS; i++)
		read_cpu(f, (unsigned)i);
}

/* Memory and CPUs of a NUMA node; false when there is none of that number. */
static bool
read_cell(struct host_facts *f, unsigned n)
{
	struct vm_cpuset cpus;
	char path[64];
	char text[2048];

	if (!read_line(text, sizeof(text), NODE_DIR "/node%u/cpulist", n) ||
	    !vm_cpuset_parse(text, &cpus))
		return false;
	for (unsigned i = 0; i < f->max_cpu; i++)
		if (vm_cpuset_has(&cpus, i))
			f->cpu[i].cell = n;
	snprintf(path, sizeof(path), NODE_DIR "/node%u/meminfo", n);
	if (read_start(path, text, sizeof(text)))
		f->cell[n].memory = kib_of(text, "MemTotal");
	return true;
}

static void
read_cells(struct host_facts *f)
{
	while (f->n_cells < HOST_MAX_CELLS && read_cell(f, f->n_cells))
		f->n_cells++;
	if (f->n_cells)
		return;
	f->n_cells = 1;
	f->cell[0].memory = f->memory;
}

/*
 * Threads are counted at the first core, cores at the first socket: sockets *
 * cores * threads * cells is the number of CPUs on every host that is regular.
 */
static void
count_topology(struct host_facts *f)
{
	unsigned first_socket = 0, cpus_in_cell = 0;
	bool socket[HOST_MAX_CPUS] = { false };
	struct vm_cpuset siblings;
	unsigned in_socket = 0;

	for (unsigned i = f->max_cpu; i-- > 0;)
		if (f->cpu[i].online && f->cpu[i].cell == 0)
			first_socket = f->cpu[i].socket;
	f->threads = 0;
	for (unsigned i = 0; i < f->max_cpu; i++) {
		const struct host_cpu *c = &f->cpu[i];

		if (!c->online || c->cell)
			continue;
		cpus_in_cell++;
		in_socket += c->socket == first_socket;
		if (c->socket < HOST_MAX_CPUS && !socket[c->socket]) {
			socket[c->socket] = true;
			f->sockets++;
		}
		if (!f->threads && vm_cpuset_parse(c->siblings, &siblings))
			for (unsigned k = 0; k < HOST_MAX_CPUS; k++)
				f->threads += vm_cpuset_has(&siblings, k);
	}
	f->sockets = MAX(f->sockets, 1u);
	f->threads = MAX(f->threads, 1u);
	f->cores = MAX(in_socket / f->threads, 1u);
	/* An irregular host: as libvirt does, one socket of so many cores. */
	if (f->sockets * f->cores * f->threads != cpus_in_cell) {
		f->sockets = 1;
		f->cores = MAX(cpus_in_cell, 1u);
		f->threads = 1;
	}
}

struct host_facts *
host_facts_read(void)
{
	struct host_facts *f = calloc(1, sizeof(*f));
	struct utsname u;

	if (!f)
		return NULL;
	snprintf(f->model, sizeof(f->model), "unknown");
	if (!uname(&u)) {
		snprintf(f->kernel, sizeof(f->kernel), "%.16s %.60s",
		    u.sysname, u.release);
		snprintf(f->arch, sizeof(f->arch), "%.31s", u.machine);
	}
	read_cpuinfo(f);
	read_memory(f);
	read_cpus(f);
	read_cells(f);
	count_topology(f);
	return f;
}
