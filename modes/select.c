/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The mode choice.  First each mode is asked whether it can be, and if not,
 * why; then the request is held against the answers.  auto prefers pv where
 * the guest speaks VMI and no hardware assist is there, then hvm on hardware
 * KVM, then bt.
 */
#include "modes/select.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

struct verdict {
	bool usable;
	char why[160];		/* why not; or what speaks for it */
};

static void PRINTF_LIKE(3, 4)
say(struct verdict *v, bool usable, const char *fmt, ...)
{
	va_list ap;

	v->usable = usable;
	va_start(ap, fmt);
	vsnprintf(v->why, sizeof(v->why), fmt, ap);
	va_end(ap);
}

static void
judge_hvm(const struct host_caps *host, struct verdict *v)
{
	static const char *const why[KVM_STATE_COUNT] = {
		[KVM_UNKNOWN] = "/dev/kvm has not been probed",
		[KVM_ABSENT] = "there is no /dev/kvm on this host",
		[KVM_DENIED] = "/dev/kvm may not be opened by this user",
		[KVM_NO_DEVICE] = "/dev/kvm has no hardware under it",
		[KVM_BROKEN] = "/dev/kvm does not work",
	};

	if (!host->hvm_built)
		say(v, false, "hvm is not built yet in this version");
	else if (host->kvm == KVM_HARDWARE)
		say(v, true, "/dev/kvm runs on the hardware's assist");
	else if (host->kvm == KVM_EMULATED)
		say(v, true, "/dev/kvm is a software emulation of %u million "
		    "instructions/s", host->emulated_mips);
	else if (host->kvm == KVM_BROKEN && host->kvm_why[0])
		say(v, false, "/dev/kvm does not work: %s", host->kvm_why);
	else
		say(v, false, "%s", why[host->kvm]);
}

static void
judge_pv(const struct host_caps *host, const struct guest_caps *guest,
    struct verdict *v)
{
	if (!host->pv_built)
		say(v, false, "pv is not built yet in this version");
	else if (!guest->vmi)
		say(v, false, "the guest's kernel does not speak VMI");
	else
		say(v, true, "the guest's kernel speaks VMI");
}

static void PRINTF_LIKE(2, 3)
reason(struct mode_choice *out, const char *fmt, ...)
{
	va_list ap;

	BUG_ON(out->n_reasons == MODE_MAX_REASONS);
	va_start(ap, fmt);
	vsnprintf(out->reasons[out->n_reasons++], sizeof(out->reasons[0]),
	    fmt, ap);
	va_end(ap);
}

static int
refuse(const struct mode_request *r, const struct verdict *v, struct err *e)
{
	err_set(e, ERR_CONFIG_UNSUPPORTED, "mode %s, asked for by %s, cannot "
	    "be: %s", vm_mode_name(r->mode), r->origin, v->why);
	err_hint(e, "use --mode bt or type='trivisor'");
	return -EINVAL;
}

static void
choose_auto(const struct host_caps *host, const struct verdict *hvm,
    const struct verdict *pv, struct mode_choice *out)
{
	bool hardware = hvm->usable && host->kvm == KVM_HARDWARE;

	if (pv->usable && !hardware) {
		out->mode = VM_MODE_PV;
		reason(out, "%s", pv->why);
		reason(out, "no hardware assist: %s", hvm->why);
	} else if (hardware) {
		out->mode = VM_MODE_HVM;
		reason(out, "%s", hvm->why);
	} else {
		out->mode = VM_MODE_BT;
		reason(out, "not hvm: %s", hvm->why);
		reason(out, "not pv: %s", pv->why);
		reason(out, "bt runs everywhere");
	}
}

int
mode_select(const struct host_caps *host, const struct guest_caps *guest,
    const struct mode_request *request, struct mode_choice *out, struct err *e)
{
	struct verdict v[VM_MODE_PV + 1] = {
		[VM_MODE_BT] = { .usable = true },
	};
	const struct verdict *asked = &v[request->mode];

	judge_hvm(host, &v[VM_MODE_HVM]);
	judge_pv(host, guest, &v[VM_MODE_PV]);
	out->n_reasons = 0;
	if (request->mode == VM_MODE_AUTO) {
		reason(out, "%s leaves the choice to Trivisor",
		    request->origin);
	} else if (asked->usable) {
		out->mode = request->mode;
		reason(out, "asked for by %s", request->origin);
		if (asked->why[0])
			reason(out, "%s", asked->why);
		return 0;
	} else if (request->required) {
		return refuse(request, asked, e);
	} else {
		reason(out, "%s prefers %s, which cannot be",
		    request->origin, vm_mode_name(request->mode));
	}
	choose_auto(host, &v[VM_MODE_HVM], &v[VM_MODE_PV], out);
	return 0;
}
