## SPDX-License-Identifier: Apache-2.0
noinst_LIBRARIES += libapi.a
libapi_a_SOURCES = api/methods.h api/methods.c api/client.h api/client.c \
	api/json.h api/json.c api/rpc.h api/rpc.c api/events.h api/events.c \
	api/nearest.h api/nearest.c api/xml_doc.h api/xml_doc.c \
	api/domain_xml.h api/domain_xml.c api/domain_parse.h api/domain_tab.c \
	api/domain_use.c api/domain_use_tune.c api/domain_use_cpu.c \
	api/domain_use_dev.c api/domain_values.c api/domain_problem.c \
	api/domain_text.h api/domain_text.c api/xml_text.h api/xml_text.c
libapi_a_CFLAGS = $(AM_CFLAGS) $(JSON_C_CFLAGS) $(LIBXML2_CFLAGS)
