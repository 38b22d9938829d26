/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Compares the decoder with Capstone over the text sections of ELF files,
 * from one instruction of ours to the next: length and mnemonic.
 *
 *	decoder-capstone [-v] FILE...
 *
 * Capstone 4.0.2 (2020) does not know all that today's libraries contain and
 * misreads some of what it knows; errors[] lists what is its mistake and why.
 * Any other difference is a failure.
 */
#include "tests/decoder/decoder.h"

#include <capstone/capstone.h>
#include <elf.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

void bug_at(const char *file, int line, const char *what);

_Noreturn void
bug_at(const char *file, int line, const char *what)
{
	fprintf(stderr, "%s:%d: %s\n", file, line, what);
	abort();
}

/*
 * Mnemonics of ours, whole or by their beginning ('*'), and what Capstone
 * makes of them: nothing, or another instruction.
 */
static struct {
	const char *ours;
	const char *theirs;	/* NULL: undecoded */
	const char *why;
	unsigned long n;
} errors[] = {
	{ "v*", NULL, "AVX-512 forms, and VBROADCASTI128 with R8 to R15 as "
	    "base, are unknown to it", 0 },
	{ "k*", NULL, "mask instructions of AVX512BW and AVX512DQ are unknown "
	    "to it", 0 },
	{ "rdpkru", NULL, "newer than it", 0 },
	{ "wrpkru", NULL, "newer than it", 0 },
	{ "serialize", NULL, "newer than it", 0 },
	{ "tpause", NULL, "newer than it", 0 },
	{ "umwait", NULL, "newer than it", 0 },
	{ "umonitor", NULL, "newer than it", 0 },
	{ "rmpadjust", NULL, "newer than it", 0 },
	{ "pvalidate", NULL, "newer than it", 0 },
	{ "monitorx", NULL, "newer than it", 0 },
	{ "mwaitx", NULL, "newer than it", 0 },
	{ "ud0", "ud0", "has a ModRM byte", 0 },
	{ "ud1", "ud2b", "has a ModRM byte", 0 },
	{ "loope", "loopne", "F3 makes it LOOPE on AMD", 0 },
	{ "loopne", "loope", "F2 makes it LOOPNE on AMD", 0 },
	{ "nop", NULL, "0F 19 to 0F 1F are NOPs with registers too", 0 },
	{ "mov", NULL, "REX.R does not matter to segment registers", 0 },
};

static struct {
	bool verbose;
	unsigned long n, equal, none, excused, bad;
} t;

static const struct {
	const char *ours, *theirs;
} alias[] = {
	{ "mov", "movabs" }, { "shl", "sal" }, { "icebp", "int1" },
	{ "fwait", "wait" }, { "call", "lcall" }, { "jmp", "ljmp" },
	{ "iretw", "iret" },
	{ "fneni(8087", "feni8087_nop" }, { "fndisi(8087", "fdisi8087_nop" },
};

static bool
ends_with(const char *s, const char *tail)
{
	size_t n = strlen(s), m = strlen(tail);

	return n >= m && !strcmp(s + n - m, tail);
}

/* "rep movsb", "lock add": what matters is the last word, less a size. */
static bool
same_name(const struct insn *i, const char *theirs)
{
	char ours[64];
	const char *space = strrchr(theirs, ' ');
	size_t n;
	unsigned k;

	if (space)
		theirs = space + 1;
	print_mnemonic(i, ours, sizeof(ours));
	n = strlen(ours);
	if (!strcmp(ours, theirs))
		return true;
	if (!strncmp(ours, theirs, n) && strlen(theirs) == n + 1 &&
	    strchr("bwdq", theirs[n]))
		return true;
	for (k = 0; k < ARRAY_LEN(alias); k++)
		if (!strcmp(ours, alias[k].ours) &&
		    !strcmp(theirs, alias[k].theirs))
			return true;
	/* Comparisons with the predicate in the name: VCMPLTPD, VPCMPEQUB. */
	return strstr(ours, "cmp") && strstr(theirs, "cmp") &&
	    ours[0] == theirs[0] && ends_with(theirs,
		strstr(ours, "cmp") + 3);
}

static bool
excuse(const char *ours, const char *theirs)
{
	unsigned k;

	for (k = 0; k < ARRAY_LEN(errors); k++) {
		size_t n = strlen(errors[k].ours);
		bool same = errors[k].ours[n - 1] == '*' ?
		    !strncmp(ours, errors[k].ours, n - 1) :
		    !strcmp(ours, errors[k].ours);

		if (same && (errors[k].theirs ? theirs &&
		    !strcmp(errors[k].theirs, theirs) : !theirs)) {
			errors[k].n++;
			return true;
		}
	}
	return false;
}

static void
differ(const struct insn *i, const cs_insn *cs, uint64_t addr)
{
	char ours[64];
	unsigned k;

	print_mnemonic(i, ours, sizeof(ours));
	if (excuse(ours, cs ? cs->mnemonic : NULL)) {
		t.excused++;
		return;
	}
	t.bad++;
	if (t.bad > 40 && !t.verbose)
		return;
	printf("%llx:", (unsigned long long)addr);
	for (k = 0; k < i->len; k++)
		printf(" %02x", i->bytes[k]);
	printf(": ours: %s (%u), Capstone: %s (%u)\n", ours, i->len,
	    cs ? cs->mnemonic : "none", cs ? cs->size : 0);
}

static void
sweep(csh cs, cs_insn *one, const uint8_t *p, size_t n, uint64_t addr)
{
	while (n > 0) {
		const uint8_t *code = p;
		uint64_t at = addr;
		size_t left = n;
		struct insn i;
		int len = insn_decode(&i, p, n, MODE_64);

		if (len <= 0) {
			/* Data: go on behind the byte. */
			t.none++;
			len = 1;
		} else {
			bool ok = cs_disasm_iter(cs, &code, &left, &at, one);

			t.n++;
			if (ok && one->size == len &&
			    same_name(&i, one->mnemonic))
				t.equal++;
			else
				differ(&i, ok ? one : NULL, addr);
		}
		p += len;
		addr += len;
		n -= len;
	}
}

static int
sections(csh cs, cs_insn *one, const uint8_t *m, size_t size)
{
	const Elf64_Ehdr *e = (const void *)m;
	const Elf64_Shdr *s = (const void *)(m + e->e_shoff);
	unsigned k;

	if (size < sizeof(*e) || memcmp(e->e_ident, ELFMAG, SELFMAG) ||
	    e->e_shoff + e->e_shnum * sizeof(*s) > size)
		return -1;
	for (k = 0; k < e->e_shnum; k++)
		if ((s[k].sh_flags & SHF_EXECINSTR) &&
		    s[k].sh_type == SHT_PROGBITS &&
		    s[k].sh_offset + s[k].sh_size <= size)
			sweep(cs, one, m + s[k].sh_offset, s[k].sh_size,
			    s[k].sh_addr);
	return 0;
}

static int
file(csh cs, cs_insn *one, const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC), rc = -1;
	struct stat st;
	void *m;

	if (fd < 0 || fstat(fd, &st)) {
		perror(path);
		return -1;
	}
	m = mmap(NULL, st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	close(fd);
	if (m != MAP_FAILED) {
		rc = sections(cs, one, m, st.st_size);
		munmap(m, st.st_size);
	}
	if (rc)
		fprintf(stderr, "%s: not an ELF file of 64 bits\n", path);
	return rc;
}

int
main(int argc, char **argv)
{
	cs_insn *one;
	unsigned k;
	csh cs;
	int c;

	while ((c = getopt(argc, argv, "v")) != -1)
		t.verbose = true;
	if (cs_open(CS_ARCH_X86, CS_MODE_64, &cs) != CS_ERR_OK)
		return 2;
	one = cs_malloc(cs);
	for (; optind < argc; optind++)
		if (file(cs, one, argv[optind]))
			return 2;
	cs_free(one, 1);
	cs_close(&cs);
	for (k = 0; k < ARRAY_LEN(errors); k++)
		if (errors[k].n)
			printf("%8lu %s%s%s: %s\n", errors[k].n,
			    errors[k].ours, errors[k].theirs ? " -> " : "",
			    errors[k].theirs ? errors[k].theirs : "",
			    errors[k].why);
	printf("%lu instructions: %lu equal, %lu errors of Capstone's, "
	    "%lu differences; %lu bytes of data\n", t.n, t.equal, t.excused,
	    t.bad, t.none);
	return t.n == 0 || t.bad != 0;
}
