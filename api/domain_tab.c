/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The elements of domain XML, one row each.  What is refused today is refused
 * by name.
 */
#include "api/domain_parse.h"

#include <string.h>

static const char unbuilt[] = "not built yet";
static const char tuning[] = "host resource tuning is not built yet";
static const char desktop[] = "there is no such device here";

#define USE(path, attrs, fn) { path, EL_USE, attrs, NULL, fn }
#define KEEP(path) { path, EL_KEEP, NULL, NULL, NULL }
#define IGNORE(path, why) { path, EL_IGNORE, NULL, why, NULL }
#define REFUSE(path, why) { path, EL_REFUSE, NULL, why, NULL }

static const struct element_rule rules[] = {
	USE("", "type id", el_use_nothing),
	USE("name", "", el_use_name),
	USE("uuid", "", el_use_uuid),
	USE("title", "", el_use_title),
	KEEP("description"),
	KEEP("metadata"),
	IGNORE("genid", unbuilt),
	USE("memory", "unit dumpCore", el_use_memory),
	USE("currentMemory", "unit", el_use_current_memory),
	REFUSE("maxMemory", "memory hotplug is not built yet"),
	IGNORE("memoryBacking", tuning),
	USE("vcpu", "placement cpuset current", el_use_vcpu),
	IGNORE("vcpus", tuning),
	IGNORE("iothreads", tuning),
	IGNORE("iothreadids", tuning),
	IGNORE("cputune", tuning),
	IGNORE("numatune", tuning),
	IGNORE("memtune", tuning),
	IGNORE("blkiotune", tuning),
	IGNORE("resource", tuning),
	IGNORE("perf", tuning),
	IGNORE("pm", "suspend states are not offered"),
	IGNORE("sysinfo", "SMBIOS strings are not built yet"),
	REFUSE("launchSecurity", "guest memory cannot be encrypted"),
	REFUSE("idmap", unbuilt),
	USE("seclabel", NULL, el_use_seclabel),
	USE("os", "firmware", el_use_os),
	USE("os/type", "arch machine", el_use_os_type),
	IGNORE("os/boot", "the kernel is booted directly"),
	IGNORE("os/bootmenu", "the kernel is booted directly"),
	IGNORE("os/bios", "the kernel is booted directly"),
	IGNORE("os/smbios", "SMBIOS strings are not built yet"),
	IGNORE("os/firmware", "the kernel is booted directly"),
	USE("os/loader", NULL, el_refuse_unless_empty),
	USE("os/nvram", NULL, el_refuse_unless_empty),
	REFUSE("os/acpi", unbuilt),
	REFUSE("os/dtb", unbuilt),
	USE("os/kernel", "", el_use_kernel),
	USE("os/initrd", "", el_use_initrd),
	USE("os/cmdline", "", el_use_cmdline),
	USE("features", "", el_use_features),
	USE("features/acpi", "", el_use_acpi),
	USE("features/apic", "eoi", el_use_nothing),
	USE("features/pae", "", el_use_nothing),
	IGNORE("features/vmport", "a hint only"),
	IGNORE("features/pvspinlock", "a hint only"),
	{ "features/hyperv", EL_KEEP, NULL, NULL, el_use_feature_if_off },
	{ "features/kvm", EL_KEEP, NULL, NULL, el_use_feature_if_off },
	{ "features/smm", EL_KEEP, NULL, NULL, el_use_feature_if_off },
	{ "features/pmu", EL_KEEP, NULL, NULL, el_use_feature_if_off },
	{ "features/xen", EL_KEEP, NULL, NULL, el_use_feature_if_off },
	IGNORE("features/ioapic", "there is one kind of I/O APIC"),
	IGNORE("features/hap", "a hint only"),
	USE("cpu", "mode match check migratable", el_use_cpu),
	REFUSE("cpu/model", "CPU models are not built yet"),
	REFUSE("cpu/vendor", "CPU models are not built yet"),
	USE("cpu/feature", "policy name", el_use_cpu_feature),
	IGNORE("cpu/topology", "the topology is one core per socket"),
	IGNORE("cpu/cache", "the host's caches are shown"),
	IGNORE("cpu/maxphysaddr", "the width is chosen by Trivisor"),
	REFUSE("cpu/numa", "guest NUMA is not built yet"),
	USE("clock", "offset", el_use_clock),
	{ "clock/timer", EL_KEEP, NULL, NULL, el_use_timer },
	USE("on_poweroff", "", el_use_on_poweroff),
	USE("on_reboot", "", el_use_on_reboot),
	USE("on_crash", "", el_use_on_crash),
	IGNORE("on_lockfailure", "there is no lock manager"),
	USE("devices", "", el_use_nothing),
	KEEP("devices/emulator"),
	{ "devices/serial", EL_KEEP, NULL, NULL, el_use_serial },
	{ "devices/console", EL_KEEP, NULL, NULL, el_use_console },
	{ "devices/memballoon", EL_KEEP, NULL, NULL, el_use_memballoon },
	{ "devices/video", EL_KEEP, NULL, NULL, el_use_video },
	{ "devices/input", EL_KEEP, NULL, NULL, el_use_input },
	IGNORE("devices/controller", "no device is attached to it"),
	IGNORE("devices/sound", desktop),
	IGNORE("devices/audio", desktop),
	IGNORE("devices/redirdev", desktop),
	IGNORE("devices/redirfilter", desktop),
	IGNORE("devices/smartcard", desktop),
	IGNORE("devices/hub", desktop),
	IGNORE("devices/parallel", desktop),
	IGNORE("devices/crypto", desktop),
	IGNORE("devices/lease", desktop),
	IGNORE("devices/nvram", desktop),
	REFUSE("devices/disk", unbuilt),
	REFUSE("devices/filesystem", unbuilt),
	REFUSE("devices/interface", unbuilt),
	REFUSE("devices/hostdev", unbuilt),
	REFUSE("devices/channel", unbuilt),
	REFUSE("devices/graphics", unbuilt),
	REFUSE("devices/rng", unbuilt),
	REFUSE("devices/watchdog", unbuilt),
	REFUSE("devices/panic", unbuilt),
	REFUSE("devices/tpm", unbuilt),
	REFUSE("devices/vsock", unbuilt),
	REFUSE("devices/shmem", unbuilt),
	REFUSE("devices/memory", unbuilt),
	REFUSE("devices/iommu", unbuilt),
	REFUSE("devices/pstore", unbuilt),
};

const struct element_rule *
element_rule_find(const char *path)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(rules); i++)
		if (!strcmp(rules[i].path, path))
			return &rules[i];
	return NULL;
}
