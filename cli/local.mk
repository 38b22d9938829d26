## SPDX-License-Identifier: Apache-2.0
bin_PROGRAMS += bin/trivisor
bin_trivisor_SOURCES = cli/cli.h cli/main.c cli/verbs_tab.c cli/args.c \
	cli/values.c cli/file.c cli/json_out.c cli/connect.c cli/verbs.c \
	cli/help.c cli/text.h cli/text.c cli/table.h cli/table.c cli/list.c \
	cli/dominfo.c cli/power.c cli/job.h cli/job.c cli/host.c cli/event.c \
	cli/edit.c cli/domstats.c cli/top.c cli/complete.c cli/completion.c \
	cli/show.c cli/bt_stats.c cli/run_opts.h cli/run_opts.c cli/console.c cli/pump.h \
	cli/pump.c cli/term.h cli/term.c cli/private.h cli/private.c \
	cli/keys.h cli/keys.c cli/replay.h cli/replay.c cli/console.h cli/run.c cli/check.c
bin_trivisor_CPPFLAGS = $(AM_CPPFLAGS) -DTRIVISOR_SBINDIR='"$(sbindir)"'
bin_trivisor_CFLAGS = $(AM_CFLAGS) $(JSON_C_CFLAGS)
bin_trivisor_LDADD = libapi.a libvm.a libbase.a $(JSON_C_LIBS) $(LIBXML2_LIBS)
EXTRA_DIST += cli/README.md examples/debian-cloud.xml .ci/run \
	build-aux/README.md build-aux/setup.sh build-aux/fetch-guest.sh \
	build-aux/guest-init.sh

## The manual's list of commands is the program's own.
EXTRA_DIST += man/trivisor.1.in
man1_MANS = man/trivisor.1
CLEANFILES += man/trivisor.1 cli/trivisor.bash cli/_trivisor \
	cli/trivisor.fish
man/trivisor.1: $(srcdir)/man/trivisor.1.in bin/trivisor
	$(AM_V_GEN)$(MKDIR_P) man && bin/trivisor help --man >$@.commands && \
	    sed -e '/@COMMANDS@/{' -e 'r $@.commands' -e 'd' -e '}' \
	    $(srcdir)/man/trivisor.1.in >$@.tmp && \
	    rm -f $@.commands && mv $@.tmp $@

## So are the scripts for shells.
bashcompdir = $(datadir)/bash-completion/completions
zshcompdir = $(datadir)/zsh/site-functions
fishcompdir = $(datadir)/fish/vendor_completions.d
COMPLETIONS = cli/trivisor.bash cli/_trivisor cli/trivisor.fish
all-local: $(COMPLETIONS)
cli/trivisor.bash: bin/trivisor
	$(AM_V_GEN)bin/trivisor completion bash >$@.tmp && mv $@.tmp $@
cli/_trivisor: bin/trivisor
	$(AM_V_GEN)bin/trivisor completion zsh >$@.tmp && mv $@.tmp $@
cli/trivisor.fish: bin/trivisor
	$(AM_V_GEN)bin/trivisor completion fish >$@.tmp && mv $@.tmp $@
install-data-hook: $(COMPLETIONS)
	$(MKDIR_P) "$(DESTDIR)$(bashcompdir)" "$(DESTDIR)$(zshcompdir)" \
	    "$(DESTDIR)$(fishcompdir)"
	$(INSTALL_DATA) cli/trivisor.bash "$(DESTDIR)$(bashcompdir)/trivisor"
	$(INSTALL_DATA) cli/_trivisor "$(DESTDIR)$(zshcompdir)/_trivisor"
	$(INSTALL_DATA) cli/trivisor.fish \
	    "$(DESTDIR)$(fishcompdir)/trivisor.fish"
uninstall-hook:
	rm -f "$(DESTDIR)$(bashcompdir)/trivisor" \
	    "$(DESTDIR)$(zshcompdir)/_trivisor" \
	    "$(DESTDIR)$(fishcompdir)/trivisor.fish"
