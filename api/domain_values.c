/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What attributes and texts of domain XML may say.  Rows with code 27 list
 * what is known at all, rows with 67 behind them what can be had here.
 */
#include <stdio.h>
#include <string.h>

#include "api/domain_parse.h"
#include "api/nearest.h"

#define KNOWN(path, attr, values) { path, attr, ERR_XML_ERROR, values }
#define HERE(path, attr, values) \
	{ path, attr, ERR_CONFIG_UNSUPPORTED, values }

static const char yes_no[] = "yes no";
static const char on_off[] = "on off";
static const char serial_types[] = "pty file unix tcp udp dev pipe stdio vc "
    "null spicevmc spiceport nmdm qemu-vdagent dbus";
static const char actions[] = "destroy restart preserve rename-restart";
static const char our_actions[] = "destroy restart preserve";

const struct value_rule domain_values[] = {
	HERE("", "type", "trivisor kvm qemu"),
	KNOWN("memory", "dumpCore", on_off),
	KNOWN("vcpu", "placement", "static auto"),
	KNOWN("vcpus/vcpu", "enabled", yes_no),
	KNOWN("vcpus/vcpu", "hotpluggable", yes_no),
	KNOWN("memoryBacking/source", "type", "memfd file anonymous"),
	HERE("memoryBacking/source", "type", "memfd anonymous"),
	KNOWN("memoryBacking/access", "mode", "shared private"),
	KNOWN("memoryBacking/allocation", "mode", "ondemand immediate"),
	KNOWN("os", "firmware", "bios efi"),
	HERE("os/type", "", "hvm"),
	HERE("os/type", "arch", "x86_64 i686"),
	HERE("os/type", "machine", "pc pc-i440fx-* q35 pc-q35-* microvm"),
	KNOWN("os/smbios", "mode", "emulate host sysinfo"),
	HERE("os/smbios", "mode", "emulate"),
	KNOWN("features/apic", "eoi", on_off),
	KNOWN("cpu", "mode", "custom host-model host-passthrough maximum"),
	KNOWN("cpu", "match", "exact minimum strict"),
	KNOWN("cpu", "check", "none partial full"),
	KNOWN("cpu", "migratable", on_off),
	KNOWN("cpu/model", "fallback", "allow forbid"),
	KNOWN("cpu/feature", "policy", "force require optional disable "
	    "forbid"),
	HERE("cpu/topology", "clusters", "1"),
	KNOWN("clock", "offset", "utc localtime variable timezone absolute"),
	KNOWN("clock", "basis", "utc localtime"),
	KNOWN("clock/timer", "name", "platform pit rtc hpet tsc kvmclock "
	    "hypervclock armvtimer"),
	KNOWN("clock/timer", "present", yes_no),
	KNOWN("clock/timer", "tickpolicy", "delay catchup merge discard"),
	KNOWN("clock/timer", "track", "boot guest wall realtime"),
	KNOWN("clock/timer", "mode", "auto native emulate paravirt smpsafe"),
	KNOWN("on_poweroff", "", actions),
	HERE("on_poweroff", "", our_actions),
	KNOWN("on_reboot", "", actions),
	HERE("on_reboot", "", our_actions),
	KNOWN("on_crash", "", "destroy restart preserve rename-restart "
	    "coredump-destroy coredump-restart"),
	HERE("on_crash", "", "destroy restart preserve coredump-destroy "
	    "coredump-restart"),
	KNOWN("devices/serial", "type", serial_types),
	HERE("devices/serial", "type", "pty file unix null"),
	KNOWN("devices/serial/source", "mode", "bind connect"),
	HERE("devices/serial/source", "mode", "bind"),
	KNOWN("devices/serial/source", "append", on_off),
	KNOWN("devices/serial/log", "append", on_off),
	KNOWN("devices/serial/target", "type", "isa-serial usb-serial "
	    "pci-serial serial spapr-vio-serial system-serial "
	    "sclp-serial isa-debug"),
	HERE("devices/serial/target", "type", "isa-serial serial"),
	KNOWN("devices/console", "type", serial_types),
	HERE("devices/console", "type", "pty file unix null"),
	KNOWN("devices/console/source", "mode", "bind connect"),
	HERE("devices/console/source", "mode", "bind"),
	KNOWN("devices/console/source", "append", on_off),
	KNOWN("devices/console/log", "append", on_off),
	KNOWN("devices/console/target", "type", "serial virtio xen uml lxc "
	    "openvz sclp sclplm"),
	HERE("devices/console/target", "type", "serial"),
	KNOWN("devices/memballoon", "model", "none virtio xen "
	    "virtio-transitional virtio-non-transitional"),
	KNOWN("devices/input", "type", "mouse tablet keyboard passthrough "
	    "evdev"),
	KNOWN("devices/input", "bus", "ps2 usb xen parallels virtio none"),
	HERE("devices/input", "bus", "ps2"),
	{ NULL, NULL, ERR_OK, NULL }
};

bool
word_in_list(const char *list, const char *word)
{
	while (*list) {
		size_t n = strcspn(list, " ");

		if (n && list[n - 1] == '*' ?
		    !strncmp(list, word, n - 1) :
		    strlen(word) == n && !memcmp(list, word, n))
			return true;
		list += n;
		list += *list == ' ';
	}
	return false;
}

void
value_rule_print(const struct value_rule *v, char *buf, size_t size)
{
	const char *list = v->values;
	size_t len = 0;

	buf[0] = '\0';
	while (*list && len + 1 < size) {
		size_t n = strcspn(list, " ");

		len += (size_t)snprintf(buf + len, size - len, "%s%.*s",
		    len ? ", " : "", (int)n, list);
		list += n;
		list += *list == ' ';
	}
}

/* Keep b where it is nearer to word than what was found before. */
static void
nearer(const char *word, const char *b, size_t n, unsigned *least, char *buf,
    size_t size)
{
	unsigned d = word_distance(word, strlen(word), b, n);

	if (d >= *least || d >= n || n >= size)
		return;
	*least = d;
	memcpy(buf, b, n);
	buf[n] = '\0';
}

bool
word_nearest(const char *list, const char *word, char *buf, size_t size)
{
	unsigned least = 3;

	while (*list) {
		size_t n = strcspn(list, " ");

		nearer(word, list, n, &least, buf, size);
		list += n;
		list += *list == ' ';
	}
	return least < 3;
}

bool
element_nearest(const char *parent, const char *name, char *buf, size_t size)
{
	const struct element_rule *r;
	size_t n = strlen(parent);
	unsigned least = 3;

	for (r = domain_elements; r->path; r++) {
		const char *last = r->path;

		if (n) {
			if (strncmp(r->path, parent, n) || r->path[n] != '/')
				continue;
			last += n + 1;
		}
		if (*last && !strchr(last, '/'))
			nearer(name, last, strlen(last), &least, buf, size);
	}
	return least < 3;
}
