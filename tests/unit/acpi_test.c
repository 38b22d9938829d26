/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The ACPI tables as an operating system finds them, and iasl's opinion of
 * them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "monitor/boot/acpi.h"
#include "monitor/boot/mptable.h"

struct fix {
	struct memmap map;
	struct gmem mem;
};

/* With a gap, as topologies have them. */
static const uint8_t apic_ids[] = { 0, 1, 4 };

static int
setup(void **state)
{
	struct fix *f = calloc(1, sizeof(*f));
	struct acpi_config cfg = { .vcpus = 3, .serials = 2, .ioapic_id = 3,
	    .apic_ids = apic_ids };

	memmap_init(&f->map, UINT64_C(64) << 20);
	assert_int_equal(gmem_init(&f->mem, NULL), 0);
	assert_int_equal(memmap_populate(&f->map, &f->mem, NULL), 0);
	acpi_write_tables(&f->mem, &cfg);
	*state = f;
	return 0;
}

static int
teardown(void **state)
{
	struct fix *f = *state;

	gmem_fini(&f->mem);
	free(f);
	return 0;
}

static uint64_t
get(struct fix *f, gpa_t at, unsigned n)
{
	uint64_t v = 0;

	assert_int_equal(gmem_read(&f->mem, at, &v, n), 0);
	return v;
}

static uint8_t
sum(struct fix *f, gpa_t at, uint64_t len)
{
	uint8_t s = 0;

	for (uint64_t i = 0; i < len; i++)
		s = (uint8_t)(s + get(f, at + i, 1));
	return s;
}

/* As ACPI 6.4, 5.2.5.1 says: on 16-byte boundaries of 0xE0000..0xFFFFF. */
static gpa_t
find_rsdp(struct fix *f)
{
	for (gpa_t at = 0xe0000; at < 0x100000; at += 16)
		if (get(f, at, 8) == 0x2052545020445352)
			return at;
	fail_msg("no RSDP");
	return 0;
}

/* The table with this signature that root (entry bytes wide) lists. */
static gpa_t
find_table(struct fix *f, gpa_t root, unsigned entry, const char *signature)
{
	uint64_t len = get(f, root + 4, 4);
	uint32_t want;

	memcpy(&want, signature, 4);
	for (gpa_t at = root + 36; at < root + len; at += entry) {
		gpa_t t = get(f, at, entry);

		assert_int_equal(sum(f, t, get(f, t + 4, 4)), 0);
		if (get(f, t, 4) == want)
			return t;
	}
	fail_msg("no %s", signature);
	return 0;
}

static void
rsdp_leads_to_the_same_tables_by_both_roots(void **state)
{
	struct fix *f = *state;
	gpa_t rsdp = find_rsdp(f);
	gpa_t rsdt = get(f, rsdp + 16, 4);
	gpa_t xsdt = get(f, rsdp + 24, 8);

	assert_int_equal(rsdp, ACPI_RSDP);
	assert_int_equal(sum(f, rsdp, 20), 0);
	assert_int_equal(sum(f, rsdp, 36), 0);
	assert_int_equal(sum(f, rsdt, get(f, rsdt + 4, 4)), 0);
	assert_int_equal(sum(f, xsdt, get(f, xsdt + 4, 4)), 0);
	assert_int_equal(find_table(f, rsdt, 4, "FACP"),
	    find_table(f, xsdt, 8, "FACP"));
	assert_int_equal(find_table(f, rsdt, 4, "APIC"),
	    find_table(f, xsdt, 8, "APIC"));
}

static void
fadt_describes_the_chips(void **state)
{
	struct fix *f = *state;
	gpa_t fadt = find_table(f, get(f, ACPI_RSDP + 24, 8), 8, "FACP");
	gpa_t facs = get(f, fadt + 36, 4);

	assert_int_equal(get(f, fadt + 46, 2), 9);
	assert_int_equal(get(f, fadt + 48, 4), 0);	/* SMI_CMD */
	assert_int_equal(get(f, fadt + 56, 4), PM1_EVT_PORT);
	assert_int_equal(get(f, fadt + 64, 4), PM1_CNT_PORT);
	assert_int_equal(get(f, fadt + 76, 4), PM_TMR_PORT);
	/* Reset by port 0xcf9, value 6; the button is a fixed one. */
	assert_int_equal(get(f, fadt + 112, 4) & 0x410, 0x400);
	assert_int_equal(get(f, fadt + 116, 1), 1);
	assert_int_equal(get(f, fadt + 120, 8), 0xcf9);
	assert_int_equal(get(f, fadt + 128, 1), 6);
	/* The FACS is aligned, and in memory that can be written. */
	assert_int_equal(facs & 63, 0);
	assert_int_equal(get(f, facs, 4), 0x53434146);
	assert_int_equal(gmem_write(&f->mem, facs + 16, "lock", 4), 0);
}

static void
madt_lists_processors_ioapic_and_overrides(void **state)
{
	struct fix *f = *state;
	gpa_t madt = find_table(f, get(f, ACPI_RSDP + 24, 8), 8, "APIC");
	gpa_t end = madt + get(f, madt + 4, 4);
	unsigned count[8] = { 0 };

	assert_int_equal(get(f, madt + 36, 4), 0xfee00000);
	for (gpa_t at = madt + 44; at < end; at += get(f, at + 1, 1)) {
		uint8_t type = (uint8_t)get(f, at, 1);

		assert_true(type < 8 && get(f, at + 1, 1) >= 6);
		if (type == 0)
			assert_int_equal(get(f, at + 3, 1),
			    apic_ids[count[0]]);
		if (type == 1)
			assert_int_equal(get(f, at + 4, 4), 0xfec00000);
		/* IRQ 0 is on pin 2; IRQ 9 is level, active high. */
		if (type == 2 && get(f, at + 3, 1) == 0)
			assert_int_equal(get(f, at + 4, 4), 2);
		if (type == 2 && get(f, at + 3, 1) == 9)
			assert_int_equal(get(f, at + 8, 2), 0x0d);
		count[type]++;
	}
	assert_int_equal(count[0], 3);
	assert_int_equal(count[1], 1);
	assert_int_equal(count[2], 2);
	assert_int_equal(count[4], 1);
}

static void
save(struct fix *f, gpa_t at, const char *path)
{
	uint32_t len = (uint32_t)get(f, at + 4, 4);
	uint8_t *buf = malloc(len);
	FILE *out = fopen(path, "wb");

	assert_non_null(out);
	assert_int_equal(gmem_read(&f->mem, at, buf, len), 0);
	assert_int_equal(fwrite(buf, 1, len, out), len);
	fclose(out);
	free(buf);
}

/* Run iasl -d on name.dat; its text must contain every one of the words. */
static void
disassembles(const char *name, const char *const *words)
{
	char path[64];
	char text[65536];
	size_t n;
	int status;
	FILE *in;
	pid_t pid = fork();

	snprintf(path, sizeof(path), "%s.dat", name);
	if (pid == 0) {
		if (!freopen("/dev/null", "w", stdout) ||
		    !freopen("/dev/null", "w", stderr))
			_exit(1);
		execl(IASL, "iasl", "-d", path, (char *)NULL);
		_exit(127);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	unlink(path);
	snprintf(path, sizeof(path), "%s.dsl", name);
	in = fopen(path, "r");
	assert_non_null(in);
	n = fread(text, 1, sizeof(text) - 1, in);
	text[n] = '\0';
	fclose(in);
	unlink(path);
	for (; *words; words++)
		if (!strstr(text, *words))
			fail_msg("%s: no \"%s\"", name, *words);
	assert_null(strstr(text, "Incorrect checksum"));
	assert_null(strstr(text, "**** Unknown"));
}

static void
iasl_understands_every_table(void **state)
{
	static const char *const dsdt[] = { "PNP0A03", "_PRT", "PNP0501",
	    "Name (NCPU, 0x03)", "Name (NSER, 0x02)", "Name (_S5", NULL };
	static const char *const fadt[] = { "SCI Interrupt : 0009",
	    "Reset Register", "0000000000000CF9", NULL };
	static const char *const madt[] = { "Local Apic Address : FEE00000",
	    "I/O Apic", "Interrupt Source Override", NULL };
	struct fix *f = *state;
	gpa_t xsdt = get(f, ACPI_RSDP + 24, 8);
	gpa_t facp = find_table(f, xsdt, 8, "FACP");
	char dir[] = "/tmp/acpi_test.XXXXXX";

	assert_non_null(mkdtemp(dir));
	assert_int_equal(chdir(dir), 0);
	assert_int_equal(sum(f, get(f, facp + 40, 4),
	    get(f, get(f, facp + 40, 4) + 4, 4)), 0);
	save(f, get(f, facp + 40, 4), "dsdt.dat");
	disassembles("dsdt", dsdt);
	save(f, facp, "facp.dat");
	disassembles("facp", fadt);
	save(f, find_table(f, xsdt, 8, "APIC"), "apic.dat");
	disassembles("apic", madt);
	assert_int_equal(chdir("/"), 0);
	assert_int_equal(rmdir(dir), 0);
}

/* --- the MP tables --- */

/* MP 1.4 chapter 4: on 16-byte boundaries of the BIOS ROM. */
static gpa_t
find_mp(struct fix *f)
{
	for (gpa_t at = 0xf0000; at < 0x100000; at += 16)
		if (get(f, at, 4) == 0x5f504d5f)
			return at;
	fail_msg("no MP floating pointer");
	return 0;
}

static void
mp_tables_list_what_the_madt_lists(void **state)
{
	uint8_t ids[16];
	struct mptable_config cfg = { .vcpus = 16, .ioapic_id = 0,
	    .apic_ids = ids, .signature = 0xb20f21, .features = 0x178bfbff };
	unsigned kinds[5] = { 0 }, pci = 0, isa = 0;
	struct fix *f = *state;
	gpa_t mp, t, at, end;

	for (unsigned i = 0; i < 16; i++)
		ids[i] = (uint8_t)(2 * i);
	mptable_write(&f->mem, &cfg);
	mp = find_mp(f);
	assert_int_equal(get(f, mp + 8, 2), 0x401);
	assert_int_equal(sum(f, mp, 16), 0);
	/* No default configuration: there is a table. */
	assert_int_equal(get(f, mp + 11, 1), 0);
	t = get(f, mp + 4, 4);
	assert_int_equal(get(f, t, 4), 0x504d4350);
	end = t + get(f, t + 4, 2);
	assert_int_equal(sum(f, t, end - t), 0);
	assert_int_equal(get(f, t + 36, 4), 0xfee00000);
	for (at = t + 44; at < end; at += get(f, at, 1) ? 8 : 20) {
		uint64_t type = get(f, at, 1);

		assert_in_range(type, 0, 4);
		if (type == 0) {
			assert_int_equal(get(f, at + 1, 1), 2 * kinds[0]);
			assert_int_equal(get(f, at + 3, 1), kinds[0] ? 1 : 3);
			assert_int_equal(get(f, at + 4, 8),
			    UINT64_C(0x178bfbff00b20f21));
		} else if (type == 2) {
			assert_int_equal(get(f, at + 4, 4), 0xfec00000);
		} else if (type == 3 && get(f, at + 4, 1) == 0) {
			unsigned source = (unsigned)get(f, at + 5, 1);

			pci++;
			assert_int_equal(get(f, at + 7, 1),
			    16 + ((source >> 2) + (source & 3)) % 8);
		} else if (type == 3) {
			unsigned irq = (unsigned)get(f, at + 5, 1);

			isa |= 1u << irq;
			assert_int_equal(get(f, at + 7, 1), irq ? irq : 2);
		}
		kinds[type]++;
	}
	assert_int_equal(at, end);
	assert_int_equal(kinds[0], 16);
	assert_int_equal(kinds[1], 2);
	assert_int_equal(kinds[2], 1);
	assert_int_equal(pci, 128);
	assert_int_equal(isa, 0xfffb);
	assert_int_equal(kinds[4], 2);
	assert_int_equal(get(f, t + 34, 2),
	    kinds[0] + kinds[1] + kinds[2] + kinds[3] + kinds[4]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
		T(rsdp_leads_to_the_same_tables_by_both_roots),
		T(fadt_describes_the_chips),
		T(madt_lists_processors_ioapic_and_overrides),
		T(iasl_understands_every_table),
		T(mp_tables_list_what_the_madt_lists),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
