/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Guards around libxml2's SAX callbacks: they stop the parser at a DOCTYPE
 * and at the first element beyond a limit, before the tree grows.  The
 * encoding is forced, so that a declaration cannot make iconv load modules.
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

static void
several(const char *text, unsigned count, size_t second, struct err *e)
{
	int line = 1;
	size_t i;

	for (i = 0; i < second; i++)
		line += text[i] == '\n';
	err_set(e, ERR_XML_DETAIL, "domain XML, line %d: this text holds %u "
	    "<domain> documents, one behind the other", line, count);
	err_hint(e, "use virt-install --print-step N, or --step N");
	if (e)
		e->line = line;
}

static void
not_well_formed(xmlParserCtxt *ctxt, const char *text, size_t len,
    struct err *e)
{
	xmlError *xe = xmlCtxtGetLastError(ctxt);
	char why[256] = "not well-formed";
	struct xml_span doc;
	unsigned count;

	/* virt-install prints the steps of an installation so. */
	if (xe && (xe->code == XML_ERR_DOCUMENT_END ||
	    xe->code == XML_ERR_RESERVED_XML_NAME) &&
	    xml_nth_document(text, len, 2, &doc, &count)) {
		several(text, count, doc.start, e);
		return;
	}
	if (xe && xe->message) {
		snprintf(why, sizeof(why), "%s", xe->message);
		why[strcspn(why, "\r\n")] = '\0';
	}
	err_set(e, ERR_XML_DETAIL, "domain XML, line %d: %s",
	    xe ? xe->line : 0, why);
	if (e) {
		e->line = xe ? xe->line : 0;
		/* libxml2 hands the element's name over in its messages. */
		if (xe && xe->str1)
			snprintf(e->element, sizeof(e->element), "%s",
			    xe->str1);
	}
}

static void
report(xmlParserCtxt *ctxt, const struct guard *g, const char *text,
    size_t len, struct err *e)
{
	if (!g->refused) {
		not_well_formed(ctxt, text, len, e);
		return;
	}
	err_set(e, ERR_XML_DETAIL, "domain XML, line %d: %s", g->line,
	    g->refused);
	if (e) {
		e->line = g->line;
		memcpy(e->element, g->element, sizeof(e->element));
	}
}

xmlDoc *
xml_doc_parse(const char *text, size_t len, struct err *e)
{
	struct guard g = { 0 };
	xmlParserCtxt *ctxt;
	xmlDoc *doc;

	if (len > XML_MAX_BYTES) {
		err_set(e, ERR_XML_DETAIL, "domain XML: longer than 1 MiB");
		return NULL;
	}
	if (memchr(text, '\0', len)) {
		err_set(e, ERR_XML_DETAIL, "domain XML: holds a NUL byte");
		return NULL;
	}
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
	doc = xmlCtxtReadMemory(ctxt, text, (int)len, NULL, "UTF-8",
	    XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING |
	    XML_PARSE_BIG_LINES);
	if (!doc || g.refused) {
		report(ctxt, &g, text, len, e);
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
