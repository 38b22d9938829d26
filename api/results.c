/* SPDX-License-Identifier: Apache-2.0 */
/* The shapes of results, and which method answers with which. */
#include "api/results.h"

#include <stddef.h>

#define END { NULL, RESULT_ANY, 0, NULL, NULL }
#define ALWAYS RESULT_ALWAYS
#define SHAPE(id, flags, doc) \
	static const struct result_shape id = { #id, flags, doc, id##_fields }
#define FIELDS(id) static const struct result_field id##_fields[]

#define NAME_UUID \
	{ "name", RESULT_STRING, ALWAYS, "name of the domain", NULL }, \
	{ "uuid", RESULT_STRING, ALWAYS, "its uuid", NULL }

FIELDS(Nothing) = { END };
SHAPE(Nothing, 0, "no fields");

FIELDS(Identity) = { NAME_UUID, END };
SHAPE(Identity, 0, "a domain, by name");

FIELDS(Document) = {
	{ "openrpc", RESULT_STRING, ALWAYS, "version of OpenRPC", NULL },
	{ "info", RESULT_ANY, ALWAYS, "title and version", NULL },
	{ "methods", RESULT_ANY, ALWAYS, "the methods", NULL },
	{ "components", RESULT_ANY, ALWAYS, "schemas and errors", NULL },
	{ "x-events", RESULT_ANY, ALWAYS, "types of events", NULL },
	{ "x-deprecations", RESULT_ANY, ALWAYS, "what will go", NULL },
	{ "x-extensions", RESULT_ANY, ALWAYS, "as in server.info", NULL },
	END
};
SHAPE(Document, 0, "an OpenRPC document");

FIELDS(Version) = {
	{ "major", RESULT_INT, ALWAYS, "another one is incompatible", NULL },
	{ "minor", RESULT_INT, ALWAYS, "a higher one has more", NULL },
	END
};
SHAPE(Version, 0, "version of the interface");

FIELDS(ModeState) = {
	{ "available", RESULT_BOOL, ALWAYS, "a domain may require it", NULL },
	{ "reason", RESULT_STRING, 0, "why not", NULL },
	END
};
SHAPE(ModeState, 0, "whether a mode can be had here");

FIELDS(Modes) = {
	{ "bt", RESULT_OBJECT, ALWAYS, "binary translation", &ModeState },
	{ "hvm", RESULT_OBJECT, ALWAYS, "the processor's help", &ModeState },
	{ "pv", RESULT_OBJECT, ALWAYS, "the guest's help", &ModeState },
	END
};
SHAPE(Modes, 0, "the modes");

FIELDS(ServerInfo) = {
	{ "name", RESULT_STRING, ALWAYS, "trivisord", NULL },
	{ "version", RESULT_STRING, ALWAYS, "of the program", NULL },
	{ "api", RESULT_OBJECT, ALWAYS, "of the interface", &Version },
	{ "api_extensions", RESULT_STRINGS, ALWAYS,
	  "names of what was added since version 1.0", NULL },
	{ "instance", RESULT_STRING, ALWAYS,
	  "random, of this life of the daemon", NULL },
	{ "role", RESULT_STRING, ALWAYS, "of this connection", NULL },
	{ "pid", RESULT_INT, ALWAYS, "its process", NULL },
	{ "uid", RESULT_INT, ALWAYS, "its user", NULL },
	{ "socket", RESULT_STRING, ALWAYS, "where it listens", NULL },
	{ "state_dir", RESULT_STRING, ALWAYS, "definitions", NULL },
	{ "run_dir", RESULT_STRING, ALWAYS, "running domains", NULL },
	{ "log_dir", RESULT_STRING, ALWAYS, "logs", NULL },
	{ "modes", RESULT_OBJECT, ALWAYS, "the modes", &Modes },
	{ "limits", RESULT_COUNTERS, ALWAYS, "what there may be of", NULL },
	{ "domains", RESULT_INT, ALWAYS, "number of domains", NULL },
	END
};
SHAPE(ServerInfo, SHAPE_OPEN, "the daemon");

FIELDS(Warning) = {
	{ "line", RESULT_INT, ALWAYS, "in the document", NULL },
	{ "xpath", RESULT_STRING, ALWAYS, "the element or attribute", NULL },
	{ "reason", RESULT_STRING, ALWAYS, "what about it", NULL },
	{ "kind", RESULT_STRING, 0, "unknown, ignored, ...", NULL },
	{ "times", RESULT_INT, 0, "how often, when more than once", NULL },
	END
};
SHAPE(Warning, SHAPE_OPEN, "something in a document that has no effect");

#define MODE_REASONS \
	{ "mode", RESULT_STRING, ALWAYS, "bt, hvm or pv", NULL }, \
	{ "reasons", RESULT_STRINGS, ALWAYS, "why that one", NULL }
#define WARNINGS \
	{ "warnings", RESULT_LIST, ALWAYS, "what has no effect", &Warning }

FIELDS(Defined) = { NAME_UUID, MODE_REASONS, WARNINGS, END };
SHAPE(Defined, SHAPE_OPEN, "a definition that was stored");

FIELDS(Problem) = {
	{ "severity", RESULT_STRING, ALWAYS, "error or warning", NULL },
	{ "line", RESULT_INT, ALWAYS, "in the document, 0: none", NULL },
	{ "xpath", RESULT_STRING, ALWAYS, "the element or attribute", NULL },
	{ "code", RESULT_INT, 0, "of the error it would be", NULL },
	{ "name", RESULT_STRING, 0, "of that code", NULL },
	{ "rule", RESULT_STRING, 0, "which one it breaks", NULL },
	{ "reason", RESULT_STRING, ALWAYS, "what is wrong", NULL },
	{ "hint", RESULT_STRING, 0, "what to do about it", NULL },
	{ "times", RESULT_INT, 0, "how often, when more than once", NULL },
	END
};
SHAPE(Problem, SHAPE_OPEN, "something wrong with a document, or with the "
    "host for it");

FIELDS(Checked) = {
	{ "ok", RESULT_BOOL, ALWAYS, "it would start", NULL },
	{ "problems", RESULT_LIST, ALWAYS, "all there are", &Problem },
	{ "mode", RESULT_STRING, 0, "bt, hvm or pv", NULL },
	{ "reasons", RESULT_STRINGS, 0, "why that one", NULL },
	END
};
SHAPE(Checked, SHAPE_OPEN, "the verdict on a document");

FIELDS(Owner) = {
	{ "uid", RESULT_INT, ALWAYS, "the user", NULL },
	{ "gid", RESULT_INT, 0, "a group with the same rights", NULL },
	END
};
SHAPE(Owner, 0, "who may change a domain");

FIELDS(Exit) = {
	{ "state", RESULT_STRING, ALWAYS, "shutoff or crashed", NULL },
	{ "reason", RESULT_STRING, ALWAYS, "shutdown, killed, ...", NULL },
	{ "detail", RESULT_STRING, 0, "more about it", NULL },
	{ "exit_code", RESULT_INT, 0, "from isa-debug-exit", NULL },
	{ "report", RESULT_STRING, 0, "path of the crash report", NULL },
	END
};
SHAPE(Exit, SHAPE_OPEN, "how a run ended");

#define DOMAIN_FIELDS \
	NAME_UUID, \
	{ "title", RESULT_STRING, 0, "as defined", NULL }, \
	{ "state", RESULT_STRING, ALWAYS, "shutoff, starting, running, " \
	  "paused, crashed or stopping", NULL }, \
	{ "reason", RESULT_STRING, ALWAYS, "why it is in that state", NULL }, \
	{ "persistent", RESULT_BOOL, ALWAYS, "its definition is stored", \
	  NULL }, \
	{ "autostart", RESULT_BOOL, ALWAYS, "it starts with the daemon", \
	  NULL }, \
	{ "mode", RESULT_STRING, ALWAYS, "bt, hvm or pv", NULL }, \
	{ "engine", RESULT_STRING, ALWAYS, "default or interp", NULL }, \
	{ "memory", RESULT_INT, ALWAYS, "bytes", NULL }, \
	{ "vcpus", RESULT_INT, ALWAYS, "virtual CPUs", NULL }, \
	{ "id", RESULT_INT, 0, "of the run", NULL }, \
	{ "pid", RESULT_INT, 0, "of its monitor", NULL }, \
	{ "started", RESULT_TIME, 0, "when it was", NULL }, \
	{ "tty", RESULT_STRING, 0, "terminal of the console", NULL }

FIELDS(DomainSummary) = { DOMAIN_FIELDS, END };
SHAPE(DomainSummary, SHAPE_OPEN, "a domain in a list");

FIELDS(DomainList) = {
	{ "domains", RESULT_LIST, ALWAYS, "the domains", &DomainSummary },
	END
};
SHAPE(DomainList, 0, "domains");

FIELDS(DomainStats) = {
	DOMAIN_FIELDS,
	{ "stats", RESULT_COUNTERS, ALWAYS, "by libvirt's names: cpu.time and "
	  "the like", NULL },
	{ "cpu_ns", RESULT_INT, 0, "processor time of its monitor", NULL },
	{ "rss", RESULT_INT, 0, "bytes of the host's memory it has", NULL },
	{ "vcpu_ns", RESULT_INT, 0, "processor time of its virtual CPUs",
	  NULL },
	{ "uptime_ns", RESULT_INT, 0, "of the machine's clock", NULL },
	{ "exits", RESULT_INT, 0, "how often the guest needed its monitor",
	  NULL },
	{ "halts", RESULT_INT, 0, "of these, to sleep", NULL },
	{ "interrupts", RESULT_INT, 0, "delivered to the guest", NULL },
	{ "translations", RESULT_INT, 0, "pieces of code translated", NULL },
	{ "stale", RESULT_BOOL, 0, "its monitor has not answered in time",
	  NULL },
	{ "error", RESULT_STRING, 0, "why it is stale", NULL },
	END
};
SHAPE(DomainStats, SHAPE_OPEN, "a domain and its counters");

FIELDS(DomainStatsList) = {
	{ "domains", RESULT_LIST, ALWAYS, "the domains", &DomainStats },
	END
};
SHAPE(DomainStatsList, 0, "counters of domains");

FIELDS(Topology) = {
	{ "sockets", RESULT_INT, ALWAYS, "how many", NULL },
	{ "dies", RESULT_INT, ALWAYS, "in each", NULL },
	{ "cores", RESULT_INT, ALWAYS, "in each", NULL },
	{ "threads", RESULT_INT, ALWAYS, "in each", NULL },
	END
};
SHAPE(Topology, 0, "of virtual CPUs");

FIELDS(GuestCpu) = {
	{ "model", RESULT_STRING, ALWAYS, "its name", NULL },
	{ "features", RESULT_STRINGS, 0, "all of them", NULL },
	{ "topology", RESULT_OBJECT, 0, "if one was asked for", &Topology },
	END
};
SHAPE(GuestCpu, 0, "a guest's processor");

FIELDS(Domain) = {
	DOMAIN_FIELDS,
	{ "reasons", RESULT_STRINGS, 0, "why that mode", NULL },
	{ "kernel", RESULT_STRING, 0, "path", NULL },
	{ "initrd", RESULT_STRING, 0, "path", NULL },
	{ "cmdline", RESULT_STRING, 0, "kernel command line", NULL },
	{ "machine", RESULT_STRING, 0, "as written", NULL },
	{ "owner", RESULT_OBJECT, 0, "who may change it", &Owner },
	{ "on_poweroff", RESULT_STRING, 0, "destroy, restart, preserve",
	  NULL },
	{ "on_reboot", RESULT_STRING, 0, "the same", NULL },
	{ "on_crash", RESULT_STRING, 0, "the same", NULL },
	{ "sandbox", RESULT_MAP, 0, "layers of its monitor's sandbox: on, or "
	  "off and why", NULL },
	{ "cpu", RESULT_OBJECT, 0, "the processor its guest sees", &GuestCpu },
	{ "exit", RESULT_OBJECT, 0, "how the last run ended", &Exit },
	{ "crash_report", RESULT_STRING, 0, "path of the newest one", NULL },
	{ "warnings", RESULT_LIST, 0, "what has no effect, after a start",
	  &Warning },
	END
};
SHAPE(Domain, SHAPE_OPEN, "all about a domain");

FIELDS(Xml) = {
	{ "xml", RESULT_STRING, ALWAYS, "the document", NULL },
	END
};
SHAPE(Xml, 0, "a domain's XML");

FIELDS(Console) = {
	NAME_UUID,
	{ "serial", RESULT_INT, ALWAYS, "which port", NULL },
	{ "writer", RESULT_BOOL, ALWAYS,
	  "what is sent reaches the guest; else another viewer's does", NULL },
	{ "skipped", RESULT_INT, ALWAYS,
	  "bytes of earlier output that will not come", NULL },
	{ "replayed", RESULT_INT, ALWAYS,
	  "bytes of earlier output that come first", NULL },
	END
};
SHAPE(Console, SHAPE_OPEN, "a stream socket of the port's bytes came along");

FIELDS(Answer) = { NAME_UUID, END };
SHAPE(Answer, SHAPE_OPEN, "what the domain's monitor answered");

FIELDS(Hot) = {
	{ "rip", RESULT_STRING, 0, "guest address", NULL },
	{ "offset", RESULT_ANY, 0, "where in the block most", NULL },
	{ "cpl", RESULT_INT, 0, "privilege level", NULL },
	{ "samples", RESULT_INT, 0, "how many", NULL },
	END
};
SHAPE(Hot, SHAPE_OPEN, "a block where time was spent");

FIELDS(Part) = {
	{ "part", RESULT_STRING, 0, "of the engine", NULL },
	{ "samples", RESULT_INT, 0, "how many", NULL },
	END
};
SHAPE(Part, SHAPE_OPEN, "a part of the engine where time was spent");

FIELDS(Profile) = {
	NAME_UUID,
	{ "engine", RESULT_STRING, 0, "bt or interp", NULL },
	{ "vcpus", RESULT_INT, 0, "how many", NULL },
	{ "profiling", RESULT_INT, 0, "1 while it goes on", NULL },
	{ "samples", RESULT_INT, 0, "taken", NULL },
	{ "idle", RESULT_INT, 0, "of them, waiting", NULL },
	{ "hot", RESULT_LIST, 0, "hottest first", &Hot },
	{ "parts", RESULT_LIST, 0, "parts of the engine", &Part },
	END
};
SHAPE(Profile, SHAPE_OPEN, "counters and the latest profile");

FIELDS(JobDomain) = {
	{ "name", RESULT_STRING, 0, "of the domain", NULL },
	{ "uuid", RESULT_STRING, 0, "its uuid", NULL },
	END
};
SHAPE(JobDomain, 0, "the domain of a job; empty for none");

FIELDS(Progress) = {
	{ "done", RESULT_INT, ALWAYS, "so far", NULL },
	{ "total", RESULT_INT, ALWAYS, "of", NULL },
	{ "unit", RESULT_STRING, ALWAYS, "bytes, ms, ...", NULL },
	END
};
SHAPE(Progress, 0, "how far");

FIELDS(JobError) = {
	{ "code", RESULT_INT, ALWAYS, "as in an error", NULL },
	{ "name", RESULT_STRING, ALWAYS, "of the code", NULL },
	{ "message", RESULT_STRING, ALWAYS, "what happened", NULL },
	{ "hint", RESULT_STRING, 0, "what to do about it", NULL },
	END
};
SHAPE(JobError, SHAPE_OPEN, "why a job failed");

FIELDS(Job) = {
	{ "id", RESULT_STRING, ALWAYS, "for job.get", NULL },
	{ "domain", RESULT_OBJECT, ALWAYS, "what it is about", &JobDomain },
	{ "operation", RESULT_STRING, ALWAYS, "shutdown, ...", NULL },
	{ "state", RESULT_STRING, ALWAYS, "running, done, failed or cancelled",
	  NULL },
	{ "phase", RESULT_STRING, 0, "what it does now", NULL },
	{ "progress", RESULT_OBJECT, 0, "how far it is", &Progress },
	{ "cancellable", RESULT_BOOL, ALWAYS, "job.cancel would stop it",
	  NULL },
	{ "started", RESULT_TIME, ALWAYS, "when", NULL },
	{ "ended", RESULT_TIME, 0, "when", NULL },
	{ "error", RESULT_OBJECT, 0, "why it failed", &JobError },
	{ "result", RESULT_ANY, 0, "what came of it", NULL },
	END
};
SHAPE(Job, 0, "long work");

FIELDS(JobList) = {
	{ "jobs", RESULT_LIST, ALWAYS, "running ones first", &Job },
	END
};
SHAPE(JobList, 0, "jobs");

FIELDS(DomainJob) = {
	NAME_UUID,
	{ "job", RESULT_OBJECT, 0, "ends when it is done", &Job },
	{ "button", RESULT_STRING, 0, "enabled, disabled (the guest does not "
	  "listen) or pressed (it has not looked yet)", NULL },
	{ "warning", RESULT_STRING, 0, "why this may have no effect", NULL },
	{ "hint", RESULT_STRING, 0, "what to do then", NULL },
	END
};
SHAPE(DomainJob, SHAPE_OPEN, "a domain, and the job that began");

FIELDS(HostInfo) = {
	{ "model", RESULT_STRING, ALWAYS, "the processor's name", NULL },
	{ "arch", RESULT_STRING, ALWAYS, "x86_64", NULL },
	{ "cpus", RESULT_INT, ALWAYS, "online", NULL },
	{ "mhz", RESULT_INT, ALWAYS, "0: not known", NULL },
	{ "sockets", RESULT_INT, ALWAYS, "of a NUMA cell", NULL },
	{ "cores", RESULT_INT, ALWAYS, "of a socket", NULL },
	{ "threads", RESULT_INT, ALWAYS, "of a core", NULL },
	{ "numa_cells", RESULT_INT, ALWAYS, "how many", NULL },
	{ "memory_total", RESULT_INT, ALWAYS, "bytes", NULL },
	{ "memory_free", RESULT_INT, ALWAYS, "bytes that can be had", NULL },
	{ "kernel", RESULT_STRING, ALWAYS, "and its version", NULL },
	END
};
SHAPE(HostInfo, 0, "a host");

FIELDS(Capabilities) = {
	{ "xml", RESULT_STRING, ALWAYS, "libvirt's <capabilities>", NULL },
	{ "vendor", RESULT_STRING, ALWAYS, "Intel, AMD", NULL },
	{ "cpu_model", RESULT_STRING, ALWAYS, "the nearest model", NULL },
	{ "features", RESULT_STRINGS, ALWAYS, "that guests can have", NULL },
	{ "arches", RESULT_STRINGS, ALWAYS, "of guests", NULL },
	{ "machines", RESULT_STRINGS, ALWAYS, "names that are understood",
	  NULL },
	{ "types", RESULT_STRINGS, ALWAYS, "of <domain type=>", NULL },
	{ "max_vcpus", RESULT_INT, ALWAYS, "of a domain", NULL },
	END
};
SHAPE(Capabilities, 0, "what the host can do");

FIELDS(DomainCapabilities) = {
	{ "xml", RESULT_STRING, ALWAYS, "libvirt's <domainCapabilities>",
	  NULL },
	END
};
SHAPE(DomainCapabilities, 0, "what a domain can have");

FIELDS(CpuModel) = {
	{ "name", RESULT_STRING, ALWAYS, "for <model>", NULL },
	{ "vendor", RESULT_STRING, ALWAYS, "\"\" any", NULL },
	{ "usable", RESULT_BOOL, ALWAYS, "nothing is missing", NULL },
	{ "missing", RESULT_STRINGS, ALWAYS, "features that this host lacks",
	  NULL },
	{ "left_out", RESULT_STRINGS, ALWAYS, "that no guest gets anywhere",
	  NULL },
	END
};
SHAPE(CpuModel, 0, "a CPU model");

FIELDS(CpuFeature) = {
	{ "name", RESULT_STRING, ALWAYS, "for <feature name=>", NULL },
	{ "leaf", RESULT_INT, ALWAYS, "of CPUID", NULL },
	{ "subleaf", RESULT_INT, ALWAYS, "ECX", NULL },
	{ "register", RESULT_STRING, ALWAYS, "eax, ebx, ecx or edx", NULL },
	{ "bit", RESULT_INT, ALWAYS, "0 to 31", NULL },
	{ "offered", RESULT_BOOL, ALWAYS, "guests can have it here", NULL },
	{ "why", RESULT_STRING, 0, "why no guest gets it anywhere", NULL },
	END
};
SHAPE(CpuFeature, 0, "a feature bit");

FIELDS(CpuModels) = {
	{ "models", RESULT_LIST, ALWAYS, "all that are known", &CpuModel },
	{ "nearest", RESULT_STRING, ALWAYS, "to this host", NULL },
	{ "features", RESULT_LIST, 0, "all feature bits", &CpuFeature },
	END
};
SHAPE(CpuModels, 0, "CPU models");

FIELDS(HostCheck) = {
	{ "what", RESULT_STRING, ALWAYS, "was looked at", NULL },
	{ "status", RESULT_STRING, ALWAYS, "ok, degraded or missing", NULL },
	{ "required", RESULT_BOOL, ALWAYS, "no domain runs without it", NULL },
	{ "detail", RESULT_STRING, ALWAYS, "what was found", NULL },
	{ "remedy", RESULT_STRING, 0, "what to do about it", NULL },
	END
};
SHAPE(HostCheck, 0, "one thing that matters");

FIELDS(Checks) = {
	{ "checks", RESULT_LIST, ALWAYS, "in order", &HostCheck },
	END
};
SHAPE(Checks, 0, "the host's health");

FIELDS(Subscribed) = {
	{ "seq", RESULT_INT, ALWAYS, "number of the last event so far", NULL },
	{ "instance", RESULT_STRING, ALWAYS, "whose numbers these are", NULL },
	{ "lost", RESULT_BOOL, ALWAYS, "events after since_seq are gone; "
	  "events.lost tells", NULL },
	END
};
SHAPE(Subscribed, 0, "a subscription");

const struct result_shape *const api_results[METHOD_COUNT] = {
	[METHOD_RPC_DISCOVER] = &Document,
	[METHOD_SERVER_INFO] = &ServerInfo,
	[METHOD_SERVER_PING] = &Nothing,
	[METHOD_DOMAIN_DEFINE] = &Defined,
	[METHOD_DOMAIN_CHECK] = &Checked,
	[METHOD_DOMAIN_UNDEFINE] = &Identity,
	[METHOD_DOMAIN_CREATE] = &Domain,
	[METHOD_DOMAIN_START] = &Domain,
	[METHOD_DOMAIN_SHUTDOWN] = &DomainJob,
	[METHOD_DOMAIN_REBOOT] = &DomainJob,
	[METHOD_DOMAIN_AUTOSTART] = &DomainSummary,
	[METHOD_DOMAIN_DESTROY] = &DomainSummary,
	[METHOD_DOMAIN_RESET] = &Answer,
	[METHOD_DOMAIN_NMI] = &Answer,
	[METHOD_DOMAIN_SUSPEND] = &Answer,
	[METHOD_DOMAIN_RESUME] = &Answer,
	[METHOD_DOMAIN_LIST] = &DomainList,
	[METHOD_DOMAIN_INFO] = &Domain,
	[METHOD_DOMAIN_XML] = &Xml,
	[METHOD_DOMAIN_CONSOLE] = &Console,
	[METHOD_DOMAIN_STATS] = &Answer,
	[METHOD_DOMAIN_STATS_ALL] = &DomainStatsList,
	[METHOD_DOMAIN_DISASM] = &Answer,
	[METHOD_DOMAIN_PROFILE] = &Profile,
	[METHOD_DOMAIN_BT_STATS] = &Profile,
	[METHOD_DOMAIN_SET_OWNER] = &Domain,
	[METHOD_JOB_LIST] = &JobList,
	[METHOD_JOB_GET] = &Job,
	[METHOD_JOB_WAIT] = &Job,
	[METHOD_JOB_CANCEL] = &Job,
	[METHOD_HOST_INFO] = &HostInfo,
	[METHOD_HOST_CAPABILITIES] = &Capabilities,
	[METHOD_HOST_DOMAIN_CAPABILITIES] = &DomainCapabilities,
	[METHOD_HOST_CPU_MODELS] = &CpuModels,
	[METHOD_HOST_DOCTOR] = &Checks,
	[METHOD_EVENTS_SUBSCRIBE] = &Subscribed,
	[METHOD_EVENTS_UNSUBSCRIBE] = &Nothing,
};
