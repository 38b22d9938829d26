/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Devices: serial ports and consoles, and those that are accepted as long as
 * they ask for nothing that is not there.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/domain_parse.h"

/* The port that <target port='N'/> asks for, else otherwise. */
static int
port_number(struct domain_parse *p, xmlNode *n, unsigned otherwise,
    unsigned *port)
{
	xmlNode *target = xml_child(n, "target");
	char text[16] = "";
	int64_t v = otherwise;
	int rc = 0;

	if (target && xml_attr(target, "port", text, sizeof(text)))
		rc = domain_number(p, n, "port=", text, &v);
	*port = v >= 0 && v < VM_MAX_SERIALS ? (unsigned)v : 0;
	if (!rc && (v < 0 || v >= VM_MAX_SERIALS))
		rc = domain_refuse(p, REFUSE_PORT, n, "serial port %lld: only "
		    "ports 0 to %d can be had", (long long)v,
		    VM_MAX_SERIALS - 1);
	return rc;
}

/* The path that attr of the child names, NULL when there is none. */
static int
child_path(struct domain_parse *p, xmlNode *n, const char *child,
    const char *attr, char **path, bool *append)
{
	xmlNode *c = xml_child(n, child);
	char text[4096] = "", how[8];

	if (!c)
		return 0;
	xml_attr(c, attr, text, sizeof(text));
	*append = xml_attr(c, "append", how, sizeof(how)) &&
	    !strcmp(how, "on");
	return domain_path(p, c, text, path);
}

/* What <serial> or <console> says about where the bytes go. */
static int
serial_backend(struct domain_parse *p, xmlNode *n, struct vm_serial_want *w)
{
	static const char *const kinds[] = {
		[VM_SERIAL_PTY] = "pty", [VM_SERIAL_FILE] = "file",
		[VM_SERIAL_UNIX] = "unix", [VM_SERIAL_NULL] = "null",
	};
	int rc;

	w->given = true;
	w->line = (int)xmlGetLineNo(n);
	w->kind = domain_enum(n, "type", kinds, ARRAY_LEN(kinds));
	rc = child_path(p, n, "log", "file", &w->log_path, &w->log_append);
	if (!rc && xml_child(n, "log") && !w->log_path)
		rc = domain_refuse(p, REFUSE_LOG_PATH, n,
		    "<log> has no file='...'");
	/* What a pty says about its path was so in another run. */
	if (rc || w->kind == VM_SERIAL_PTY || w->kind == VM_SERIAL_NULL)
		return rc;
	rc = child_path(p, n, "source", "path", &w->path, &w->append);
	if (rc || w->path)
		return rc;
	return domain_refuse(p, REFUSE_SERIAL_PATH, n,
	    "<%s type='%s'> has no <source path='...'/>", n->name,
	    kinds[w->kind]);
}

static void
serial_drop(struct vm_serial_want *w)
{
	free(w->path);
	free(w->log_path);
	memset(w, 0, sizeof(*w));
}

static void
serial_take(struct domain_def *d, unsigned port,
    const struct vm_serial_want *w)
{
	serial_drop(&d->serial[port]);
	d->serial[port] = *w;
	d->cfg.n_serials = MAX(d->cfg.n_serials, port + 1);
}

int
el_use_serial(struct domain_parse *p, xmlNode *n)
{
	struct vm_serial_want w = { 0 };
	unsigned port;
	int rc = port_number(p, n, p->n_serial, &port);

	if (!rc && p->serial_used[port])
		rc = domain_refuse(p, REFUSE_PORT_TWICE, n,
		    "serial port %u is there twice", port);
	if (!rc)
		rc = serial_backend(p, n, &w);
	if (rc) {
		serial_drop(&w);
		return rc;
	}
	p->serial_used[port] = true;
	p->n_serial = port + 1;
	serial_take(p->d, port, &w);	/* over a console's, from further up */
	return 0;
}

/* A console of type serial is another name for a serial port. */
int
el_use_console(struct domain_parse *p, xmlNode *n)
{
	struct vm_serial_want w = { 0 };
	unsigned port;
	int rc = port_number(p, n, 0, &port);

	if (!rc)
		rc = serial_backend(p, n, &w);
	if (!rc && !p->d->serial[port].given)
		serial_take(p->d, port, &w);
	else
		serial_drop(&w);
	return rc;
}

int
el_use_memballoon(struct domain_parse *p, xmlNode *n)
{
	char model[32] = "virtio";

	xml_attr(n, "model", model, sizeof(model));
	if (strcmp(model, "none"))
		domain_warn(p, PROBLEM_IGNORED, n, "ignored: the balloon is "
		    "not built yet, the guest keeps all its memory");
	return 0;
}

int
el_use_video(struct domain_parse *p, xmlNode *n)
{
	xmlNode *m = xml_child(n, "model");
	char type[32] = "default";
	int rc;

	if (m)
		xml_attr(m, "type", type, sizeof(type));
	if (!strcmp(type, "none"))
		return 0;
	rc = domain_refuse(p, REFUSE_VIDEO, n, "<video> of type '%s' is not "
	    "supported: not built yet", type);
	domain_hint(p, "take it out (virt-install --graphics none); the "
	    "serial console is there");
	return rc;
}

int
el_use_input(struct domain_parse *p, xmlNode *n)
{
	domain_warn(p, PROBLEM_IGNORED, n,
	    "ignored: there is no screen to go with it");
	return 0;
}

int
el_use_channel(struct domain_parse *p, xmlNode *n)
{
	char type[32] = "";
	int rc;

	xml_attr(n, "type", type, sizeof(type));
	if (!strcmp(type, "spicevmc") || !strcmp(type, "qemu-vdagent")) {
		domain_warn(p, PROBLEM_IGNORED, n,
		    "ignored: there is no screen to go with it");
		return 0;
	}
	rc = domain_refuse(p, REFUSE_CHANNEL, n, "<channel type='%s'> is not "
	    "supported: not built yet", type);
	domain_hint(p, "take it out (virt-install --channel none)");
	return rc;
}
