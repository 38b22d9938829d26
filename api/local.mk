## SPDX-License-Identifier: Apache-2.0
noinst_LIBRARIES += libapi.a
libapi_a_SOURCES = api/methods.h api/methods.c api/client.h api/client.c \
	api/json.h api/json.c api/rpc.h api/rpc.c api/events.h api/events.c \
	api/results.h api/results.c api/openrpc.h api/openrpc.c \
	api/nearest.h api/nearest.c api/xml_doc.h api/xml_doc.c \
	api/domain_xml.h api/domain_xml.c api/domain_parse.h api/domain_tab.c \
	api/domain_use.c api/domain_use_tune.c api/domain_use_cpu.c \
	api/domain_use_dev.c api/domain_values.c api/domain_problem.c \
	api/domain_text.h api/domain_text.c api/xml_text.h api/xml_text.c
libapi_a_CFLAGS = $(AM_CFLAGS) $(JSON_C_CFLAGS) $(LIBXML2_CFLAGS)

## Made from the tables: what is installed for clients, the manual's list, and
## a fuzzer's words.
noinst_PROGRAMS += api/describe
api_describe_SOURCES = api/describe.c
api_describe_CFLAGS = $(AM_CFLAGS) $(JSON_C_CFLAGS)
api_describe_LDADD = libapi.a libvm.a libbase.a $(JSON_C_LIBS)
openrpcdir = $(pkgdatadir)
openrpc_DATA = api/openrpc.json
EXTRA_DIST += man/trivisor-rpc.7.in
man7_MANS = man/trivisor-rpc.7
noinst_DATA = tests/fuzz/json.dict
CLEANFILES += api/openrpc.json man/trivisor-rpc.7 tests/fuzz/json.dict
api/openrpc.json: api/describe
	$(AM_V_GEN)api/describe openrpc >$@.tmp && mv $@.tmp $@
tests/fuzz/json.dict: api/describe
	$(AM_V_GEN)$(MKDIR_P) tests/fuzz && api/describe dict >$@.tmp && \
	    mv $@.tmp $@
man/trivisor-rpc.7: $(srcdir)/man/trivisor-rpc.7.in api/describe
	$(AM_V_GEN)$(MKDIR_P) man && api/describe man >$@.methods && \
	    sed -e '/@METHODS@/{' -e 'r $@.methods' -e 'd' -e '}' \
	    $(srcdir)/man/trivisor-rpc.7.in >$@.tmp && \
	    rm -f $@.methods && mv $@.tmp $@

## The elements of trivisor-xml(5) are those of the table.
noinst_PROGRAMS += api/describe_xml
api_describe_xml_SOURCES = api/describe_xml.c
api_describe_xml_CFLAGS = $(AM_CFLAGS) $(LIBXML2_CFLAGS)
api_describe_xml_LDADD = libapi.a libvm.a libbase.a $(LIBXML2_LIBS) \
	$(JSON_C_LIBS)
EXTRA_DIST += man/trivisor-xml.5.in
man5_MANS = man/trivisor-xml.5
CLEANFILES += man/trivisor-xml.5
man/trivisor-xml.5: $(srcdir)/man/trivisor-xml.5.in api/describe_xml
	$(AM_V_GEN)$(MKDIR_P) man && api/describe_xml >$@.elements && \
	    sed -e '/@ELEMENTS@/{' -e 'r $@.elements' -e 'd' -e '}' \
	    $(srcdir)/man/trivisor-xml.5.in >$@.tmp && \
	    rm -f $@.elements && mv $@.tmp $@
