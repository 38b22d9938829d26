/* SPDX-License-Identifier: Apache-2.0 */
/* Known-good encodings of each row of the decoder's table. */
#ifndef TRIVISOR_TESTS_ORACLE_TMPL_H
#define TRIVISOR_TESTS_ORACLE_TMPL_H

#include "tests/oracle/oracle.h"

#define TMPL_PER_ROW 24

struct tmpl {
	uint8_t len;
	uint8_t bytes[INSN_MAX_LEN];
};

struct tmpl_row {
	unsigned seen;		/* encodings found */
	unsigned n;		/* of them kept */
	struct tmpl t[TMPL_PER_ROW];
};

extern struct tmpl_row *tmpl_rows;	/* insn_tab_len of them */

/* Find encodings by trying: nothing but insn_decode() is trusted. */
MUST_USE int tmpl_init(void);

#endif
