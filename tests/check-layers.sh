#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# The picture in CONTRIBUTING.md, checked: who includes whom, and what the
# programs are linked with.  Run in the build directory; srcdir names the
# sources.
set -u

src=${srcdir:-.}
bad=0

complain()
{
	echo "check-layers: $*" >&2
	bad=1
}

# may FOLDER ALLOWED...: which folders FOLDER's files may include.
may()
{
	folder=$1
	shift
	allowed=$(echo "$*" | tr ' ' '|')
	found=$(cd "$src" && grep -rnE '^[[:space:]]*#[[:space:]]*include[[:space:]]+"' \
	    --include='*.[chS]' "$folder" |
	    grep -vE "\"($allowed)/[^\"]*\"|\"config\.h\"")
	[ -z "$found" ] || complain "$folder may include $* only:
$found"
	# Grep that finds nothing at all would let everything pass.
	(cd "$src" && grep -rqE "include \"$folder/" --include='*.[ch]' .) ||
	    complain "$folder: no include of it found; is the test blind?"
}

# never FOLDER NAME...: FOLDER's files never include these.
never()
{
	folder=$1
	shift
	for name in "$@"; do
		found=$(cd "$src" && grep -rnE "include[[:space:]]+\"$name" \
		    --include='*.[chS]' "$folder")
		[ -z "$found" ] || complain "$folder must not include $name:
$found"
	done
}

may base base
may vm base vm
may mmu base mmu
may modes base vm mmu modes
may io base mmu io
may monitor base vm mmu modes io monitor
may api base vm api
may daemon base vm api daemon modes
may cli base vm api cli

# Of modes/ the daemon sees the choice of the mode and the CPU models, which
# see base/, vm/ and themselves.
daemon_modes='cpu_model|cpu_model_tab|cpuid|cpuid_tab|x86/feature|select'
for name in $(cd "$src" && grep -rhoE 'include "modes/[^"]*"' daemon |
    cut -d'"' -f2 | sort -u); do
	case $name in
	modes/select.h | modes/cpu_model.h) ;;
	*) complain "daemon includes $name" ;;
	esac
done
for file in modes/select.[ch] modes/cpu_model*.[ch] modes/cpuid.h \
    modes/cpuid_tab.[ch] modes/cpuid_host.c modes/x86/feature.h; do
	(cd "$src" && grep -HnE '#include "(mmu|modes)/' $file |
	    grep -vE "\"modes/($daemon_modes)\.h\"") &&
	    complain "$file: see above"
done

# Engines do not know each other; what they share does not know them.
never modes/interp modes/bt modes/hvm modes/pv
never modes/bt modes/interp modes/hvm modes/pv
never modes/x86 modes/interp modes/bt modes/hvm modes/pv
[ -d "$src/modes/hvm" ] && never modes/hvm modes/interp modes/bt modes/pv

# no_symbols PROGRAM PATTERN: not even one defined symbol matches.
no_symbols()
{
	[ -x "bin/$1" ] || { complain "bin/$1 has not been built"; return; }
	found=$(nm --defined-only "bin/$1" | awk '{ print $NF }' |
	    grep -E "$2" | head -5)
	[ -z "$found" ] || complain "bin/$1 contains: $found"
}

# no_library PROGRAM PATTERN
no_library()
{
	[ -x "bin/$1" ] || { complain "bin/$1 has not been built"; return; }
	found=$(ldd "bin/$1" | grep -E "$2")
	[ -z "$found" ] || complain "bin/$1 is linked with $found"
}

machine='^(gmem_|mmu_|x86_|interp_|bt_engine|bt_emit|bt_translate|uart_|pic_|pit_|lapic_|ioapic_|machine_|decode_)'
no_symbols trivisord "$machine"
no_symbols trivisor "$machine"
no_symbols trivisor '^(domain_def_|xml_doc_|mode_select)'
no_symbols trivisor-monitor '^(json_|xml|rpc_|method_|domain_def_|client_open)'
no_symbols trivisor-monitor '(^|_)traitor|^__wrap_'
no_library trivisord 'capstone'
no_library trivisor-monitor 'json-c|libxml2'

[ $bad = 0 ] && echo "layers are as they should be"
exit $bad
