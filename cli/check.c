/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `check': all that is wrong with a domain's XML, and with this host for it,
 * in the form that editors know: FILE:LINE: error: what.
 */
#include <json-c/json.h>
#include <stdio.h>
#include <string.h>

#include "cli/run_opts.h"
#include "cli/text.h"

static void
print_problem(const struct cli *cli, const char *file, struct json_object *q)
{
	const char *severity = json_text(q, "severity", "error");
	const char *hint = json_text(q, "hint", NULL);
	bool color = text_color(cli, 1);
	char text[1024];

	text_clean(json_text(q, "reason", "?"), 0, text, sizeof(text));
	printf("%s:%d: %s%s%s: %s", file, (int)json_int(q, "line", 0),
	    text_style(color, strcmp(severity, "error") ? YELLOW : RED),
	    severity, text_style(color, PLAIN), text);
	text_clean(json_text(q, "xpath", ""), 0, text, sizeof(text));
	if (text[0])
		printf(" (%s)", text);
	if (json_int(q, "times", 1) > 1)
		printf(", and %d more", (int)json_int(q, "times", 1) - 1);
	if (hint) {
		text_clean(hint, 0, text, sizeof(text));
		printf("\n    %s", text);
	}
	putchar('\n');
}

static void
print_all(const struct cli *cli, const char *file, struct json_object *result)
{
	struct json_object *list = json_array(result, "problems");
	size_t i, n = list ? json_object_array_length(list) : 0, errors = 0;
	char reasons[512];

	for (i = 0; i < n; i++) {
		struct json_object *q = json_object_array_get_idx(list, i);

		errors += !strcmp(json_text(q, "severity", "error"), "error");
		print_problem(cli, file, q);
	}
	json_join(result, "reasons", reasons, sizeof(reasons));
	if (errors)
		printf("%s: %zu error%s, %zu warning%s\n", file, errors,
		    errors == 1 ? "" : "s", n - errors,
		    n - errors == 1 ? "" : "s");
	else
		printf("%s: good, mode %s: %s\n", file,
		    json_text(result, "mode", "?"), reasons);
}

int
verb_check(struct cli *cli, const struct args *a)
{
	const char *file = strcmp(a->operand[0], "-") ? a->operand[0] :
	    "standard input";
	struct json_object *params, *result;
	struct err e = { 0 };
	bool misuse;
	int status;

	params = cli_xml_params(a, a->operand[0], &e, &misuse);
	if (!params)
		return misuse ? cli_misuse(cli, &e) : cli_fail(cli, &e);
	status = cli_ask(cli, "domain.check", params, &result);
	if (status)
		return status;
	if (cli->json)
		out_json(result);
	else
		print_all(cli, file, result);
	status = json_flag(result, "ok") ? CLI_OK : CLI_FAILED;
	json_object_put(result);
	return status;
}
