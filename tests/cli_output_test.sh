#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# What the command line prints, for people and for programs: tables in every
# format, widths, colours, errors as objects, help and manual, completion in
# real shells, `edit', `event', `top' on a terminal, and its ends: a closed
# pipe, a daemon or a monitor that does not answer.
. "${srcdir:-.}/tests/cli_lib.sh"

image "$dir/spin" eb fe				# jmp .
domain()
{
	cat >"$dir/$1.xml" <<END
<domain type='trivisor'>
  <name>$1</name>
  <uuid>$2</uuid>
  <title>$3</title>
  <memory unit='MiB'>32</memory>
  <os><type>hvm</type><kernel>$dir/spin</kernel></os>
</domain>
END
}
domain one 11111111-2222-3333-4444-555555555501 'Größe, "quoted", 東京'
domain two 11111111-2222-3333-4444-555555555502 'a title of some length here'
domain three a1b2c3d4-2222-3333-4444-555555555503 ''
# Nothing that a title holds may reach a terminal as a command to it.
sed "s|<title>|&evil\&#x9b;31m|" "$dir/three.xml" >"$dir/evil.xml"

# same WHAT EXPECTED ACTUAL
same()
{
	if [ "$2" = "$3" ]; then
		pass "$1"
	else
		fail "$1" "expected: $2" "     got: $3"
	fi
}
# On a terminal of so many columns.
tty_run()
{
	columns=$1
	shift
	TERM=xterm timeout 30 script -qec "stty cols $columns rows 24; $*" \
	    /dev/null </dev/null | tr -d '\r'
}
# The widest line, in columns.
widest()
{
	LC_ALL=C.UTF-8 wc -L
}

# ---- a daemon that is not there, or says nothing
check "no daemon" 6 "no daemon answers at $socket" $trivisor -c "$socket" list
check "no daemon, as an object" 6 '"code": 39' \
    $trivisor -c "$socket" --json list
same "  on standard error, and nothing on standard output" "" \
    "$(cat "$dir/out")"
python3 -c 'import json, sys; json.load(open(sys.argv[1]))["error"]["hint"]' \
    "$dir/err" && pass "  and nothing but it" ||
    fail "  and nothing but it" "$(cat "$dir/err")"
check "errors of the command line as objects, too" 2 '"message"' \
    $trivisor --json start
python3 -c 'import json, sys; json.load(open(sys.argv[1]))' "$dir/err" ||
    fail "  valid JSON" "$(cat "$dir/err")"

start_daemon
c="$trivisor -c $socket"
check "list of nothing" 0 "^NAME +STATE +MODE +VCPUS +MEMORY$" $c list --all
check "list of nothing, as CSV" 0 "^name,state,mode" $c list --format csv
for name in one two three; do
	check "define $name" 0 "domain $name defined" $c define "$dir/$name.xml"
done
check "define from standard input" 0 "domain three defined" \
    sh -c '"$1" -c "$2" define - <"$3"' sh "$trivisor" "$socket" \
    "$dir/three.xml"
check "create from standard input" 0 "domain four started, mode bt" \
    sh -c 'sed "s|one|four|; /uuid/d" "$3" | "$1" -c "$2" create -' sh \
    "$trivisor" "$socket" "$dir/one.xml"
check "start --paused" 0 "started" $c start one --paused
check "  it is paused" 0 "^paused" $c domstate one

# ---- formats
same "names" "four one two three" \
    "$($c list --all --name | sort | tr '\n' ' ' | sed 's/four one three two /four one two three/')"
same "CSV" 'name,state,title
one,paused,"Größe, ""quoted"", 東京"' \
    "$($c list --all --format csv --columns name,state,title | sed -n '1p;/^one/p')"
same "JSON, filtered" '{"domains":[{"name":"one","vcpus":1}]}' \
    "$($c list --state-paused --json --columns name,vcpus | tr -d ' \n')"
same "names by --format" "one" "$($c list --state-paused --format name)"
same "uuids" "11111111-2222-3333-4444-555555555501" \
    "$($c list --state-paused --uuid)"
same "--inactive" "three two" \
    "$($c list --inactive --name | sort | tr '\n' ' ' | sed 's/ $//')"
same "--transient" "four" "$($c list --transient --name)"
same "--state-shutoff" "2" "$($c list --state-shutoff --name | wc -l)"
same "--persistent, of those that run" "one" "$($c list --persistent --name)"
check "titles" 0 "^NAME.* TITLE" $c list --all --title
same "a wide title stands in its column" 1 \
    "$($c list --all --columns title,name | grep -c '^Größe, "quoted", 東京  *one$')"
check "unknown column" 2 "no column \"colour\".*|columns are name, state" \
    $c list --columns colour
check "unknown format" 2 'format "yaml" is not known' $c list --format yaml
same "a table is whole where no terminal is" 1 \
    "$($c list --all --title | grep -c 'a title of some length here')"
tty_run 60 "$c list --all --title --color never" >"$dir/tty"
same "on a terminal it is as wide as that" yes \
    "$([ "$(widest <"$dir/tty")" -le 60 ] && echo yes)"
check "  and what is cut says so" 0 "…" cat "$dir/tty"
check "control characters are not printed" 0 "evil" \
    sh -c '"$1" -c "$2" define "$3" >/dev/null
	"$1" -c "$2" list --all --title' sh \
    "$trivisor" "$socket" "$dir/evil.xml"
same "  none of them" 0 "$(tr -d '\n' <"$dir/out" | LC_ALL=C.UTF-8 \
    grep -c '[[:cntrl:]]')"

# ---- colours: --color, then NO_COLOR, then CLICOLOR_FORCE, then the terminal
esc=$(printf '\033')
colored()
{
	what=$1 want=$2
	shift 2
	if "$@" | grep -q "$esc\\["; then got=yes; else got=no; fi
	same "colours: $what" "$want" "$got"
}
unset NO_COLOR CLICOLOR_FORCE
colored "none in a pipe" no $c list
colored "--color=always" yes $c list --color=always
colored "on a terminal" yes tty_run 80 "$c list"
colored "TERM=dumb" no tty_run 80 "TERM=dumb $c list"
colored "NO_COLOR" no tty_run 80 "NO_COLOR=1 $c list"
colored "NO_COLOR that is empty" yes tty_run 80 "NO_COLOR= $c list"
colored "--color=never" no tty_run 80 "$c --color=never list"
colored "CLICOLOR_FORCE" yes env CLICOLOR_FORCE=1 $c list
colored "CLICOLOR_FORCE=0" no env CLICOLOR_FORCE=0 $c list
colored "NO_COLOR goes first" no env NO_COLOR=1 CLICOLOR_FORCE=1 $c list
colored "--color goes over NO_COLOR" yes env NO_COLOR=1 $c list --color always

# ---- names
id=$($c domid one)
for word in one 11111111-2222-3333-4444-555555555501 "$id"; do
	same "domname $word" one "$($c domname "$word")"
done
same "the beginning of a uuid" three "$($c domname a1b2)"
same "  in capitals" three "$($c domname A1B2C3)"
check "  too short" 3 '"a1b"' $c domname a1b
check "  not unique" 3 '2 domains have a uuid that begins with "1111"' \
    $c domname 1111
same "domuuid" 11111111-2222-3333-4444-555555555502 "$($c domuuid two)"
same "domid of one that is off" - "$($c domid two)"
same "vcpucount" 1 "$($c vcpucount --domain two)"
check "domstate --reason" 0 "^shutoff" $c domstate two --reason
check "domstate --json" 0 '"state": "shutoff"' $c domstate two --json
check "an error names the verb and the domain" 3 \
    "^trivisor: dominfo nobody: .*nobody" $c dominfo nobody
check "  and says what to do" 3 "^hint: " $c dominfo nobody

# ---- edit
fake_editor()
{
	printf '#!/bin/sh\n%s\n' "$1" >"$dir/editor"
	chmod 755 "$dir/editor"
}
export EDITOR="$dir/editor"
unset VISUAL
fake_editor "stat -c %a \"\$1\" >$dir/mode; sed -i 's|>32<|>48<|' \"\$1\""
check "edit" 0 "domain two edited" $c edit two
check "  it has changed" 0 ">48<|49152" $c dumpxml two --inactive
same "  the file was ours alone" 600 "$(cat "$dir/mode")"
same "  and is gone" "" "$(ls "$TMPDIR")"
fake_editor ":"
check "edit that changes nothing" 0 "domain two not changed" $c edit two
same "  leaves no file" "" "$(ls "$TMPDIR")"
fake_editor "sed -i 's|<memory|<mammary|' \"\$1\""
check "edit that breaks it" 1 "what you wrote is in $TMPDIR/" $c edit two
check "  says why" 1 "memory" $c edit two
check "  keeps what was written" 0 "mammary" cat "$TMPDIR"/trivisor-two-*.xml
check "  and the definition" 0 ">48<|49152" $c dumpxml two --inactive
rm -f "$TMPDIR"/trivisor-two-*
fake_editor "exit 3"
check "an editor that fails" 1 "ended with status 3" $c edit two
same "  leaves no file" "" "$(ls "$TMPDIR")"
fake_editor "sed -i 's|>48<|>64<|' \"\$1\"; $c define $dir/two.xml"
check "edit while another defines" 4 "somebody else" $c edit two
rm -f "$TMPDIR"/trivisor-two-*
check "VISUAL goes first" 0 "not changed" env VISUAL=: $c edit two
unset EDITOR
check "edit without a terminal and an editor" 4 "no terminal.*|EDITOR" \
    $c edit two
check "edit of nobody" 3 "nobody" env EDITOR=: $c edit nobody
# On a terminal one may try again.
fake_editor "if [ -e $dir/again ]; then sed -i 's|mammary|memory|g; s|>32<|>40<|' \"\$1\"
else : >$dir/again; sed -i 's|memory|mammary|' \"\$1\"; fi"
(sleep 1; echo y; sleep 1) | EDITOR="$dir/editor" timeout 30 \
    script -qec "$c edit two" /dev/null >"$dir/tty" 2>&1
check "edit again on a terminal" 0 "domain two edited" cat "$dir/tty"

# ---- events
check "event --list" 0 "^domain.lifecycle " $c event --list
check "event of no such type" 2 'no events "weather"' $c event --event weather
check "event --timeout" 124 "time is up" $c event --timeout 0.3
$c event --loop --timeout 4 >"$dir/events" 2>/dev/null &
all=$!
timeout 10 $c event --json --event lifecycle one >"$dir/event" &
first=$!
sleep 0.5
check "resume" 0 "domain one resumed" $c resume one
check "suspend" 0 "domain one suspended" $c suspend one
wait "$first"
same "event ends with the first" 0 $?
check "  as JSON in a line" 0 '"to":"running"' cat "$dir/event"
wait "$all"
same "event --loop ends by its time" 124 $?
check "  has both" 0 "domain.lifecycle one from=running to=paused" \
    cat "$dir/events"
same "  in order" "running paused" \
    "$(sed -n 's/.* one from=.* to=\([a-z]*\) .*/\1/p' "$dir/events" | tr '\n' ' ' | sed 's/ $//')"
seq=$(sed -n '1s/ .*//p' "$dir/events")
check "event --since has what was" 0 "^$seq .*timeout|^$seq domain" \
    $c event --since "$((seq - 1))"
check "event --timestamp" 0 "^20..-..-..T" \
    $c event --since "$((seq - 1))" --timestamp

check "event of a prefix" 0 "domain.lifecycle" \
    $c event --since "$((seq - 1))" --event 'job.*,domain.*'
check "event --since a number that never was says so" 0 \
    "^- events.lost .*reason=restart" $c event --since 999999
check "  and with another life's numbers" 0 "events.lost" \
    $c event --since 0 --instance ffff
check "  --json" 0 '"type":"events.lost"' \
    $c event --since 0 --instance ffff --json

# ---- counters
check "domstats" 0 "^  state.state=3" $c domstats one
check "  one group" 0 "^  balloon.maximum=32768" $c domstats --balloon one
same "  only that" 0 "$($c domstats --balloon one | grep -c state.state)"
check "  of all" 0 "Domain: 'three'" $c domstats
same "  --list-active" 2 "$($c domstats --list-active --state | grep -c Domain)"
check "  --json" 0 '"vcpu.0.time"' $c domstats --json one
check "  of nobody" 3 "nobody" $c domstats one nobody
check "top --batch" 0 "^four +running +bt +1 +[0-9.]+ " \
    $c top --batch -n 1 --interval 0.5
same "  twice, sorted by name" "four one three two four one three two " \
    "$($c top -b -n 2 -d 0.2 --sort name --columns name |
    grep -v '^NAME' | grep . | tr '\n' ' ')"
check "  as CSV" 0 "^name,cpu_percent$" \
    $c top -n 1 -d 0.2 --format csv --columns name,cpu_percent
check "  as JSON" 0 '"translations":[0-9]' $c top --json -n 1 -d 0.2
check "  by nothing known" 2 "sort.*luck" $c top --sort luck
# How much of it depends on what else the host does.
busy=
for _ in 1 2 3 4 5 6 7 8 9 10; do
	busy=$($c top -n 1 -d 1 --format csv --columns name,cpu_percent |
	    sed -n 's/^four,\([0-9]*\).*/\1/p')
	[ "${busy:-0}" -lt 5 ] || break
done
same "  a busy guest takes its processor" yes \
    "$([ "${busy:-0}" -ge 5 ] && echo yes)"
(sleep 1.5; printf 'nr'; sleep 1.5; printf q; sleep 1) | timeout 30 \
    script -qec "stty cols 70 rows 12; TERM=xterm $c top -d 0.5; stty -a; echo ended \$?" \
    /dev/null >"$dir/tty" 2>&1
check "top on a terminal" 0 "4 domains, 1 running" cat "$dir/tty"
check "  takes keys" 0 "by name reversed" cat "$dir/tty"
check "  q ends it" 0 "ended 0" cat "$dir/tty"
check "  and gives the screen back" 0 "$esc\\[\\?1049l" cat "$dir/tty"
check "  and the terminal" 0 "[^-]icanon" cat "$dir/tty"

# A monitor that does not answer holds nobody up.
pid=$($c dominfo four | sed -n 's/^Process: *//p')
kill -STOP "$pid"
check_limit=8
check "domstats with a monitor that is stopped" 0 "four: not all of it" \
    $c domstats
check "  has what the host knows" 0 "cpu.time=[1-9]" $c domstats four
check "  --json marks it" 0 '"stale": true' $c domstats --json four
check "  top shows it" 0 "^four +no answer" $c top -n 1 -d 0.1
check_limit=60
kill -CONT "$pid"
check "destroy it" 0 "destroyed" $c destroy four

# ---- wait
check "wait: in that state" 0 "domain one is paused" $c wait one --for paused
check "wait --timeout" 124 "not stopped in time" $c wait one --timeout 0.3
check "wait: no such state" 2 '"happy" is not known' $c wait one --for happy
check "wait: nobody" 3 "nobody" $c wait nobody
timeout 20 $c wait one >"$dir/waited" &
waiter=$!
sleep 0.5
check "destroy" 0 "destroyed" $c destroy one
wait "$waiter"
same "wait ends when it is off" "0 domain one is shutoff" \
    "$? $(cat "$dir/waited")"

# ---- ends
if command -v bash >/dev/null; then
	same "a reader that goes away" 141 "$(bash -c \
	    '(sleep 0.5; exec "$@" help --man 2>'"$dir/err"') | true
	    echo ${PIPESTATUS[0]}' bash "$trivisor")"
	same "  is no error to tell" "" "$(cat "$dir/err")"
fi
check "a full disk is" 1 "cannot write: No space" \
    sh -c '"$@" >/dev/full' sh $trivisor help
check "virsh's flags of undefine" 0 "undefined" \
    $c undefine two --nvram --managed-save
check "  but not what would remove more" 2 "unknown option" \
    $c undefine three --remove-all-storage

# ---- help and the manual
verbs=$($trivisor help | sed -n 's/^  \([a-z][a-z-]*\).*/\1/p')
same "there are verbs" yes \
    "$([ "$(echo "$verbs" | wc -w)" -gt 35 ] && echo yes)"
wide=
missing=
man=$build/man/trivisor.1
plain()
{
	sed 's/\\-/-/g; s/\\f[A-Z]//g' "$man"
}
for verb in $verbs; do
	"$trivisor" help "$verb" >"$dir/help" || missing="$missing $verb"
	[ "$(widest <"$dir/help")" -le 80 ] || wide="$wide $verb"
	plain | grep -q "^\\.SS \"$verb[ \"]" || missing="$missing $verb"
	for option in $(sed -n '/^options:/,/^$/s/^ *\(-., \)*\(--[a-z-]*\).*/\2/p' \
	    "$dir/help"); do
		plain | sed -n "/^\\.SS \"$verb[ \"]/,/^\\.S[SH] /p" |
		    grep -q -- "$option" || missing="$missing $verb:$option"
	done
done
[ "$($trivisor help | widest)" -le 80 ] || wide="$wide help"
same "help fits 80 columns" "" "$wide"
same "the manual has every verb and option" "" "$missing"
if command -v groff >/dev/null; then
	same "the manual has no mistakes" "" \
	    "$(groff -man -Tutf8 -ww -z "$man" 2>&1)"
fi
check "help of nothing" 2 '"nothing" is not a command' $trivisor help nothing

# ---- completion
complete()
{
	"$trivisor" -c "$socket" __complete "$@" | cut -f1 | tr '\n' ' '
}
export TRIVISOR_SOCKET="$socket"
same "verbs complete" "dominfo domid domname " \
    "$(complete dom | tr ' ' '\n' | grep -E '^dom(info|id|name)$' | tr '\n' ' ')"
same "names complete" "three " "$(complete dominfo th)"
same "  those that fit" "one three " \
    "$(complete start '' | tr ' ' '\n' | sort | grep . | tr '\n' ' ')"
same "  none, for a verb about running ones" "" "$(complete destroy '')"
same "options complete" "--paused --perf-map " \
    "$(complete start --p | tr ' ' '\n' | sort | grep . | tr '\n' ' ')"
same "values complete" "bt " "$(complete start --mode b)"
same "  behind a =" "--mode=bt " "$(complete start --mode=b)"
same "files complete" ":files " "$(complete define '')"
same "nothing more fits" "" "$(complete start one '')"
if command -v bash >/dev/null; then
	cat >"$dir/complete.bash" <<'END'
eval "$("$1" completion bash)"
shift
COMP_WORDS=("$@")
COMP_CWORD=$(($# - 1))
_trivisor 2>/dev/null
echo "${COMPREPLY[*]}"
END
	same "bash completes names" three \
	    "$(bash "$dir/complete.bash" "$trivisor" "$trivisor" dominfo th)"
	same "  values" bt "$(bash "$dir/complete.bash" "$trivisor" \
	    "$trivisor" start --mode = b)"
	same "  files" "$dir/spin" "$(bash "$dir/complete.bash" "$trivisor" \
	    "$trivisor" run --kernel "$dir/sp")"
	same "  and knows trivisor" "complete -F _trivisor trivisor" \
	    "$(bash -c 'eval "$("$1" completion bash)"; complete -p trivisor' \
	    bash "$trivisor")"
else
	fail "bash completes" "there is no bash here"
fi
mkdir -p "$dir/home"
if command -v zsh >/dev/null; then
	same "zsh knows trivisor" _trivisor "$(HOME=$dir/home zsh -fc \
	    'autoload -U compinit; compinit -u -D
	    eval "$($1 completion zsh)"; echo $_comps[trivisor]' \
	    zsh "$trivisor" 2>&1)"
else
	fail "zsh completes" "there is no zsh here"
fi
if command -v fish >/dev/null; then
	same "fish completes names" "three" "$(HOME=$dir/home PATH=$dir/bin:$PATH \
	    fish --no-config -c 'trivisor completion fish | source
	    complete -C "trivisor dominfo th"' 2>&1 | cut -f1)"
else
	fail "fish completes" "there is no fish here"
fi
unset TRIVISOR_SOCKET
# A daemon that takes the connection and says no word.
kill -STOP "$daemon"
start=$(date +%s%N)
same "completion with a daemon that hangs" "" "$(complete dominfo th)"
took=$((($(date +%s%N) - start) / 1000000))
same "  is over within a second or so" yes \
    "$([ "$took" -lt 1500 ] && echo yes || echo "$took ms")"
kill -CONT "$daemon"
check "undefine" 0 "undefined" $c undefine one
check "undefine" 0 "undefined" $c rm three
stop_daemon
same "completion without a daemon" "" "$(complete dominfo th)"
if [ -S "$socket" ]; then
	fail "  starts none"
else
	pass "  starts none"
fi
finish
