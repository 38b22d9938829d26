/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Text on a terminal.  Titles, paths and messages may hold anything, so they
 * pass through text_clean() before they reach one.
 */
#include "cli/text.h"

#include <inttypes.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <wchar.h>

#define REPLACEMENT "\xef\xbf\xbd"
#define ELLIPSIS "\xe2\x80\xa6"

static const char *const sequences[] = {
	[PLAIN] = "\033[0m", [BOLD] = "\033[1m", [RED] = "\033[31m",
	[GREEN] = "\033[32m", [YELLOW] = "\033[33m", [DIM] = "\033[2m",
};

static bool
is_set(const char *name)
{
	const char *v = getenv(name);

	return v && v[0];
}

bool
text_color(const struct cli *cli, int fd)
{
	const char *term = getenv("TERM");
	const char *force = getenv("CLICOLOR_FORCE");

	if (cli->color != WHEN_AUTO)
		return cli->color == WHEN_ALWAYS;
	if (is_set("NO_COLOR"))
		return false;
	if (force && force[0] && strcmp(force, "0"))
		return true;
	return isatty(fd) && term && term[0] && strcmp(term, "dumb");
}

const char *
text_style(bool on, enum style s)
{
	return on ? sequences[s] : "";
}

enum style
text_state_style(const char *state)
{
	static const struct {
		const char *state;
		enum style style;
	} styles[] = {
		{ "running", GREEN }, { "paused", YELLOW },
		{ "starting", YELLOW }, { "stopping", YELLOW },
		{ "crashed", RED }, { "shutoff", DIM },
	};
	size_t i;

	for (i = 0; i < ARRAY_LEN(styles); i++) {
		if (!strcmp(styles[i].state, state))
			return styles[i].style;
	}
	return PLAIN;
}

unsigned
text_terminal_width(int fd)
{
	const char *columns = getenv("COLUMNS");
	struct winsize ws = { 0 };

	if (!isatty(fd))
		return 0;
	if (!ioctl(fd, TIOCGWINSZ, &ws) && ws.ws_col)
		return ws.ws_col;
	return columns && atoi(columns) > 0 ? (unsigned)atoi(columns) : 80;
}

/*
 * One character of UTF-8: its length in bytes, 0 where it is none.  Overlong
 * forms and surrogates are none.
 */
static size_t
decode(const char *text, wchar_t *out)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	const unsigned char *s = (const unsigned char *)text;
	size_t n = s[0] < 0x80 ? 1 : s[0] >> 5 == 6 ? 2 :
	    s[0] >> 4 == 14 ? 3 : s[0] >> 3 == 30 ? 4 : 0;
	uint32_t c = n == 1 ? s[0] : n ? s[0] & (0x7fu >> n) : 0;
	size_t i;

	for (i = 1; i < n; i++) {
		if (s[i] >> 6 != 2)
			return 0;
		c = c << 6 | (s[i] & 0x3f);
	}
	if (n > 1 && (c < least[n] || c > 0x10ffff ||
	    (c >= 0xd800 && c < 0xe000)))
		return 0;
	*out = (wchar_t)c;
	return n;
}

/* Columns of one character; negative where it must not be printed. */
static int
columns_of(wchar_t c)
{
	static locale_t utf8;
	locale_t old;
	int n;

	if (c < 0x80)
		return c >= 0x20 && c < 0x7f ? 1 : -1;
	/* wcwidth() knows what the locale knows, and ours may be "C". */
	if (!utf8)
		utf8 = newlocale(LC_CTYPE_MASK, "C.UTF-8", NULL);
	if (!utf8)
		return c < 0xa0 ? -1 : 1;
	old = uselocale(utf8);
	n = wcwidth(c);
	uselocale(old);
	/* The ones that turn the direction of text are no business of ours. */
	if ((c >= 0x202a && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069))
		return -1;
	return n;
}

/* Length and width of what stands at s; false: a REPLACEMENT stands there. */
static bool
character(const char *s, size_t *len, unsigned *width)
{
	wchar_t c = 0;
	size_t n = decode(s, &c);
	int w = n ? columns_of(c) : -1;

	*len = n ? n : 1;
	*width = w < 0 ? 1 : (unsigned)w;
	return w >= 0;
}

unsigned
text_width(const char *s)
{
	unsigned total = 0;
	unsigned w;
	size_t n;

	for (; *s; s += n) {
		(void)character(s, &n, &w);
		total += w;
	}
	return total;
}

void
text_clean(const char *s, unsigned width, char *buf, size_t size)
{
	bool cut = width && text_width(s) > width;
	unsigned room = cut ? width - 1 : ~0u;
	size_t used = 0;
	unsigned w;
	size_t n;

	for (; *s; s += n) {
		bool good = character(s, &n, &w);
		size_t bytes = good ? n : strlen(REPLACEMENT);

		if (w > room || used + bytes + strlen(ELLIPSIS) >= size)
			break;
		memcpy(buf + used, good ? s : REPLACEMENT, bytes);
		used += bytes;
		room -= w;
	}
	if (*s && used + strlen(ELLIPSIS) < size) {
		memcpy(buf + used, ELLIPSIS, strlen(ELLIPSIS));
		used += strlen(ELLIPSIS);
	}
	buf[used] = '\0';
}

void
text_memory(uint64_t bytes, char *buf, size_t size)
{
	if (bytes % (1 << 20))
		snprintf(buf, size, "%" PRIu64 " KiB", bytes >> 10);
	else
		snprintf(buf, size, "%" PRIu64 " MiB", bytes >> 20);
}

void
text_bytes(uint64_t bytes, char *buf, size_t size)
{
	static const char *const units[] = { "KiB", "MiB", "GiB", "TiB" };
	double v = (double)bytes / 1024;
	size_t i = 0;

	while (i + 1 < ARRAY_LEN(units) && v >= 1024) {
		v /= 1024;
		i++;
	}
	snprintf(buf, size, "%.1f %s", v, units[i]);
}
