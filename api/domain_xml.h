/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Domain XML <-> vm_config.
 *
 *	rc = domain_def_parse(&d, text, strlen(text), &e);
 *	... d->cfg, d->kernel, d->problems ...
 *	domain_def_free(d);
 *
 * The user's own text is kept byte for byte (d->xml), with the uuid added
 * where there was none; dumpxml prints that text.  Every element is in one
 * table (domain_tab.c): used, kept, ignored with a warning, or refused by
 * name.
 */
#ifndef TRIVISOR_API_DOMAIN_XML_H
#define TRIVISOR_API_DOMAIN_XML_H

#include <sys/types.h>

#include "base/base.h"
#include "base/err.h"
#include "vm/config.h"
#include "vm/tune.h"

#define DOMAIN_MAX_PROBLEMS 256
#define TRIVISOR_XMLNS "urn:trivisor:domain:1"

enum domain_problem_kind {
	PROBLEM_ERROR,
	/* Warnings: what was said is ... */
	PROBLEM_UNKNOWN,	/* not known to us nor to libvirt */
	PROBLEM_IGNORED,	/* known, without effect here */
	PROBLEM_DEFAULTED,	/* replaced by something near */
};

struct domain_problem {
	enum domain_problem_kind kind;
	int code;		/* enum err_code of an error, else 0 */
	int line;
	unsigned times;		/* this and more of the same further down */
	char rule[64];		/* the name of an error's rule */
	char xpath[128];
	char reason[300];
	char hint[160];
};

/* "error", "unknown", "ignored", "defaulted" */
const char *domain_problem_kind_name(enum domain_problem_kind k);

struct domain_parse_opts {
	bool without_kernel;	/* one will come from elsewhere */
	bool strict;		/* what is unknown is an error, 92 */
	bool all;		/* go on after an error: see n_errors */
	const char *rule_off;	/* for tests: a rule to do without */
};

struct domain_def {
	struct vm_config cfg;		/* descriptors all -1 */
	char *xml;			/* owned */
	bool uuid_given;		/* the document had one */
	struct {			/* where it says what, 0: nowhere */
		int root, name, memory, vcpu, kernel, initrd, cputune,
		    memtune, clock;
	} line;
	char *title;			/* owned, NULL when absent */
	char *kernel, *initrd;		/* owned paths, NULL when absent */
	struct vm_tune tune;		/* for the host to apply */
	struct vm_cpu_want cpu;		/* names only: not resolved */
	struct vm_clock_want clock;
	struct vm_serial_want serial[VM_MAX_SERIALS];
	char machine[64];		/* as written, "" none */
	/* Whose it is; kept in the stored text, never read from a client's. */
	bool owned;
	uid_t owner_uid;
	gid_t owner_gid;		/* (gid_t)-1 none */
	enum vm_mode mode;		/* as asked for, AUTO possible */
	bool mode_required;
	char mode_origin[48];		/* "type='kvm'" */
	size_t n_problems, n_errors;	/* errors only with opts->all */
	struct domain_problem *problems;	/* owned, as they were found */
};

/*
 * *out is owned by the caller (domain_def_free()).  On failure e has the
 * line and the element's path.
 */
MUST_USE int domain_def_parse(struct domain_def **out, const char *xml,
    size_t len, struct err *e);
MUST_USE int domain_def_parse_opts(struct domain_def **out, const char *xml,
    size_t len, const struct domain_parse_opts *opts, struct err *e);
/* The same; without_kernel lets a document without a <kernel> pass. */
MUST_USE int domain_def_parse_with(struct domain_def **out, const char *xml,
    size_t len, bool without_kernel, struct err *e);
/* The first error among d's problems, as domain_def_parse() reports it. */
void domain_def_first_error(const struct domain_def *d, struct err *e);
/* Another name or uuid, in the document too; both must be valid. */
MUST_USE int domain_def_set_name(struct domain_def *d, const char *name,
    struct err *e);
MUST_USE int domain_def_set_uuid(struct domain_def *d, const char *uuid,
    struct err *e);
/* A definition without a document: defaults, to be filled by parameters. */
struct domain_def *domain_def_new(void);
void domain_def_free(struct domain_def *d);

/*
 * Ask for a mode over what the document says.  It is kept in the stored text
 * too, as a processing instruction before the root.
 */
void domain_def_override_mode(struct domain_def *d, enum vm_mode mode);
/* What goes to the disk: domain_def_parse() reads it back.  free() it. */
char *domain_def_stored(const struct domain_def *d);

/* A document for a definition that came as parameters: sets d->xml. */
MUST_USE int domain_def_make_xml(struct domain_def *d, struct err *e);

/*
 * d->xml with the run's id (0: not running) and the terminals of the serial
 * ports, by port, NULL where there is none (ttys NULL: none at all).  free()
 * it; NULL: no memory.
 */
char *domain_def_dump(const struct domain_def *d, unsigned id,
    const char *const *ttys);

#endif
