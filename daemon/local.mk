## SPDX-License-Identifier: Apache-2.0
## The mode choice is all the daemon links of modes/: base/ and vm/ only.
noinst_LIBRARIES += libselect.a
libselect_a_SOURCES = modes/select.h modes/select.c

sbin_PROGRAMS += bin/trivisord
bin_trivisord_SOURCES = daemon/daemon.h daemon/monitor.h daemon/main.c daemon/options.c \
	daemon/listen.c daemon/notify.c daemon/conn.c daemon/admit.c daemon/roles.c daemon/call.c daemon/methods.c daemon/methods_run.c \
	daemon/domain.c daemon/store.c daemon/files.c daemon/events.c \
	daemon/monitor.c daemon/start.c daemon/spawn.c daemon/attach.c \
	daemon/run_dir.c daemon/serials.c daemon/jobs.h daemon/jobs_int.h \
	daemon/jobs.c daemon/methods_job.c
bin_trivisord_SOURCES += daemon/cgroup.h daemon/cgroup.c daemon/tuning.h \
	daemon/tuning.c daemon/host.h daemon/host.c daemon/host_xml.c \
	daemon/doctor.c daemon/methods_host.c
bin_trivisord_SOURCES += daemon/ask.c
bin_trivisord_SOURCES += daemon/metrics.h daemon/metrics.c daemon/metrics_text.c
bin_trivisord_SOURCES += daemon/logs.c
bin_trivisord_SOURCES += daemon/stats.h daemon/methods_stats.c
bin_trivisord_SOURCES += daemon/check.h daemon/check_host.c daemon/methods_check.c
bin_trivisord_SOURCES += daemon/note.h daemon/note.c \
	daemon/ending.c daemon/crash.c daemon/power.h daemon/power.c \
	daemon/states.c daemon/autostart.c daemon/monitor_events.c
bin_trivisord_CPPFLAGS = $(AM_CPPFLAGS) \
	-DTRIVISOR_LIBEXECDIR='"$(libexecdir)"'
bin_trivisord_CFLAGS = $(AM_CFLAGS) -fno-strict-aliasing $(JSON_C_CFLAGS) \
	$(LIBXML2_CFLAGS)
bin_trivisord_LDADD = libapi.a libselect.a libcpumodel.a libvm.a libbase.a \
	$(JSON_C_LIBS) $(LIBXML2_LIBS) $(EV_LIBS) $(SECCOMP_LIBS)
bin_trivisord_SOURCES += daemon/spawner.h daemon/spawn_wire.h daemon/birth.h daemon/start.h \
	daemon/policy.h daemon/policy.c daemon/inspect.h daemon/inspect.c daemon/seal.c daemon/file_look.c daemon/spawner.c daemon/birth.c daemon/birth_child.c
