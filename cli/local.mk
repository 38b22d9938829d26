## SPDX-License-Identifier: Apache-2.0
bin_PROGRAMS += bin/trivisor
bin_trivisor_SOURCES = cli/cli.h cli/main.c cli/verbs_tab.c cli/args.c \
	cli/values.c cli/file.c cli/json_out.c cli/connect.c cli/verbs.c \
	cli/show.c cli/bt_stats.c cli/run_opts.h cli/run_opts.c cli/console.c cli/pump.h \
	cli/pump.c cli/term.h cli/term.c cli/private.h cli/private.c \
	cli/run.c
bin_trivisor_CPPFLAGS = $(AM_CPPFLAGS) -DTRIVISOR_SBINDIR='"$(sbindir)"'
bin_trivisor_CFLAGS = $(AM_CFLAGS) $(JSON_C_CFLAGS)
bin_trivisor_LDADD = libapi.a libvm.a libbase.a $(JSON_C_LIBS) $(LIBXML2_LIBS)
EXTRA_DIST += cli/README.md examples/debian-cloud.xml .ci/run \
	build-aux/README.md build-aux/setup.sh build-aux/fetch-guest.sh \
	build-aux/guest-init.sh
dist_man_MANS += man/trivisor.1
