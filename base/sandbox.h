/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What surrounds a monitor, layer by layer, and what is known about each.
 *
 * The spawner makes the first ones while it clones (namespaces, user, cgroup)
 * and sends what it found in vm_config.sandbox; the monitor empties its root,
 * adds its own ones and tells all of them as "seal.LAYER=state" to whoever
 * asks.  A layer that cannot be had is never dropped in silence.
 */
#ifndef TRIVISOR_BASE_SANDBOX_H
#define TRIVISOR_BASE_SANDBOX_H

#include "base/base.h"
#include "base/err.h"

#define SANDBOX_STATE_MAX 96
/* Of sandbox_put(), with the spawner's layers only. */
#define SANDBOX_TEXT_MAX 1024

enum sandbox_layer {
	SANDBOX_USER_NS, SANDBOX_PID_NS, SANDBOX_MOUNT_NS, SANDBOX_NET_NS,
	SANDBOX_IPC_NS, SANDBOX_UTS_NS, SANDBOX_ROOT, SANDBOX_NO_NEW_PRIVS,
	SANDBOX_CAPABILITIES, SANDBOX_LANDLOCK, SANDBOX_RLIMITS,
	SANDBOX_SECCOMP, SANDBOX_CGROUP, SANDBOX_UID, SANDBOX_LAYERS
};

struct sandbox_state {
	/* "on", "off: why", "" when nobody has looked yet. */
	char text[SANDBOX_LAYERS][SANDBOX_STATE_MAX];
};

/* "user_ns" for SANDBOX_USER_NS. */
const char *sandbox_layer_name(enum sandbox_layer l);
bool sandbox_layer_parse(const char *name, size_t len, enum sandbox_layer *l);
void sandbox_on(struct sandbox_state *s, enum sandbox_layer l);
void sandbox_off(struct sandbox_state *s, enum sandbox_layer l,
    const char *fmt, ...) PRINTF_LIKE(3, 4);
bool sandbox_is_on(const struct sandbox_state *s, enum sandbox_layer l);

/*
 * All layers that somebody looked at as one line "user_ns=on|root=off: why",
 * and back again.  put gives false when it does not fit; take leaves layers
 * that the text does not name as they are and skips what it does not know.
 */
bool sandbox_put(const struct sandbox_state *s, char *text, size_t size);
void sandbox_take(struct sandbox_state *s, const char *text);

/* Is word in the comma-separated list (host_without)? */
bool sandbox_without(const char *list, const char *word);
/*
 * Is word the name of something that only a sandbox uses: "userns", "pidns",
 * "landlock", "pidfd", ...?  Such words in host_without mean no CPU feature.
 */
bool sandbox_word(const char *word, size_t len);

/*
 * Make fd, a directory, the root, detach everything else and drop every
 * capability.  For a process that is single threaded and was given
 * CAP_SYS_ADMIN in its mount namespace or, as a second best, CAP_SYS_CHROOT.
 * Closes fd.  0 or negative errno.
 */
MUST_USE int sandbox_empty_root(int fd);
/* Give up every capability, for good as far as exec goes. */
void sandbox_drop_capabilities(void);

#endif
