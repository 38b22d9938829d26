/* SPDX-License-Identifier: Apache-2.0 */
/* The table of event types, and patterns over it. */
#include "api/events.h"

#include <string.h>

const struct event_type api_events[] = {
#define X(name, data, doc) { name, data, doc },
	API_EVENTS(X)
#undef X
};
const size_t api_n_events = ARRAY_LEN(api_events);

bool
event_type_known(const char *name)
{
	size_t i;

	for (i = 0; i < api_n_events; i++)
		if (!strcmp(api_events[i].name, name))
			return true;
	return false;
}

bool
event_pattern_matches(const char *pattern, const char *type)
{
	size_t n = strlen(pattern);

	if (!strcmp(pattern, "*"))
		return true;
	if (n > 2 && !strcmp(pattern + n - 2, ".*"))
		return !strncmp(pattern, type, n - 1);
	return !strcmp(pattern, type);
}

bool
event_pattern_ok(const char *pattern)
{
	size_t i;

	for (i = 0; i < api_n_events; i++)
		if (event_pattern_matches(pattern, api_events[i].name))
			return true;
	return false;
}
