/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `completion': the scripts that make shells ask `trivisor __complete'
 * (complete.c).  They know nothing about verbs; make install puts them where
 * the shells look.
 */
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"

static const char bash_script[] =
    "# bash completion of trivisor: trivisor completion bash\n"
    "_trivisor()\n"
    "{\n"
    "	local line i cut= last\n"
    "	local -a words=()\n"
    "	# \"--option=value\" comes as three words.\n"
    "	for ((i = 1; i <= COMP_CWORD; i++)); do\n"
    "		last=$((${#words[@]} - 1))\n"
    "		if [[ ${COMP_WORDS[i]} == \"=\" && $last -ge 0 &&\n"
    "		    ${words[last]} == --* ]]; then\n"
    "			words[last]+==\n"
    "		elif [[ $last -ge 0 && ${words[last]} == --*= ]]; then\n"
    "			words[last]+=${COMP_WORDS[i]}\n"
    "		else\n"
    "			words+=(\"${COMP_WORDS[i]}\")\n"
    "		fi\n"
    "	done\n"
    "	last=${words[-1]-}\n"
    "	[[ $last == --*=* && $COMP_WORDBREAKS == *=* ]] &&\n"
    "		cut=${last%%=*}=\n"
    "	COMPREPLY=()\n"
    "	while IFS= read -r line; do\n"
    "		if [[ $line == :files ]]; then\n"
    "			compopt -o filenames 2>/dev/null\n"
    "			while IFS= read -r line; do\n"
    "				COMPREPLY+=(\"$line\")\n"
    "			done < <(compgen -f -- \"${last#--*=}\")\n"
    "		else\n"
    "			line=${line%%$'\\t'*}\n"
    "			COMPREPLY+=(\"${line#\"$cut\"}\")\n"
    "		fi\n"
    "	done < <(\"${COMP_WORDS[0]/#\\~/$HOME}\" __complete \\\n"
    "	    \"${words[@]}\" 2>/dev/null)\n"
    "}\n"
    "complete -F _trivisor trivisor\n";

static const char zsh_script[] =
    "#compdef trivisor\n"
    "# zsh completion of trivisor: trivisor completion zsh\n"
    "_trivisor()\n"
    "{\n"
    "	local line files=0\n"
    "	local -a candidates\n"
    "	while IFS= read -r line; do\n"
    "		if [[ $line == :files ]]; then\n"
    "			files=1\n"
    "		elif [[ $line == *$'\\t'* ]]; then\n"
    "			candidates+=(\"${${line%%$'\\t'*}//:/\\\\:}:\"\\\n"
    "\"${line#*$'\\t'}\")\n"
    "		else\n"
    "			candidates+=(\"${line//:/\\\\:}\")\n"
    "		fi\n"
    "	done < <(${~words[1]} __complete \"${(@)words[2,CURRENT]}\" \\\n"
    "	    2>/dev/null)\n"
    "	(( $#candidates )) && _describe -t trivisor trivisor candidates\n"
    "	(( files )) && _files\n"
    "	return 0\n"
    "}\n"
    "if [[ ${funcstack[1]-} == _trivisor ]]; then\n"
    "	_trivisor \"$@\"\n"
    "elif (( $+functions[compdef] )); then\n"
    "	compdef _trivisor trivisor\n"
    "fi\n";

static const char fish_script[] =
    "# fish completion of trivisor: trivisor completion fish\n"
    "function __trivisor_complete\n"
    "	set -l words (commandline -opc)\n"
    "	set -l current (commandline -ct)\n"
    "	for line in ($words[1] __complete $words[2..-1] $current \\\n"
    "	    2>/dev/null)\n"
    "		if test \"$line\" = :files\n"
    "			__fish_complete_path $current\n"
    "		else\n"
    "			printf '%s\\n' $line\n"
    "		end\n"
    "	end\n"
    "end\n"
    "complete -c trivisor -f -a '(__trivisor_complete)'\n";

static const struct {
	const char *shell;
	const char *script;
} shells[] = {
	{ "bash", bash_script },
	{ "zsh", zsh_script },
	{ "fish", fish_script },
};

int
verb_completion(struct cli *cli, const struct args *a)
{
	struct err e = { 0 };
	size_t i;

	for (i = 0; i < ARRAY_LEN(shells); i++) {
		if (!strcmp(shells[i].shell, a->operand[0])) {
			fputs(shells[i].script, stdout);
			return CLI_OK;
		}
	}
	err_set(&e, ERR_INVALID_ARG, "there is no completion for \"%.32s\"",
	    a->operand[0]);
	err_hint(&e, "use bash, zsh or fish");
	return cli_misuse(cli, &e);
}
