/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Strict JSON in front of json-c: a scanner without recursion checks grammar,
 * UTF-8, numbers and limits over the text; only what passes reaches json-c.
 * Duplicate keys show afterwards, as fewer members than the text had keys.
 */
#include "api/json.h"

#include <errno.h>
#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>

/* What an empty framer may hold on to. */
#define KEEP_BYTES 65536

enum { JSON_PARSE_ERROR = -32700, JSON_LIMIT_ERROR = -32600 };

void
json_framer_fini(struct json_framer *f)
{
	free(f->buf);
	memset(f, 0, sizeof(*f));
}

static bool
is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static void
drop_taken(struct json_framer *f)
{
	if (!f->taken)
		return;
	memmove(f->buf, f->buf + f->taken, f->len - f->taken);
	f->len -= f->taken;
	f->scanned -= f->taken;
	f->taken = 0;
	/* A large message is no reason to keep its room. */
	if (!f->len && f->cap > KEEP_BYTES) {
		free(f->buf);
		f->buf = NULL;
		f->cap = 0;
	}
}

int
json_framer_feed(struct json_framer *f, const char *data, size_t n)
{
	drop_taken(f);
	if (n > JSON_MAX_BYTES - MIN(f->len, (size_t)JSON_MAX_BYTES))
		return -EMSGSIZE;
	if (f->len + n > f->cap) {
		size_t cap = MAX(f->cap * 2, f->len + n);
		char *buf = realloc(f->buf, cap);

		if (!buf)
			return -ENOMEM;
		f->buf = buf;
		f->cap = cap;
	}
	memcpy(f->buf + f->len, data, n);
	f->len += n;
	return 0;
}

/* One byte inside a message; true when it ends the message. */
static bool
framer_step(struct json_framer *f, char c)
{
	if (f->in_string) {
		if (f->escaped)
			f->escaped = false;
		else if (c == '\\')
			f->escaped = true;
		else if (c == '"')
			f->in_string = false;
		return false;
	}
	if (c == '"')
		f->in_string = true;
	else if (c == '{' || c == '[')
		f->depth++;
	else if (c == '}' || c == ']')
		return --f->depth == 0;
	return false;
}

int
json_framer_next(struct json_framer *f, const char **text, size_t *len)
{
	while (f->scanned < f->len) {
		char c = f->buf[f->scanned++];

		if (!f->depth && is_space(c)) {
			f->taken = f->scanned;
			continue;
		}
		if (!f->depth && c != '{' && c != '[')
			return -EPROTO;
		if (framer_step(f, c)) {
			*text = f->buf + f->taken;
			*len = f->scanned - f->taken;
			f->taken = f->scanned;
			return 1;
		}
	}
	drop_taken(f);
	return 0;
}

bool
json_framer_partial(const struct json_framer *f)
{
	return f->depth > 0;
}

/*
 * The scanner: what may come next is one of these, per nesting level what
 * closes it is in stack[].
 */
enum expect { E_VALUE, E_VALUE_OR_END, E_KEY, E_KEY_OR_END, E_NEXT, E_DONE };

struct scan {
	const unsigned char *p, *end;
	const char *bad;	/* why, when refused */
	int code;
	unsigned depth, tokens, keys;
	char stack[JSON_MAX_DEPTH];
	enum expect expect;
};

static bool
refuse(struct scan *s, int code, const char *why)
{
	s->code = code;
	s->bad = why;
	return false;
}

/* Length of the UTF-8 sequence at p, 0 if it is not one (RFC 3629). */
static unsigned
utf8_len(const unsigned char *p, const unsigned char *end)
{
	unsigned n, i;
	uint32_t c;

	if (p[0] < 0x80)
		return 1;
	if (p[0] < 0xc2 || p[0] > 0xf4)
		return 0;
	n = p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : 4;
	if ((size_t)(end - p) < n)
		return 0;
	c = p[0] & (0x7fu >> n);
	for (i = 1; i < n; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (p[i] & 0x3f);
	}
	if (n == 3 && (c < 0x800 || (c >= 0xd800 && c < 0xe000)))
		return 0;
	if (n == 4 && (c < 0x10000 || c > 0x10ffff))
		return 0;
	return n;
}

/* "\uXXXX" at p: its value, or -1. */
static int
hex4(const unsigned char *p, const unsigned char *end)
{
	int v = 0, i;

	if (end - p < 6 || p[0] != '\\' || p[1] != 'u')
		return -1;
	for (i = 2; i < 6; i++) {
		int c = p[i] | 0x20;

		if (p[i] >= '0' && p[i] <= '9')
			v = v << 4 | (p[i] - '0');
		else if (c >= 'a' && c <= 'f')
			v = v << 4 | (c - 'a' + 10);
		else
			return -1;
	}
	return v;
}

/* Length of the escape at p, 0 if bad; a lone surrogate is bad. */
static unsigned
escape_len(const unsigned char *p, const unsigned char *end)
{
	int hi, lo;

	if (end - p < 2)
		return 0;
	if (p[1] != 'u')
		return p[1] && strchr("\"\\/bfnrt", p[1]) ? 2 : 0;
	hi = hex4(p, end);
	if (hi < 0 || (hi >= 0xdc00 && hi < 0xe000))
		return 0;
	if (hi < 0xd800 || hi >= 0xdc00)
		return 6;
	lo = hex4(p + 6, end);
	return lo >= 0xdc00 && lo < 0xe000 ? 12 : 0;
}

static bool
scan_string(struct scan *s, bool key)
{
	const unsigned char *start = ++s->p;

	while (s->p < s->end && *s->p != '"') {
		unsigned n;

		if (*s->p < ' ')
			return refuse(s, JSON_PARSE_ERROR,
			    "control character in a string");
		n = *s->p == '\\' ? escape_len(s->p, s->end) :
		    utf8_len(s->p, s->end);
		if (!n)
			return refuse(s, JSON_PARSE_ERROR, *s->p == '\\' ?
			    "bad escape in a string" : "not UTF-8");
		/* json-c would end the key there. */
		if (key && n == 6 && !hex4(s->p, s->end))
			return refuse(s, JSON_PARSE_ERROR,
			    "a key with a NUL in it");
		s->p += n;
	}
	if (s->p == s->end)
		return refuse(s, JSON_PARSE_ERROR, "string without an end");
	if (key && s->p - start > JSON_MAX_KEY)
		return refuse(s, JSON_LIMIT_ERROR,
		    "key longer than 128 bytes");
	s->p++;
	return true;
}

static bool
scan_digits(struct scan *s)
{
	const unsigned char *start = s->p;

	while (s->p < s->end && *s->p >= '0' && *s->p <= '9')
		s->p++;
	return s->p > start;
}

static bool
integer_fits(const unsigned char *p, const unsigned char *end)
{
	bool negative = *p == '-';
	uint64_t v = 0;

	for (p += negative; p < end; p++)
		if (__builtin_mul_overflow(v, 10, &v) ||
		    __builtin_add_overflow(v, (unsigned)(*p - '0'), &v))
			return false;
	return !negative || v <= UINT64_C(1) << 63;
}

static bool
scan_number(struct scan *s)
{
	const unsigned char *start = s->p;
	bool integer = true;

	if (*s->p == '-')
		s->p++;
	if (s->p < s->end && *s->p == '0')
		s->p++;
	else if (!scan_digits(s))
		return refuse(s, JSON_PARSE_ERROR, "bad number");
	if (s->p < s->end && *s->p == '.') {
		s->p++;
		integer = false;
		if (!scan_digits(s))
			return refuse(s, JSON_PARSE_ERROR, "bad number");
	}
	if (s->p < s->end && (*s->p | 0x20) == 'e') {
		s->p++;
		integer = false;
		if (s->p < s->end && (*s->p == '+' || *s->p == '-'))
			s->p++;
		if (!scan_digits(s))
			return refuse(s, JSON_PARSE_ERROR, "bad number");
	}
	if (integer && !integer_fits(start, s->p))
		return refuse(s, JSON_PARSE_ERROR,
		    "integer does not fit 64 bits");
	return true;
}

static bool
scan_literal(struct scan *s)
{
	static const char *const words[] = { "true", "false", "null" };
	size_t i;

	for (i = 0; i < ARRAY_LEN(words); i++) {
		size_t n = strlen(words[i]);

		if ((size_t)(s->end - s->p) >= n &&
		    !memcmp(s->p, words[i], n)) {
			s->p += n;
			return true;
		}
	}
	return refuse(s, JSON_PARSE_ERROR, "not a value");
}

static bool
scan_open(struct scan *s)
{
	if (s->depth == JSON_MAX_DEPTH)
		return refuse(s, JSON_LIMIT_ERROR,
		    "nested deeper than 32 levels");
	s->stack[s->depth++] = *s->p;
	s->expect = *s->p++ == '{' ? E_KEY_OR_END : E_VALUE_OR_END;
	return true;
}

static bool
scan_close(struct scan *s)
{
	s->p++;
	s->depth--;
	s->expect = s->depth ? E_NEXT : E_DONE;
	return true;
}

static bool
scan_value(struct scan *s)
{
	bool ok;

	if (*s->p == '{' || *s->p == '[')
		return scan_open(s);
	if (*s->p == '"')
		ok = scan_string(s, false);
	else if (*s->p == '-' || (*s->p >= '0' && *s->p <= '9'))
		ok = scan_number(s);
	else
		ok = scan_literal(s);
	s->expect = s->depth ? E_NEXT : E_DONE;
	return ok;
}

static bool
scan_key(struct scan *s)
{
	if (*s->p != '"')
		return refuse(s, JSON_PARSE_ERROR, "key expected");
	if (!scan_string(s, true))
		return false;
	s->keys++;
	while (s->p < s->end && is_space((char)*s->p))
		s->p++;
	if (s->p == s->end || *s->p != ':')
		return refuse(s, JSON_PARSE_ERROR, "':' expected");
	s->p++;
	s->expect = E_VALUE;
	return true;
}

static bool
scan_token(struct scan *s)
{
	bool in_object = s->depth && s->stack[s->depth - 1] == '{';

	switch (s->expect) {
	case E_VALUE_OR_END:
		if (*s->p == ']')
			return scan_close(s);
		return scan_value(s);
	case E_VALUE:
		return scan_value(s);
	case E_KEY_OR_END:
		if (*s->p == '}')
			return scan_close(s);
		return scan_key(s);
	case E_KEY:
		return scan_key(s);
	case E_NEXT:
		if (*s->p == (in_object ? '}' : ']'))
			return scan_close(s);
		if (*s->p != ',')
			return refuse(s, JSON_PARSE_ERROR,
			    "',' or closing bracket expected");
		s->p++;
		s->expect = in_object ? E_KEY : E_VALUE;
		return true;
	case E_DONE:
		break;
	}
	return refuse(s, JSON_PARSE_ERROR, "text after the end");
}

static bool
scan_document(struct scan *s)
{
	for (;;) {
		while (s->p < s->end && is_space((char)*s->p))
			s->p++;
		if (s->p == s->end)
			break;
		if (++s->tokens > 2 * JSON_MAX_TOKENS)
			return refuse(s, JSON_LIMIT_ERROR,
			    "more than 65536 values");
		if (!scan_token(s))
			return false;
	}
	return s->expect == E_DONE ||
	    refuse(s, JSON_PARSE_ERROR, "text ends in the middle");
}

/* Members of all objects; the depth is bounded by the scan before. */
static unsigned
count_keys(struct json_object *o)
{
	unsigned n = 0;
	size_t i;

	if (json_object_is_type(o, json_type_array)) {
		for (i = 0; i < json_object_array_length(o); i++)
			n += count_keys(json_object_array_get_idx(o, i));
	} else if (json_object_is_type(o, json_type_object)) {
		json_object_object_foreach(o, key, value) {
			(void)key;
			n += 1 + count_keys(value);
		}
	}
	return n;
}

static struct json_object *
parse_scanned(const char *text, size_t len)
{
	struct json_tokener *t = json_tokener_new_ex(JSON_MAX_DEPTH + 1);
	struct json_object *o;

	if (!t)
		return NULL;
	json_tokener_set_flags(t, JSON_TOKENER_STRICT |
	    JSON_TOKENER_VALIDATE_UTF8);
	o = json_tokener_parse_ex(t, text, (int)len);
	json_tokener_free(t);
	return o;
}

static int
json_err(struct err *e, int code, const char *why, size_t at)
{
	if (code == JSON_LIMIT_ERROR)
		err_set(e, ERR_RPC, "request refused: %s", why);
	else
		err_set(e, ERR_RPC, "not valid JSON: %s at byte %zu", why, at);
	if (e)
		e->code = code;
	return -EINVAL;
}

struct json_object *
json_parse(const char *text, size_t len, struct err *e)
{
	struct scan s = { .p = (const unsigned char *)text,
		.end = (const unsigned char *)text + len, .expect = E_VALUE };
	struct json_object *o;

	if (len > JSON_MAX_BYTES) {
		json_err(e, JSON_LIMIT_ERROR, "longer than 4 MiB", 0);
		return NULL;
	}
	if (!scan_document(&s)) {
		json_err(e, s.code, s.bad,
		    (size_t)(s.p - (const unsigned char *)text));
		return NULL;
	}
	o = parse_scanned(text, len);
	if (!o) {
		json_err(e, JSON_PARSE_ERROR, "not understood", 0);
		return NULL;
	}
	if (count_keys(o) != s.keys) {
		json_object_put(o);
		json_err(e, JSON_PARSE_ERROR,
		    "an object has the same key twice", len);
		return NULL;
	}
	return o;
}
