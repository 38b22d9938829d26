/* SPDX-License-Identifier: Apache-2.0 */
/*
 * trivisord: start, signals, end.
 *
 * A daemon that ends leaves its monitors running; the next one attaches to
 * them.  A private daemon (--lifeline-fd, --exit-with-parent) takes its
 * domains with it, because nobody could reach them any more.
 */
#include <errno.h>
#include <fcntl.h>
#include <json-c/json.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config.h"

#include "base/log.h"
#include "daemon/inspect.h"
#include "daemon/jobs.h"
#include "daemon/metrics.h"

/* Longer than a monitor gets before it is killed. */
#define END_SECONDS 10.0

void
daemon_maybe_done(struct daemon *d)
{
	struct domain *dom;

	if (!d->ending)
		return;
	TAILQ_FOREACH(dom, &d->domains, link)
		if (domain_is_active(dom))
			return;
	ev_break(d->loop, EVBREAK_ALL);
}

static void
on_end_timer(struct ev_loop *loop, ev_timer *w, int events)
{
	(void)w;
	(void)events;
	log_line(LOG_WARN, "daemon: what=end domains=left");
	ev_break(loop, EVBREAK_ALL);
}

static void
tell_ending(struct daemon *d, const char *why)
{
	struct json_object *o = json_object_new_object();

	json_object_object_add(o, "reason", json_object_new_string(why));
	event_emit(d, "server.ending", "", "", o);
}

static void
begin_end(struct daemon *d, const char *why)
{
	struct domain *dom;

	if (d->ending)
		return;
	log_line(LOG_INFO, "daemon: what=ending reason=%s", why);
	notify_manager("STOPPING=1");
	tell_ending(d, why);
	if (!options_private(&d->opt)) {
		ev_break(d->loop, EVBREAK_ALL);
		return;
	}
	d->ending = true;
	TAILQ_FOREACH(dom, &d->domains, link)
		if (domain_is_active(dom))
			monitor_destroy(dom, NULL);
	ev_timer_init(&d->end_timer, on_end_timer, END_SECONDS, 0);
	ev_timer_start(d->loop, &d->end_timer);
	daemon_maybe_done(d);
}

static void
on_signal(struct ev_loop *loop, ev_signal *w, int events)
{
	(void)loop;
	(void)events;
	begin_end(w->data, w->signum == SIGTERM ? "SIGTERM" : "SIGINT");
}

static void
on_lifeline(struct ev_loop *loop, ev_io *w, int events)
{
	struct daemon *d = container_of(w, struct daemon, lifeline_io);
	char text[64];
	ssize_t n = read(d->opt.lifeline_fd, text, sizeof(text));

	(void)events;
	if (n > 0 || (n < 0 && (errno == EAGAIN || errno == EINTR)))
		return;
	ev_io_stop(loop, w);
	begin_end(d, "lifeline");
}

static void
on_child_exit(void *ctx, pid_t pid, int status)
{
	struct daemon *d = ctx;

	if (!monitor_child_exit(d, pid, status) &&
	    !inspect_child_exit(d, pid, status))
		log_line(LOG_DEBUG, "daemon: what=exit pid=%d status=%d",
		    (int)pid, status);
}

/* A service manager starts us anew; monitors do not mind. */
static void
on_spawner_gone(void *ctx)
{
	struct daemon *d = ctx;

	log_line(LOG_ERR, "daemon: what=spawner_gone");
	d->failed = true;
	monitor_orphan_all(d);
	begin_end(d, "spawner");
}

static void
install_def(void *ctx, struct domain_def *def)
{
	struct daemon *d = ctx;
	struct domain *dom;
	struct err e = { 0 };

	if (domain_find(d, def->cfg.name, NULL)) {
		log_line(LOG_ERR, "store: vm=%s uuid=%s what=name_taken",
		    def->cfg.name, def->cfg.uuid);
		domain_def_free(def);
		return;
	}
	dom = domain_new(d, def, true);
	if (!dom) {
		domain_def_free(def);
		return;
	}
	dom->autostart = store_autostart(d->opt.state_dir, dom->uuid);
	/* The host may have changed; then starting it will say so. */
	if (domain_choose_mode(d, def, NULL, &dom->choice, &e)) {
		dom->choice.mode = def->mode;
		log_line(LOG_WARN, "store: vm=%s error=\"%s\"", dom->name,
		    e.msg);
	}
}

static void
watch_for_the_end(struct daemon *d, pid_t parent)
{
	ev_signal_init(&d->sigterm, on_signal, SIGTERM);
	ev_signal_init(&d->sigint, on_signal, SIGINT);
	d->sigterm.data = d;
	d->sigint.data = d;
	ev_signal_start(d->loop, &d->sigterm);
	ev_signal_start(d->loop, &d->sigint);
	if (d->opt.lifeline_fd >= 0) {
		ev_io_init(&d->lifeline_io, on_lifeline, d->opt.lifeline_fd,
		    EV_READ);
		ev_io_start(d->loop, &d->lifeline_io);
	}
	if (d->opt.with_parent) {
		prctl(PR_SET_PDEATHSIG, SIGTERM);
		/* It may have gone before that took effect. */
		if (getppid() != parent)
			begin_end(d, "parent");
	}
}

static int
set_up(struct daemon *d, struct err *e)
{
	int rc;

	/* First the socket's lock: only one daemon may touch the rest. */
	rc = listen_open(d, e);
	if (!rc)
		rc = metrics_open(d, e);
	if (!rc)
		rc = dir_make(d->opt.run_dir, e);
	if (!rc)
		rc = dir_make(d->opt.log_dir, e);
	if (!rc)
		rc = store_open(d->opt.state_dir, e);
	if (!rc)
		rc = store_load(d->opt.state_dir, install_def, d, e);
	return rc;
}

static void
tell_started(struct daemon *d)
{
	struct json_object *o = json_object_new_object();

	json_object_object_add(o, "version",
	    json_object_new_string(PACKAGE_VERSION));
	json_object_object_add(o, "pid", json_object_new_int(getpid()));
	event_emit(d, "server.started", "", "", o);
}

static void
tell_ready(struct daemon *d)
{
	log_line(LOG_INFO, "daemon: what=ready version=%s pid=%d socket=%s "
	    "domains=%u", PACKAGE_VERSION, (int)getpid(), d->opt.socket,
	    d->n_domains);
	tell_started(d);
	notify_manager("READY=1\nSTATUS=serving\n");
	if (d->opt.ready_fd < 0)
		return;
	if (write(d->opt.ready_fd, "\n", 1) < 0)
		log_line(LOG_WARN, "daemon: what=ready_fd errno=%d", errno);
	close(d->opt.ready_fd);
}

void
daemon_serve(struct daemon *d)
{
	d->serving = true;
	listen_serve(d);
	metrics_serve(d);
	tell_ready(d);
	autostart_begin(d);
}

static void
tear_down(struct daemon *d)
{
	struct domain *dom;

	attach_stop(d);
	conn_close_all(d);
	listen_close(d);
	metrics_close(d);
	while ((dom = TAILQ_FIRST(&d->domains)) != NULL) {
		if (dom->monitor)
			monitor_detach(dom->monitor);
		domain_free(d, dom);
	}
	jobs_fini(d);
	event_log_fini(&d->events);
	inspect_fini(d);
	spawner_stop(d->spawner);
	ev_loop_destroy(d->loop);
}

/* What tells this daemon's numbers from those of the one before it. */
static void
choose_instance(struct daemon *d)
{
	unsigned char bytes[16];
	size_t i;

	BUG_ON(getrandom(bytes, sizeof(bytes), 0) != sizeof(bytes));
	for (i = 0; i < sizeof(bytes); i++)
		snprintf(d->instance + 2 * i, 3, "%02x", bytes[i]);
}

/* Core dumps could hold what clients said. */
static void
harden(void)
{
	struct rlimit none = { 0, 0 }, files;

	umask(077);
	signal(SIGPIPE, SIG_IGN);
	/* The spawner's, too, and that of all it starts. */
	(void)prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	/* A limit on files is an error of one request, not our end. */
	signal(SIGXFSZ, SIG_IGN);
	/* What a large message took goes back at once. */
	mallopt(M_MMAP_THRESHOLD, 128 << 10);
	setrlimit(RLIMIT_CORE, &none);
	if (!getrlimit(RLIMIT_NOFILE, &files)) {
		files.rlim_cur = MIN(files.rlim_max, (rlim_t)8192);
		setrlimit(RLIMIT_NOFILE, &files);
	}
}

int
main(int argc, char **argv)
{
	pid_t parent = getppid();
	struct err e = { 0 };
	struct daemon *d;
	int rc;

	d = calloc(1, sizeof(*d));
	if (!d)
		return 1;
	rc = options_parse(&d->opt, argc, argv);
	if (rc) {
		free(d);
		return rc == 1 ? 0 : rc;
	}
	log_set_prefix("trivisord");
	log_set_journal(log_is_journal());
	if (d->opt.verbose)
		log_set_level(LOG_DEBUG);
	harden();
	/* Before there is anything that it should not have. */
	rc = spawner_start(&d->spawner, &(struct spawner_options){ 0 }, &e);
	if (rc) {
		dprintf(STDERR_FILENO, "trivisord: %s\n", e.msg);
		free(d);
		return 1;
	}
	TAILQ_INIT(&d->domains);
	TAILQ_INIT(&d->conns);
	TAILQ_INIT(&d->inspections);
	TAILQ_INIT(&d->attaching);
	listen_init(d);
	/* Not the default loop: that one reaps children behind our back. */
	d->loop = ev_loop_new(EVFLAG_AUTO);
	BUG_ON(!d->loop || jobs_init(d));
	choose_instance(d);
	event_log_init(&d->events);
	admit_init(d);
	cgroup_find(&d->cgroup, d->opt.cgroup[0] ? d->opt.cgroup : NULL);
	rc = set_up(d, &e);
	if (!rc && d->opt.sandbox != POLICY_OFF)
		rc = daemon_seal(d, &e);
	if (rc) {
		dprintf(STDERR_FILENO, "trivisord: %s\n", e.msg);
		if (e.hint[0])
			dprintf(STDERR_FILENO, "  %s\n", e.hint);
	} else {
		if (d->opt.sandbox == POLICY_OFF)
			log_line(LOG_WARN, "daemon: what=sandbox state=off "
			    "reason=\"--sandbox off: for debugging only\"");
		spawner_watch(d->spawner, d->loop, on_child_exit,
		    on_spawner_gone, d);
		inspect_host(d);
		watch_for_the_end(d, parent);
		logs_watch(d);
		attach_all(d);
		ev_run(d->loop, 0);
	}
	rc = rc || d->failed;
	tear_down(d);
	free(d);
	return rc;
}
