/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Elements of domain XML that mean something to us: each function takes one
 * element into the definition, or refuses it.  domain_tab.c says which
 * belongs to which.
 */
#include "api/domain_parse.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/methods.h"

static int
bad_value(struct err *e, xmlNode *n, const char *attr, const char *value,
    const char *supported)
{
	if (attr)
		xml_bad(e, ERR_CONFIG_UNSUPPORTED, n,
		    "<%s %s='%.64s'> is not supported", n->name, attr, value);
	else
		xml_bad(e, ERR_CONFIG_UNSUPPORTED, n,
		    "<%s>%.64s</%s> is not supported", n->name, value, n->name);
	err_hint(e, "supported: %s", supported);
	return -EINVAL;
}

/* The element's text into a fixed field; too long is an error. */
static int
text_into(xmlNode *n, char *buf, size_t size, struct err *e)
{
	if (xml_text(n, buf, size))
		return 0;
	return xml_bad(e, ERR_XML_ERROR, n,
	    "the text of <%s> is longer than %zu bytes", n->name, size - 1);
}

int
el_use_nothing(struct domain_parse *p, xmlNode *n, struct err *e)
{
	(void)p;
	(void)n;
	(void)e;
	return 0;
}

int
el_use_name(struct domain_parse *p, xmlNode *n, struct err *e)
{
	struct vm_config *c = &p->d->cfg;

	p->has_name = true;
	if (xml_text(n, c->name, sizeof(c->name)) && vm_name_ok(c->name))
		return 0;
	xml_bad(e, ERR_XML_ERROR, n, "the domain's name is not usable");
	err_hint(e, "use 1 to %d of A-Z a-z 0-9 . _ - and begin with a "
	    "letter or digit", VM_NAME_MAX);
	return -EINVAL;
}

/* libvirt takes uuids in upper case and without dashes, too. */
int
el_use_uuid(struct domain_parse *p, xmlNode *n, struct err *e)
{
	char text[64], *out = p->d->cfg.uuid;
	size_t i, o = 0;

	p->d->uuid_given = true;
	if (!xml_text(n, text, sizeof(text)))
		text[0] = '\0';
	for (i = 0; text[i]; i++) {
		if (text[i] == '-')
			continue;
		if (o == 8 || o == 13 || o == 18 || o == 23)
			out[o++] = '-';
		if (o >= 36)
			break;
		out[o++] = text[i] >= 'A' && text[i] <= 'F' ?
		    (char)(text[i] | 0x20) : text[i];
	}
	out[o] = '\0';
	if (text[i] || !vm_uuid_ok(out))
		return xml_bad(e, ERR_XML_ERROR, n,
		    "\"%s\" is not a uuid", text);
	return 0;
}

int
el_use_title(struct domain_parse *p, xmlNode *n, struct err *e)
{
	char text[512];
	int rc = text_into(n, text, sizeof(text), e);

	free(p->d->title);
	p->d->title = rc ? NULL : strdup(text);
	return rc;
}

static int
memory_size(xmlNode *n, uint64_t *bytes, struct err *e)
{
	char text[64], unit[16] = "KiB";

	if (xmlHasProp(n, (const xmlChar *)"unit") &&
	    !xml_attr(n, "unit", unit, sizeof(unit)))
		return xml_bad(e, ERR_XML_ERROR, n, "<%s>: bad unit", n->name);
	if (!xml_text(n, text, sizeof(text)) || !text[0] ||
	    strspn(text, "0123456789") != strlen(text) ||
	    !size_parse(text, unit, bytes)) {
		xml_bad(e, ERR_XML_ERROR, n, "<%s>: not a number of %.16s",
		    n->name, unit);
		err_hint(e, "units are b, KB, KiB, MB, MiB, GB, GiB; KiB "
		    "when absent");
		return -EINVAL;
	}
	return 0;
}

int
el_use_memory(struct domain_parse *p, xmlNode *n, struct err *e)
{
	uint64_t bytes;
	int rc = memory_size(n, &bytes, e);

	if (rc)
		return rc;
	p->has_memory = true;
	if (bytes < VM_MIN_MEMORY || bytes > VM_MAX_MEMORY)
		return xml_bad(e, ERR_CONFIG_UNSUPPORTED, n,
		    "<memory>: %llu KiB is outside 1 MiB to 64 GiB",
		    (unsigned long long)bytes >> 10);
	p->d->cfg.memory = align_up(bytes, PAGE_SIZE);
	return 0;
}

int
el_use_current_memory(struct domain_parse *p, xmlNode *n, struct err *e)
{
	p->current_memory = n;
	return memory_size(n, &p->current_bytes, e);
}

int
el_use_vcpu(struct domain_parse *p, xmlNode *n, struct err *e)
{
	char text[16], current[16], *end;
	unsigned long v;
	int rc = text_into(n, text, sizeof(text), e);

	if (rc)
		return rc;
	v = strtoul(text, &end, 10);
	if (text[0] < '0' || text[0] > '9' || *end)
		return xml_bad(e, ERR_XML_ERROR, n, "<vcpu>: not a number");
	if (v < 1 || v > VM_MAX_VCPUS)
		return xml_bad(e, ERR_CONFIG_UNSUPPORTED, n, "<vcpu>: %s "
		    "virtual CPUs asked for, 1 to %d can be had", text,
		    VM_MAX_VCPUS);
	if (xml_attr(n, "current", current, sizeof(current)) &&
	    strtoul(current, NULL, 10) != v)
		return bad_value(e, n, "current", current, "the same as the "
		    "number of virtual CPUs");
	if (xmlHasProp(n, (const xmlChar *)"cpuset"))
		domain_warn(p, n, "attribute cpuset is ignored: pinning is "
		    "not built yet");
	p->d->cfg.vcpus = (unsigned)v;
	return 0;
}

int
el_use_os(struct domain_parse *p, xmlNode *n, struct err *e)
{
	char text[32];

	(void)p;
	if (xmlHasProp(n, (const xmlChar *)"firmware")) {
		if (!xml_attr(n, "firmware", text, sizeof(text)))
			text[0] = '\0';
		return bad_value(e, n, "firmware", text,
		    "direct kernel boot, until firmware is built");
	}
	return 0;
}

static bool
machine_known(const char *m)
{
	return !*m || !strcmp(m, "pc") || !strcmp(m, "q35") ||
	    !strcmp(m, "microvm") || !strncmp(m, "pc-i440fx-", 10) ||
	    !strncmp(m, "pc-q35-", 7);
}

int
el_use_os_type(struct domain_parse *p, xmlNode *n, struct err *e)
{
	char text[32], arch[32] = "x86_64";
	char *machine = p->d->machine;

	if (!xml_text(n, text, sizeof(text)) || strcmp(text, "hvm"))
		return bad_value(e, n, NULL, text, "hvm");
	if (xmlHasProp(n, (const xmlChar *)"arch") &&
	    (!xml_attr(n, "arch", arch, sizeof(arch)) ||
	    (strcmp(arch, "x86_64") && strcmp(arch, "i686"))))
		return bad_value(e, n, "arch", arch, "x86_64, i686");
	if (xmlHasProp(n, (const xmlChar *)"machine") &&
	    (!xml_attr(n, "machine", machine, sizeof(p->d->machine)) ||
	    !machine_known(machine)))
		return bad_value(e, n, "machine", machine,
		    "pc, pc-i440fx-*, q35, pc-q35-*, microvm");
	return 0;
}

/* A path, NULL when the element is empty (Vagrant writes empty ones). */
static int
use_path(char **path, xmlNode *n, struct err *e)
{
	char text[4096];
	int rc = text_into(n, text, sizeof(text), e);

	if (rc)
		return rc;
	free(*path);
	*path = NULL;
	if (!text[0])
		return 0;
	if (text[0] != '/') {
		xml_bad(e, ERR_XML_ERROR, n,
		    "<%s>: \"%.200s\" is not an absolute path", n->name, text);
		err_hint(e, "write the whole path, beginning with /");
		return -EINVAL;
	}
	*path = strdup(text);
	return *path ? 0 : err_set_sys(e, ENOMEM, "domain XML");
}

int
el_use_kernel(struct domain_parse *p, xmlNode *n, struct err *e)
{
	return use_path(&p->d->kernel, n, e);
}

int
el_use_initrd(struct domain_parse *p, xmlNode *n, struct err *e)
{
	return use_path(&p->d->initrd, n, e);
}

int
el_use_cmdline(struct domain_parse *p, xmlNode *n, struct err *e)
{
	struct vm_config *c = &p->d->cfg;
	int rc = text_into(n, c->cmdline, sizeof(c->cmdline), e);
	char *s;

	/* A long command line may have been broken into lines. */
	for (s = c->cmdline; !rc && *s; s++)
		if (*s == '\n' || *s == '\t' || *s == '\r')
			*s = ' ';
	return rc;
}

/* <loader/> and <nvram/> that say nothing are absent. */
int
el_refuse_unless_empty(struct domain_parse *p, xmlNode *n, struct err *e)
{
	(void)p;
	if (xml_is_blank(n) && !n->properties)
		return 0;
	xml_bad(e, ERR_CONFIG_UNSUPPORTED, n, "<%s> is not supported: "
	    "firmware is not built yet", n->name);
	err_hint(e, "boot a kernel directly with <kernel>");
	return -EINVAL;
}

/* Does anything in it say state='on'? */
static bool
feature_is_on(xmlNode *n)
{
	char state[8];

	if (xml_attr(n, "state", state, sizeof(state)))
		return strcmp(state, "off") != 0;
	for (n = xmlFirstElementChild(n); n; n = xmlNextElementSibling(n))
		if (!xml_attr(n, "state", state, sizeof(state)) ||
		    strcmp(state, "off"))
			return true;
	return false;
}

int
el_use_feature_if_off(struct domain_parse *p, xmlNode *n, struct err *e)
{
	if (!feature_is_on(n)) {
		domain_warn(p, n, "ignored: the feature does not exist");
		return 0;
	}
	return xml_bad(e, ERR_CONFIG_UNSUPPORTED, n,
	    "feature <%s> is not supported", n->name);
}

int
el_use_acpi(struct domain_parse *p, xmlNode *n, struct err *e)
{
	(void)n;
	(void)e;
	p->d->cfg.acpi = true;
	return 0;
}

int
el_use_features(struct domain_parse *p, xmlNode *n, struct err *e)
{
	(void)e;
	p->d->cfg.acpi = xml_child(n, "acpi") != NULL;
	return 0;
}

int
el_use_cpu(struct domain_parse *p, xmlNode *n, struct err *e)
{
	char mode[32] = "";

	(void)p;
	if (!xmlHasProp(n, (const xmlChar *)"mode"))
		return 0;
	if (!xml_attr(n, "mode", mode, sizeof(mode)) ||
	    strcmp(mode, "host-passthrough"))
		return bad_value(e, n, "mode", mode, "host-passthrough");
	return 0;
}

int
el_use_cpu_feature(struct domain_parse *p, xmlNode *n, struct err *e)
{
	char policy[16] = "require", name[64] = "?";

	xml_attr(n, "policy", policy, sizeof(policy));
	xml_attr(n, "name", name, sizeof(name));
	if (!strcmp(policy, "optional")) {
		domain_warn(p, n, "ignored: the host decides about %s", name);
		return 0;
	}
	xml_bad(e, ERR_CONFIG_UNSUPPORTED, n, "<feature name='%s' "
	    "policy='%s'> is not supported: feature policies are not built "
	    "yet", name, policy);
	err_hint(e, "host_without leaves out features of the host");
	return -EINVAL;
}

int
el_use_clock(struct domain_parse *p, xmlNode *n, struct err *e)
{
	char offset[32] = "utc";

	if (xmlHasProp(n, (const xmlChar *)"offset") &&
	    (!xml_attr(n, "offset", offset, sizeof(offset)) ||
	    !vm_clock_offset_parse(offset, &p->d->cfg.clock_offset)))
		return bad_value(e, n, "offset", offset, "utc, localtime");
	return 0;
}

int
el_use_timer(struct domain_parse *p, xmlNode *n, struct err *e)
{
	static const char *const known[] = {
		"rtc", "pit", "hpet", "tsc", "kvmclock", "hypervclock",
		"platform",
	};
	char name[32] = "", present[8] = "yes";
	bool is_present;
	size_t i;

	xml_attr(n, "name", name, sizeof(name));
	xml_attr(n, "present", present, sizeof(present));
	is_present = strcmp(present, "no") != 0;
	for (i = 0; i < ARRAY_LEN(known) && strcmp(known[i], name); i++)
		;
	if (i == ARRAY_LEN(known) || (is_present &&
	    (!strcmp(name, "hypervclock") || !strcmp(name, "platform"))))
		return bad_value(e, n, "name", name,
		    "rtc, pit, hpet, tsc, kvmclock");
	if (!strcmp(name, "hpet"))
		p->d->cfg.hpet = is_present;
	else if (!is_present && strcmp(name, "hypervclock") &&
	    strcmp(name, "platform"))
		domain_warn(p, n, "present='no' is ignored: %s is always "
		    "there", name);
	return 0;
}

static int
use_action(enum vm_action *a, xmlNode *n, struct err *e)
{
	char text[32];

	if (!xml_text(n, text, sizeof(text)) || !vm_action_parse(text, a))
		return bad_value(e, n, NULL, text,
		    "destroy, restart, preserve");
	return 0;
}

int
el_use_on_poweroff(struct domain_parse *p, xmlNode *n, struct err *e)
{
	return use_action(&p->d->cfg.on_poweroff, n, e);
}

int
el_use_on_reboot(struct domain_parse *p, xmlNode *n, struct err *e)
{
	return use_action(&p->d->cfg.on_reboot, n, e);
}

int
el_use_on_crash(struct domain_parse *p, xmlNode *n, struct err *e)
{
	char text[32];

	if (xml_text(n, text, sizeof(text)) &&
	    !strncmp(text, "coredump-", 9) &&
	    vm_action_parse(text + 9, &p->d->cfg.on_crash)) {
		domain_warn(p, n, "%s acts as %s: core dumps are not built "
		    "yet", text, text + 9);
		return 0;
	}
	return use_action(&p->d->cfg.on_crash, n, e);
}

/* The port a <target port='N'/> asks for, or the next free one. */
static int
serial_port(struct domain_parse *p, xmlNode *n, unsigned *port, struct err *e)
{
	xmlNode *target = xml_child(n, "target");
	char text[16];

	*port = p->n_serial;
	if (target && xml_attr(target, "port", text, sizeof(text)))
		*port = text[0] >= '0' && text[0] <= '9' && !text[1] ?
		    (unsigned)(text[0] - '0') : VM_MAX_SERIALS;
	if (*port >= VM_MAX_SERIALS)
		return xml_bad(e, ERR_CONFIG_UNSUPPORTED, n,
		    "serial port %s: only ports 0 to %d can be had",
		    target && xml_attr(target, "port", text, sizeof(text)) ?
		    text : "after the last", VM_MAX_SERIALS - 1);
	return 0;
}

static int
serial_target(xmlNode *n, const char *const *types, struct err *e)
{
	xmlNode *target = xml_child(n, "target");
	char type[32] = "";
	size_t i;

	if (!target || !xmlHasProp(target, (const xmlChar *)"type"))
		return 0;
	xml_attr(target, "type", type, sizeof(type));
	for (i = 0; types[i]; i++)
		if (!strcmp(types[i], type))
			return 0;
	return bad_value(e, target, "type", type, types[0]);
}

/* The path attribute of <source> or <log>; *path is NULL without one. */
static int
serial_file(xmlNode *n, const char *child, char **path, bool *append,
    struct err *e)
{
	xmlNode *source = xml_child(n, child);
	const char *attr = strcmp(child, "log") ? "path" : "file";
	char text[4096], how[8];

	*path = NULL;
	if (!source || !xml_attr(source, attr, text, sizeof(text)))
		return 0;
	if (text[0] != '/')
		return xml_bad(e, ERR_XML_ERROR, source, "<%s>: \"%.200s\" is "
		    "not an absolute path", source->name, text);
	*append = xml_attr(source, "append", how, sizeof(how)) &&
	    !strcmp(how, "on");
	*path = strdup(text);
	return *path ? 0 : err_set_sys(e, ENOMEM, "domain XML");
}

/* What <serial> or <console> says about where the bytes go. */
static int
serial_backend(xmlNode *n, struct vm_serial_want *w, struct err *e)
{
	char type[16] = "";
	int rc;

	memset(w, 0, sizeof(*w));
	w->given = true;
	w->line = (int)xmlGetLineNo(n);
	xml_attr(n, "type", type, sizeof(type));
	rc = serial_file(n, "log", &w->log_path, &w->log_append, e);
	if (rc || !strcmp(type, "pty"))
		return rc;
	if (strcmp(type, "file"))
		return bad_value(e, n, "type", type, "pty, file");
	w->kind = VM_SERIAL_FILE;
	rc = serial_file(n, "source", &w->path, &w->append, e);
	if (rc || w->path)
		return rc;
	return xml_bad(e, ERR_XML_ERROR, n,
	    "<%s type='file'> has no <source path='...'/>", n->name);
}

static void
take_serial(struct domain_def *d, unsigned port,
    const struct vm_serial_want *w)
{
	free(d->serial[port].path);
	free(d->serial[port].log_path);
	d->serial[port] = *w;
	d->cfg.n_serials = MAX(d->cfg.n_serials, port + 1);
	d->wants_tty = d->serial[0].given &&
	    d->serial[0].kind == VM_SERIAL_PTY;
}

int
el_use_serial(struct domain_parse *p, xmlNode *n, struct err *e)
{
	static const char *const types[] = { "isa-serial", "serial", NULL };
	struct vm_serial_want w;
	unsigned port;
	int rc = serial_target(n, types, e);

	if (!rc)
		rc = serial_port(p, n, &port, e);
	if (rc)
		return rc;
	if (p->serial_used[port])
		return xml_bad(e, ERR_XML_ERROR, n,
		    "serial port %u is there twice", port);
	rc = serial_backend(n, &w, e);
	if (rc) {
		free(w.path);
		free(w.log_path);
		return rc;
	}
	p->serial_used[port] = true;
	p->n_serial = port + 1;
	take_serial(p->d, port, &w);	/* over a console's, from further up */
	return 0;
}

/* A console of type serial is another name for a serial port. */
int
el_use_console(struct domain_parse *p, xmlNode *n, struct err *e)
{
	static const char *const types[] = { "serial", NULL };
	struct vm_serial_want w = { 0 };
	unsigned port = 0;
	int rc = serial_target(n, types, e);

	if (!rc && xml_child(n, "target"))
		rc = serial_port(p, n, &port, e);
	if (!rc)
		rc = serial_backend(n, &w, e);
	if (!rc && !p->d->serial[port].given) {
		take_serial(p->d, port, &w);
		return 0;
	}
	free(w.path);
	free(w.log_path);
	return rc;
}

int
el_use_memballoon(struct domain_parse *p, xmlNode *n, struct err *e)
{
	char model[32] = "virtio";

	(void)p;
	xml_attr(n, "model", model, sizeof(model));
	return strcmp(model, "none") ?
	    bad_value(e, n, "model", model, "none, until it is built") : 0;
}

int
el_use_video(struct domain_parse *p, xmlNode *n, struct err *e)
{
	xmlNode *m = xml_child(n, "model");
	char type[32] = "default";

	(void)p;
	if (m)
		xml_attr(m, "type", type, sizeof(type));
	return strcmp(type, "none") ? xml_bad(e, ERR_CONFIG_UNSUPPORTED, n,
	    "<video> of type '%s' is not supported: not built yet", type) : 0;
}

int
el_use_input(struct domain_parse *p, xmlNode *n, struct err *e)
{
	char bus[16] = "ps2";

	xml_attr(n, "bus", bus, sizeof(bus));
	if (strcmp(bus, "ps2"))
		return bad_value(e, n, "bus", bus, "ps2");
	domain_warn(p, n, "ignored: there is no screen to go with it");
	return 0;
}

int
el_use_seclabel(struct domain_parse *p, xmlNode *n, struct err *e)
{
	char type[16] = "";

	(void)e;
	xml_attr(n, "type", type, sizeof(type));
	if (strcmp(type, "none"))
		domain_warn(p, n, "ignored: security labels are not built yet");
	return 0;
}
