/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Between domain_xml.c (the walk), domain_tab.c and domain_values.c (what is
 * known: elements, attributes, their values) and domain_use*.c (what is made
 * of them).
 *
 * Every refusal has a rule with a name: a row of the element table that says
 * REFUSE ("element devices/disk"), a row of the value table ("vcpu@placement
 * 27"), or one of DOMAIN_REFUSALS.  domain_refuse() takes note of it and says
 * whether to go on: a handler has to be safe when it does.
 */
#ifndef TRIVISOR_API_DOMAIN_PARSE_H
#define TRIVISOR_API_DOMAIN_PARSE_H

#include "api/domain_xml.h"
#include "api/xml_doc.h"

/* X(ID, code, name) */
#define DOMAIN_REFUSALS(X) \
	X(ROOT, XML_ERROR, "root-name") \
	X(ROOT_NS, XML_ERROR, "root-namespace") \
	X(TYPE, XML_ERROR, "type-missing") \
	X(TWICE, XML_ERROR, "element-twice") \
	X(TEXT_LONG, XML_ERROR, "text-too-long") \
	X(NO_NAME, NO_NAME, "name-missing") \
	X(NAME, XML_ERROR, "name-unusable") \
	X(UUID, XML_ERROR, "uuid") \
	X(NO_MEMORY, XML_ERROR, "memory-missing") \
	X(SIZE, XML_ERROR, "size") \
	X(NUMBER, XML_ERROR, "number") \
	X(MEMORY, CONFIG_UNSUPPORTED, "memory-range") \
	X(VCPU, CONFIG_UNSUPPORTED, "vcpu-range") \
	X(VCPU_CURRENT, CONFIG_UNSUPPORTED, "vcpu-current") \
	X(VCPU_OFF, CONFIG_UNSUPPORTED, "vcpu-disabled") \
	X(CPUSET, XML_ERROR, "cpuset") \
	X(NO_KERNEL, CONFIG_UNSUPPORTED, "kernel-missing") \
	X(FIRMWARE, CONFIG_UNSUPPORTED, "firmware") \
	X(PATH, XML_ERROR, "path-relative") \
	X(CONTROL, XML_ERROR, "control-character") \
	X(FEATURE_ON, CONFIG_UNSUPPORTED, "feature-on") \
	X(FEATURE, CONFIG_UNSUPPORTED, "feature-unknown") \
	X(DEVICE, CONFIG_UNSUPPORTED, "device-unknown") \
	X(MODE, CONFIG_UNSUPPORTED, "mode") \
	X(MODE_TYPE, CONFIG_UNSUPPORTED, "mode-contradicts-type") \
	X(OWN, CONFIG_UNSUPPORTED, "trivisor-unknown") \
	X(QEMU, CONFIG_UNSUPPORTED, "qemu-arguments") \
	X(CPU_NO_MODEL, CONFIG_UNSUPPORTED, "cpu-features-without-model") \
	X(CPU_FEATURE, XML_ERROR, "cpu-feature-name") \
	X(CPU_FEATURE_TWICE, XML_ERROR, "cpu-feature-twice") \
	X(CPU_FEATURES, CONFIG_UNSUPPORTED, "cpu-features-too-many") \
	X(CPU_VENDOR, CONFIG_UNSUPPORTED, "cpu-vendor-id") \
	X(TOPOLOGY, XML_ERROR, "topology-incomplete") \
	X(TOPOLOGY_VCPUS, CONFIG_UNSUPPORTED, "topology-product") \
	X(NUMA, CONFIG_UNSUPPORTED, "numa-cells") \
	X(CLOCK_TIMEZONE, XML_ERROR, "timezone-missing") \
	X(CLOCK_START, XML_ERROR, "start-missing") \
	X(TIMER, XML_ERROR, "timer-name") \
	X(TIMER_TWICE, XML_ERROR, "timer-twice") \
	X(TIMER_ABSENT, CONFIG_UNSUPPORTED, "timer-absent") \
	X(TIMER_HZ, CONFIG_UNSUPPORTED, "timer-frequency") \
	X(SHARES, CONFIG_UNSUPPORTED, "shares-range") \
	X(PERIOD, CONFIG_UNSUPPORTED, "period-range") \
	X(QUOTA, CONFIG_UNSUPPORTED, "quota-range") \
	X(PIN, XML_ERROR, "pin-vcpu") \
	X(PIN_TWICE, XML_ERROR, "pin-twice") \
	X(LIMITS, CONFIG_UNSUPPORTED, "limits-order") \
	X(PORT, CONFIG_UNSUPPORTED, "serial-port") \
	X(PORT_TWICE, XML_ERROR, "serial-port-twice") \
	X(SERIAL_PATH, XML_ERROR, "serial-path-missing") \
	X(LOG_PATH, XML_ERROR, "log-path-missing") \
	X(CHANNEL, CONFIG_UNSUPPORTED, "channel") \
	X(VIDEO, CONFIG_UNSUPPORTED, "video") \
	X(STRICT_ELEMENT, XML_INVALID_SCHEMA, "strict-element") \
	X(STRICT_ATTRIBUTE, XML_INVALID_SCHEMA, "strict-attribute")

enum domain_refusal {
#define X(id, code, name) REFUSE_##id,
	DOMAIN_REFUSALS(X)
#undef X
	REFUSE_COUNT
};

const char *domain_refusal_name(enum domain_refusal r);

struct domain_parse {
	struct domain_def *d;
	const struct domain_parse_opts *opts;
	size_t last;		/* 1 + index of what domain_hint() is about */
	bool has_name, has_memory, has_type;
	xmlNode *current_memory;	/* borrowed, to compare at the end */
	uint64_t current_bytes;
	xmlNode *mode;			/* <trivisor:mode> */
	xmlNode *cpu, *topology, *memtune;
	unsigned n_cells;
	unsigned n_serial;		/* the next <serial>'s port */
	bool serial_used[VM_MAX_SERIALS];	/* by a <serial> */
	bool timer_seen[VM_TIMER_COUNT];
	xmlNode *root, *vcpu;
};

enum element_class {
	EL_USE,			/* handler, then the children */
	EL_KEEP,		/* stored, no meaning for us, no word about it */
	EL_IGNORE,		/* stored, warned about */
	EL_REFUSE,		/* error 67 */
};

/* Negative: stop here, domain_refuse() said so. */
typedef int element_fn(struct domain_parse *p, xmlNode *n);

struct element_rule {
	const char *path;	/* below /domain; "" is the root */
	enum element_class what;
	bool many;		/* may be there more than once */
	const char *attributes;	/* known ones: "unit dumpCore"; NULL: any */
	const char *doc;	/* what is done; IGNORE and REFUSE: why */
	element_fn *use;	/* may be NULL */
};

/* What an attribute (or, with attr "", the text) may say. */
struct value_rule {
	const char *path, *attr;
	enum err_code code;	/* of any other: 27 unknown, 67 not here */
	const char *values;	/* "a b pc-q35-*" */
};

extern const struct element_rule domain_elements[];
extern const struct value_rule domain_values[];	/* both end with path NULL */

/* domain_use*.c: take one element in; the table names them. */
element_fn el_use_name, el_use_uuid, el_use_title, el_use_memory,
    el_use_current_memory, el_use_vcpu, el_use_vcpus_vcpu, el_use_os,
    el_use_os_type, el_use_kernel, el_use_initrd, el_use_cmdline,
    el_refuse_unless_empty, el_use_feature_if_off, el_use_acpi, el_use_cpu,
    el_use_cpu_model, el_use_cpu_vendor, el_use_cpu_feature,
    el_use_topology, el_use_numa_cell, el_use_clock, el_use_timer,
    el_use_on_poweroff, el_use_on_reboot, el_use_on_crash, el_use_serial,
    el_use_console, el_use_memballoon, el_use_video, el_use_input,
    el_use_channel, el_use_seclabel, el_use_shares, el_use_period,
    el_use_quota, el_use_vcpupin, el_use_emulatorpin, el_use_cputune, el_use_memtune,
    el_use_limit, el_use_memory_source, el_use_memory_access,
    el_use_smbios;

/* The handler of <trivisor:mode>, which is in no table. */
element_fn domain_use_mode;
/* What two elements say together, once all are known. */
MUST_USE int domain_check_tune(struct domain_parse *p);
MUST_USE int domain_check_cpu(struct domain_parse *p);

/* NULL when the path is not in the table. */
const struct element_rule *element_rule_find(const char *path);
/* "type, machine": the values as a person reads them. */
void value_rule_print(const struct value_rule *v, char *buf, size_t size);
/* Does list ("a b pc-*") have this word? */
bool word_in_list(const char *list, const char *word);
/*
 * The known element below path, or the attribute in list, that is most like
 * a mistyped one; false when none is near.
 */
bool element_nearest(const char *parent_path, const char *name, char *buf,
    size_t size);
bool word_nearest(const char *list, const char *word, char *buf,
    size_t size);

/*
 * Take note of a refusal.  0: go on as if the check were not there (all
 * problems are wanted, or the rule is switched off); negative: stop.
 */
MUST_USE int domain_refuse(struct domain_parse *p, enum domain_refusal r,
    xmlNode *n, const char *fmt, ...) PRINTF_LIKE(4, 5);
/* The same for a row of a table, with its name. */
MUST_USE int domain_refuse_row(struct domain_parse *p, const char *rule,
    int code, xmlNode *n, const char *fmt, ...) PRINTF_LIKE(5, 6);
/* The remedy for the refusal just noted. */
void domain_hint(struct domain_parse *p, const char *fmt, ...)
    PRINTF_LIKE(2, 3);
void domain_warn(struct domain_parse *p, enum domain_problem_kind kind,
    xmlNode *n, const char *fmt, ...) PRINTF_LIKE(4, 5);

/* domain_use.c: what the other handlers need, too. */
/* The element's text into a fixed field, "" when too long and refused. */
MUST_USE int domain_text(struct domain_parse *p, xmlNode *n, char *buf,
    size_t size);
/* Whole numbers; *v stays as it is when refused. */
MUST_USE int domain_number(struct domain_parse *p, xmlNode *n,
    const char *attr, const char *text, int64_t *v);
/* A size with its unit attribute, in bytes. */
MUST_USE int domain_size(struct domain_parse *p, xmlNode *n,
    uint64_t *bytes);
/* An absolute path, or *path NULL for "". */
MUST_USE int domain_path(struct domain_parse *p, xmlNode *n,
    const char *text, char **path);
/* The value's place in names[]; 0 when absent or not in it. */
unsigned domain_enum(xmlNode *n, const char *attr, const char *const *names,
    size_t count);

#endif
