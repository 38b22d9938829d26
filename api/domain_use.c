/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Elements of domain XML that mean something to us: each function takes one
 * element into the definition, or refuses it.  domain_tab.c says which
 * belongs to which.  Here: helpers, identity, memory, os, features, actions.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/domain_parse.h"
#include "api/methods.h"

/* ---- helpers --------------- */

int
domain_text(struct domain_parse *p, xmlNode *n, char *buf, size_t size)
{
	if (xml_text(n, buf, size))
		return 0;
	buf[0] = '\0';
	return domain_refuse(p, REFUSE_TEXT_LONG, n,
	    "the text of <%s> is longer than %zu bytes", n->name, size - 1);
}

int
domain_number(struct domain_parse *p, xmlNode *n, const char *attr,
    const char *text, int64_t *v)
{
	long long got;
	char *end;

	errno = 0;
	got = strtoll(text, &end, 10);
	if (end != text && !*end && !errno && text[0] != ' ') {
		*v = got;
		return 0;
	}
	return domain_refuse(p, REFUSE_NUMBER, n,
	    "<%s>: %s\"%.32s\" is not a whole number", n->name, attr, text);
}

int
domain_size(struct domain_parse *p, xmlNode *n, uint64_t *bytes)
{
	char text[64] = "", unit[16] = "KiB";
	bool unit_ok = !xmlHasProp(n, (const xmlChar *)"unit") ||
	    xml_attr(n, "unit", unit, sizeof(unit));
	uint64_t v;
	int rc;

	if (unit_ok && xml_text(n, text, sizeof(text)) && text[0] &&
	    strspn(text, "0123456789") == strlen(text) &&
	    size_parse(text, unit, &v)) {
		*bytes = v;
		return 0;
	}
	rc = domain_refuse(p, REFUSE_SIZE, n, "<%s>: \"%s\" is not a number "
	    "of %.16s", n->name, text, unit);
	domain_hint(p, "units are b, KB, KiB, MB, MiB, GB, GiB, TB, TiB; KiB "
	    "when absent");
	return rc;
}

int
domain_path(struct domain_parse *p, xmlNode *n, const char *text,
    char **path)
{
	int rc = 0;

	free(*path);
	*path = NULL;
	if (!text[0])
		return 0;
	if (text[0] != '/') {
		rc = domain_refuse(p, REFUSE_PATH, n,
		    "<%s>: \"%.200s\" is not an absolute path", n->name, text);
		domain_hint(p, "write the whole path, beginning with /");
	}
	if (!rc)
		*path = strdup(text);
	return rc ? rc : *path ? 0 : -ENOMEM;
}

unsigned
domain_enum(xmlNode *n, const char *attr, const char *const *names,
    size_t count)
{
	char text[32];
	unsigned i;

	if (!xml_attr(n, attr, text, sizeof(text)))
		return 0;
	for (i = 0; i < count; i++)
		if (!strcmp(names[i], text))
			return i;
	return 0;
}

/* ---- identity --------------- */

int
el_use_name(struct domain_parse *p, xmlNode *n)
{
	struct vm_config *c = &p->d->cfg;
	int rc;

	p->has_name = true;
	p->d->line.name = (int)xmlGetLineNo(n);
	if (xml_text(n, c->name, sizeof(c->name)) && vm_name_ok(c->name))
		return 0;
	rc = domain_refuse(p, REFUSE_NAME, n,
	    "the domain's name is not usable");
	domain_hint(p, "use 1 to %d of A-Z a-z 0-9 . _ - and begin with a "
	    "letter or digit", VM_NAME_MAX);
	return rc;
}

/* libvirt takes uuids in upper case and without dashes, too. */
static bool
uuid_read(const char *text, char out[37])
{
	size_t i, o = 0;

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
	return !text[i] && vm_uuid_ok(out);
}

int
el_use_uuid(struct domain_parse *p, xmlNode *n)
{
	char text[64], uuid[37];

	p->d->uuid_given = true;
	if (!xml_text(n, text, sizeof(text)))
		text[0] = '\0';
	if (!uuid_read(text, uuid))
		return domain_refuse(p, REFUSE_UUID, n,
		    "\"%s\" is not a uuid", text);
	memcpy(p->d->cfg.uuid, uuid, sizeof(uuid));
	return 0;
}

int
el_use_title(struct domain_parse *p, xmlNode *n)
{
	char text[512];
	int rc = domain_text(p, n, text, sizeof(text));

	free(p->d->title);
	p->d->title = rc ? NULL : strdup(text);
	return rc;
}

int
el_use_seclabel(struct domain_parse *p, xmlNode *n)
{
	char type[16] = "";

	xml_attr(n, "type", type, sizeof(type));
	if (strcmp(type, "none"))
		domain_warn(p, PROBLEM_IGNORED, n,
		    "ignored: there are no security labels here");
	return 0;
}

/* ---- memory --------------- */

int
el_use_memory(struct domain_parse *p, xmlNode *n)
{
	uint64_t bytes = VM_MIN_MEMORY;
	int rc = domain_size(p, n, &bytes);

	p->has_memory = true;
	p->d->line.memory = (int)xmlGetLineNo(n);
	if (!rc && (bytes < VM_MIN_MEMORY || bytes > VM_MAX_MEMORY))
		rc = domain_refuse(p, REFUSE_MEMORY, n,
		    "<memory>: %llu KiB is outside 1 MiB to 64 GiB",
		    (unsigned long long)bytes >> 10);
	if (rc)
		return rc;
	if (bytes % PAGE_SIZE)
		domain_warn(p, PROBLEM_DEFAULTED, n,
		    "rounded up to a multiple of 4 KiB");
	/* What is too large stays too large. */
	p->d->cfg.memory = align_up(MIN(bytes, UINT64_MAX - PAGE_SIZE),
	    PAGE_SIZE);
	return 0;
}

int
el_use_current_memory(struct domain_parse *p, xmlNode *n)
{
	int rc = domain_size(p, n, &p->current_bytes);

	p->current_bytes = align_up(MIN(p->current_bytes,
	    UINT64_MAX - PAGE_SIZE), PAGE_SIZE);
	p->current_memory = n;
	return rc;
}

int
el_use_memory_source(struct domain_parse *p, xmlNode *n)
{
	char type[16] = "";

	if (xml_attr(n, "type", type, sizeof(type)) &&
	    !strcmp(type, "anonymous"))
		domain_warn(p, PROBLEM_DEFAULTED, n, "guest memory is a "
		    "memfd, which acts the same");
	return 0;
}

int
el_use_memory_access(struct domain_parse *p, xmlNode *n)
{
	char mode[16] = "";

	if (xml_attr(n, "mode", mode, sizeof(mode)) &&
	    !strcmp(mode, "private"))
		domain_warn(p, PROBLEM_DEFAULTED, n, "guest memory is "
		    "mapped shared, though nobody shares it");
	return 0;
}

/* ---- os --------------- */

int
el_use_os(struct domain_parse *p, xmlNode *n)
{
	char text[32] = "";
	int rc;

	if (!xml_attr(n, "firmware", text, sizeof(text)))
		return 0;
	rc = domain_refuse(p, REFUSE_FIRMWARE, n,
	    "<os firmware='%s'> is not supported: firmware is not built yet",
	    text);
	domain_hint(p, "boot a kernel directly with <kernel>");
	return rc;
}

int
el_use_os_type(struct domain_parse *p, xmlNode *n)
{
	if (!xml_attr(n, "machine", p->d->machine, sizeof(p->d->machine)))
		p->d->machine[0] = '\0';
	return 0;
}

int
el_use_smbios(struct domain_parse *p, xmlNode *n)
{
	domain_warn(p, PROBLEM_IGNORED, n,
	    "ignored: SMBIOS tables are not built yet");
	return 0;
}

/* Vagrant writes empty elements: they are absent. */
static int
use_path(struct domain_parse *p, char **path, xmlNode *n)
{
	char text[4096];
	int rc = domain_text(p, n, text, sizeof(text));

	return rc ? rc : domain_path(p, n, text, path);
}

int
el_use_kernel(struct domain_parse *p, xmlNode *n)
{
	p->d->line.kernel = (int)xmlGetLineNo(n);
	return use_path(p, &p->d->kernel, n);
}

int
el_use_initrd(struct domain_parse *p, xmlNode *n)
{
	p->d->line.initrd = (int)xmlGetLineNo(n);
	return use_path(p, &p->d->initrd, n);
}

int
el_use_cmdline(struct domain_parse *p, xmlNode *n)
{
	struct vm_config *c = &p->d->cfg;
	int rc = domain_text(p, n, c->cmdline, sizeof(c->cmdline));
	char *s;

	/* A long command line may have been broken into lines. */
	for (s = c->cmdline; !rc && *s; s++) {
		if (*s == '\n' || *s == '\t' || *s == '\r')
			*s = ' ';
		if ((unsigned char)*s == 0x7f)
			rc = domain_refuse(p, REFUSE_CONTROL, n,
			    "<cmdline> holds a control character");
	}
	return rc;
}

/* <loader/> and <nvram/> that say nothing are absent. */
int
el_refuse_unless_empty(struct domain_parse *p, xmlNode *n)
{
	int rc;

	if (xml_is_blank(n) && !n->properties)
		return 0;
	rc = domain_refuse(p, REFUSE_FIRMWARE, n, "<%s> is not supported: "
	    "firmware is not built yet", n->name);
	domain_hint(p, "boot a kernel directly with <kernel>");
	return rc;
}

/* ---- features --------------- */

/* Does anything in it say more than state='off'? */
static bool
feature_is_on(xmlNode *n)
{
	bool on = false;
	char state[8];

	if (xml_attr(n, "state", state, sizeof(state)))
		return strcmp(state, "off") != 0;
	if (xmlHasProp(n, (const xmlChar *)"mode"))
		return true;
	for (n = xmlFirstElementChild(n); n && !on;
	    n = xmlNextElementSibling(n))
		on = !xml_attr(n, "state", state, sizeof(state)) ||
		    strcmp(state, "off");
	return on;
}

/* <pmu/> alone means on; <hyperv/> without children says nothing. */
static bool
means_on_alone(xmlNode *n)
{
	static const char *const switches[] = { "smm", "pmu", "vmcoreinfo" };
	size_t i;

	for (i = 0; i < ARRAY_LEN(switches); i++)
		if (!strcmp((const char *)n->name, switches[i]))
			return !xmlHasProp(n, (const xmlChar *)"state");
	return false;
}

int
el_use_feature_if_off(struct domain_parse *p, xmlNode *n)
{
	int rc;

	if (!feature_is_on(n) && !means_on_alone(n)) {
		domain_warn(p, PROBLEM_IGNORED, n,
		    "ignored: the feature does not exist");
		return 0;
	}
	rc = domain_refuse(p, REFUSE_FEATURE_ON, n,
	    "feature <%s> is not supported", n->name);
	domain_hint(p, "take it out, or say state='off'");
	return rc;
}

int
el_use_acpi(struct domain_parse *p, xmlNode *n)
{
	(void)n;
	p->d->cfg.acpi = true;
	return 0;
}

/* ---- actions --------------- */

/* The value table has said what is not known. */
static int
use_action(enum vm_action *a, xmlNode *n)
{
	char text[32];

	if (xml_text(n, text, sizeof(text)))
		(void)vm_action_parse(text, a);
	return 0;
}

int
el_use_on_poweroff(struct domain_parse *p, xmlNode *n)
{
	return use_action(&p->d->cfg.on_poweroff, n);
}

int
el_use_on_reboot(struct domain_parse *p, xmlNode *n)
{
	return use_action(&p->d->cfg.on_reboot, n);
}

int
el_use_on_crash(struct domain_parse *p, xmlNode *n)
{
	char text[32];

	if (xml_text(n, text, sizeof(text)) &&
	    !strncmp(text, "coredump-", 9) &&
	    vm_action_parse(text + 9, &p->d->cfg.on_crash)) {
		domain_warn(p, PROBLEM_DEFAULTED, n, "%s acts as %s: core "
		    "dumps are not built yet", text, text + 9);
		return 0;
	}
	return use_action(&p->d->cfg.on_crash, n);
}
