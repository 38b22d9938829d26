/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Inside of the debugger's stub: GDB's remote serial protocol ("Debugging with
 * GDB", appendix E).  gdb.c has the connection and the packets, gdb_regs.c the
 * register layouts, gdb_mem.c the guest's memory.
 *
 * Loop thread; registers and memory only while the vCPUs are parked.
 */
#ifndef TRIVISOR_MONITOR_GDB_H
#define TRIVISOR_MONITOR_GDB_H

#include "monitor/monitor.h"

#define GDB_PACKET 4096

/* A reply being written, hexadecimal where the protocol wants it. */
struct gdb_out {
	char text[2 * GDB_PACKET + 16];
	size_t used;
};

void gdb_put(struct gdb_out *o, const char *fmt, ...) PRINTF_LIKE(2, 3);
void gdb_put_hex(struct gdb_out *o, const void *bytes, size_t n);
/* n bytes from 2n hexadecimal digits; false when there are not so many. */
bool gdb_get_hex(const char **p, void *bytes, size_t n);
bool gdb_get_u64(const char **p, uint64_t *v);

/* Does the debugger see 64-bit registers of this vCPU? */
bool gdb_is_64(const struct cpu_state *s);
unsigned gdb_n_regs(bool is64);
/* All registers, or one; false for a number that does not exist. */
void gdb_put_regs(struct gdb_out *o, const struct cpu_state *s);
bool gdb_put_reg(struct gdb_out *o, const struct cpu_state *s, unsigned n);
bool gdb_get_regs(const char *hex, struct cpu_state *s);
bool gdb_get_reg(const char *hex, struct cpu_state *s, unsigned n);
/* The target description that tells GDB so. */
void gdb_describe(struct gdb_out *o, bool is64, uint64_t off, uint64_t len);

/* Linear memory as vCPU c sees it; how many bytes could be had. */
size_t gdb_read(struct vcpu *c, gva_t va, void *buf, size_t n);
bool gdb_write(struct vcpu *c, gva_t va, const void *buf, size_t n);

#endif
