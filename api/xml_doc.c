/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Guards around libxml2's SAX callbacks: they stop the parser at a DOCTYPE
 * and at the first element beyond a limit, before the tree grows.  The
 * encoding is forced and declarations of one are passed over, so that none can
 * make iconv load modules.
 */
#include "api/xml_doc.h"

#include <errno.h>
#include <libxml/SAX2.h>
#include <libxml/parser.h>
#include <libxml/parserInternals.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/xml_text.h"

struct guard {
	unsigned depth, elements;
	int line;
	char element[64];
	const char *refused;	/* why, once refused */
	/* libxml2's first word: it goes on, and its last is often odd. */
	int code;
	char message[256];
};

static void
stop(xmlParserCtxt *ctxt, const xmlChar *name, const char *why)
{
	struct guard *g = ctxt->_private;

	if (!g->refused) {
		g->refused = why;
		g->line = ctxt->input ? ctxt->input->line : 0;
		snprintf(g->element, sizeof(g->element), "%s",
		    name ? (const char *)name : "");
	}
	xmlStopParser(ctxt);
}

static void
on_error(void *ctx, xmlError *xe)
{
	xmlParserCtxt *ctxt = ctx;
	struct guard *g = ctxt->_private;

	if (g->refused || g->code || xe->level != XML_ERR_FATAL)
		return;
	g->code = xe->code;
	g->line = xe->line;
	snprintf(g->message, sizeof(g->message), "%s",
	    xe->message ? xe->message : "not well-formed");
	g->message[strcspn(g->message, "\r\n")] = '\0';
	/* It hands the element's name over in its messages. */
	if (xe->str1)
		snprintf(g->element, sizeof(g->element), "%s", xe->str1);
}

static void
on_doctype(void *ctx, const xmlChar *name, const xmlChar *public_id,
    const xmlChar *system_id)
{
	(void)public_id;
	(void)system_id;
	stop(ctx, name, "a DOCTYPE is not allowed");
}

static void
on_start(void *ctx, const xmlChar *name, const xmlChar *prefix,
    const xmlChar *uri, int n_namespaces, const xmlChar **namespaces,
    int n_attributes, int n_defaulted, const xmlChar **attributes)
{
	xmlParserCtxt *ctxt = ctx;
	struct guard *g = ctxt->_private;

	if (++g->depth > XML_MAX_ELEMENT_DEPTH)
		stop(ctxt, name, "elements are nested deeper than 64 levels");
	else if (++g->elements > XML_MAX_ELEMENTS)
		stop(ctxt, name, "there are more than 10000 elements");
	else if (n_attributes > XML_MAX_ATTRIBUTES ||
	    n_namespaces > XML_MAX_ATTRIBUTES)
		stop(ctxt, name, "an element has more than 64 attributes");
	else
		xmlSAX2StartElementNs(ctx, name, prefix, uri, n_namespaces,
		    namespaces, n_attributes, n_defaulted, attributes);
}

static void
on_end(void *ctx, const xmlChar *name, const xmlChar *prefix,
    const xmlChar *uri)
{
	xmlParserCtxt *ctxt = ctx;
	struct guard *g = ctxt->_private;

	g->depth--;
	xmlSAX2EndElementNs(ctx, name, prefix, uri);
}

static int
line_of(const char *text, size_t at)
{
	int line = 1;

	while (at--)
		line += text[at] == '\n';
	return line;
}

static void
several(const char *text, unsigned count, size_t second, struct err *e)
{
	int line = line_of(text, second);

	err_set(e, ERR_XML_DETAIL, "domain XML, line %d: this text holds %u "
	    "<domain> documents, one behind the other", line, count);
	err_hint(e, "use virt-install --print-step N, or --step N");
	if (e)
		e->line = line;
}

static void
report(const struct guard *g, const char *text, size_t len, struct err *e)
{
	struct xml_span doc;
	unsigned count;

	/* virt-install prints the steps of an installation so. */
	if ((g->code == XML_ERR_DOCUMENT_END ||
	    g->code == XML_ERR_RESERVED_XML_NAME) &&
	    xml_nth_document(text, len, 2, &doc, &count)) {
		several(text, count, doc.start, e);
		return;
	}
	err_set(e, ERR_XML_DETAIL, "domain XML, line %d: %s", g->line,
	    g->refused ? g->refused : g->code ? g->message :
	    "not well-formed");
	if (e) {
		e->line = g->line;
		memcpy(e->element, g->element, sizeof(e->element));
	}
}

/* What libxml2 need not or should not see. */
static int
refuse_early(const char *text, size_t len, struct err *e)
{
	size_t at;
	int line;

	if (len > XML_MAX_BYTES)
		return err_set(e, ERR_XML_DETAIL,
		    "domain XML: longer than 1 MiB");
	if (memchr(text, '\0', len))
		return err_set(e, ERR_XML_DETAIL,
		    "domain XML: holds a NUL byte");
	at = xml_hyphens_in_comment(text, len);
	if (!at)
		return 0;
	line = line_of(text, at);
	err_set(e, ERR_XML_DETAIL, "domain XML, line %d: a comment holds --",
	    line);
	if (e)
		e->line = line;
	return -EINVAL;
}

xmlDoc *
xml_doc_parse(const char *text, size_t len, struct err *e)
{
	struct guard g = { 0 };
	xmlParserCtxt *ctxt;
	xmlDoc *doc;

	if (refuse_early(text, len, e))
		return NULL;
	ctxt = xmlNewParserCtxt();
	if (!ctxt) {
		err_set_sys(e, ENOMEM, "domain XML");
		return NULL;
	}
	ctxt->_private = &g;
	ctxt->sax->internalSubset = on_doctype;
	ctxt->sax->externalSubset = on_doctype;
	ctxt->sax->startElementNs = on_start;
	ctxt->sax->endElementNs = on_end;
	ctxt->sax->serror = on_error;
	doc = xmlCtxtReadMemory(ctxt, text, (int)len, NULL, "UTF-8",
	    XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING |
	    XML_PARSE_BIG_LINES | XML_PARSE_IGNORE_ENC);
	if (!doc || g.refused) {
		report(&g, text, len, e);
		xmlFreeDoc(doc);
		doc = NULL;
	}
	xmlFreeParserCtxt(ctxt);
	return doc;
}

/* Copy without the blanks around; false when it does not fit. */
static bool
copy_trimmed(const char *s, char *buf, size_t size)
{
	size_t n;

	s += strspn(s, " \t\r\n");
	n = strlen(s);
	while (n && strchr(" \t\r\n", s[n - 1]))
		n--;
	if (n >= size)
		return false;
	memcpy(buf, s, n);
	buf[n] = '\0';
	return true;
}

bool
xml_text(xmlNode *n, char *buf, size_t size)
{
	xmlChar *s = xmlNodeGetContent(n);
	bool ok = s && copy_trimmed((const char *)s, buf, size);

	xmlFree(s);
	return ok;
}

bool
xml_attr(xmlNode *n, const char *name, char *buf, size_t size)
{
	xmlChar *s = xmlGetNoNsProp(n, (const xmlChar *)name);
	bool ok = s && strlen((const char *)s) < size;

	if (ok)
		memcpy(buf, s, strlen((const char *)s) + 1);
	xmlFree(s);
	return ok;
}

bool
xml_is_blank(xmlNode *n)
{
	char one[2];

	return !xmlFirstElementChild(n) && xml_text(n, one, 1);
}

/* The chain of names from just below top, or from the root, to n. */
static void
print_path(xmlNode *n, const char *slash, bool root_too, char *buf,
    size_t size)
{
	const xmlNode *chain[XML_MAX_ELEMENT_DEPTH];
	size_t depth = 0, len = 0;

	for (; n && n->type == XML_ELEMENT_NODE && depth < ARRAY_LEN(chain) &&
	    (root_too || n->parent->type == XML_ELEMENT_NODE); n = n->parent)
		chain[depth++] = n;
	buf[0] = '\0';
	while (depth-- && len < size) {
		const xmlNode *x = chain[depth];
		bool prefix = x->ns && x->ns->prefix;

		len += (size_t)snprintf(buf + len, size - len, "%s%s%s%s",
		    slash, prefix ? (const char *)x->ns->prefix : "",
		    prefix ? ":" : "", (const char *)x->name);
		slash = "/";
	}
}

void
xml_path(xmlNode *n, char *buf, size_t size)
{
	print_path(n, "/", true, buf, size);
}

void
xml_path_below(xmlNode *n, char *buf, size_t size)
{
	print_path(n, "", false, buf, size);
}

xmlNode *
xml_child(xmlNode *n, const char *name)
{
	for (n = xmlFirstElementChild(n); n; n = xmlNextElementSibling(n))
		if (!n->ns && !strcmp((const char *)n->name, name))
			return n;
	return NULL;
}
