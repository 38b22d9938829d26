/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Between domain_xml.c (the walk) and domain_tab.c (the elements).
 */
#ifndef TRIVISOR_API_DOMAIN_PARSE_H
#define TRIVISOR_API_DOMAIN_PARSE_H

#include "api/domain_xml.h"
#include "api/xml_doc.h"

struct domain_parse {
	struct domain_def *d;
	bool has_name, has_memory;
	bool without_kernel;		/* one will come from elsewhere */
	xmlNode *current_memory;	/* borrowed, to compare at the end */
	uint64_t current_bytes;
	xmlNode *mode;			/* <trivisor:mode> */
	unsigned n_serial;		/* <serial> elements so far */
	bool serial_used[VM_MAX_SERIALS];
};

enum element_class {
	EL_USE,			/* handler, then the children */
	EL_KEEP,		/* stored, no meaning for us, no word about it */
	EL_IGNORE,		/* stored, warned about */
	EL_REFUSE,		/* error 67 */
};

typedef int element_fn(struct domain_parse *p, xmlNode *n, struct err *e);

struct element_rule {
	const char *path;	/* below /domain; "" is the root */
	enum element_class what;
	const char *attributes;	/* known ones: "unit dumpCore"; NULL: any */
	const char *why;	/* for IGNORE and REFUSE */
	element_fn *use;
};

/* domain_use.c: take one element in; the table names them. */
element_fn el_use_nothing, el_use_name, el_use_uuid, el_use_title,
    el_use_memory, el_use_current_memory, el_use_vcpu, el_use_os,
    el_use_os_type, el_use_kernel, el_use_initrd, el_use_cmdline,
    el_refuse_unless_empty, el_use_feature_if_off, el_use_acpi,
    el_use_features, el_use_cpu, el_use_cpu_feature, el_use_clock,
    el_use_timer, el_use_on_poweroff, el_use_on_reboot, el_use_on_crash,
    el_use_serial, el_use_console, el_use_memballoon, el_use_video,
    el_use_input, el_use_seclabel;

/* NULL when the path is not in the table. */
const struct element_rule *element_rule_find(const char *path);

void domain_warn(struct domain_parse *p, xmlNode *n, const char *fmt, ...)
    PRINTF_LIKE(3, 4);
/* The handler of <trivisor:mode>, and the type/mode decision at the end. */
MUST_USE int domain_use_mode(struct domain_parse *p, xmlNode *n,
    struct err *e);

#endif
