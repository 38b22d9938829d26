/* SPDX-License-Identifier: Apache-2.0 */
/*
 * XML from outside, through a hardened libxml2: no DOCTYPE and so no
 * entities, no network, no files, UTF-8 only, and limits that hold while
 * parsing and not after it.
 */
#ifndef TRIVISOR_API_XML_DOC_H
#define TRIVISOR_API_XML_DOC_H

#include <libxml/tree.h>

#include "base/base.h"
#include "base/err.h"

#define XML_MAX_BYTES (1u << 20)
#define XML_MAX_ELEMENT_DEPTH 64
#define XML_MAX_ELEMENTS 10000
#define XML_MAX_ATTRIBUTES 64

/*
 * NULL and *e (line and element where known) when the document is refused.
 * The caller frees the result with xmlFreeDoc().
 */
xmlDoc *xml_doc_parse(const char *text, size_t len, struct err *e);

/*
 * Text of an element, blanks around it cut off, "" if none.  False when it
 * is longer than size - 1.
 */
bool xml_text(xmlNode *n, char *buf, size_t size);
/* Value of an attribute without namespace; false if absent or too long. */
bool xml_attr(xmlNode *n, const char *name, char *buf, size_t size);
bool xml_is_blank(xmlNode *n);

/* "/domain/devices/disk" into buf, cut at its size. */
void xml_path(xmlNode *n, char *buf, size_t size);
/* The same without the root, "devices/disk"; "" for the root. */
void xml_path_below(xmlNode *n, char *buf, size_t size);

/* First child element of that name without namespace, or NULL. */
xmlNode *xml_child(xmlNode *n, const char *name);

#endif
