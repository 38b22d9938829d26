/* SPDX-License-Identifier: Apache-2.0 */
/* Which layers of a sandbox must be there, and what to do about those not. */
#include "daemon/policy.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"

static const char *const names[] = {
	[POLICY_BEST_EFFORT] = "best-effort", [POLICY_REQUIRE] = "require",
	[POLICY_OFF] = "off",
};

static const char namespaces[] = "in a container, allow it to make user "
    "namespaces; else look at the sysctls user.max_user_namespaces and "
    "kernel.apparmor_restrict_unprivileged_userns; or start trivisord with "
    "--sandbox best-effort";
static const char kernel[] = "a newer kernel, or one with this built in, has "
    "it; or start trivisord with --sandbox best-effort";

/* A cgroup is wanted for limits only, which are refused where it is not. */
static const char *const remedies[SANDBOX_LAYERS] = {
	[SANDBOX_USER_NS] = namespaces, [SANDBOX_PID_NS] = namespaces,
	[SANDBOX_MOUNT_NS] = namespaces, [SANDBOX_NET_NS] = namespaces,
	[SANDBOX_IPC_NS] = namespaces, [SANDBOX_UTS_NS] = namespaces,
	[SANDBOX_ROOT] = namespaces, [SANDBOX_NO_NEW_PRIVS] = kernel,
	[SANDBOX_CAPABILITIES] = namespaces, [SANDBOX_LANDLOCK] = kernel,
	[SANDBOX_RLIMITS] = kernel, [SANDBOX_SECCOMP] = kernel,
	[SANDBOX_UID] = "make the system user trivisor-vm (systemd-sysusers "
	    "does, with our sysusers.d file)",
};

bool
policy_parse(const char *text, enum sandbox_policy *p)
{
	for (unsigned i = 0; i < ARRAY_LEN(names); i++) {
		if (!strcmp(names[i], text)) {
			*p = (enum sandbox_policy)i;
			return true;
		}
	}
	return false;
}

void
policy_without(enum sandbox_policy p, const char *host_without, char *list,
    size_t size)
{
	snprintf(list, size, "%s%s%s", host_without,
	    *host_without && p == POLICY_OFF ? "," : "", p == POLICY_OFF ?
	    "userns,pidns,mountns,netns,ipcns,utsns,root,landlock" : "");
}

int
policy_check(enum sandbox_policy p, const struct sandbox_state *seal,
    bool as_root, struct err *e)
{
	for (unsigned i = 0; i < SANDBOX_LAYERS; i++) {
		if (p != POLICY_REQUIRE || !remedies[i] || !seal->text[i][0] ||
		    sandbox_is_on(seal, i) || (i == SANDBOX_UID && !as_root))
			continue;
		err_set(e, ERR_OPERATION_FAILED, "sandbox: %s is %s, and "
		    "--sandbox require says that all of it must be there",
		    sandbox_layer_name(i), seal->text[i]);
		err_hint(e, "%s", remedies[i]);
		return -EPERM;
	}
	return 0;
}

void
policy_log(const char *vm, const struct sandbox_state *seal)
{
	for (unsigned i = 0; i < SANDBOX_LAYERS; i++)
		if (seal->text[i][0] && !sandbox_is_on(seal, i))
			log_line(LOG_WARN, "sandbox: vm=%s layer=%s "
			    "state=\"%s\"", vm, sandbox_layer_name(i),
			    seal->text[i]);
}
