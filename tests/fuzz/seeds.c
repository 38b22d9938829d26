/* SPDX-License-Identifier: Apache-2.0 */
/*
 * seeds DIR: kernel images and set-up packets for the fuzzers to begin with,
 * made by the code that makes them for the unit tests and for real.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/unit/boot_images.h"
#include "vm/config.h"
#include "vm/control.h"

static void
write_seed(const char *dir, const char *target, const char *name,
    const void *data, size_t size)
{
	char path[4096];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s/%s", dir, target, name);
	f = fopen(path, "w");
	if (!f || fwrite(data, 1, size, f) != size || fclose(f)) {
		perror(path);
		exit(1);
	}
}

static void
kernels(const char *dir)
{
	static struct img img;

	img_bzimage(&img);
	write_seed(dir, "kernel", "bzimage", img.data, img.size);
	img_elf64(&img, 1);
	write_seed(dir, "kernel", "pvh", img.data, img.size);
	img_multiboot_elf(&img, 3);
	write_seed(dir, "kernel", "multiboot-elf", img.data, img.size);
	img_multiboot_flat(&img);
	write_seed(dir, "kernel", "multiboot-flat", img.data, img.size);
}

static void
packets(const char *dir)
{
	uint8_t packet[CTL_MAX + 64];
	struct vm_config c;
	struct ctl_msg m;
	int sock[2];
	ssize_t n;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET, 0, sock))
		exit(1);
	vm_config_init(&c);
	snprintf(c.name, sizeof(c.name), "demo");
	vm_uuid_new(c.uuid);
	c.mode = VM_MODE_BT;
	if (vm_config_send(sock[0], &c, NULL))
		exit(1);
	n = recv(sock[1], packet + 1, sizeof(packet) - 1, 0);
	packet[0] = 5;
	write_seed(dir, "control", "config", packet, (size_t)n + 1);
	ctl_msg_init(&m, CTL_DISASM, 7);
	if (ctl_put(&m, "pc", "0x%x", 0x1000) || ctl_put(&m, "count", "3") ||
	    ctl_put(&m, "note", "a%%b\nc") || ctl_send(sock[0], &m))
		exit(1);
	n = recv(sock[1], packet + 1, sizeof(packet) - 1, 0);
	packet[0] = 1;
	write_seed(dir, "control", "message", packet, (size_t)n + 1);
	close(sock[0]);
	close(sock[1]);
}

int
main(int argc, char **argv)
{
	if (argc != 2)
		return 2;
	kernels(argv[1]);
	packets(argv[1]);
	return 0;
}
