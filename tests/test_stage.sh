#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# `halfopen stage` as a user types it, with clients of somebody else's: what they meet in each state, as
# they say themselves and as captures and sockets show it; how it exits; and that nothing is left.

set -u

# with_fakes.sh runs $fake, wherever it is.
FAKE_HALFOPEN=${HALFOPEN:-${top_builddir:-.}/halfopen}
client=$(realpath "${top_srcdir:-.}/tests/stage/client.py")
schema=$(realpath "${top_srcdir:-.}/docs/stage.schema.json")
# shellcheck source-path=SCRIPTDIR source=with_fakes.sh
. "${top_srcdir:-.}/tests/with_fakes.sh"

# Every process of a run carries this in its environment.
HALFOPEN_TEST_MARK=stage.$$
export HALFOPEN_TEST_MARK

# No process but those of this shell.
nothing_left()
{
	# shellcheck disable=SC2013 # one word is one path
	for environment in $(grep -lsz "^HALFOPEN_TEST_MARK=$HALFOPEN_TEST_MARK\$" /proc/[0-9]*/environ); do
		process=${environment%/environ}
		case $(cat "$process/comm" 2>/dev/null) in
		'' | sh | dash | bash | grep | cat | test_stage.sh) ;;
		*) tr '\0' ' ' <"$process/cmdline"; return 1 ;;
		esac
	done
}

# The client's own words: its standard output is the run's.
met()
{
	[ "$(tr '\n' ',' <out)" = "$1" ] || { echo "the client said: $(tr '\n' ',' <out)"; return 1; }
}

held()
{
	says "^halfopen: $1.*\[held: " err && ! says 'DID NOT HOLD' err
}

folder=artifacts/stage/stage/ipv4

if ! "$fake" run --help >/dev/null 2>&1; then
	echo "1..0 # SKIP no halfopen"
	exit 0
fi

# ---- words -----------------------------------------------------------------------------------------

run stage refused -- halfopen-test-no-client
check 'a client that is not there: 127' ended 127
check 'a client that is not there: one line says it' one_line 'cannot start halfopen-test-no-client: .*; install it'
: >no-client && chmod 644 no-client
run stage refused -- ./no-client
check 'a client that may not be run: 126' ended 126
check 'a client that may not be run: one line says it' one_line 'cannot start ./no-client: .*chmod'
run stage half-opne -- true
check 'an unknown state: 125' ended 125
check 'an unknown state: one line says it' one_line 'nearest: half-open'

run stage path-mtu=600 -- true
check 'a path of IPv6 that is too narrow: 125' ended 125
check 'a path of IPv6 that is too narrow: one line says it' one_line 'put /ipv4 behind it'
run stage serving --wire 'delay soon' -- true
check 'a wire that cannot be: 125' ended 125
run stage half-open
check 'no client: 125' ended 125
check 'no client: one line says it' one_line 'which client'

# ---- each state, as the client meets it -----------------------------------------------------------------

# meets STATE WORDS: in both families.
meets()
{
	for family in ipv4 ipv6; do
		run stage "$1" --family $family -- python3 "$client" --wait 0.7 '{host}' '{port}'
		check "$1 over $family: the client meets it" met "$2,"
		check "$1 over $family: it has held" held "${1%%=*}"
		if [ "$2" = answered ]; then
			check "$1 over $family: the client's exit status is the run's" ended 0
		else
			check "$1 over $family: the client's exit status is the run's" ended 3
		fi
	done
}

run stage refused -- true
if grep -q 'nothing was played\|not permitted' err; then
	echo "1..$number"
	exit 0
fi

meets serving answered
meets refused refused
meets lost 'never connected'
meets dropped 'never connected'
meets flooded 'never connected'
meets unreachable 'no way'
meets unreachable=net 'no way'
meets unreachable=prohibited 'no way'
meets half-open 'never answered'
meets cookie-lost 'never answered'
meets unaccepted 'never answered'
meets deferred answered
meets silent 'never answered'
meets zero-window 'never answered'
meets slow=10/s answered
meets slow-read=10k/s answered
meets reset=200ms reset
meets closing=200ms closed
meets half-closed=200ms closed
meets path-mtu=1280 answered
for state in path-mtu=1280 'path-mtu=1280 --silent'; do
	# shellcheck disable=SC2086 # an option stands behind it
	run stage $state -- python3 "$client" --wait 2 --bytes 20000 '{host}' '{port}'
	check "$state: a client that has much to say" held path-mtu=1280
done
check 'path-mtu, and no ICMP: it is never answered' met 'never answered,'

run stage expired -- python3 "$client" --wait 10 '{host}' '{port}'
check 'expired: the client is reset when the server has forgotten it' met reset,
check 'expired: it has held' held expired

# ---- from outside ------------------------------------------------------------------------------------

# segments CAPTURE FILTER: how many the server's or client's capture has.
segments()
{
	tcpdump -nr "$folder/$1.pcap" "$2" 2>/dev/null | wc -l
}

if command -v tcpdump >/dev/null; then
	run stage lost --family ipv4 -- python3 "$client" --wait 1.5 '{host}' '{port}'
	check 'lost: SYNs left the client' [ "$(segments client 'tcp[13] == 2')" -ge 2 ]
	check 'lost: nothing has come to the server' [ "$(segments server tcp)" -eq 0 ]
	run stage dropped --family ipv4 -- python3 "$client" --wait 1.5 '{host}' '{port}'
	check 'dropped: SYNs came to the server' [ "$(segments server 'tcp[13] == 2 and not src port 40001')" -ge 2 ]
	check 'dropped: none was answered' [ "$(segments client 'tcp[13] == 18 and not dst port 40001')" -eq 0 ]
	run stage half-open --family ipv4 -- python3 "$client" --wait 1.5 '{host}' '{port}'
	check 'half-open: what was said came to the server' [ "$(segments server 'tcp[13] & 8 != 0')" -ge 2 ]
	check 'half-open: nothing was acknowledged' [ "$(segments client 'src port 12345 and tcp[13] == 16')" -eq 0 ]
else
	skip 'what the captures show' 'no tcpdump'
fi

# All processes that PID has started, and it.
family_of()
{
	echo "$1"
	for child in $(pgrep -P "$1"); do
		family_of "$child"
	done
}

# is_seen PATTERN: among the sockets of one of the run's networks, as ss has them, while it goes on.
is_seen()
{
	for process in $(family_of "$run"); do
		for each in /proc/"$process"/fd/*; do
			case $(readlink "$each" 2>/dev/null) in
			net:*) nsenter --net="$each" ss -Htan 2>/dev/null ;;
			esac
		done
	done | grep -q "$1"
}

if [ "$(id -u)" -eq 0 ] && command -v ss >/dev/null; then
	mkfifo looked
	# shellcheck disable=SC2016 # of the client's shell
	"$fake" stage half-open -- sh -c 'python3 "$@" & read -r _; kill $!' \
		sh "$client" --wait 60 '{host}' '{port}' <looked >out 2>err &
	run=$!
	exec 3>looked
	check 'half-open: ss shows a request at the server' within 30 is_seen '^SYN-RECV .*:12345 '
	check 'half-open: ss shows a connection at the client' within 30 is_seen '^ESTAB .*:12345 *$'
	exec 3>&-
	wait
	check 'half-open: it has held meanwhile' held half-open
else
	skip 'what ss shows' 'not root'
fi

# ---- sequences -----------------------------------------------------------------------------------------

for state in refused lost dropped flooded unreachable half-open unaccepted; do
	run stage $state --first 1 --family ipv4 -- python3 "$client" --times 2 '{host}' '{port}'
	check "$state --first 1: the second one is served" says '^answered$'
	check "$state --first 1: the first one is not" says '^[nr]'
	check "$state --first 1: it has held" held $state
done
run stage refused --after 1 --first 1 --then half-open --first 1 --family ipv4 -- \
	python3 "$client" --times 4 '{host}' '{port}'
check 'one state after the other' met 'answered,refused,never answered,answered,'
run stage half-open=1s --family ipv4 -- python3 "$client" --wait 4 '{host}' '{port}'
check 'half-open for a second: then it is served' met answered,
check 'half-open for a second: it has held' held half-open=1s
run stage flooded --let-in 2 --family ipv4 -- python3 "$client" --wait 4 '{host}' '{port}'
check 'flooded: the second SYN is let in' met answered,
check 'flooded: it has held until then' held flooded

# ---- happy eyeballs -------------------------------------------------------------------------------------

for family in ipv4 ipv6; do
	run stage "refused/$family" --family both -- python3 "$client" '{host}' '{port}'
	check "only $family is refused: the other one serves" met answered,
done
run stage refused@8080/ipv6 unaccepted@8080/ipv4 -- python3 "$client" --wait 1 '{host}' 8080
check 'a state for each family of a port: both are met' says 'refused over IPv6: never connected' err
check 'a state for each family of a port: both have held' held unaccepted
run stage refused --first 1 -- python3 "$client" '{host}' '{port}'
check '--first 1: the next connection is served, also over the other family' met answered,

# ---- what is expected -----------------------------------------------------------------------------------

run stage unaccepted --expect-exit 3 --expect-within 4s --expect-retries 0 -- \
	python3 "$client" '{host}' '{port}'
check 'what is expected comes: 0, whatever the client has ended with' ended 0
run stage unaccepted --expect-within 4s -- python3 "$client" '{host}' '{port}'
check 'no status is expected: it is the client'"'"'s' ended 3
run stage unaccepted --expect-exit 0 -- python3 "$client" '{host}' '{port}'
check 'another exit status than expected: 1' ended 1
check 'another exit status than expected: a line says it' says 'not as expected: .* exited with 3, and not with 0' err
run stage unaccepted --expect-retries 2 -- python3 "$client" --times 2 '{host}' '{port}'
check 'fewer retries than expected: 1' ended 1
run stage unaccepted --expect-within 100ms -- python3 "$client" '{host}' '{port}'
check 'slower than expected: 1' ended 1

# ---- for programs ---------------------------------------------------------------------------------------

valid()
{
	python3 -c 'import json, sys, jsonschema
jsonschema.validate(json.load(open(sys.argv[1])), json.load(open(sys.argv[2])))' "$1" "$schema"
}

if python3 -c 'import jsonschema' 2>/dev/null; then
	check 'stage.json is as its schema says' valid artifacts/stage/stage.json
	run stage half-open --json -- sh -c 'echo from the client; python3 "$@"' - "$client" '{host}' '{port}'
	check '--json is that on stdout' valid out
	check '--json: the client speaks on stderr' says '^from the client$' err
	run stage refused --json -- ./no-client
	check '--json: no part of it for a client that cannot be run' [ ! -s out ]
else
	skip 'stage.json is as its schema says' 'python3-jsonschema is not here'
fi

# ---- the client ------------------------------------------------------------------------------------------

run stage serving -- sh -c 'echo to stdout; echo to stderr >&2; kill -9 $$'
check 'a client that dies of a signal: 128 and the signal' ended 137
check 'a client has our standard output' says '^to stdout$'
check 'a client has our standard error' says '^to stderr$' err
echo word | "$fake" stage serving -- cat >out 2>err
check 'a client has our standard input' says '^word$'
run stage serving -- sh -c "echo was here >was-here"
check 'what a client writes stays' says 'was here' was-here
run stage serving -- true
check 'a client that never connects: its exit status' ended 0
check 'a client that never connects: a line says it' says 'has never connected' err
run stage serving -- python3 "$client" '{host}' 7
check 'a client that connects elsewhere: a line says where' says 'connected to port 7, where there is no stage' err
run stage serving --timeout 1s -- sleep 100
check 'a client that hangs: it is ended' ended 143
check 'a client that hangs: a line says it' says 'had not ended within --timeout' err
run stage serving --timeout 500ms -- sh -c 'trap "" TERM; while :; do sleep 1; done'
check 'a client that ignores SIGTERM: it is killed' ended 137
check 'nothing is left' within 2 nothing_left
run stage serving -- sh -c 'sleep 1000 & exit 5'
check 'a client that leaves a child behind: its exit status' ended 5
check 'a client that leaves a child behind: nothing is left' within 2 nothing_left

"$fake" stage unaccepted -- sh -c 'trap "exit 9" TERM; echo ready; sleep 100 & wait' >out 2>err &
within 4 says ready >/dev/null
kill $!
wait $!
status=$?
check 'SIGTERM is passed on to the client' ended 9

# ---- several at once ----------------------------------------------------------------------------------------

for each in 1 2 3; do
	"$fake" stage half-open -- python3 "$client" --wait 2 '{host}' '{port}' >out.$each 2>err.$each &
done
wait
cat err.1 err.2 err.3 >err
check 'three at once: each has held' [ "$(grep -c '^halfopen: half-open.*\[held: ' err)" -eq 3 ]
check 'three at once: each has a folder of its own' \
	[ "$(sed -n 's/.*and more: //p' err | sort -u | wc -l)" -eq 3 ]

# ---- a crowd ---------------------------------------------------------------------------------------------

run stage half-open -- python3 -c "
import os, socket, time
all = []
for i in range(500):
    s = socket.socket(); s.setblocking(False)
    s.connect_ex((os.environ['HALFOPEN_HOST'], int(os.environ['HALFOPEN_PORT']))); all.append(s)
time.sleep(3)
print(sum(1 for s in all if not s.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) and s.getpeername()))
"
check 'five hundred at once: all are connected' says '^500$'
check 'five hundred at once: all have held' held half-open
check 'five hundred at once: each is told of' [ "$(grep -c '"held": true' artifacts/stage/stage.json)" -eq 500 ]

echo "1..$number"
