/* SPDX-License-Identifier: Apache-2.0 */
/*
 * domain.check: all that would go wrong with a document, at once: what
 * domain.define would say, and what domain.start would say here and now.
 */
#include <errno.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/check.h"
#include "daemon/inspect.h"
#include "daemon/tuning.h"

struct check {
	struct daemon *d;
	struct call *call;
	struct client_ids ids;
	struct domain_def *def;		/* owned */
	struct json_object *problems;	/* array; null where one may follow */
	struct json_object *result;
	unsigned pending;		/* looks, +1 while asking for more */
	bool failed;
};

/* A file that somebody looks at; its problem has a place in the list. */
struct look {
	struct check *c;
	struct file_request r;
	char object[32];
	char *path;			/* owned */
	int line;
	const char *xpath;
	size_t place;
};

static void
add_text(struct json_object *o, const char *key, const char *text)
{
	json_object_object_add(o, key, json_object_new_string(text));
}

struct problem {
	bool error;
	int code, line, times;
	const char *xpath, *rule, *reason, *hint;
};

static struct json_object *
problem_json(struct check *c, const struct problem *q)
{
	struct json_object *o = json_object_new_object();

	add_text(o, "severity", q->error ? "error" : "warning");
	json_object_object_add(o, "line", json_object_new_int(q->line));
	add_text(o, "xpath", q->xpath);
	if (q->code) {
		json_object_object_add(o, "code",
		    json_object_new_int(q->code));
		add_text(o, "name", err_name(q->code));
	}
	if (q->times > 1)
		json_object_object_add(o, "times",
		    json_object_new_int(q->times));
	if (q->rule && *q->rule)
		add_text(o, "rule", q->rule);
	add_text(o, "reason", q->reason);
	if (q->hint && *q->hint)
		add_text(o, "hint", q->hint);
	c->failed |= q->error;
	return o;
}

static void
add(struct check *c, const struct problem *q)
{
	json_object_array_add(c->problems, problem_json(c, q));
}

/* Something about the host, at the element that asks for it. */
static void
add_err(struct check *c, bool error, int line, const char *xpath,
    const struct err *e)
{
	add(c, &(struct problem){ .error = error, .code = e->code,
	    .line = line ? line : e->line, .xpath = xpath, .reason = e->msg,
	    .hint = e->hint });
}

static void
check_document(struct check *c)
{
	size_t i;

	for (i = 0; i < c->def->n_problems; i++) {
		const struct domain_problem *q = &c->def->problems[i];

		add(c, &(struct problem){ .error = q->kind == PROBLEM_ERROR,
		    .code = q->code, .line = q->line, .xpath = q->xpath,
		    .times = (int)q->times, .rule = q->rule, .reason = q->reason, .hint = q->hint });
	}
}

static void
check_identity(struct check *c)
{
	const struct domain_def *def = c->def;
	struct domain *by_name = domain_find(c->d, def->cfg.name, NULL);
	struct domain *dom;
	struct err e = { 0 };

	if (!def->cfg.name[0])
		return;
	/* Without a uuid it would replace the domain of that name. */
	if (by_name && !def->uuid_given)
		return;
	if (domain_replaces(c->d, def, &dom, &e))
		add_err(c, true, def->line.name, "/domain/name", &e);
}

static void
choose_mode(struct check *c, const struct guest_caps *guest)
{
	struct json_object *reasons;
	struct mode_choice choice;
	struct err e = { 0 };
	unsigned i;

	if (domain_choose_mode(c->d, c->def, guest, &choice, &e)) {
		add_err(c, true, c->def->line.root, "/domain", &e);
		return;
	}
	reasons = json_object_new_array();
	for (i = 0; i < choice.n_reasons; i++)
		json_object_array_add(reasons,
		    json_object_new_string(choice.reasons[i]));
	add_text(c->result, "mode", vm_mode_name(choice.mode));
	json_object_object_add(c->result, "reasons", reasons);
}

static void
check_mode(struct check *c)
{
	choose_mode(c, NULL);
}

/* ---- files --------------- */

static void
finish(struct check *c)
{
	struct json_object *all;
	size_t i;

	if (--c->pending)
		return;
	all = json_object_new_array();
	for (i = 0; i < json_object_array_length(c->problems); i++) {
		struct json_object *o = json_object_array_get_idx(c->problems,
		    i);

		if (o)
			json_object_array_add(all, json_object_get(o));
	}
	json_object_object_add(c->result, "ok",
	    json_object_new_boolean(!c->failed));
	json_object_object_add(c->result, "problems", all);
	json_object_put(c->problems);
	domain_def_free(c->def);
	call_ok(c->call, c->result, -1);
	free(c);
}

static void
look_over(struct look *l, const struct err *e)
{
	struct check *c = l->c;

	if (e->code)
		json_object_array_put_idx(c->problems, l->place,
		    problem_json(c, &(struct problem){ .error = true,
		    .code = e->code, .line = l->line, .xpath = l->xpath,
		    .reason = e->msg, .hint = e->hint }));
	free(l->path);
	free(l);
	finish(c);
}

static void
on_look(void *ctx, const struct file_result *f, const struct err *answer)
{
	struct look *l = ctx;
	struct err e = { 0 };

	if (!check_explain(&l->r, f, answer, &e))
		e.code = 0;
	look_over(l, &e);
}

/* What the kernel is may have a say in the mode. */
static void
on_kernel(void *ctx, const struct kernel_facts *f, const struct err *e)
{
	struct look *l = ctx;

	if (!e->code)
		choose_mode(l->c, &f->caps);
	look_over(l, e);
}

static struct look *
look_new(struct check *c, const char *path, const struct look *like)
{
	struct look *l = malloc(sizeof(*l));

	BUG_ON(!l);
	*l = *like;
	l->c = c;
	l->path = strdup(path);
	l->place = json_object_array_length(c->problems);
	json_object_array_add(c->problems, NULL);
	c->pending++;
	return l;
}

static void
ask_failed(struct look *l)
{
	struct err e = { 0 };

	err_set_sys(&e, ENOMEM, "%s", l->object);
	look_over(l, &e);
}

/* Look at path as the client would; like comes by value. */
static void
ask(struct check *c, enum file_kind kind, const char *path,
    const struct look *like)
{
	struct look *l = look_new(c, path, like);

	l->r = (struct file_request){ .kind = kind, .ids = &c->ids,
		.object = l->object, .path = l->path };
	if (!l->path || !spawner_file(c->d->spawner, &l->r, on_look, l))
		ask_failed(l);
}

static void
ask_kernel(struct check *c)
{
	const struct vm_config *cfg = &c->def->cfg;
	struct look *l = look_new(c, c->def->kernel, &(struct look){
	    .object = "kernel", .line = c->def->line.kernel,
	    .xpath = "/domain/os/kernel" });
	/* What is wrong with the memory itself is told elsewhere. */
	uint64_t memory = cfg->memory >= VM_MIN_MEMORY &&
	    cfg->memory <= VM_MAX_MEMORY && cfg->memory % PAGE_SIZE == 0 ?
	    cfg->memory : VM_MAX_MEMORY;

	if (!l->path || !inspect_kernel(c->d, &c->ids, l->path, memory,
	    on_kernel, l))
		ask_failed(l);
}

static void
check_images(struct check *c)
{
	const struct domain_def *def = c->def;

	if (def->kernel)
		ask_kernel(c);
	if (def->initrd)
		ask(c, FILE_LOOK_INITRD, def->initrd, &(struct look){
		    .object = "initrd", .line = def->line.initrd,
		    .xpath = "/domain/os/initrd" });
}

static void
check_serial(struct check *c, unsigned port)
{
	const struct vm_serial_want *w = &c->def->serial[port];
	struct look l = { .line = w->line,
		.xpath = "/domain/devices/serial" };
	bool socket = w->kind == VM_SERIAL_UNIX;

	snprintf(l.object, sizeof(l.object), "serial %u: %s", port,
	    socket ? "socket" : "file");
	if (w->path)
		ask(c, socket ? FILE_MAY_LISTEN : FILE_MAY_WRITE, w->path, &l);
	snprintf(l.object, sizeof(l.object), "serial %u: log", port);
	if (w->log_path)
		ask(c, FILE_MAY_WRITE, w->log_path, &l);
}

static void
check_serials(struct check *c)
{
	unsigned i;

	for (i = 0; i < VM_MAX_SERIALS; i++)
		check_serial(c, i);
}

static void
check_resources(struct check *c)
{
	struct err e = { 0 };

	if (check_memory(c->def->cfg.memory, &e))
		add_err(c, false, c->def->line.memory, "/domain/memory", &e);
	e = (struct err){ 0 };
	if (!access(c->d->opt.monitor, X_OK))
		return;
	err_set_sys(&e, errno, "\"%.256s\" cannot be run", c->d->opt.monitor);
	err_hint(&e, "install trivisor-monitor, or name it with --monitor");
	add_err(c, true, c->def->line.root, "/domain", &e);
}

/* Lines of elements of which only the path is known further down. */
static int
line_of(const struct domain_def *def, const char *xpath)
{
	const struct { const char *xpath; int line; } t[] = {
		{ "/domain/cpu", def->cpu.line },
		{ "/domain/clock", def->line.clock },
		{ "/domain/cputune", def->line.cputune },
		{ "/domain/memtune", def->line.memtune },
		{ "/domain/vcpu", def->line.vcpu },
	};
	size_t i;

	for (i = 0; i < ARRAY_LEN(t); i++) {
		size_t n = strlen(t[i].xpath);

		if (!strncmp(t[i].xpath, xpath, n) &&
		    (!xpath[n] || xpath[n] == '/'))
			return t[i].line;
	}
	return def->line.root;
}

static void
on_tuning(void *ctx, bool error, int line, const char *xpath,
    const struct err *e)
{
	struct check *c = ctx;

	add_err(c, error, line ? line : line_of(c->def, xpath), xpath, e);
}

static void
check_tuning(struct check *c)
{
	/* A topology that is wrong would be said to be so twice. */
	if (!c->def->n_errors)
		tuning_check(c->d, c->def, on_tuning, c);
}

typedef void check_fn(struct check *c);

/* In the order in which define and start would come upon them. */
static check_fn *const checks[] = {
	check_document, check_mode, check_identity, check_images,
	check_serials, check_tuning, check_resources,
};

static int
parse(struct json_object *params, struct domain_def **def, struct err *e)
{
	const char *xml = param_text(params, "xml");
	struct domain_parse_opts opts = { .all = true,
		.strict = param_bool(params, "strict", false) };

	return domain_def_parse_opts(def, xml, strlen(xml), &opts, e);
}

void
on_domain_check(struct daemon *d, struct call *call,
    struct json_object *params)
{
	struct domain_def *def = NULL;
	struct err e = { 0 };
	struct check *c;
	size_t i;
	int rc = parse(params, &def, &e);

	if (!rc && params_mode_over(def, params, &e)) {
		domain_def_free(def);
		call_fail(call, &e);
		return;
	}
	c = calloc(1, sizeof(*c));
	BUG_ON(!c);
	c->d = d;
	c->call = call;
	c->ids = call->conn->ids;
	c->problems = json_object_new_array();
	c->result = json_object_new_object();
	c->def = def;
	c->pending = 1;
	/* What is not XML at all cannot be looked at any further. */
	if (rc)
		add_err(c, true, e.line, e.element, &e);
	for (i = 0; !rc && i < ARRAY_LEN(checks); i++)
		checks[i](c);
	finish(c);
}
