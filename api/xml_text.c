/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A scanner for tags.  It trusts nothing: on text that is not well-formed it
 * finds other tags or none, but stays inside.
 */
#include "api/xml_text.h"

#include <string.h>

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* Behind the next place where what stands, or 0. */
static size_t
behind(const char *text, size_t len, size_t at, const char *what)
{
	size_t n = strlen(what);
	const char *s = at < len ?
	    memmem(text + at, len - at, what, n) : NULL;

	return s ? (size_t)(s - text) + n : 0;
}

static bool
starts(const char *text, size_t len, size_t at, const char *what)
{
	size_t n = strlen(what);

	return len - at >= n && !memcmp(text + at, what, n);
}

/* Behind the tag that begins at at: a > in quotes does not end it. */
static size_t
tag_end(const char *text, size_t len, size_t at)
{
	char quote = 0;

	for (; at < len; at++) {
		char c = text[at];

		if (quote)
			quote = c == quote ? 0 : quote;
		else if (c == '"' || c == '\'')
			quote = c;
		else if (c == '>')
			return at + 1;
	}
	return 0;
}

size_t
xml_hyphens_in_comment(const char *text, size_t len)
{
	size_t at = 0;

	while ((at = behind(text, len, at, "<"))) {
		if (starts(text, len, at, "!--")) {
			at = behind(text, len, at + 3, "--");
			if (at && at < len && text[at] != '>')
				return at;
		} else if (starts(text, len, at, "![CDATA[")) {
			at = behind(text, len, at + 8, "]]>");
		} else if (starts(text, len, at, "?")) {
			at = behind(text, len, at + 1, "?>");
		}
		if (!at)
			break;
	}
	return 0;
}

bool
xml_tag_next(const char *text, size_t len, size_t *pos, struct xml_tag *t)
{
	size_t at = *pos, end = at;
	const char *s;

	for (;;) {
		s = end < len ? memchr(text + end, '<', len - end) : NULL;
		if (!s)
			return false;
		at = (size_t)(s - text);
		if (starts(text, len, at, "<!--"))
			end = behind(text, len, at + 4, "-->");
		else if (starts(text, len, at, "<![CDATA["))
			end = behind(text, len, at + 9, "]]>");
		else if (starts(text, len, at, "<?"))
			end = behind(text, len, at + 2, "?>");
		else
			break;
		if (!end)
			return false;
	}
	end = tag_end(text, len, at);
	if (!end)
		return false;
	t->all = (struct xml_span){ at, end };
	t->closing = text[at + 1] == '/';
	t->empty = !t->closing && text[end - 2] == '/';
	t->name.start = at + 1 + t->closing;
	for (t->name.end = t->name.start; t->name.end < end - 1 &&
	    !is_blank(text[t->name.end]) && text[t->name.end] != '/';
	    t->name.end++)
		;
	*pos = end;
	return true;
}

bool
xml_tag_is(const char *text, const struct xml_tag *t, const char *name)
{
	size_t n = t->name.end - t->name.start;

	return strlen(name) == n && !memcmp(text + t->name.start, name, n);
}

bool
xml_tag_attr(const char *text, const struct xml_tag *t, const char *name,
    struct xml_span *all, struct xml_span *value)
{
	size_t at = t->name.end, end = t->all.end - 1, n = strlen(name);

	for (;;) {
		struct xml_span a = { at, at }, v;
		const char *quote;

		while (at < end && is_blank(text[at]))
			at++;
		v.start = at;
		while (at < end && text[at] != '=' && !is_blank(text[at]))
			at++;
		v.end = at;
		while (at < end && text[at] != '"' && text[at] != '\'')
			at++;
		if (at >= end)
			return false;
		quote = memchr(text + at + 1, text[at], end - at - 1);
		if (!quote)
			return false;
		value->start = at + 1;
		value->end = (size_t)(quote - text);
		at = value->end + 1;
		a.end = at;
		*all = a;
		if (v.end - v.start == n &&
		    !memcmp(text + v.start, name, n))
			return true;
	}
}

bool
xml_nth_document(const char *text, size_t len, unsigned n,
    struct xml_span *doc, unsigned *count)
{
	size_t pos = 0;
	unsigned depth = 0;
	struct xml_tag t;
	bool found = false;

	*count = 0;
	while (xml_tag_next(text, len, &pos, &t)) {
		if (!depth && !t.closing && ++*count == n) {
			doc->start = t.all.start;
			found = true;
		}
		if (!t.closing && !t.empty)
			depth++;
		else if (t.closing && depth)
			depth--;
		if (!depth && *count == n)
			doc->end = t.all.end;
	}
	return found && (*count > n || !depth);
}
