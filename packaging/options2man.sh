#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# trivisord --help, on stdin, as a manual's list of options.
sed -n 's/^  --\([a-z-]*\)  *\([A-Z]*\)  *\(.*\)$/\1 \2 \3/p' |
    awk '{
	name = $1; arg = ""; first = 2
	if ($2 ~ /^[A-Z]+$/) { arg = $2; first = 3 }
	text = ""
	for (i = first; i <= NF; i++) text = text (i > first ? " " : "") $i
	gsub(/-/, "\\-", name); gsub(/-/, "\\-", text)
	print ".TP"
	if (arg != "") print ".BI \\-\\-" name " \" " arg "\""
	else print ".B \\-\\-" name
	print toupper(substr(text, 1, 1)) substr(text, 2) "."
    }'
