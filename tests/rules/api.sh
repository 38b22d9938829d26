#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# api.sh [--all]: for each rule by which the interface refuses something, the
# rule is taken out of a copy of its source, and the test for it must fail.
# The rules of JSON are quick; --all does those of the daemon, too, each with
# a daemon of its own.  Run in the build directory.
set -u
top=$(cd "${srcdir:-.}" && pwd)
build=$(pwd)
dir=$(mktemp -d "${TMPDIR:-/tmp}/trivisor-rules.XXXXXX") || exit 99
trap 'rm -rf "$dir"' EXIT
trap 'exit 1' HUP INT TERM
cc=${CC:-cc}
cflags="-std=gnu11 -D_GNU_SOURCE -O0 -w -fno-strict-aliasing -I$top -I$build
	-DTRIVISOR_LIBEXECDIR=\"/nowhere\"
	$(pkg-config --cflags json-c libxml-2.0 cmocka)"
libs="libapi.a libselect.a libcpumodel.a libvm.a libbase.a
	$(pkg-config --libs json-c libxml-2.0) -lev"
failed=0
n=0

# broken SOURCE SED: $dir/broken.o is SOURCE without the rule.
broken()
{
	sed "$2" "$top/$1" >"$dir/broken.c"
	if cmp -s "$top/$1" "$dir/broken.c"; then
		echo "FAILED: $1: nothing to take out: $2"
		failed=$((failed + 1))
		return 1
	fi
	# shellcheck disable=SC2086 # lists
	$cc $cflags -c -o "$dir/broken.o" "$dir/broken.c"
}

verdict()
{
	n=$((n + 1))
	if [ "$1" -eq 0 ]; then
		echo "FAILED: $2: nobody misses it"
		failed=$((failed + 1))
	else
		echo "ok: $2"
	fi
}

# unit TEST WHAT SOURCE SED: a unit test notices.
unit()
{
	broken "$3" "$4" || return
	# shellcheck disable=SC2086
	$cc $cflags -o "$dir/test" "$top/tests/unit/$1.c" "$dir/broken.o" \
	    $libs $(pkg-config --libs cmocka) || exit 99
	timeout 60 "$dir/test" >"$dir/log" 2>&1
	verdict $? "$2"
}

# daemon TEST WHAT SOURCE SED: a test of a daemon notices.
daemon()
{
	broken "$3" "$4" || return
	mkdir -p "$dir/b/bin" "$dir/b/api" "$dir/b/man"
	ln -sf "$build/bin/trivisor-monitor" "$dir/b/bin/"
	ln -sf "$build/api/describe" "$dir/b/api/"
	ln -sf "$build/man/trivisor-rpc.7" "$dir/b/man/"
	name=$(basename "$3" .c)
	objects=
	for o in daemon/bin_trivisord-*.o; do
		[ "$o" = "daemon/bin_trivisord-$name.o" ] &&
		    [ "${3%/*}" = daemon ] || objects="$objects $o"
	done
	# shellcheck disable=SC2086
	$cc -o "$dir/b/bin/trivisord" "$dir/broken.o" $objects $libs || exit 99
	(cd "$dir/b" && srcdir=$top timeout 120 "$top/tests/$1" \
	    >"$dir/log" 2>&1)
	verdict $? "$2"
}

# What json-c refuses by itself, too, is not here: nobody would miss it.
j=api/json.c
unit json_conform_test "UTF-8" $j 's/if (p\[0\] < 0xc2 || p\[0\] > 0xf4)/if (p[0] < 0x80)/'
unit json_conform_test "overlong and surrogates in three bytes" $j \
    's/if (n == 3 && (c < 0x800.*/if (0)/'
unit json_conform_test "overlong and too large in four bytes" $j \
    's/if (n == 4 && (c < 0x10000.*/if (0)/'
unit json_conform_test "lone low surrogates" $j \
    's/if (hi < 0 || (hi >= 0xdc00 && hi < 0xe000))/if (hi < 0)/'
unit json_conform_test "what follows a high surrogate" $j \
    's/return lo >= 0xdc00 && lo < 0xe000 ? 12 : 0;/return 12;/'
unit json_conform_test "control characters" $j "s/if (\*s->p < ' ')/if (0)/"
unit json_conform_test "a NUL in a key" $j \
    's/if (key && n == 6 && !hex4(s->p, s->end))/if (0)/'
unit json_conform_test "a key twice" $j 's/if (count_keys(o) != s.keys)/if (0)/'
unit json_conform_test "64 bits" $j \
    's/if (integer && !integer_fits(start, s->p))/if (0)/'
unit json_test "levels" $j 's/if (s->depth == JSON_MAX_DEPTH)/if (0)/;s/char stack\[JSON_MAX_DEPTH\]/char stack[99]/;s/json_tokener_new_ex(JSON_MAX_DEPTH + 1)/json_tokener_new_ex(99)/'
unit json_test "length of keys" $j \
    's/if (key && s->p - start > JSON_MAX_KEY)/if (0)/'
unit json_test "number of values" $j \
    's/if (++s->tokens > 2 \* JSON_MAX_TOKENS)/if (0)/'

if [ "${1:-}" = --all ]; then
	daemon roles.test "roles" daemon/roles.c \
	    's/if (m->role <= c->role)/if (1)/'
	daemon roles.test "owners" daemon/roles.c \
	    's/if (c->role == ROLE_ADMIN || client_owns/if (1 || client_owns/'
	daemon roles.test "the owner of what is redefined" daemon/methods.c \
	    's/rc = owner_check(call->conn, dom, &e);/rc = 0;/'
	daemon roles.test "the read-only socket" daemon/admit.c \
	    's/if (read_only)/if (0)/'
	daemon roles.test "before parameters are looked at" daemon/call.c \
	    's/rc = owner_check_params(c, m, r->params, e);/rc = 0;/'
	daemon rpc_events.test "connections of a user" daemon/admit.c \
	    's/(own || of_uid < MAX_CONNECTIONS_PER_UID)/1/'
	daemon rpc_events.test "connections for root" daemon/admit.c \
	    's/MAX_CONNECTIONS - KEPT_CONNECTIONS/MAX_CONNECTIONS/'
	daemon rpc_events.test "descriptors kept free" daemon/admit.c \
	    's/if (fds_are_scarce(fd))/if (0)/'
	daemon rpc_events.test "types of events" daemon/events.c \
	    's/if (event_pattern_ok(t))/if (1)/'
	daemon evil/api.test "parameters that there are not" api/methods.c \
	    's/^	if (!p) {/	if (!p)\n		return 0;\n	if (0) {/'
	daemon evil/api.test "types of parameters" api/methods.c \
	    's/if (!type_ok(p->type, v))/if (0)/'
	daemon evil/api.test "ids" api/rpc.c \
	    's/!json_object_is_type(v, json_type_int))/0)/'
	daemon evil/api.test "entries of a batch" daemon/call.c \
	    's/if (!n || n > RPC_MAX_BATCH)/if (!n)/'
	daemon evil/api.test "types named in a subscription" daemon/events.c \
	    's/if (json_object_array_length(types) > SUBSCRIBE_MAX)/if (0)/'
	daemon evil/api.test "how many requests wait" daemon/call.c \
	    's/if (c->n_parked < MAX_PARKED &&/if (1 ||/'
	daemon evil/api.test "urgent ones overtake" daemon/call.c \
	    's/api_methods\[id\].flags & METHOD_URGENT;$/0;/'
	daemon evil/api.test "memory of all together" daemon/conn.c \
	    's/while (d->buffered > MAX_BUFFERED)/while (0)/'
	daemon evil/api.test "a message is whole in time" daemon/conn.c \
	    's/#define FRAME_SECONDS 5.0/#define FRAME_SECONDS 500.0/'
	daemon evil/api.test "the length of a message" $j \
	    's/if (n > JSON_MAX_BYTES - MIN(f->len, (size_t)JSON_MAX_BYTES))/if (0)/'
	daemon evil/api.test "unread answers" daemon/conn.c \
	    's/c->out_bytes <= MAX_OUTPUT_BYTES \/ 2/1/;s/c->out_bytes > MAX_OUTPUT_BYTES \/ 2/0/;s/c->out_bytes <= MAX_OUTPUT_BYTES/1/'
fi
echo "$n rules, $failed failed"
[ $failed -eq 0 ]
