/* SPDX-License-Identifier: Apache-2.0 */
/*
 * trivisord: what its files share.  One thread, one libev loop.
 *
 *	listen.c	sockets for clients	notify.c	word to the service manager
 *	admit.c	who may connect	roles.c	who may do what
 *	conn.c	connections, framing	call.c	one request's life, batches
 *	methods.c, methods_run.c	handlers, one per row of api/methods.h
 *	domain.c	domains and their states	store.c	definitions on disk
 *	monitor.c	a living monitor: control channel, end
 *	ask.c	requests to it and its answers	monitor_events.c	its events
 *	start.c	starting one, step by step	spawner.h	who opens and execs
 *	attach.c	finding living ones	run_dir.c	their directories
 *	note.c	what the next daemon must know	ending.c	how runs end
 *	power.c	shutdown, reboot	crash.c	reports of crashes
 *	files.c	our own directories	events.c	ring, subscribers
 *	serials.c	ends of serial ports	jobs.c	long work (jobs.h)
 *	cgroup.c	cgroups of monitors	logs.c	their logs, kept small
 *	metrics.c	for Prometheus (metrics.h)	autostart.c	at our start
 *
 * Nothing here blocks on a client or a monitor, but for reading small files
 * and writing definitions.
 */
#ifndef TRIVISOR_DAEMON_DAEMON_H
#define TRIVISOR_DAEMON_DAEMON_H

#include <ev.h>
#include <sys/queue.h>
#include <sys/types.h>

#include "api/domain_xml.h"
#include "api/json.h"
#include "api/methods.h"
#include "daemon/cgroup.h"
#include "daemon/policy.h"
#include "daemon/spawner.h"
#include "modes/select.h"
#include "vm/control.h"

#define MAX_CONNECTIONS 128
/* Of them, for root alone; the rest for the daemon's own user and others. */
#define KEPT_CONNECTIONS 16
#define MAX_CONNECTIONS_PER_UID 32	/* but for root and that user */
#define MAX_OUTPUT_BYTES (1u << 20)	/* queued for one that does not read */
#define MAX_BUFFERED (32u << 20)	/* all connections' input and output */
#define MAX_PARKED 64			/* requests that wait, of one */
#define MAX_URGENT 64			/* in flight, of one */
#define MAX_LOG_LINES 100		/* that clients cause, in a second */
#define EVENT_RING 4096
#define EVENT_BYTES (4u << 20)
#define SUBSCRIBE_MAX 64		/* types or domains named in one */
#define PATH_BYTES 4096
/* XML_MAX_BYTES of api/xml_doc.h: nothing is stored that is not read back. */
#define XML_MAX_BYTES_STORED (1u << 20)

struct json_object;
struct daemon;
struct conn;
struct call;
struct monitor;
struct inspection;
struct batch;
struct jobs;

/* ---- configuration: main.c, options.c --------------- */

struct options {
	char socket[PATH_BYTES];
	char metrics_socket[PATH_BYTES];	/* "" none */
	unsigned metrics_port;		/* of loopback; 0 none */
	char ro_socket[PATH_BYTES];	/* for those who only look; "" none */
	char state_dir[PATH_BYTES];
	char run_dir[PATH_BYTES];
	char log_dir[PATH_BYTES];
	char monitor[PATH_BYTES];
	uint64_t console_cap;	/* of a console's file; 0 none */
	char admin_group[64];		/* whose members are administrators */
	char cgroup[PATH_BYTES];	/* "": find it */
	enum sandbox_policy sandbox;
	int lifeline_fd;	/* end with its other end; -1 none */
	int ready_fd;		/* a byte when the socket listens; -1 none */
	bool with_parent;	/* end with the parent process */
	bool verbose;
};

/* 0; 1: done (help, version); 2: wrong use, message printed. */
int options_parse(struct options *o, int argc, char **argv);

/* Does this daemon live only as long as whoever started it? */
static inline bool
options_private(const struct options *o)
{
	return o->lifeline_fd >= 0 || o->with_parent;
}

/* ---- events.c --------------- */

struct event_slot {
	char type[32];
	char uuid[37];			/* "" of no domain */
	char *text;			/* owned: the notification */
	size_t len;
};

struct event_log {
	uint64_t first_seq, last_seq;	/* those kept; none when first > last */
	size_t bytes;
	struct event_slot ring[EVENT_RING];
};

/* What a connection wants to hear; all zero: nothing. */
struct subscription {
	bool on;
	uint64_t next;			/* number of the next one to send */
	struct json_object *types;	/* owned array of patterns, NULL all */
	char (*uuids)[37];		/* owned; all when there are none */
	size_t n_uuids;
};

void event_log_init(struct event_log *l);
void event_log_fini(struct event_log *l);
/*
 * Tell the subscribers.  type is in api/events.h; uuid is "" where it is of no
 * domain; data is taken over and may be NULL.
 */
void event_emit(struct daemon *d, const char *type, const char *name,
    const char *uuid, struct json_object *data);
/* Send c what it has subscribed to, as far as it reads. */
void events_pump(struct conn *c);
void subscription_fini(struct subscription *s);

/* ---- domain.c --------------- */

enum domain_state {
	DOMAIN_SHUTOFF, DOMAIN_STARTING, DOMAIN_RUNNING, DOMAIN_PAUSED,
	DOMAIN_CRASHED, DOMAIN_STOPPING, DOMAIN_STATE_COUNT
};

struct domain_exit {
	bool valid;
	enum domain_state state;	/* SHUTOFF or CRASHED */
	char reason[32];
	char detail[512];
	bool has_code;
	int exit_code;
	char counters[6144];		/* the engine's last: "name=value\n" */
};

struct domain {
	TAILQ_ENTRY(domain) link;
	struct domain_def *def;		/* owned; in force at the next start */
	struct domain_def *live;	/* owned; of the run, NULL when none */
	char name[VM_NAME_MAX + 1];
	char uuid[37];
	bool persistent;
	bool autostart;			/* is marked so in the store */
	bool autostart_due;		/* this daemon has not tried yet */
	enum domain_state state;
	char reason[32];
	struct mode_choice choice;	/* of the run, or of the definition */
	unsigned id;			/* of the run, 0 none */
	ns_t started;			/* wall clock */
	ns_t asked;			/* for the start; monotonic clock */
	struct monitor *monitor;	/* owned, NULL when none lives */
	struct power *power;		/* owned; its button was pressed */
	struct daemon *daemon;
	struct domain_exit exit;	/* of the last run */
};

TAILQ_HEAD(domain_list, domain);

const char *domain_state_name(enum domain_state s);
bool domain_state_parse(const char *text, enum domain_state *s);
/* ---- states.c --------------- */

enum domain_op {
	OP_START, OP_SHUTDOWN, OP_REBOOT, OP_SUSPEND, OP_RESUME, OP_RESET,
	OP_NMI
};

/* May it be asked for now?  Otherwise 55 and a way out. */
MUST_USE int domain_may(const struct domain *dom, enum domain_op op,
    struct err *e);
/* Is it in the table of what can follow what? */
bool domain_transition_known(enum domain_state from, enum domain_state to,
    const char *reason);

/* ---- domain.c again --------------- */

/* By name or uuid; NULL and *e (ERR_NO_DOMAIN) when there is none. */
struct domain *domain_find(struct daemon *d, const char *what, struct err *e);
/*
 * The one a client means: by name or uuid, by the id of its run, or by the
 * beginning of its uuid where no other's begins so.
 */
struct domain *domain_resolve(struct daemon *d, const char *what,
    struct err *e);
/* New and in the list; def is taken over. */
struct domain *domain_new(struct daemon *d, struct domain_def *def,
    bool persistent);
void domain_free(struct daemon *d, struct domain *dom);
/* Enter a state and tell the subscribers. */
void domain_set_state(struct daemon *d, struct domain *dom,
    enum domain_state to, const char *reason, const char *detail);
/* The run is over (dom->exit says how); a transient domain goes away. */
void domain_run_over(struct daemon *d, struct domain *dom);
bool domain_is_active(const struct domain *dom);
/* The definition that counts now: the run's, else the stored one. */
const struct domain_def *domain_current(const struct domain *dom);
/* Choose the mode for def into *out; guest is NULL before anybody looked. */
MUST_USE int domain_choose_mode(struct daemon *d, const struct domain_def *def,
    const struct guest_caps *guest, struct mode_choice *out, struct err *e);
struct json_object *domain_json(const struct domain *dom, bool full);
/* Path of its newest crash report (the caller's), NULL when there is none. */
char *crash_find(const struct domain *dom);

/* ---- store.c --------------- */

/*
 * Definitions, one file each: state_dir/domains/<uuid>.xml, the one before it
 * in <uuid>.xml.old.  A write that was acknowledged survives a power cut.
 */
MUST_USE int store_open(const char *state_dir, struct err *e);
MUST_USE int store_save(const char *state_dir, const char *uuid,
    const char *text, struct err *e);
/* Save def as it now is. */
MUST_USE int store_def(struct daemon *d, const struct domain_def *def,
    struct err *e);
MUST_USE int store_remove(const char *state_dir, const char *uuid,
    struct err *e);
/* The mark that it is to be started with the daemon; goes with it, too. */
MUST_USE int store_set_autostart(const char *state_dir, const char *uuid,
    bool on, struct err *e);
bool store_autostart(const char *state_dir, const char *uuid);
/*
 * Call fn for each stored definition that parses; falls back to the older
 * generation.  fn takes def over.  Broken files are logged and kept.
 */
MUST_USE int store_load(const char *state_dir,
    void (*fn)(void *ctx, struct domain_def *def), void *ctx, struct err *e);

/* ---- files.c --------------- */

/* A socket that was made for a client goes away again, if it still is one. */
void file_remove_socket(struct daemon *d, const struct client_ids *ids,
    const char *path);
/*
 * Bind or connect below a directory of our own, however long its path is.
 */
MUST_USE int dir_bind(int dir_fd, const char *name, int type, mode_t mode,
    int *fd);
MUST_USE int dir_connect(int dir_fd, const char *name, int type, int *fd);
/* mkdir -p with mode 0700 for what is new. */
MUST_USE int dir_make(const char *path, struct err *e);
/* Read a small file into buf as text; its length or negative errno. */
ssize_t file_read_text(int dir_fd, const char *name, char *buf, size_t size);

/* ---- monitor.c, ask.c, spawn.c, attach.c --------------- */

struct job;

/* ---- autostart.c --------------- */

/* Start the marked ones that do not run. */
void autostart_begin(struct daemon *d);
/* One is up, or is not going to be. */
void autostart_next(struct daemon *d);
/* Start a stored domain with its owner's rights; ends job, unless it fails. */
MUST_USE int domain_start_alone(struct daemon *d, struct domain *dom,
    struct job *job, struct err *e);

/* ---- monitor.c again --------------- */

/* What a start may say over the definition, for this run only. */
struct run_request {
	struct vm_config cfg;		/* descriptors all -1; mode chosen */
	const struct domain_def *def;	/* borrowed: paths */
	const char *gdb_path;		/* borrowed, NULL none */
	const struct client_ids *ids;	/* borrowed */
	struct cgroup_values limits;	/* checked: they can be had */
};

/*
 * Start a monitor for dom.  The answer to call (taken over), or the end of job,
 * comes when it is ready or has failed, a file that cannot be opened included;
 * on an immediate failure nothing is taken and dom is as before.
 */
MUST_USE int monitor_start(struct daemon *d, struct domain *dom,
    struct run_request *r, struct call *call, struct job *job,
    struct err *e);
/*
 * Forward a request to the monitor; its answer ends call.  pc and count
 * belong to CTL_DISASM, serial to CTL_CONSOLE.
 */
void monitor_forward(struct domain *dom, struct ctl_msg *m, struct call *call);
/*
 * Ask it something for ourselves.  fn gets the answer (a descriptor it takes
 * is to be set to -1 there) or, in its place, NULL and why there is none.
 */
typedef void ask_fn(struct monitor *m, struct ctl_msg *answer,
    const struct err *e, void *ctx);
MUST_USE int monitor_ask(struct domain *dom, struct ctl_msg *m, ask_fn *fn,
    void *ctx, struct err *e);
/* Power off now; call (may be NULL) ends when the monitor is gone. */
void monitor_destroy(struct domain *dom, struct call *call);
/* The daemon ends, the monitor lives on. */
void monitor_detach(struct monitor *m);
pid_t monitor_pid(const struct monitor *m);
/* The layers around it, as it said itself. */
const struct sandbox_state *monitor_seal(const struct monitor *m);
/* The processor its guest sees, as text of struct vm_config. */
struct monitor_cpu {
	char model[48], set[VM_CPU_SET_MAX];
	char topology[48];	/* "sockets dies cores threads"; "0 0 0 0" */
};
const struct monitor_cpu *monitor_cpu(const struct monitor *m);
/* Path of a serial port's terminal, NULL when there is none. */
const char *monitor_tty(const struct monitor *m, unsigned port);
bool monitor_is_ready(const struct monitor *m);

/* A child of the spawner has ended; is it one of ours? */
bool monitor_child_exit(struct daemon *d, pid_t pid, int status);
/* The spawner has gone: their ends are to be seen by other means. */
void monitor_orphan_all(struct daemon *d);

/*
 * Attach to the living in run_dir, collect the dead ones' reports; then, at
 * once or from the loop, daemon_serve().
 */
void attach_all(struct daemon *d);
void attach_over(struct daemon *d);
void attach_stop(struct daemon *d);
/*
 * A connected control socket, a pidfd (both taken over, -1: unknown), the pid
 * and the last event told of a monitor that outlived a daemon.  One that does
 * not answer yet is asked again and again.
 */
MUST_USE int monitor_attach(struct daemon *d, struct domain *dom, int control,
    pid_t pid, int pidfd, uint64_t since, bool answers, struct err *e);
/* The running domain's definition has changed: for the next daemon, too. */
void monitor_note(struct domain *dom);
/* The minor number of its control protocol. */
unsigned monitor_minor(const struct monitor *m);
struct domain *monitor_domain(const struct monitor *m);
/* Take what CTL_READY or the answer to CTL_DESCRIBE says of its sandbox. */
void monitor_take_seal(struct monitor *m, const struct ctl_msg *answer);
void monitor_take_cpu(struct monitor *m, const struct ctl_msg *answer);

/* run_dir/<uuid>, made when make is set; its descriptor or negative errno. */
int run_dir_open(const struct daemon *d, const char *uuid, bool make);
void run_dir_remove(const struct daemon *d, const char *uuid);
/* Take the lock that proves life: 0, or -EBUSY when a monitor holds it. */
MUST_USE int run_dir_lock(int dir_fd, int *alive_fd);
/* Text of "key=value" lines as a message, to be read with ctl_get(). */
bool run_dir_fields(int dir_fd, const char *name, struct ctl_msg *m);
/*
 * A monitor's last report: none, of its start, of a VM that lived, or of its
 * end: then *x is filled.  The fields are in *m in any case.
 */
enum report_kind {
	REPORT_NONE, REPORT_STARTING, REPORT_ALIVE, REPORT_END
};
enum report_kind run_dir_report(int dir_fd, struct domain_exit *x,
    struct ctl_msg *m);

/* ---- serials.c --------------- */

/* Keep the names: of a start, of a monitor that was found again. */
void serials_note(struct monitor *m, const struct run_request *r);
void serials_take(struct monitor *m, const struct ctl_msg *described);
/* At the end of the run: take its sockets away. */
void serials_remove(struct monitor *m);
/* The same for one that ended unseen; note has what it was started with. */
void serials_sweep(struct daemon *d, const struct domain_def *def,
    const struct ctl_msg *note);

/* ---- listen.c, notify.c --------------- */

#define MAX_LISTENERS 2

struct listener {
	struct daemon *d;
	int fd;			/* -1: there is none */
	bool read_only;		/* its clients only look */
	bool passed;		/* a service manager's */
	ev_io io;		/* runs from listen_serve() on */
};

void listen_init(struct daemon *d);
/* Lock and listen; clients wait in the queue until they are served. */
MUST_USE int listen_open(struct daemon *d, struct err *e);
/* One more socket, for those who may come in at the first. */
MUST_USE int listen_unix(struct daemon *d, const char *path, int *fd,
    struct err *e);
void listen_serve(struct daemon *d);
void listen_close(struct daemon *d);
/* "READY=1" and the like, where a service manager wants to know. */
void notify_manager(const char *text);

/* ---- conn.c, call.c --------------- */

struct out_msg {
	STAILQ_ENTRY(out_msg) link;
	size_t len, sent;
	int fd;			/* goes with the first byte; owned, -1 none */
	char text[];
};

/* A request that waits until fewer are in flight. */
struct parked {
	STAILQ_ENTRY(parked) link;
	size_t len;
	char text[];
};

struct conn {
	TAILQ_ENTRY(conn) link;
	struct daemon *daemon;
	int fd;
	ev_io read_io, write_io;
	ev_timer timer;		/* the next of its deadlines */
	ev_timer more;		/* runs: messages wait for its next turn */
	ev_tstamp timer_at, frame_since, closing_since;
	ev_tstamp progress;	/* of writing */
	ev_tstamp active;	/* when it last said something */
	struct json_framer in;
	STAILQ_HEAD(, parked) parked;
	STAILQ_HEAD(, out_msg) out;
	size_t out_bytes, parked_bytes;
	size_t accounted;	/* of all this, in daemon.buffered */
	unsigned in_flight, urgent, n_parked;
	bool spoke;		/* it has sent a whole message */
	bool eof;		/* the client will say no more */
	bool closing;		/* nothing is taken in any more */
	bool dead;
	bool read_only;
	enum method_role role;
	struct client_ids ids;
	struct subscription sub;
	TAILQ_HEAD(, call) calls;
	struct batch *batch;	/* owned: being dispatched, NULL none */
};

TAILQ_HEAD(conn_list, conn);

/* fd is taken over; NULL when there is no memory. */
struct conn *conn_new(struct listener *l, int fd,
    const struct client_ids *ids, enum method_role role);
/* Free a connection; not from within its callbacks, nor from a loop. */
void conn_evict(struct conn *c, const char *reason);
void conn_close_all(struct daemon *d);
/* Queue one message (taken over) and a descriptor (taken over, -1 none). */
void conn_send(struct conn *c, struct json_object *msg, int fd);
void conn_send_text(struct conn *c, const char *text, size_t len, int fd);

/* ---- admit.c, roles.c --------------- */

void admit_init(struct daemon *d);
/* A listener became readable. */
void conn_on_accept(struct ev_loop *loop, ev_io *w, int events);
enum method_role role_of(const struct daemon *d, const struct client_ids *ids,
    bool read_only);
bool client_in_group(const struct client_ids *ids, gid_t gid);

/* May c call m at all?  ERR_OPERATION_DENIED or ERR_ACCESS_DENIED. */
MUST_USE int role_check(const struct conn *c, const struct method *m,
    struct err *e);
/* May c change dom? */
MUST_USE int owner_check(const struct conn *c, const struct domain *dom,
    struct err *e);
/* The same for the domain that params name, if m changes what it names. */
MUST_USE int owner_check_params(const struct conn *c, const struct method *m,
    struct json_object *params, struct err *e);
bool client_owns(const struct domain_def *def, const struct client_ids *ids);
/* A new domain is its maker's; c NULL: the administrators'. */
void owner_set(struct domain_def *def, const struct conn *c);
void owner_copy(struct domain_def *to, const struct domain_def *from);
struct json_object *owner_json(const struct domain_def *def);

/* A request that has not been answered yet. */
struct call {
	TAILQ_ENTRY(call) link;
	struct daemon *daemon;
	struct conn *conn;		/* NULL once the client has gone */
	struct batch *batch;		/* NULL: alone */
	struct json_object *id;		/* owned; NULL: a notification */
	enum method_id method;
	char domain[VM_NAME_MAX + 1];	/* named in an error */
	uint64_t trace;			/* in its error, and in the log */
	bool urgent;
	struct json_object *extra;	/* owned; merged into the answer */
	/*
	 * Set where nothing is left to do once the client has gone: it then
	 * ends the call.  Otherwise the work goes on without a client.
	 */
	void (*abandon)(struct call *call);
	void *ctx;			/* abandon()'s */
};

/*
 * Take a whole message apart and run what it asks for, or park it for later
 * where too much is in flight and it is not urgent.  parked: it was, before.
 */
void call_dispatch(struct conn *c, const char *text, size_t len, bool parked);
/* May another line be logged that a client can cause at will? */
bool log_allowed(struct daemon *d);
/*
 * A batch is run entry by entry, so that others have their turn in between:
 * false when there is none to go on with.
 */
bool batch_step(struct conn *c);
void batch_drop(struct conn *c);
/* Either ends the call.  result is taken over; so is fd (-1 none). */
void call_ok(struct call *call, struct json_object *result, int fd);
void call_fail(struct call *call, const struct err *e);
/* The connection goes away; the call's work goes on, or is abandoned. */
void call_orphan(struct call *call);

/* Handlers end the call, now or later. */
typedef void method_fn(struct daemon *d, struct call *call,
    struct json_object *params);
extern method_fn *const method_handlers[METHOD_COUNT];

/* Parameters, checked before: NULL, otherwise or false when absent. */
const char *param_text(struct json_object *params, const char *name);
uint64_t param_u64(struct json_object *params, const char *name,
    uint64_t otherwise);
bool param_bool(struct json_object *params, const char *name, bool otherwise);
bool param_has(struct json_object *params, const char *name);
/* The domain that "domain" means; ends the call and gives NULL when there is none. */
struct domain *param_domain(struct daemon *d, struct call *call,
    struct json_object *params);

/*
 * May def be stored?  Not under a name that another domain has, nor a uuid
 * that has another name.  *dom is the domain it replaces, NULL if new.
 */
MUST_USE int domain_replaces(struct daemon *d, const struct domain_def *def,
    struct domain **dom, struct err *e);
/* The parameter "mode" over what the document says. */
MUST_USE int params_mode_over(struct domain_def *def,
    struct json_object *params, struct err *e);

/* [{line, xpath, reason, kind, times}] */
struct json_object *warnings_json(const struct domain_def *def);

method_fn on_domain_check, on_domain_create, on_domain_start, on_domain_shutdown,
    on_domain_reboot, on_domain_autostart,
    on_domain_destroy, on_domain_reset, on_domain_nmi, on_domain_suspend,
    on_domain_resume, on_domain_console, on_domain_stats, on_domain_disasm,
    on_domain_profile, on_domain_bt_stats, on_domain_stats_all;
method_fn on_job_list, on_job_get, on_job_wait, on_job_cancel;
method_fn on_events_subscribe, on_events_unsubscribe, on_domain_set_owner;

/* {model, features, topology} */
struct json_object *cpu_json(const struct monitor_cpu *c);

method_fn on_host_info, on_host_capabilities, on_host_domain_capabilities,
    on_host_cpu_models, on_host_doctor;

/* ---- seal.c --------------- */

/* Give up what the daemon needs no more; it listens already. */
MUST_USE int daemon_seal(struct daemon *d, struct err *e);

/* ---- logs.c --------------- */

/* A log that has grown long gives its name to a new one. */
void logs_before_start(const struct daemon *d, const char *name);
/* Look after the logs of running domains from now on. */
void logs_watch(struct daemon *d);

/* ---- main.c --------------- */

struct daemon {
	struct ev_loop *loop;
	struct options opt;
	struct spawner *spawner;	/* owned */
	TAILQ_HEAD(, inspection) inspections;	/* inspect.c */
	struct host_caps caps;
	struct cgroup_tree cgroup;
	struct metrics *metrics;	/* owned, NULL none; see metrics.h */
	struct domain_list domains;
	unsigned n_domains;
	unsigned last_id;
	struct event_log events;
	struct jobs *jobs;		/* owned, see jobs.h */
	char instance[33];		/* random, of this daemon's life */
	struct conn_list conns;
	unsigned n_conns;
	size_t buffered;		/* by all of them */
	uint64_t last_trace, n_refused;	/* refused: connections */
	ev_tstamp log_since;
	unsigned log_lines;		/* that clients caused, since then */
	gid_t admin_gid;
	bool has_admin_gid;
	ev_timer accept_timer;		/* runs: nobody is accepted */
	struct listener listener[MAX_LISTENERS];
	int lock_fd;
	ev_io lifeline_io;
	ev_timer end_timer;
	ev_signal sigterm, sigint, sighup;
	ev_timer log_timer;
	bool ending;		/* waits for its domains to end */
	bool failed;		/* ends because it cannot go on */
	TAILQ_HEAD(, attach) attaching;
	ev_timer attach_timer;	/* for those that do not answer */
	bool attach_open;	/* run directories are being looked at */
	bool serving;
	ev_timer autostart_timer;
};

/* All that live are known: clients are let in. */
void daemon_serve(struct daemon *d);
/* Called whenever a monitor is gone: an ending daemon may now be done. */
void daemon_maybe_done(struct daemon *d);

#endif
