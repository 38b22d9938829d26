/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where the tags are in a text that is known to be well-formed XML, so that
 * it can be changed in places and stay byte for byte what it was elsewhere.
 */
#ifndef TRIVISOR_API_XML_TEXT_H
#define TRIVISOR_API_XML_TEXT_H

#include "base/base.h"

struct xml_span {
	size_t start, end;	/* end: behind the last byte */
};

struct xml_tag {
	struct xml_span all;	/* with < and > */
	struct xml_span name;
	bool closing;		/* </x> */
	bool empty;		/* <x/> */
};

/*
 * The next tag at or behind *pos, which then is behind it; comments,
 * processing instructions and CDATA are passed over.  False at the end, and
 * where the text is not well-formed.
 */
bool xml_tag_next(const char *text, size_t len, size_t *pos,
    struct xml_tag *t);
bool xml_tag_is(const char *text, const struct xml_tag *t, const char *name);
/* The attribute with the blanks before it; value: without the quotes. */
bool xml_tag_attr(const char *text, const struct xml_tag *t,
    const char *name, struct xml_span *all, struct xml_span *value);

/*
 * Behind the -- in a comment that does not end it, which no document may
 * have; 0: there is none.  (libxml2 tells each one with all of the comment.)
 */
size_t xml_hyphens_in_comment(const char *text, size_t len);

/*
 * The n-th (from 1) of several documents one behind the other; false when
 * there are not so many.  *count is how many there are.
 */
bool xml_nth_document(const char *text, size_t len, unsigned n,
    struct xml_span *doc, unsigned *count);

#endif
