/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The decoder.  The first byte chooses mode and vendor.  It never looks past
 * what it was given, says the same of an instruction however much follows
 * it, and asks for more as long as one is not whole.
 */
#include "modes/x86/decode.h"
#include "tests/fuzz/fuzz.h"

/* In memory of exactly that size. */
static int
decode(struct insn *i, const uint8_t *bytes, size_t n, enum insn_mode mode)
{
	uint8_t *copy = malloc(n ? n : 1);
	int len;

	memcpy(copy, bytes, n);
	memset(i, 0, sizeof(*i));
	len = insn_decode(i, copy, n, mode);
	free(copy);
	return len;
}

/* AMD's processors are done with UD0 and UD1 after two bytes. */
static bool
short_ok(const struct insn *i, int rc)
{
	return rc == INSN_SHORT || (rc == INSN_UD &&
	    (i->desc->id == I_UD0 || i->desc->id == I_UD1));
}

static bool
same_insn(const struct insn *a, const struct insn *b)
{
	return a->desc == b->desc && a->len == b->len && a->imm == b->imm &&
	    a->imm2 == b->imm2 && a->op_bytes == b->op_bytes &&
	    a->addr_bytes == b->addr_bytes && a->rep == b->rep;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct insn whole, part;
	enum insn_mode mode;
	int len, n;

	if (!size)
		return 0;
	mode = (enum insn_mode)(data[0] % 3);
	insn_decode_set_vendor(data[0] & 4 ? INSN_INTEL : INSN_AMD);
	data++;
	size--;
	len = decode(&whole, data, size, mode);
	MUST(len >= INSN_LONG && len <= INSN_MAX_LEN);
	MUST(len <= 0 || (size_t)len <= size);
	MUST(len != INSN_SHORT || size < INSN_MAX_LEN);
	if (len <= 0)
		return 0;
	MUST(whole.desc != NULL && whole.len == len);
	MUST(decode(&part, data, (size_t)len, mode) == len);
	MUST(same_insn(&whole, &part));
	for (n = 0; n < len; n++)
		MUST(short_ok(&whole, decode(&part, data, (size_t)n, mode)));
	return 0;
}
