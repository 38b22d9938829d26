/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Texts out of texts: each function copies a document and leaves out or puts
 * in a few bytes on the way.  Also the document for a definition that came as
 * parameters.
 */
#include "api/domain_text.h"

#include <errno.h>
#include <libxml/tree.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/xml_text.h"

#define MODE_PI "trivisor-define"
#define OWNER_PI "trivisor-owner"

/* ---- a walk over tags that knows where it is --------------- */

struct scan {
	const char *text;
	size_t len, pos;
	unsigned depth;		/* of the tag's element; the root's is 1 */
	unsigned open;		/* elements open behind the tag */
	unsigned foreign;	/* depth of an element with xmlns=, 0 none */
	struct xml_tag t;
};

static bool
has_namespace(const struct scan *s)
{
	struct xml_span all, value;

	return xml_tag_attr(s->text, &s->t, "xmlns", &all, &value) &&
	    value.end > value.start;
}

static bool
scan_next(struct scan *s)
{
	/* Behind the end of what had a namespace. */
	if (s->foreign > s->open)
		s->foreign = 0;
	if (!xml_tag_next(s->text, s->len, &s->pos, &s->t))
		return false;
	s->depth = s->t.closing ? s->open : s->open + 1;
	s->open = s->t.closing || s->t.empty ? s->depth - 1 : s->depth;
	if (!s->t.closing && !s->foreign && has_namespace(s))
		s->foreign = s->depth;
	return s->depth > 0;
}

/* Is it this element, with no namespace, this deep? */
static bool
scan_is(const struct scan *s, unsigned depth, const char *name)
{
	return s->depth == depth && !s->foreign &&
	    xml_tag_is(s->text, &s->t, name);
}

/* The first <name> in the root: its tag and the one that closes it. */
static bool
find_child(const char *text, const char *name, struct xml_tag *open,
    struct xml_tag *close)
{
	struct scan s = { .text = text, .len = strlen(text) };

	while (scan_next(&s)) {
		if (!scan_is(&s, 2, name))
			continue;
		*open = *close = s.t;
		while (!s.t.empty && scan_next(&s)) {
			*close = s.t;
			if (s.t.closing && s.depth == 2)
				break;
		}
		return true;
	}
	return false;
}

/* ---- copies with changes --------------- */

struct copy {
	FILE *out;
	char *result;
	size_t size;
	const char *text;
	size_t at;		/* copied or left out so far */
};

static bool
copy_begin(struct copy *c, const char *text, size_t from)
{
	memset(c, 0, sizeof(*c));
	c->text = text;
	c->at = from;
	c->out = open_memstream(&c->result, &c->size);
	return c->out != NULL;
}

static void
copy_to(struct copy *c, size_t to)
{
	if (to > c->at)
		fwrite(c->text + c->at, 1, to - c->at, c->out);
	c->at = to;
}

static void
leave_out(struct copy *c, struct xml_span s)
{
	copy_to(c, s.start);
	c->at = s.end;
}

/* ' name="value"' */
static void
put_attribute(struct copy *c, const char *name, const char *value)
{
	fprintf(c->out, " %s=\"", name);
	for (; *value; value++)
		if (strchr("&<\"", *value))
			fprintf(c->out, "&#%u;", (unsigned char)*value);
		else
			fputc(*value, c->out);
	fputc('"', c->out);
}

static char *
copy_end(struct copy *c, size_t to)
{
	copy_to(c, to);
	if (fclose(c->out)) {
		free(c->result);
		return NULL;
	}
	return c->result;
}

/* Where the root begins and ends. */
static struct xml_span
root_of(const char *xml, size_t len)
{
	struct xml_span root = { 0, len };
	unsigned count;

	(void)xml_nth_document(xml, len, 1, &root, &count);
	return root;
}

static char *
without_id(const char *xml, size_t len)
{
	struct xml_span root = root_of(xml, len), id, value;
	struct copy c;
	struct xml_tag t;
	size_t pos = root.start;

	if (!copy_begin(&c, xml, root.start))
		return NULL;
	if (xml_tag_next(xml, len, &pos, &t) &&
	    xml_tag_attr(xml, &t, "id", &id, &value))
		leave_out(&c, id);
	copy_to(&c, root.end);
	fputc('\n', c.out);
	return copy_end(&c, root.end);
}

char *
domain_text_keep(const char *xml, size_t len, const char *uuid)
{
	char *text = without_id(xml, len), *result;
	struct xml_tag open, close;
	struct copy c;
	size_t blank;

	if (!text || find_child(text, "uuid", &open, &close) ||
	    !find_child(text, "name", &open, &close))
		return text;
	result = NULL;
	if (copy_begin(&c, text, 0)) {
		copy_to(&c, close.all.end);
		for (blank = open.all.start; blank &&
		    strchr(" \t\r\n", text[blank - 1]); blank--)
			;
		fwrite(text + blank, 1, open.all.start - blank, c.out);
		fprintf(c.out, "<uuid>%s</uuid>", uuid);
		result = copy_end(&c, strlen(text));
	}
	free(text);
	return result;
}

/* Both elements are there: domain_text_keep() saw to it. */
static int
set_element(struct domain_def *d, const char *name, const char *value,
    struct err *e)
{
	struct xml_tag open, close;
	struct copy c;
	char *text = NULL;

	BUG_ON(!find_child(d->xml, name, &open, &close) || open.empty);
	if (copy_begin(&c, d->xml, 0)) {
		copy_to(&c, open.all.end);
		/* A name and a uuid hold nothing that needs escaping. */
		fputs(value, c.out);
		c.at = close.all.start;
		text = copy_end(&c, strlen(d->xml));
	}
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

/* ---- what goes to the disk --------------- */

/* What follows begin in the text before the root, which need not end there. */
static bool
read_note(const char *xml, size_t root, const char *begin, char note[64])
{
	size_t n = strlen(begin);
	const char *s = memmem(xml, root, begin, n);

	if (!s)
		return false;
	snprintf(note, 64, "%.*s",
	    (int)MIN(root - (size_t)(s - xml) - n, (size_t)63), s + n);
	return true;
}

/* Before the root as well: <?trivisor-owner uid="1000" gid="4294967295"?> */
static void
read_owner(struct domain_def *d, const char *xml, size_t root)
{
	unsigned uid, gid;
	char note[64];

	if (!read_note(xml, root, "<?" OWNER_PI " ", note) ||
	    sscanf(note, "uid=\"%u\" gid=\"%u\"", &uid, &gid) != 2)
		return;
	d->owned = true;
	d->owner_uid = uid;
	d->owner_gid = gid;
}

void
domain_text_read_note(struct domain_def *d, const char *xml, size_t len)
{
	size_t root = root_of(xml, len).start;
	char note[64], mode[16];
	enum vm_mode m;

	read_owner(d, xml, root);
	if (read_note(xml, root, "<?" MODE_PI " mode=\"", note) &&
	    sscanf(note, "%15[a-z]\"", mode) == 1 && vm_mode_parse(mode, &m))
		domain_def_override_mode(d, m);
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
	bool mode = !strncmp(d->mode_origin, "--mode ", 7);
	char *text = NULL, owner[64] = "";

	if (d->owned)
		snprintf(owner, sizeof(owner), "<?" OWNER_PI
		    " uid=\"%u\" gid=\"%u\"?>\n", (unsigned)d->owner_uid,
		    (unsigned)d->owner_gid);
	if (asprintf(&text, "%s%s%s%s%s", owner,
	    mode ? "<?" MODE_PI " mode=\"" : "",
	    mode ? vm_mode_name(d->mode) : "", mode ? "\"?>\n" : "",
	    d->xml) < 0)
		return NULL;
	return text;
}

/* ---- what a run adds --------------- */

/* A serial port or console and what is in it. */
struct port {
	struct xml_tag tag, source;
	bool has_source, pty, console;
	unsigned number;
};

static bool
attr_is(const char *text, const struct xml_tag *t, const char *name,
    const char *value)
{
	struct xml_span all, v;

	return xml_tag_attr(text, t, name, &all, &v) &&
	    v.end - v.start == strlen(value) &&
	    !memcmp(text + v.start, value, v.end - v.start);
}

/* s is at the opening tag, and then behind the element. */
static void
read_port(struct scan *s, unsigned next, struct port *p)
{
	struct xml_span all, v;

	*p = (struct port){ .tag = s->t, .number = next };
	p->console = scan_is(s, 3, "console");
	if (p->console)
		p->number = 0;
	p->pty = attr_is(s->text, &s->t, "type", "pty") ||
	    !xml_tag_attr(s->text, &s->t, "type", &all, &v);
	while (!p->tag.empty && scan_next(s) && s->depth > 3) {
		if (s->t.closing)
			continue;
		if (scan_is(s, 4, "source") && !p->has_source) {
			p->has_source = true;
			p->source = s->t;
		} else if (scan_is(s, 4, "target") &&
		    xml_tag_attr(s->text, &s->t, "port", &all, &v)) {
			p->number = (unsigned)atoi(s->text + v.start);
		}
	}
}

static void
show_tty(struct copy *c, const struct port *p, const char *tty)
{
	size_t tag_end = p->tag.all.end - 1 - p->tag.empty;
	struct xml_span old, v;

	if (p->console) {
		if (xml_tag_attr(c->text, &p->tag, "tty", &old, &v))
			leave_out(c, old);
		copy_to(c, tag_end);
		put_attribute(c, "tty", tty);
	}
	if (p->has_source) {
		if (xml_tag_attr(c->text, &p->source, "path", &old, &v))
			leave_out(c, old);
		copy_to(c, p->source.all.end - 1 - p->source.empty);
		put_attribute(c, "path", tty);
		return;
	}
	copy_to(c, tag_end);
	fputs("><source", c->out);
	put_attribute(c, "path", tty);
	fputs("/>", c->out);
	c->at = p->tag.all.end;
	if (p->tag.empty)
		fprintf(c->out, "</%.*s>",
		    (int)(p->tag.name.end - p->tag.name.start),
		    c->text + p->tag.name.start);
}

/* Every serial port and console that is a terminal. */
static void
show_ttys(struct copy *c, struct scan *s, const char *const *ttys)
{
	unsigned next = 0;
	bool inside = false;
	struct port p;

	while (scan_next(s)) {
		if (s->depth == 2)
			inside = !s->t.closing && scan_is(s, 2, "devices");
		if (!inside || s->t.closing || (!scan_is(s, 3, "serial") &&
		    !scan_is(s, 3, "console")))
			continue;
		read_port(s, next, &p);
		if (!p.console)
			next = p.number + 1;
		if (p.pty && p.number < VM_MAX_SERIALS && ttys[p.number])
			show_tty(c, &p, ttys[p.number]);
	}
}

char *
domain_def_dump(const struct domain_def *d, unsigned id,
    const char *const *ttys)
{
	struct scan s = { .text = d->xml, .len = strlen(d->xml) };
	struct copy c;
	char text[16];

	if (!copy_begin(&c, d->xml, 0))
		return NULL;
	if (id && scan_next(&s)) {
		copy_to(&c, s.t.all.end - 1 - s.t.empty);
		snprintf(text, sizeof(text), "%u", id);
		put_attribute(&c, "id", text);
	}
	if (ttys)
		show_ttys(&c, &s, ttys);
	return copy_end(&c, s.len);
}

/* ---- a document out of parameters --------------- */

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
		if (asprintf(&d->xml, "%s\n",
		    (const char *)xmlBufferContent(b)) < 0)
			d->xml = NULL;
	}
	if (b)
		xmlBufferFree(b);
	xmlFreeDoc(doc);
	return d->xml ? 0 : err_set_sys(e, ENOMEM, "domain XML");
}
