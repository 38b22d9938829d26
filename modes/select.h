/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which mode a domain runs in: a pure function of what the host can do, what
 * the guest is, and what was asked for.  No mode is ever chosen silently; the
 * reasons come with the choice.  Linked by the daemon: base/ and vm/ only.
 */
#ifndef TRIVISOR_MODES_SELECT_H
#define TRIVISOR_MODES_SELECT_H

#include "base/base.h"
#include "base/err.h"
#include "vm/config.h"

#define MODE_MAX_REASONS 8

/* What /dev/kvm turned out to be. */
enum kvm_state {
	KVM_UNKNOWN,		/* not looked at, or not probed yet */
	KVM_ABSENT,		/* ENOENT */
	KVM_DENIED,		/* EACCES, EPERM */
	KVM_NO_DEVICE,		/* ENODEV: no such hardware under it */
	KVM_HARDWARE,		/* the probe VM ran on VT-x or SVM */
	KVM_EMULATED,		/* it ran, at emulated_mips */
	KVM_BROKEN,		/* it did not run: kvm_why */
	KVM_STATE_COUNT
};

struct host_caps {
	bool hvm_built;		/* this Trivisor has the engine */
	bool pv_built;
	enum kvm_state kvm;
	unsigned emulated_mips;
	char kvm_why[128];
};

enum guest_kind {
	GUEST_UNKNOWN, GUEST_BZIMAGE, GUEST_PVH, GUEST_MULTIBOOT,
	GUEST_FIRMWARE
};

struct guest_caps {
	enum guest_kind kind;
	bool vmi;		/* speaks VMI 3.0 */
};

struct mode_request {
	enum vm_mode mode;	/* AUTO leaves the choice to us */
	bool required;		/* fail where it cannot be; else prefer it */
	const char *origin;	/* "type='kvm'", "--mode"; borrowed */
};

struct mode_choice {
	enum vm_mode mode;	/* never AUTO */
	unsigned n_reasons;
	char reasons[MODE_MAX_REASONS][160];
};

/*
 * -EINVAL with ERR_CONFIG_UNSUPPORTED and a way out when a required mode
 * cannot be.  Any thread.
 */
MUST_USE int mode_select(const struct host_caps *host,
    const struct guest_caps *guest, const struct mode_request *request,
    struct mode_choice *out, struct err *e);

#endif
