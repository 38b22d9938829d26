/* SPDX-License-Identifier: Apache-2.0 */
/* Layers, what is known about them, and the emptying of a root. */
#include "base/sandbox.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <linux/capability.h>
#include <linux/securebits.h>

static const char *const names[SANDBOX_LAYERS] = {
	[SANDBOX_USER_NS] = "user_ns", [SANDBOX_PID_NS] = "pid_ns",
	[SANDBOX_MOUNT_NS] = "mount_ns", [SANDBOX_NET_NS] = "net_ns",
	[SANDBOX_IPC_NS] = "ipc_ns", [SANDBOX_UTS_NS] = "uts_ns",
	[SANDBOX_ROOT] = "root", [SANDBOX_NO_NEW_PRIVS] = "no_new_privs",
	[SANDBOX_CAPABILITIES] = "capabilities",
	[SANDBOX_LANDLOCK] = "landlock", [SANDBOX_RLIMITS] = "rlimits",
	[SANDBOX_SECCOMP] = "seccomp", [SANDBOX_CGROUP] = "cgroup",
	[SANDBOX_UID] = "uid",
};

/* What host_without may take from a sandbox. */
static const char *const words[] = {
	"userns", "pidns", "mountns", "netns", "ipcns", "utsns", "root",
	"landlock", "seccomp", "cgroup", "pidfd", "clone3", "close_range",
};

const char *
sandbox_layer_name(enum sandbox_layer l)
{
	return names[l];
}

bool
sandbox_layer_parse(const char *name, size_t len, enum sandbox_layer *l)
{
	for (unsigned i = 0; i < SANDBOX_LAYERS; i++) {
		if (strlen(names[i]) == len && !memcmp(names[i], name, len)) {
			*l = (enum sandbox_layer)i;
			return true;
		}
	}
	return false;
}

void
sandbox_on(struct sandbox_state *s, enum sandbox_layer l)
{
	memcpy(s->text[l], "on", sizeof("on"));
}

void
sandbox_off(struct sandbox_state *s, enum sandbox_layer l, const char *fmt, ...)
{
	char why[SANDBOX_STATE_MAX - 5];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(why, sizeof(why), fmt, ap);
	va_end(ap);
	/* It separates layers. */
	for (char *p = why; *p; p++)
		if (*p == '|' || *p == '\n')
			*p = ' ';
	snprintf(s->text[l], sizeof(s->text[l]), "off: %s", why);
}

bool
sandbox_is_on(const struct sandbox_state *s, enum sandbox_layer l)
{
	return !strncmp(s->text[l], "on", 2);
}

bool
sandbox_put(const struct sandbox_state *s, char *text, size_t size)
{
	size_t len = 0;

	text[0] = '\0';
	for (unsigned i = 0; i < SANDBOX_LAYERS; i++) {
		int n;

		if (!s->text[i][0])
			continue;
		n = snprintf(text + len, size - len, "%s%s=%s",
		    len ? "|" : "", names[i], s->text[i]);
		if (n < 0 || (size_t)n >= size - len)
			return false;
		len += (size_t)n;
	}
	return true;
}

void
sandbox_take(struct sandbox_state *s, const char *text)
{
	while (*text) {
		size_t len = strcspn(text, "|"), key = strcspn(text, "=|");
		enum sandbox_layer l;

		if (key < len && sandbox_layer_parse(text, key, &l))
			snprintf(s->text[l], sizeof(s->text[l]), "%.*s",
			    (int)MIN(len - key - 1, SANDBOX_STATE_MAX - 1),
			    text + key + 1);
		text += len;
		text += *text == '|';
	}
}

bool
sandbox_without(const char *list, const char *word)
{
	size_t n = strlen(word);

	for (; *list; list += strcspn(list, ","), list += *list == ',')
		if (strcspn(list, ",") == n && !strncmp(list, word, n))
			return true;
	return false;
}

bool
sandbox_word(const char *word, size_t len)
{
	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (strlen(words[i]) == len && !memcmp(words[i], word, len))
			return true;
	return false;
}

void
sandbox_drop_capabilities(void)
{
	struct __user_cap_header_struct h = {
		.version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct none[2] = { 0 };

	/* Without CAP_SETPCAP the bounding set stays; exec is closed anyway. */
	for (int cap = 0; cap <= 63; cap++)
		(void)prctl(PR_CAPBSET_DROP, cap, 0, 0, 0);
	/* User 0 is nobody special any more. */
	(void)prctl(PR_SET_SECUREBITS, SECBIT_NOROOT | SECBIT_NOROOT_LOCKED |
	    SECBIT_NO_SETUID_FIXUP | SECBIT_NO_SETUID_FIXUP_LOCKED |
	    SECBIT_NO_CAP_AMBIENT_RAISE | SECBIT_NO_CAP_AMBIENT_RAISE_LOCKED,
	    0, 0, 0);
	(void)prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
	(void)syscall(SYS_capset, &h, none);
}

/* Where the root cannot be pivoted (a ramfs): over it, and into it. */
static int
move_over_root(void)
{
	if (!mount(".", "/", NULL, MS_MOVE, NULL) && !chroot("."))
		return 0;
	return chroot(".") ? -errno : 0;
}

int
sandbox_empty_root(int fd)
{
	int rc = 0;

	if (fchdir(fd))
		rc = -errno;
	/* The old root ends up on top of the new one, and is taken off. */
	else if (!syscall(SYS_pivot_root, ".", "."))
		rc = umount2(".", MNT_DETACH) ? -errno : 0;
	else
		rc = move_over_root();
	if (!rc && chdir("/"))
		rc = -errno;
	close(fd);
	sandbox_drop_capabilities();
	return rc;
}
