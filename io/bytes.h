/* SPDX-License-Identifier: Apache-2.0 */
/*
 * For chips with byte-wide ports: a wider access is taken apart, lowest port
 * first, as the ISA bus does.
 */
#ifndef TRIVISOR_IO_BYTES_H
#define TRIVISOR_IO_BYTES_H

#include "base/base.h"

static inline uint64_t
read_bytes(uint8_t (*read)(void *dev, unsigned port), void *dev, uint64_t off,
    unsigned size)
{
	uint64_t v = 0;

	for (unsigned i = 0; i < size; i++)
		v |= (uint64_t)read(dev, (unsigned)off + i) << (i * 8);
	return v;
}

static inline void
write_bytes(void (*write)(void *dev, unsigned port, uint8_t value), void *dev,
    uint64_t off, unsigned size, uint64_t value)
{
	for (unsigned i = 0; i < size; i++)
		write(dev, (unsigned)off + i, (uint8_t)(value >> (i * 8)));
}

#endif
