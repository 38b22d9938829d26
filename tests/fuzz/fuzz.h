/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What fuzz targets share.  A target is one libFuzzer entry point; besides
 * not crashing under the sanitizers it holds what it calls to promises that
 * must be kept for any input (MUST).
 */
#ifndef TRIVISOR_TESTS_FUZZ_FUZZ_H
#define TRIVISOR_TESTS_FUZZ_FUZZ_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MUST(cond) \
	do { \
		if (!(cond)) { \
			fprintf(stderr, "%s:%d: broken promise: %s\n", \
			    __FILE__, __LINE__, #cond); \
			abort(); \
		} \
	} while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* An error that people read: a code, an object, one line without rubbish. */
#define MUST_EXPLAIN(e) \
	do { \
		MUST((e)->code != 0); \
		MUST((e)->msg[0] != '\0'); \
		MUST(memchr((e)->msg, '\0', sizeof((e)->msg)) != NULL); \
	} while (0)

#endif
