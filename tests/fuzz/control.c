/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The packets between daemon and monitor, both kinds: control messages, and
 * the set-up packet with a VM's configuration.  What is accepted is sent on
 * and received as the same.
 */
#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "vm/config.h"
#include "vm/control.h"
#include "tests/fuzz/fuzz.h"

static void
pair(int sock[2])
{
	MUST(!socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC |
	    SOCK_NONBLOCK, 0, sock));
}

static void
unpair(int sock[2])
{
	close(sock[0]);
	close(sock[1]);
}

static void
check_fields(const struct ctl_msg *m)
{
	char key[64], value[CTL_MAX], got[CTL_MAX];
	struct err e = { 0 };
	size_t pos = 0, before = 0;
	uint64_t v;

	while (ctl_next(m, &pos, key, sizeof(key), value, sizeof(value))) {
		MUST(pos > before && pos <= m->len);
		before = pos;
		MUST(strlen(key) < sizeof(key));
		MUST(strlen(value) < sizeof(value));
		(void)ctl_get(m, key, got, sizeof(got));
		(void)ctl_get_u64(m, key, &v);
	}
	ctl_get_err(m, &e);
	MUST(memchr(e.msg, '\0', sizeof(e.msg)) != NULL);
	MUST(memchr(e.hint, '\0', sizeof(e.hint)) != NULL);
}

static void
try_message(const uint8_t *data, size_t size)
{
	static struct ctl_msg m, again;
	int sock[2];

	pair(sock);
	if (send(sock[0], data, size, 0) == (ssize_t)size &&
	    !ctl_recv(sock[1], &m)) {
		MUST(m.fd == -1);
		MUST(m.len < CTL_MAX && !m.body[m.len]);
		check_fields(&m);
		MUST(!ctl_send(sock[1], &m));
		MUST(!ctl_recv(sock[0], &again));
		MUST(again.len == m.len && again.h.id == m.h.id);
		MUST(!memcmp(again.body, m.body, m.len));
	}
	unpair(sock);
}

static void
try_config(const uint8_t *data, size_t size)
{
	static struct vm_config c, again;
	struct err e = { 0 };
	int sock[2];

	pair(sock);
	if (send(sock[0], data, size, 0) != (ssize_t)size) {
		unpair(sock);
		return;
	}
	if (vm_config_recv(sock[1], &c, &e)) {
		MUST_EXPLAIN(&e);
	} else {
		MUST(!vm_config_check(&c, &e));
		MUST(!vm_config_send(sock[1], &c, &e));
		MUST(!vm_config_recv(sock[0], &again, &e));
		MUST(!strcmp(c.name, again.name));
		MUST(!strcmp(c.cmdline, again.cmdline));
		MUST(c.memory == again.memory && c.vcpus == again.vcpus);
		vm_config_fini(&again);
		vm_config_fini(&c);
	}
	unpair(sock);
}

/* The first byte chooses; the header's magic is put right for most. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t packet[CTL_MAX + 64];
	struct ctl_header h;
	uint8_t choice;

	if (size < 1 + sizeof(h) || size > sizeof(packet))
		return 0;
	choice = *data++;
	size--;
	memcpy(packet, data, size);
	memcpy(&h, packet, sizeof(h));
	if (choice & 3)
		h.magic = CTL_MAGIC;
	if ((choice & 4) && (choice & 3))
		h.type = CTL_CONFIG;
	memcpy(packet, &h, sizeof(h));
	if (choice & 4)
		try_config(packet, size);
	else
		try_message(packet, size);
	return 0;
}
