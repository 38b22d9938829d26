/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading domain XML.  The walk goes over the tree without recursion, finds
 * each element's row in domain_tab.c by its path and does what the row says.
 * Element order never matters; what depends on two elements is decided at
 * the end.
 */
#include "api/domain_xml.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/domain_parse.h"
#include "api/domain_text.h"

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
	free(d->problems);
	free(d->xml);
	free(d->title);
	free(d->kernel);
	free(d->initrd);
	free(d);
}

/* ---- the walk --------------- */

/* Something unknown: a warning, or an error when that is wanted. */
static int
unknown(struct domain_parse *p, enum domain_refusal r, xmlNode *n,
    const char *what, const char *name, const char *near)
{
	int rc;

	if (!p->opts->strict) {
		if (near)
			domain_warn(p, PROBLEM_UNKNOWN, n, "unknown %s "
			    "%.64s is ignored; did you mean %s?", what, name,
			    near);
		else
			domain_warn(p, PROBLEM_UNKNOWN, n,
			    "unknown %s %.64s is ignored", what, name);
		return 0;
	}
	rc = domain_refuse(p, r, n, "%s %.64s is not known", what, name);
	if (near)
		domain_hint(p, "did you mean %s?", near);
	return rc;
}

static int
check_attributes(struct domain_parse *p, xmlNode *n, const char *known)
{
	const xmlAttr *a;
	char near[48];

	for (a = n->properties; a; a = a->next) {
		const char *name = (const char *)a->name;
		int rc;

		if (a->ns || word_in_list(known, name))
			continue;
		rc = unknown(p, REFUSE_STRICT_ATTRIBUTE, n, "attribute", name,
		    word_nearest(known, name, near, sizeof(near)) ? near :
		    NULL);
		if (rc)
			return rc;
	}
	return 0;
}

/* One row of the value table, where the attribute is there. */
static int
check_value(struct domain_parse *p, xmlNode *n, const struct value_rule *v)
{
	char text[64] = "", rule[96], known[200];
	int rc;

	if (v->attr[0] && !xmlHasProp(n, (const xmlChar *)v->attr))
		return 0;
	if ((v->attr[0] ? xml_attr(n, v->attr, text, sizeof(text)) :
	    xml_text(n, text, sizeof(text))) && word_in_list(v->values, text))
		return 0;
	value_rule_print(v, known, sizeof(known));
	snprintf(rule, sizeof(rule), "%s@%s %d", v->path, v->attr, v->code);
	if (v->code != ERR_XML_ERROR && v->attr[0])
		rc = domain_refuse_row(p, rule, v->code, n,
		    "<%s %s='%s'> is not supported", n->name, v->attr, text);
	else if (v->code != ERR_XML_ERROR)
		rc = domain_refuse_row(p, rule, v->code, n,
		    "<%s>%s</%s> is not supported", n->name, text, n->name);
	else if (v->attr[0])
		rc = domain_refuse_row(p, rule, v->code, n, "Invalid value "
		    "for attribute '%s' in element '%s': '%s'", v->attr,
		    n->name, text);
	else
		rc = domain_refuse_row(p, rule, v->code, n, "Invalid value "
		    "of element '%s': '%s'", n->name, text);
	domain_hint(p, "%s: %s", v->code == ERR_XML_ERROR ? "known" :
	    "supported", known);
	return rc;
}

static int
check_values(struct domain_parse *p, xmlNode *n, const char *path)
{
	const struct value_rule *v;
	size_t before = p->d->n_errors;
	int rc = 0;

	/* What is unknown need not be told to be unsupported, too. */
	for (v = domain_values; v->path && !rc; v++)
		if (!strcmp(v->path, path) && p->d->n_errors == before)
			rc = check_value(p, n, v);
	return rc;
}

static int
foreign_element(struct domain_parse *p, xmlNode *n)
{
	const char *uri = (const char *)n->ns->href;

	if (!strcmp(uri, TRIVISOR_XMLNS)) {
		if (!strcmp((const char *)n->name, "mode"))
			return domain_use_mode(p, n);
		return domain_refuse(p, REFUSE_OWN, n,
		    "<trivisor:%.64s> is not known", n->name);
	}
	if (!strcmp(uri, QEMU_XMLNS) && xmlFirstElementChild(n))
		return domain_refuse(p, REFUSE_QEMU, n,
		    "<qemu:%.64s> is not supported: there is no QEMU here",
		    n->name);
	return 0;
}

/*
 * An element that has no row in the table.  A device or feature that nobody
 * knows is certainly not there; elsewhere what libvirt knows and we do not
 * is no harm.
 */
static int
unknown_element(struct domain_parse *p, xmlNode *n, const char *path)
{
	const char *name = (const char *)n->name;
	char parent[128], near[48];
	bool has_near;
	enum domain_refusal r;
	int rc;

	snprintf(parent, sizeof(parent), "%s", path);
	if (strrchr(parent, '/'))
		*strrchr(parent, '/') = '\0';
	else
		parent[0] = '\0';
	has_near = element_nearest(parent, name, near, sizeof(near));
	if (p->opts->strict || (strcmp(parent, "features") &&
	    strcmp(parent, "devices")))
		return unknown(p, REFUSE_STRICT_ELEMENT, n, "element", name,
		    has_near ? near : NULL);
	r = !strcmp(parent, "devices") ? REFUSE_DEVICE : REFUSE_FEATURE;
	rc = domain_refuse(p, r, n, "<%.64s> in <%s> is not known", name,
	    parent);
	if (has_near)
		domain_hint(p, "did you mean %s?", near);
	return rc;
}

static int
apply_rule(struct domain_parse *p, const struct element_rule *r, xmlNode *n)
{
	char rule[80];
	int rc = 0;

	if (r->what == EL_REFUSE) {
		snprintf(rule, sizeof(rule), "element %s", r->path);
		rc = domain_refuse_row(p, rule, ERR_CONFIG_UNSUPPORTED, n,
		    "<%s> is not supported: %s", n->name, r->doc);
		domain_hint(p, "take the element out");
		return rc;
	}
	if (r->what == EL_IGNORE)
		domain_warn(p, PROBLEM_IGNORED, n, "ignored: %s", r->doc);
	if (!r->many && n->parent->type == XML_ELEMENT_NODE &&
	    xml_child(n->parent, (const char *)n->name) != n)
		rc = domain_refuse(p, REFUSE_TWICE, n, "<%s> is there twice",
		    n->name);
	if (!rc && r->attributes)
		rc = check_attributes(p, n, r->attributes);
	if (!rc)
		rc = check_values(p, n, r->path);
	return rc || !r->use ? rc : r->use(p, n);
}

static int
visit(struct domain_parse *p, xmlNode *n, bool *deeper)
{
	const struct element_rule *r;
	char path[128];

	*deeper = false;
	if (n->ns)
		return foreign_element(p, n);
	xml_path_below(n, path, sizeof(path));
	r = element_rule_find(path);
	if (!r)
		return unknown_element(p, n, path);
	*deeper = r->what == EL_USE;
	return apply_rule(p, r, n);
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
walk(struct domain_parse *p, xmlNode *root)
{
	xmlNode *n;
	bool deeper;
	int rc;

	for (n = root; n; n = next_element(n, root, deeper)) {
		rc = visit(p, n, &deeper);
		if (rc)
			return rc;
	}
	return 0;
}

/* ---- the whole --------------- */

int
domain_use_mode(struct domain_parse *p, xmlNode *n)
{
	struct domain_def *d = p->d;
	char name[16] = "", required[8] = "yes";
	int rc = 0;

	xml_attr(n, "name", name, sizeof(name));
	xml_attr(n, "required", required, sizeof(required));
	if (p->mode)
		rc = domain_refuse(p, REFUSE_TWICE, n,
		    "<trivisor:mode> is there twice");
	if (!rc && !vm_mode_parse(name, &d->mode)) {
		rc = domain_refuse(p, REFUSE_MODE, n,
		    "<trivisor:mode name='%s'> is not known", name);
		domain_hint(p, "supported: auto, bt, hvm, pv");
	}
	if (!rc && strcmp(required, "yes") && strcmp(required, "no"))
		rc = domain_refuse(p, REFUSE_MODE, n, "<trivisor:mode "
		    "required='%s'> is neither yes nor no", required);
	if (rc)
		return rc;
	p->mode = n;
	d->mode_required = !strcmp(required, "yes");
	snprintf(d->mode_origin, sizeof(d->mode_origin),
	    "<trivisor:mode name='%s'>", name);
	return 0;
}

/* The domain's type and <trivisor:mode> together. */
static int
decide_mode(struct domain_parse *p, xmlNode *root)
{
	struct domain_def *d = p->d;
	enum vm_mode by_type;
	char type[32] = "";
	int rc;

	if (!xmlHasProp(root, (const xmlChar *)"type"))
		return domain_refuse(p, REFUSE_TYPE, root,
		    "<domain> has no type: trivisor, kvm or qemu");
	xml_attr(root, "type", type, sizeof(type));
	by_type = !strcmp(type, "kvm") ? VM_MODE_HVM :
	    !strcmp(type, "qemu") ? VM_MODE_BT : VM_MODE_AUTO;
	if (p->mode && by_type != VM_MODE_AUTO &&
	    d->mode != VM_MODE_AUTO && d->mode != by_type) {
		rc = domain_refuse(p, REFUSE_MODE_TYPE, p->mode,
		    "<domain type='%s'> and mode %s contradict each other",
		    type, vm_mode_name(d->mode));
		domain_hint(p, "type='trivisor' leaves the choice to the "
		    "mode element");
		return rc;
	}
	if (p->mode && d->mode != VM_MODE_AUTO)
		return 0;
	d->mode = by_type;
	d->mode_required = d->mode != VM_MODE_AUTO;
	snprintf(d->mode_origin, sizeof(d->mode_origin), "type='%s'", type);
	return 0;
}

static int
check_kernel(struct domain_parse *p, xmlNode *root)
{
	xmlNode *os = xml_child(root, "os");
	int rc;

	if (p->d->kernel || p->opts->without_kernel)
		return 0;
	rc = domain_refuse(p, REFUSE_NO_KERNEL, os ? os : root, "domain %s "
	    "has no <kernel>: booting from firmware and disks is not built "
	    "yet", p->d->cfg.name);
	domain_hint(p, "name a kernel in <os><kernel>...</kernel></os>");
	return rc;
}

static int
check_whole(struct domain_parse *p, xmlNode *root, struct err *e)
{
	struct vm_config *c = &p->d->cfg;
	int rc = 0;

	if (!p->has_name)
		rc = domain_refuse(p, REFUSE_NO_NAME, root,
		    "the domain has no <name>");
	if (!rc && !p->has_memory)
		rc = domain_refuse(p, REFUSE_NO_MEMORY, root,
		    "domain %s has no <memory>", c->name);
	if (!rc && p->current_memory && p->current_bytes != c->memory)
		domain_warn(p, PROBLEM_IGNORED, p->current_memory, "ignored: "
		    "without a balloon the guest has all its memory");
	if (!rc)
		rc = check_kernel(p, root);
	if (!rc)
		rc = domain_check_cpu(p);
	if (!rc)
		rc = domain_check_tune(p);
	if (!rc)
		rc = decide_mode(p, root);
	/* What has been said to be wrong would only be said again. */
	return rc || p->d->n_errors ? rc : vm_config_check(c, e);
}

static int
parse_root(struct domain_parse *p, xmlNode *root, struct err *e)
{
	int rc = 0;

	if (strcmp((const char *)root->name, "domain"))
		rc = domain_refuse(p, REFUSE_ROOT, root,
		    "the root element is <%.64s>, not <domain>", root->name);
	if (!rc && root->ns) {
		rc = domain_refuse(p, REFUSE_ROOT_NS, root,
		    "<domain> must not have a namespace");
		/* All elements then have it: not one would be read. */
		return rc ? rc : 1;
	}
	/* XML that does not speak of ACPI gets none, as with libvirt. */
	p->d->cfg.acpi = false;
	if (!rc)
		rc = walk(p, root);
	if (!rc)
		rc = check_whole(p, root, e);
	return rc;
}

static int
parse_doc(struct domain_def *d, xmlDoc *doc, const char *xml, size_t len,
    const struct domain_parse_opts *opts, struct err *e)
{
	struct domain_parse p = { .d = d, .opts = opts,
		.root = xmlDocGetRootElement(doc) };
	int rc;

	d->line.root = (int)xmlGetLineNo(p.root);
	rc = parse_root(&p, p.root, e);
	if (d->n_errors) {
		domain_def_first_error(d, e);
		return opts->all ? 0 : -EINVAL;
	}
	if (rc)
		return rc > 0 ? -EINVAL : rc;
	d->xml = domain_text_keep(xml, len, d->cfg.uuid);
	if (!d->xml)
		return err_set_sys(e, ENOMEM, "domain XML");
	domain_text_read_note(d, xml, len);
	return 0;
}

int
domain_def_parse_opts(struct domain_def **out, const char *xml, size_t len,
    const struct domain_parse_opts *opts, struct err *e)
{
	struct domain_def *d;
	xmlDoc *doc;
	int rc;

	doc = xml_doc_parse(xml, len, e);
	if (!doc)
		return -EINVAL;
	d = domain_def_new();
	rc = d ? parse_doc(d, doc, xml, len, opts, e) :
	    err_set_sys(e, ENOMEM, "domain XML");
	xmlFreeDoc(doc);
	if (rc) {
		domain_def_free(d);
		return rc;
	}
	*out = d;
	return 0;
}

int
domain_def_parse(struct domain_def **out, const char *xml, size_t len,
    struct err *e)
{
	static const struct domain_parse_opts plain;

	return domain_def_parse_opts(out, xml, len, &plain, e);
}

int
domain_def_parse_with(struct domain_def **out, const char *xml, size_t len,
    bool without_kernel, struct err *e)
{
	struct domain_parse_opts opts = { .without_kernel = without_kernel };

	return domain_def_parse_opts(out, xml, len, &opts, e);
}
