/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading and writing domain XML.  The walk goes over the tree without
 * recursion, finds each element's row in domain_tab.c by its path and does
 * what the row says.  Element order never matters; what depends on two
 * elements is decided at the end.
 */
#include "api/domain_xml.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/domain_parse.h"

#define MODE_PI "trivisor-define"
#define QEMU_XMLNS "http://libvirt.org/schemas/domain/qemu/1.0"

struct domain_def *
domain_def_new(void)
{
	struct domain_def *d = calloc(1, sizeof(*d));

	if (!d)
		return NULL;
	vm_config_init(&d->cfg);
	vm_uuid_new(d->cfg.uuid);
	d->mode = VM_MODE_AUTO;
	snprintf(d->mode_origin, sizeof(d->mode_origin), "the default");
	return d;
}

void
domain_def_free(struct domain_def *d)
{
	size_t i;

	if (!d)
		return;
	vm_config_fini(&d->cfg);
	for (i = 0; i < VM_MAX_SERIALS; i++) {
		free(d->serial[i].path);
		free(d->serial[i].log_path);
	}
	free(d->xml);
	free(d->title);
	free(d->kernel);
	free(d->initrd);
	free(d);
}

void
domain_warn(struct domain_parse *p, xmlNode *n, const char *fmt, ...)
{
	struct domain_warning *w;
	va_list ap;

	if (p->d->n_warnings == DOMAIN_MAX_WARNINGS)
		return;
	w = &p->d->warnings[p->d->n_warnings++];
	w->line = (int)xmlGetLineNo(n);
	xml_path(n, w->xpath, sizeof(w->xpath));
	va_start(ap, fmt);
	vsnprintf(w->reason, sizeof(w->reason), fmt, ap);
	va_end(ap);
}

/* Is name one of the words in list? */
static bool
in_list(const char *list, const char *name)
{
	size_t n = strlen(name);
	const char *s;

	for (s = list; (s = strstr(s, name)) != NULL; s += n)
		if ((s == list || s[-1] == ' ') && (!s[n] || s[n] == ' '))
			return true;
	return false;
}

static void
warn_attributes(struct domain_parse *p, xmlNode *n, const char *known)
{
	const xmlAttr *a;

	for (a = n->properties; a; a = a->next)
		if (!a->ns && !in_list(known, (const char *)a->name))
			domain_warn(p, n, "unknown attribute %.64s is ignored",
			    a->name);
}

static int
foreign_element(struct domain_parse *p, xmlNode *n, struct err *e)
{
	const char *uri = (const char *)n->ns->href;

	if (!strcmp(uri, TRIVISOR_XMLNS)) {
		if (!strcmp((const char *)n->name, "mode"))
			return domain_use_mode(p, n, e);
		return xml_bad(e, ERR_CONFIG_UNSUPPORTED, n,
		    "<trivisor:%.64s> is not known", n->name);
	}
	if (!strcmp(uri, QEMU_XMLNS) && xmlFirstElementChild(n))
		return xml_bad(e, ERR_CONFIG_UNSUPPORTED, n,
		    "<qemu:%.64s> is not supported: there is no QEMU here",
		    n->name);
	return 0;
}

/* An element that has no row in the table. */
static int
unknown_element(struct domain_parse *p, xmlNode *n, struct err *e)
{
	const char *parent = (const char *)n->parent->name;

	if (!strcmp(parent, "features") || !strcmp(parent, "devices") ||
	    !strcmp(parent, "os"))
		return xml_bad(e, ERR_CONFIG_UNSUPPORTED, n,
		    "<%.64s> in <%s> is not known", n->name, parent);
	domain_warn(p, n, "unknown, ignored");
	return 0;
}

static int
apply_rule(struct domain_parse *p, const struct element_rule *r, xmlNode *n,
    struct err *e)
{
	if (r->what == EL_REFUSE)
		return xml_bad(e, ERR_CONFIG_UNSUPPORTED, n,
		    "<%s> is not supported: %s", n->name, r->why);
	if (r->what == EL_IGNORE)
		domain_warn(p, n, "ignored: %s", r->why);
	if (r->what == EL_USE && r->attributes)
		warn_attributes(p, n, r->attributes);
	return r->use ? r->use(p, n, e) : 0;
}

/* One element; *deeper says whether its children have rows of their own. */
static int
visit(struct domain_parse *p, xmlNode *n, bool *deeper, struct err *e)
{
	const struct element_rule *r;
	char path[256];

	*deeper = false;
	if (n->ns && strcmp((const char *)n->ns->href, ""))
		return foreign_element(p, n, e);
	xml_path(n, path, sizeof(path));
	/* Skip "/domain" and the slash after it. */
	r = element_rule_find(path[7] ? path + 8 : "");
	if (!r)
		return unknown_element(p, n, e);
	*deeper = r->what == EL_USE;
	return apply_rule(p, r, n, e);
}

/* The next element in document order, inside root. */
static xmlNode *
next_element(xmlNode *n, xmlNode *root, bool deeper)
{
	xmlNode *next = deeper ? xmlFirstElementChild(n) : NULL;

	while (!next && n != root) {
		next = xmlNextElementSibling(n);
		n = n->parent;
	}
	return next;
}

static int
walk(struct domain_parse *p, xmlNode *root, struct err *e)
{
	xmlNode *n;
	bool deeper;
	int rc;

	for (n = root; n; n = next_element(n, root, deeper)) {
		rc = visit(p, n, &deeper, e);
		if (rc)
			return rc;
	}
	return 0;
}

int
domain_use_mode(struct domain_parse *p, xmlNode *n, struct err *e)
{
	char name[16] = "", required[8] = "yes";

	xml_attr(n, "name", name, sizeof(name));
	if (p->mode)
		return xml_bad(e, ERR_XML_ERROR, n,
		    "<trivisor:mode> is there twice");
	if (!vm_mode_parse(name, &p->d->mode)) {
		xml_bad(e, ERR_CONFIG_UNSUPPORTED, n,
		    "<trivisor:mode name='%s'> is not known", name);
		err_hint(e, "supported: auto, bt, hvm, pv");
		return -EINVAL;
	}
	xml_attr(n, "required", required, sizeof(required));
	if (strcmp(required, "yes") && strcmp(required, "no"))
		return xml_bad(e, ERR_XML_ERROR, n, "<trivisor:mode "
		    "required='%s'> is neither yes nor no", required);
	p->mode = n;
	p->d->mode_required = !strcmp(required, "yes");
	snprintf(p->d->mode_origin, sizeof(p->d->mode_origin),
	    "<trivisor:mode name='%s'>", name);
	return 0;
}

/* The domain's type and <trivisor:mode> together. */
static int
decide_mode(struct domain_parse *p, xmlNode *root, struct err *e)
{
	static const struct { const char *type; enum vm_mode mode; } types[] = {
		{ "trivisor", VM_MODE_AUTO }, { "kvm", VM_MODE_HVM },
		{ "qemu", VM_MODE_BT },
	};
	struct domain_def *d = p->d;
	char type[32] = "";
	size_t i;

	if (!xml_attr(root, "type", type, sizeof(type)) &&
	    !xmlHasProp(root, (const xmlChar *)"type"))
		return xml_bad(e, ERR_XML_ERROR, root,
		    "<domain> has no type: trivisor, kvm or qemu");
	for (i = 0; i < ARRAY_LEN(types) && strcmp(type, types[i].type); i++)
		;
	if (i == ARRAY_LEN(types)) {
		xml_bad(e, ERR_CONFIG_UNSUPPORTED, root,
		    "<domain type='%s'> is not supported", type);
		err_hint(e, "supported: trivisor, kvm, qemu");
		return -EINVAL;
	}
	if (p->mode && types[i].mode != VM_MODE_AUTO &&
	    d->mode != VM_MODE_AUTO && d->mode != types[i].mode)
		return xml_bad(e, ERR_CONFIG_UNSUPPORTED, p->mode,
		    "<domain type='%s'> and mode %s contradict each other",
		    type, vm_mode_name(d->mode));
	if (p->mode && d->mode != VM_MODE_AUTO)
		return 0;
	d->mode = types[i].mode;
	d->mode_required = d->mode != VM_MODE_AUTO;
	snprintf(d->mode_origin, sizeof(d->mode_origin), "type='%s'", type);
	return 0;
}

static int
check_whole(struct domain_parse *p, xmlNode *root, struct err *e)
{
	struct vm_config *c = &p->d->cfg;
	int rc;

	if (!p->has_name)
		return xml_bad(e, ERR_NO_NAME, root,
		    "the domain has no <name>");
	if (!p->has_memory)
		return xml_bad(e, ERR_XML_ERROR, root,
		    "domain %s has no <memory>", c->name);
	if (p->current_memory && p->current_bytes != c->memory)
		domain_warn(p, p->current_memory, "ignored: without a "
		    "balloon the guest has all its memory");
	if (!p->d->kernel && !p->without_kernel) {
		xmlNode *os = xml_child(root, "os");

		xml_bad(e, ERR_CONFIG_UNSUPPORTED, os ? os : root, "domain "
		    "%s has no <kernel>: booting from firmware and disks is "
		    "not built yet", c->name);
		err_hint(e, "name a kernel in <os><kernel>...</kernel></os>");
		return -EINVAL;
	}
	rc = decide_mode(p, root, e);
	return rc ? rc : vm_config_check(c, e);
}

/* Our note in the stored text: <?trivisor-define mode="bt"?> */
static void
read_stored_note(struct domain_def *d, xmlDoc *doc)
{
	xmlNode *n;
	char mode[16];

	for (n = doc->children; n; n = n->next) {
		if (n->type != XML_PI_NODE || !n->content ||
		    strcmp((const char *)n->name, MODE_PI))
			continue;
		if (sscanf((const char *)n->content, "mode=\"%15[a-z]\"",
		    mode) == 1) {
			enum vm_mode m;

			if (vm_mode_parse(mode, &m))
				domain_def_override_mode(d, m);
		}
	}
}

/* Where the new element's indentation comes from: the text before at. */
static void
insert_before(xmlNode *at, xmlNode *fresh)
{
	xmlNode *blank = at->prev && at->prev->type == XML_TEXT_NODE ?
	    xmlDocCopyNode(at->prev, at->doc, 1) : NULL;

	xmlAddPrevSibling(at, fresh);
	if (blank)
		xmlAddNextSibling(fresh, blank);
}

/* Keep the document; add the uuid after the name where there is none. */
static int
keep_document(struct domain_def *d, xmlDoc *doc, struct err *e)
{
	xmlNode *root = xmlDocGetRootElement(doc);

	if (!xml_child(root, "uuid")) {
		xmlNode *name = xml_child(root, "name");
		xmlNode *uuid = xmlNewDocNode(doc, NULL,
		    (const xmlChar *)"uuid", (const xmlChar *)d->cfg.uuid);
		xmlNode *after = xmlNextElementSibling(name);

		if (!uuid)
			return err_set_sys(e, ENOMEM, "domain XML");
		if (after)
			insert_before(after, uuid);
		else
			xmlAddNextSibling(name, uuid);
	}
	d->xml = xml_doc_print(doc);
	return d->xml ? 0 : err_set_sys(e, ENOMEM, "domain XML");
}

static int
parse_doc(struct domain_def *d, xmlDoc *doc, bool without_kernel,
    struct err *e)
{
	xmlNode *root = xmlDocGetRootElement(doc);
	struct domain_parse p = { .d = d, .without_kernel = without_kernel };
	int rc;

	if (strcmp((const char *)root->name, "domain"))
		return xml_bad(e, ERR_XML_ERROR, root,
		    "the root element is <%.64s>, not <domain>", root->name);
	if (root->ns)
		return xml_bad(e, ERR_XML_ERROR, root,
		    "<domain> must not have a namespace");
	/* XML that does not speak of ACPI gets none, as with libvirt. */
	d->cfg.acpi = false;
	rc = walk(&p, root, e);
	if (!rc)
		rc = check_whole(&p, root, e);
	if (!rc)
		rc = keep_document(d, doc, e);
	if (!rc)
		read_stored_note(d, doc);
	return rc;
}

int
domain_def_parse(struct domain_def **out, const char *xml, size_t len,
    struct err *e)
{
	return domain_def_parse_with(out, xml, len, false, e);
}

int
domain_def_parse_with(struct domain_def **out, const char *xml, size_t len,
    bool without_kernel, struct err *e)
{
	struct domain_def *d;
	xmlDoc *doc;
	int rc;

	doc = xml_doc_parse(xml, len, e);
	if (!doc)
		return -EINVAL;
	d = domain_def_new();
	rc = d ? parse_doc(d, doc, without_kernel, e) :
	    err_set_sys(e, ENOMEM, "domain XML");
	xmlFreeDoc(doc);
	if (rc) {
		domain_def_free(d);
		return rc;
	}
	*out = d;
	return 0;
}

/* Both elements are there: keep_document() saw to it. */
static int
set_element(struct domain_def *d, const char *name, const char *value,
    struct err *e)
{
	xmlDoc *doc = xml_doc_parse(d->xml, strlen(d->xml), e);
	char *text;

	if (!doc)
		return -EINVAL;
	/* A name and a uuid hold nothing that would need escaping. */
	xmlNodeSetContent(xml_child(xmlDocGetRootElement(doc), name),
	    (const xmlChar *)value);
	text = xml_doc_print(doc);
	xmlFreeDoc(doc);
	if (!text)
		return err_set_sys(e, ENOMEM, "domain XML");
	free(d->xml);
	d->xml = text;
	return 0;
}

int
domain_def_set_name(struct domain_def *d, const char *name, struct err *e)
{
	BUG_ON(!vm_name_ok(name));
	memcpy(d->cfg.name, name, strlen(name) + 1);
	return d->xml ? set_element(d, "name", name, e) : 0;
}

int
domain_def_set_uuid(struct domain_def *d, const char *uuid, struct err *e)
{
	BUG_ON(!vm_uuid_ok(uuid));
	memcpy(d->cfg.uuid, uuid, sizeof(d->cfg.uuid));
	return d->xml ? set_element(d, "uuid", uuid, e) : 0;
}

void
domain_def_override_mode(struct domain_def *d, enum vm_mode mode)
{
	d->mode = mode;
	d->mode_required = mode != VM_MODE_AUTO;
	snprintf(d->mode_origin, sizeof(d->mode_origin), "--mode %s",
	    vm_mode_name(mode));
}

char *
domain_def_stored(const struct domain_def *d)
{
	char *text = NULL;

	if (strncmp(d->mode_origin, "--mode ", 7))
		return strdup(d->xml);
	if (asprintf(&text, "<?" MODE_PI " mode=\"%s\"?>\n%s",
	    vm_mode_name(d->mode), d->xml) < 0)
		return NULL;
	return text;
}

static void
add(xmlNode *parent, const char *name, const char *text)
{
	/* xmlNewTextChild() escapes what has to be. */
	xmlNewTextChild(parent, NULL, (const xmlChar *)name,
	    (const xmlChar *)text);
}

static void
make_os(const struct domain_def *d, xmlNode *root)
{
	xmlNode *os = xmlNewChild(root, NULL, (const xmlChar *)"os", NULL);

	add(os, "type", "hvm");
	if (d->kernel)
		add(os, "kernel", d->kernel);
	if (d->initrd)
		add(os, "initrd", d->initrd);
	if (d->cfg.cmdline[0])
		add(os, "cmdline", d->cfg.cmdline);
}

static void
make_root(const struct domain_def *d, xmlNode *root)
{
	const struct vm_config *c = &d->cfg;
	char text[32];
	xmlNode *n;

	xmlNewProp(root, (const xmlChar *)"type", (const xmlChar *)"trivisor");
	add(root, "name", c->name);
	add(root, "uuid", c->uuid);
	snprintf(text, sizeof(text), "%llu",
	    (unsigned long long)c->memory >> 10);
	add(root, "memory", text);
	snprintf(text, sizeof(text), "%u", c->vcpus);
	add(root, "vcpu", text);
	make_os(d, root);
	n = xmlNewChild(root, NULL, (const xmlChar *)"features", NULL);
	if (c->acpi)
		xmlNewChild(n, NULL, (const xmlChar *)"acpi", NULL);
	add(root, "on_poweroff", vm_action_name(c->on_poweroff));
	add(root, "on_reboot", vm_action_name(c->on_reboot));
	add(root, "on_crash", vm_action_name(c->on_crash));
	n = xmlNewChild(root, NULL, (const xmlChar *)"devices", NULL);
	n = xmlNewChild(n, NULL, (const xmlChar *)"serial", NULL);
	xmlNewProp(n, (const xmlChar *)"type", (const xmlChar *)"pty");
}

int
domain_def_make_xml(struct domain_def *d, struct err *e)
{
	xmlDoc *doc = xmlNewDoc((const xmlChar *)"1.0");
	xmlNode *root = doc ? xmlNewDocNode(doc, NULL,
	    (const xmlChar *)"domain", NULL) : NULL;
	xmlBuffer *b = xmlBufferCreate();

	if (root && b) {
		xmlDocSetRootElement(doc, root);
		make_root(d, root);
		xmlNodeDump(b, doc, root, 0, 1);
		free(d->xml);
		d->xml = strdup((const char *)xmlBufferContent(b));
	}
	if (b)
		xmlBufferFree(b);
	xmlFreeDoc(doc);
	return d->xml ? 0 : err_set_sys(e, ENOMEM, "domain XML");
}

/* Is it <serial> or <console> of type pty, at port 0? */
static bool
is_first_tty(xmlNode *n)
{
	xmlNode *target = xml_child(n, "target");
	char text[16];

	if (strcmp((const char *)n->name, "console") &&
	    strcmp((const char *)n->name, "serial"))
		return false;
	if (!xml_attr(n, "type", text, sizeof(text)) || strcmp(text, "pty"))
		return false;
	return !target || !xml_attr(target, "port", text, sizeof(text)) ||
	    !strcmp(text, "0");
}

static void
show_tty(xmlNode *root, const char *tty)
{
	xmlNode *devices = xml_child(root, "devices"), *n, *source;

	n = devices ? xmlFirstElementChild(devices) : NULL;
	for (; n; n = xmlNextElementSibling(n)) {
		if (n->ns || !is_first_tty(n))
			continue;
		source = xml_child(n, "source");
		if (!source)
			source = xmlNewChild(n, NULL,
			    (const xmlChar *)"source", NULL);
		xmlSetProp(source, (const xmlChar *)"path",
		    (const xmlChar *)tty);
		if (!strcmp((const char *)n->name, "console"))
			xmlSetProp(n, (const xmlChar *)"tty",
			    (const xmlChar *)tty);
	}
}

char *
domain_def_dump(const struct domain_def *d, unsigned id, const char *tty)
{
	xmlDoc *doc = xml_doc_parse(d->xml, strlen(d->xml), NULL);
	xmlNode *root;
	char text[16], *out;

	if (!doc)
		return NULL;
	root = xmlDocGetRootElement(doc);
	xmlUnsetProp(root, (const xmlChar *)"id");
	if (id) {
		snprintf(text, sizeof(text), "%u", id);
		xmlNewProp(root, (const xmlChar *)"id", (const xmlChar *)text);
	}
	if (tty)
		show_tty(root, tty);
	out = xml_doc_print(doc);
	xmlFreeDoc(doc);
	return out;
}
