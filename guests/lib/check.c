/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Claims, output and the way out.  Output goes to the debug port 0x402 and to
 * COM1; the exit code to the isa-debug-exit device at 0xf4.
 */
#include "guest.h"

unsigned checks_failed, checks_done;
static unsigned excused;
bool excuse;

static void
put(char ch)
{
	outb(0x402, ch);
	for (unsigned i = 0; i < 100000 && !(inb(0x3fd) & 0x20); i++)
		;
	outb(0x3f8, ch);
}

static void
put_number(u64 v, unsigned base, unsigned width, bool zero)
{
	char buf[24];
	unsigned n = 0;

	do {
		/* 64-bit division by hand: 32-bit images have no libgcc. */
		u64 q = 0, r = 0;

		for (int i = 63; i >= 0; i--) {
			r = r << 1 | (v >> i & 1);
			if (r >= base) {
				r -= base;
				q |= 1ull << i;
			}
		}
		buf[n++] = "0123456789abcdef"[r];
		v = q;
	} while (v);
	while (width > n)
		put(zero ? '0' : ' '), width--;
	while (n)
		put(buf[--n]);
}

static const char *
print_one(const char *p, va_list *ap)
{
	unsigned width = 0, longs = 0;
	bool zero = *p == '0';
	const char *s;
	u64 v;

	while (*p >= '0' && *p <= '9')
		width = width * 10 + (*p++ - '0');
	while (*p == 'l')
		longs++, p++;
	if (*p == 's') {
		for (s = va_arg(*ap, const char *); *s; s++)
			put(*s);
		return p;
	}
	if (*p == '%' || *p == 'c') {
		put(*p == '%' ? '%' : va_arg(*ap, int));
		return p;
	}
	v = longs == 2 ? va_arg(*ap, u64) :
	    longs ? va_arg(*ap, ulong) : va_arg(*ap, unsigned);
	if (*p == 'd' && longs < 2 && (long)v < 0 && longs) {
		put('-');
		v = -v;
	}
	put_number(v, *p == 'x' ? 16 : 10, width, zero);
	return p;
}

void
print(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	for (const char *p = fmt; *p; p++) {
		if (*p == '%')
			p = print_one(p + 1, &ap);
		else
			put(*p);
	}
	va_end(ap);
}

bool
is_tcg(void)
{
	u32 r[4];

	cpuid(0x40000000, 0, r);
	return r[1] == 0x54474354;	/* "TCGT" */
}

bool
is_amd(void)
{
	u32 r[4];

	cpuid(0, 0, r);
	return r[1] == 0x68747541;	/* "Auth" */
}

void
tcg_wrong(void)
{
	excuse = is_tcg();
}

/* False: say no more about it. */
static bool
fail_head(const char *file, int line, const char *what)
{
	const char *base = file;

	for (const char *p = file; *p; p++)
		if (*p == '/')
			base = p + 1;
	if (excuse ? excused++ >= 20 : checks_failed++ >= 60)
		return false;
	print("%s %s:%u: %s: ", excuse ? "TCG-WRONG" : "FAIL", base, line,
	    what);
	return true;
}

void
check_at(bool ok, const char *file, int line, const char *expr,
    const char *what)
{
	checks_done++;
	if (!ok && fail_head(file, line, what))
		print("not true: %s\n", expr);
	excuse = false;
}

void
check_eq_at(u64 got, u64 want, const char *file, int line, const char *expr,
    const char *what)
{
	checks_done++;
	if (got != want && fail_head(file, line, what))
		print("%s is %llx, should be %llx\n", expr, got, want);
	excuse = false;
}

static _Noreturn void
leave(u32 code)
{
	outl(0xf4, code);
	for (;;)
		asm volatile("cli; hlt");
}

void
guest_done(void)
{
	print("RESULT %u checks, %u failed", checks_done, checks_failed);
	if (excused)
		print(", %u known wrong in TCG", excused);
	print("\n");
	leave(checks_failed ? 1 : 0);
}

void
guest_fail(const char *why)
{
	print("FAIL after %u checks: %s\n", checks_done, why);
	leave(2);
}

void
copy(void *dst, const void *src, size_t n)
{
	asm volatile("rep movsb" : "+D" (dst), "+S" (src), "+c" (n)
	    :: "memory");
}

void
fill(void *dst, int byte, size_t n)
{
	asm volatile("rep stosb" : "+D" (dst), "+c" (n) : "a" (byte)
	    : "memory");
}

bool
same(const void *a, const void *b, size_t n)
{
	const u8 *x = a, *y = b;

	for (size_t i = 0; i < n; i++)
		if (x[i] != y[i])
			return false;
	return true;
}

/* What the compiler may call. */
void *memcpy(void *d, const void *s, size_t n);
void *memset(void *d, int c, size_t n);

void *
memcpy(void *d, const void *s, size_t n)
{
	copy(d, s, n);
	return d;
}

void *
memset(void *d, int c, size_t n)
{
	fill(d, c, n);
	return d;
}
