## SPDX-License-Identifier: Apache-2.0
## Units, users, directories; where they go is configure's.
packaging_in = packaging/systemd/trivisord.service.in \
	packaging/systemd/trivisord.socket.in \
	packaging/systemd/trivisord-ro.socket.in \
	packaging/systemd/trivisor-guests.service.in \
	packaging/systemd-user/trivisord.service.in \
	packaging/systemd-user/trivisord.socket.in \
	packaging/trivisor.tmpfiles.in
EXTRA_DIST += $(packaging_in) packaging/trivisor.sysusers \
	packaging/trivisor-guests.sh packaging/README.md

packaging_made = packaging/systemd/trivisord.service \
	packaging/systemd/trivisord.socket \
	packaging/systemd/trivisord-ro.socket \
	packaging/systemd/trivisor-guests.service \
	packaging/systemd-user/trivisord.service \
	packaging/systemd-user/trivisord.socket \
	packaging/trivisor.conf packaging/tmpfiles/trivisor.conf \
	packaging/trivisor-guests
CLEANFILES += $(packaging_made)
noinst_DATA += $(packaging_made)

packaging_sed = $(SED) -e 's|@sbindir[@]|$(sbindir)|g' \
	-e 's|@bindir[@]|$(bindir)|g' -e 's|@libexecdir[@]|$(libexecdir)|g' \
	-e 's|@rundir[@]|$(trivisor_rundir)|g' \
	-e 's|@statedir[@]|$(trivisor_statedir)|g' \
	-e 's|@logdir[@]|$(trivisor_logdir)|g'
packaging_make = $(AM_V_GEN)$(MKDIR_P) $(@D) && \
	$(packaging_sed) $< >$@.tmp && mv $@.tmp $@

packaging/systemd/trivisord.service: packaging/systemd/trivisord.service.in Makefile
	$(packaging_make)
packaging/systemd/trivisord.socket: packaging/systemd/trivisord.socket.in Makefile
	$(packaging_make)
packaging/systemd/trivisord-ro.socket: packaging/systemd/trivisord-ro.socket.in Makefile
	$(packaging_make)
packaging/systemd/trivisor-guests.service: packaging/systemd/trivisor-guests.service.in Makefile
	$(packaging_make)
packaging/systemd-user/trivisord.service: packaging/systemd-user/trivisord.service.in Makefile
	$(packaging_make)
packaging/systemd-user/trivisord.socket: packaging/systemd-user/trivisord.socket.in Makefile
	$(packaging_make)
packaging/tmpfiles/trivisor.conf: packaging/trivisor.tmpfiles.in Makefile
	$(packaging_make)
packaging/trivisor.conf: packaging/trivisor.sysusers Makefile
	$(packaging_make)
packaging/trivisor-guests: packaging/trivisor-guests.sh Makefile
	$(packaging_make) && chmod +x $@

libexec_SCRIPTS = packaging/trivisor-guests
if WITH_SYSTEMD
systemdsystemunitdir = $(trivisor_unitdir)
systemdsystemunit_DATA = packaging/systemd/trivisord.service \
	packaging/systemd/trivisord.socket \
	packaging/systemd/trivisord-ro.socket \
	packaging/systemd/trivisor-guests.service
systemduserunitdir = $(trivisor_userunitdir)
systemduserunit_DATA = packaging/systemd-user/trivisord.service \
	packaging/systemd-user/trivisord.socket
sysusersdir = $(trivisor_sysusersdir)
sysusers_DATA = packaging/trivisor.conf
tmpfilesdir = $(trivisor_tmpfilesdir)
tmpfiles_DATA = packaging/tmpfiles/trivisor.conf
endif

EXTRA_DIST += man/trivisord.8.in packaging/options2man.sh
man8_MANS = man/trivisord.8
CLEANFILES += man/trivisord.8
man/trivisord.8: $(srcdir)/man/trivisord.8.in $(srcdir)/packaging/options2man.sh bin/trivisord
	$(AM_V_GEN)$(MKDIR_P) man && bin/trivisord --help | \
	    $(srcdir)/packaging/options2man.sh >$@.options && \
	    $(packaging_sed) -e '/@OPTIONS@/{' -e 'r $@.options' -e 'd' -e '}' \
	    $(srcdir)/man/trivisord.8.in >$@.tmp && \
	    rm -f $@.options && mv $@.tmp $@
