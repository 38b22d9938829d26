/* SPDX-License-Identifier: Apache-2.0 */
/* modes/select.c: hosts, guests and requests against what must come out. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "modes/select.h"

/* Hosts. */
#define NONE { .hvm_built = true, .pv_built = true, .kvm = KVM_ABSENT }
#define DENIED { .hvm_built = true, .pv_built = true, .kvm = KVM_DENIED }
#define HARD { .hvm_built = true, .pv_built = true, .kvm = KVM_HARDWARE }
#define SOFT { .hvm_built = true, .pv_built = true, .kvm = KVM_EMULATED, \
	.emulated_mips = 12 }
#define BROKEN { .hvm_built = true, .pv_built = true, .kvm = KVM_BROKEN, \
	.kvm_why = "no CMPXCHG16B" }
#define UNBUILT { .kvm = KVM_HARDWARE }

#define AUTO VM_MODE_AUTO
#define BT VM_MODE_BT
#define HVM VM_MODE_HVM
#define PV VM_MODE_PV

static const struct row {
	struct host_caps host;
	bool vmi;
	enum vm_mode asked;
	bool required;
	enum vm_mode want;	/* AUTO: refused */
	const char *says;	/* in a reason, or in the error */
} rows[] = {
	{ NONE, false, AUTO, false, BT, "no /dev/kvm" },
	{ NONE, true, AUTO, false, PV, "VMI" },
	{ HARD, false, AUTO, false, HVM, "hardware" },
	{ HARD, true, AUTO, false, HVM, "hardware" },
	{ SOFT, false, AUTO, false, BT, "12 million" },
	{ SOFT, true, AUTO, false, PV, "VMI" },
	{ BROKEN, false, AUTO, false, BT, "CMPXCHG16B" },
	{ UNBUILT, false, AUTO, false, BT, "not built" },
	{ UNBUILT, true, AUTO, false, BT, "not built" },
	{ HARD, false, BT, true, BT, "asked for" },
	{ NONE, true, BT, true, BT, "asked for" },
	{ HARD, false, HVM, true, HVM, "hardware" },
	{ SOFT, false, HVM, true, HVM, "emulation" },
	{ NONE, false, HVM, true, AUTO, "no /dev/kvm" },
	{ DENIED, false, HVM, true, AUTO, "may not be opened" },
	{ BROKEN, false, HVM, true, AUTO, "CMPXCHG16B" },
	{ UNBUILT, false, HVM, true, AUTO, "not built" },
	{ UNBUILT, true, PV, true, AUTO, "not built" },
	{ NONE, false, PV, true, AUTO, "does not speak VMI" },
	{ NONE, true, PV, true, PV, "VMI" },
	{ NONE, false, HVM, false, BT, "prefers hvm, which cannot be" },
	{ HARD, false, PV, false, HVM, "prefers pv, which cannot be" },
	{ UNBUILT, false, HVM, false, BT, "not built" },
};

static bool
said(const struct mode_choice *c, const char *text)
{
	unsigned i;

	for (i = 0; i < c->n_reasons; i++)
		if (strstr(c->reasons[i], text))
			return true;
	return false;
}

static void
table_of_choices(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		const struct row *r = &rows[i];
		struct guest_caps guest = { .vmi = r->vmi };
		struct mode_request req = { r->asked, r->required, "a test" };
		struct mode_choice c = { 0 };
		struct err e = { 0 };
		int rc = mode_select(&r->host, &guest, &req, &c, &e);

		if (r->want == AUTO) {
			assert_int_not_equal(rc, 0);
			assert_int_equal(e.code, ERR_CONFIG_UNSUPPORTED);
			assert_non_null(strstr(e.msg, r->says));
			assert_non_null(strstr(e.msg, "a test"));
			assert_non_null(strstr(e.hint, "--mode bt"));
			continue;
		}
		if (rc || c.mode != r->want || !said(&c, r->says))
			fail_msg("row %zu: rc %d mode %s", i, rc,
			    vm_mode_name(c.mode));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(table_of_choices),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
