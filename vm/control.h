/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The control protocol between daemon (client) and monitor (server).
 *
 * The monitor accepts connections on a SOCK_SEQPACKET listener handed to it at
 * start, and any number of daemons may come and go.  One packet is one
 * message: a header and a text body of "key=value\n" lines (values with
 * control characters percent-encoded), at most CTL_MAX bytes.  Requests carry
 * an id that the answer repeats; events have id 0 and a sequence number.
 *
 * Start-up: over the set-up socketpair (fd 3 of the monitor) the daemon sends
 * the vm_config; the monitor answers one CTL_READY or CTL_FAILED packet there,
 * and the socketpair is then closed.
 *
 * CTL_CONSOLE is answered with one SCM_RIGHTS descriptor: a stream socket that
 * carries raw console bytes both ways, the latest history first; writer= says
 * whether what is written there reaches the guest, skipped= how many earlier
 * bytes are not shown, replayed= how many are.  It outlives the daemon.
 */
#ifndef TRIVISOR_VM_CONTROL_H
#define TRIVISOR_VM_CONTROL_H

#include "base/base.h"
#include "base/err.h"

#define CTL_MAGIC 0x54525631u	/* "TRV1" */
#define CTL_MAX 16384
/*
 * What the sender knows beyond the first version; both sides go on working
 * with one that knows less, and with one that knows more.
 *	1: CTL_DEFINITION; CTL_SHUTDOWN's then=, until=, job=; events "lost"
 */
#define CTL_MINOR 1

enum ctl_type {
	/* requests */
	CTL_DESCRIBE = 1,	/* -> name, uuid, state, reason, mode, pid,
				   seal.LAYER=on or off: why, ... */
	CTL_SHUTDOWN,		/* press the ACPI power button; then=off,
				   reboot, or forget (do not press, take back
				   a reboot); until=, job= are kept for others */
	CTL_RESET,
	CTL_SUSPEND,		/* park the vCPUs */
	CTL_RESUME,
	CTL_QUIT,		/* power off now; answered before exiting */
	CTL_CONSOLE,		/* serial=, watch=, force=, history= */
	CTL_STATS,		/* -> counters */
	CTL_SUBSCRIBE,		/* since=SEQ: events follow on this connection */
	CTL_DISASM,		/* pc=, count= : guest and host code side by side */
	CTL_NMI,
	CTL_PROFILE,		/* ms=: sample the vCPUs for so long */
	CTL_BT_STATS,		/* vcpu=, top= -> hot[], parts[], counters */
	CTL_DEFINITION = 40,	/* -> a sealed memfd: the run's note, an empty
				   line, the domain's XML; one that comes with
				   the request is kept in its place */
	CTL_CONFIG = 50,	/* set-up socket only: vm_config_send() */
	/* answers */
	CTL_OK = 100,
	CTL_ERROR,		/* code=, message=, hint= */
	CTL_READY,
	CTL_FAILED,		/* as CTL_ERROR */
	CTL_EVENT,		/* seq=, what=, state=, reason=, detail=;
				   what=lost: from= to= are gone for good */
};

struct ctl_header {
	uint32_t magic;
	uint16_t type;
	uint16_t minor;		/* of the sender: CTL_MINOR */
	uint64_t id;
};

struct ctl_msg {
	struct ctl_header h;
	size_t len;		/* of body */
	char body[CTL_MAX];	/* NUL terminated */
	int fd;			/* -1 or one descriptor, owned */
	int pid;		/* received: of the sender as its socket's
				   SO_PASSCRED tells, 0 unknown */
};

void ctl_msg_init(struct ctl_msg *m, enum ctl_type t, uint64_t id);
/* Append a field; -ENOSPC when it does not fit. */
int ctl_put(struct ctl_msg *m, const char *key, const char *fmt, ...)
    PRINTF_LIKE(3, 4);
/* Copy a field's value into buf; false if there is none or it is too long. */
bool ctl_get(const struct ctl_msg *m, const char *key, char *buf, size_t size);
bool ctl_get_u64(const struct ctl_msg *m, const char *key, uint64_t *v);
/* Next field from *pos (start with 0); false at the end. */
bool ctl_next(const struct ctl_msg *m, size_t *pos, char *key, size_t ksize,
    char *val, size_t vsize);
/* Non-blocking fds give -EAGAIN; a closed peer -EPIPE; garbage -EPROTO. */
MUST_USE int ctl_send(int sock, const struct ctl_msg *m);
MUST_USE int ctl_recv(int sock, struct ctl_msg *m);
/* struct err <-> code/message/hint fields. */
void ctl_put_err(struct ctl_msg *m, const struct err *e);
void ctl_get_err(const struct ctl_msg *m, struct err *e);

#endif
