/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The vocabulary every file shares: unit-bearing scalars, build-time checks,
 * checked arithmetic and BUG_ON().  Nothing here allocates or blocks.
 */
#ifndef TRIVISOR_BASE_BASE_H
#define TRIVISOR_BASE_BASE_H

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Guest physical and guest virtual (linear) addresses never share a variable. */
typedef uint64_t gpa_t;
typedef uint64_t gva_t;
/* Nanoseconds on a monotonic clock; differences fit easily. */
typedef int64_t ns_t;

#define NS_PER_SEC INT64_C(1000000000)

#define MUST_USE __attribute__((warn_unused_result))
#define PRINTF_LIKE(f, a) __attribute__((format(printf, f, a)))
#define fallthrough __attribute__((fallthrough))
#define likely(x) __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)

#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))
#define MIN(a, b) ((a) < (b) ? (a) : (b))
#define MAX(a, b) ((a) > (b) ? (a) : (b))
#define BIT(n) (UINT64_C(1) << (n))
#define container_of(p, type, member) \
	((type *)((char *)(p) - offsetof(type, member)))

#define PAGE_SHIFT 12
#define PAGE_SIZE UINT64_C(4096)
#define PAGE_MASK (~(PAGE_SIZE - 1))

/*
 * BUG_ON(cond): our own mistake.  Prints file, line and condition, aborts
 * this process only, and stays on in release builds.  Never reachable from
 * what a guest or a client says.
 */
#define BUG_ON(cond) \
	do { \
		if (unlikely(cond)) \
			bug_at(__FILE__, __LINE__, #cond); \
	} while (0)

_Noreturn void bug_at(const char *file, int line, const char *what);
/* "file:line: condition" for a handler of SIGABRT; "" when it was no BUG_ON. */
const char *bug_last(void);

/* Checked arithmetic: false on overflow, *r then undefined. */
static inline bool
add_u64(uint64_t *r, uint64_t a, uint64_t b)
{
	return !__builtin_add_overflow(a, b, r);
}

static inline bool
mul_u64(uint64_t *r, uint64_t a, uint64_t b)
{
	return !__builtin_mul_overflow(a, b, r);
}

/* align must be a power of two. */
static inline uint64_t
align_up(uint64_t v, uint64_t align)
{
	return (v + align - 1) & ~(align - 1);
}

static inline uint64_t
align_down(uint64_t v, uint64_t align)
{
	return v & ~(align - 1);
}

#endif
