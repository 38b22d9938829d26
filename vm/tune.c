/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sets of host CPUs as text, in the notation of libvirt and of cgroups.
 */
#include "vm/tune.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void
change(struct vm_cpuset *s, unsigned from, unsigned to, bool on)
{
	for (; from <= to; from++) {
		uint64_t bit = UINT64_C(1) << (from % 64);

		if (on)
			s->bits[from / 64] |= bit;
		else
			s->bits[from / 64] &= ~bit;
	}
}

static bool
number(const char **s, unsigned *v)
{
	if (**s < '0' || **s > '9')
		return false;
	for (*v = 0; **s >= '0' && **s <= '9'; (*s)++) {
		*v = *v * 10 + (unsigned)(**s - '0');
		if (*v >= VM_HOST_CPUS)
			return false;
	}
	return true;
}

static const char *
blanks(const char *s)
{
	return s + strspn(s, " \t\r\n");
}

bool
vm_cpuset_parse(const char *text, struct vm_cpuset *s)
{
	const char *at = blanks(text);

	memset(s, 0, sizeof(*s));
	for (;;) {
		bool on = *at != '^';
		unsigned from, to;

		at = blanks(at + !on);
		if (!number(&at, &from))
			return false;
		to = from;
		at = blanks(at);
		if (on && *at == '-') {
			at = blanks(at + 1);
			if (!number(&at, &to) || to < from)
				return false;
		}
		change(s, from, to, on);
		at = blanks(at);
		if (!*at)
			return !vm_cpuset_is_empty(s);
		if (*at++ != ',')
			return false;
		at = blanks(at);
	}
}

bool
vm_cpuset_has(const struct vm_cpuset *s, unsigned cpu)
{
	return cpu < VM_HOST_CPUS && s->bits[cpu / 64] >> (cpu % 64) & 1;
}

bool
vm_cpuset_is_empty(const struct vm_cpuset *s)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(s->bits); i++)
		if (s->bits[i])
			return false;
	return true;
}

bool
vm_cpuset_print(const struct vm_cpuset *s, char *buf, size_t size)
{
	unsigned from, to;
	size_t len = 0;

	if (!size)
		return false;
	buf[0] = '\0';
	for (from = 0; from < VM_HOST_CPUS; from = to + 1) {
		int n;

		to = from;
		if (!vm_cpuset_has(s, from))
			continue;
		while (vm_cpuset_has(s, to + 1))
			to++;
		n = to == from ?
		    snprintf(buf + len, size - len, "%s%u", len ? "," : "",
		    from) :
		    snprintf(buf + len, size - len, "%s%u-%u",
		    len ? "," : "", from, to);
		len += (size_t)n;
		if (len >= size)
			return false;
	}
	return true;
}

bool
vm_pins_parse(const char *text, struct vm_cpuset pins[VM_MAX_VCPUS])
{
	char set[VM_PINS_MAX];
	unsigned vcpu;

	memset(pins, 0, VM_MAX_VCPUS * sizeof(*pins));
	while (*text) {
		size_t n;

		if (!number(&text, &vcpu) || vcpu >= VM_MAX_VCPUS ||
		    *text++ != '=')
			return false;
		n = strcspn(text, " ");
		if (n >= sizeof(set) || !vm_cpuset_is_empty(&pins[vcpu]))
			return false;
		memcpy(set, text, n);
		set[n] = '\0';
		if (!vm_cpuset_parse(set, &pins[vcpu]))
			return false;
		text += n;
		if (*text == ' ' && !*++text)
			return false;
	}
	return true;
}

bool
vm_pins_print(const struct vm_cpuset pins[VM_MAX_VCPUS], char *buf,
    size_t size)
{
	size_t len = 0;
	unsigned i;

	if (!size)
		return false;
	buf[0] = '\0';
	for (i = 0; i < VM_MAX_VCPUS; i++) {
		if (vm_cpuset_is_empty(&pins[i]))
			continue;
		len += (size_t)snprintf(buf + len, size - len, "%s%u=",
		    len ? " " : "", i);
		if (len >= size ||
		    !vm_cpuset_print(&pins[i], buf + len, size - len))
			return false;
		len += strlen(buf + len);
	}
	return true;
}
