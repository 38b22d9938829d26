/* SPDX-License-Identifier: Apache-2.0 */
/* A monitor of one's own, spoken to as a daemon would. */
#ifndef TRIVISOR_TESTS_TOOLS_TESTVM_H
#define TRIVISOR_TESTS_TOOLS_TESTVM_H

#include <sys/types.h>

#include "vm/config.h"
#include "vm/control.h"

struct testvm {
	pid_t pid;
	int control;		/* connected; owned */
	int listener;		/* to connect to again; owned */
	int report;		/* owned memfd */
};

/*
 * Start program with the configuration (its descriptors are closed then);
 * report_fd is ours.  0, or -1 with what CTL_FAILED said in *e.
 */
int testvm_start(struct testvm *t, const char *program, struct vm_config *cfg,
    struct err *e);
/* Another connection. */
int testvm_connect(const struct testvm *t);
/* Ask and wait for the answer; events in between are dropped.  Its type. */
enum ctl_type testvm_call(int control, enum ctl_type type, const char *key,
    const char *value, struct ctl_msg *m);
/* The console's stream socket, or -1. */
int testvm_console(int control, unsigned serial);
/* Wait for its end and read the report; the exit status of the process. */
int testvm_wait(struct testvm *t, char *report, size_t size);
/* End it, whatever it does, and free everything. */
void testvm_stop(struct testvm *t);

#endif
