/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Telling a service manager how we are: sd_notify(3)'s protocol, one datagram
 * to the socket that NOTIFY_SOCKET names.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/log.h"
#include "daemon/daemon.h"

void
notify_manager(const char *text)
{
	const char *path = getenv("NOTIFY_SOCKET");
	struct sockaddr_un sa = { .sun_family = AF_UNIX };
	size_t n = path ? strlen(path) : 0;
	int s;

	if (!n || n >= sizeof(sa.sun_path) ||
	    (path[0] != '/' && path[0] != '@'))
		return;
	memcpy(sa.sun_path, path, n);
	/* An abstract one. */
	if (sa.sun_path[0] == '@')
		sa.sun_path[0] = '\0';
	s = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (s < 0 || sendto(s, text, strlen(text), MSG_NOSIGNAL,
	    (struct sockaddr *)&sa,
	    (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n)) < 0)
		log_line(LOG_WARN, "daemon: what=notify errno=%d", errno);
	if (s >= 0)
		close(s);
}
