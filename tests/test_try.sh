#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# `halfopen try` as a user types it: what is said of words and of servers that cannot be tried, in one
# line each; what it prints and writes of one that can; how it exits; and that nothing is left.

set -u

# with_fakes.sh runs $fake, wherever it is.
FAKE_HALFOPEN=${HALFOPEN:-${top_builddir:-.}/halfopen}
junit_rules=$(realpath "${top_srcdir:-.}/tests/junit.rng")
schema=$(realpath "${top_srcdir:-.}/docs/try.schema.json")
parse_tap=$(realpath "${top_srcdir:-.}/tests/parse_tap.pl")
server=$(realpath "${top_builddir:-.}/tests/servers/events")
pauses=$(realpath "${top_builddir:-.}/tests/pauses.so")
# shellcheck source-path=SCRIPTDIR source=with_fakes.sh
. "${top_srcdir:-.}/tests/with_fakes.sh"

# Every process of a trial carries this in its environment.
HALFOPEN_TEST_MARK=try.$$
export HALFOPEN_TEST_MARK

# No process but those of this shell, and no file that a server has written.
nothing_left()
{
	# shellcheck disable=SC2013 # one word is one path
	for environment in $(grep -lsz "^HALFOPEN_TEST_MARK=$HALFOPEN_TEST_MARK\$" /proc/[0-9]*/environ); do
		process=${environment%/environ}
		case $(cat "$process/comm" 2>/dev/null) in
		'' | sh | dash | bash | grep | cat | test_try.sh) ;;
		*) tr '\0' ' ' <"$process/cmdline"; return 1 ;;
		esac
	done
	[ ! -e /tmp/halfopen-test-try-$$ ]
}

# ---- words -----------------------------------------------------------------------------------------

# What refuses() of with_fakes.sh calls.
# shellcheck disable=SC2034
command=try wrong=2

refuses 'no server' 'which server?.*--'
refuses 'no --' "'true': is that the server? Put -- before it" true
refuses 'no --, and options of the server' "Put -- before it" --port 80 true --port 90
refuses 'a program that is not there' 'cannot start halfopen-test-no-program: .*; install it' -- halfopen-test-no-program
refuses 'a path that is not there' 'cannot start ./no-program: No such file' -- ./no-program
refuses 'an unknown scenario' "'bursd': there is no such scenario; nearest: burst" --scenario bursd -- true
refuses 'an unknown finding' "'left-in-que': there is no such finding; nearest: left-in-queue" \
	--allow left-in-que -- true
refuses 'an unknown limit' "no limit 'longest-weight'" --limit longest-weight=3 -- true
refuses 'a limit without a number' 'NAME=NUMBER is allowed' --limit longest-wait -- true
refuses 'a request file that is not there' 'cannot read that file: No such file' \
	--request @no-file -- true
refuses 'a request with an unknown escape' "none of .*xHH" --request 'a\q' -- true
refuses 'a bad regular expression' 'no regular expression: ' --expect '/(/' -- true
refuses 'a port that is none' 'a whole number from 1 to 65535' --port 65536 -- true
refuses 'a signal that is none' "'HOP': a signal is allowed" --reload-signal HOP -- true
refuses 'no time' 'seconds above 0' --patience 0 -- true
refuses 'a folder that is not there' 'no such folder' --cwd no-folder -- true
refuses 'a path to write that is not there' 'No such file' --write no-path -- true
refuses 'an environment without a name' 'NAME=VALUE is allowed' --env =x -- true
refuses 'a forward without a port' 'PORT or HOST:PORT is allowed' --forward localhost: -- true
refuses 'a sysctl that namespaces do not have' 'nearest: net.core.somaxconn' \
	--sysctl net.core.somaxcon=3 -- true
refuses 'sysctls of a file that is not there' 'cannot read that file' --sysctls-from no-file -- true
echo 'vm.swappiness = 60' >machine.txt
refuses 'a file without sysctls of net' 'no net.\* setting' --sysctls-from machine.txt -- true
refuses 'socket activation without a port' 'Add --port' --socket-activation -- true
refuses 'two ways to reload' 'in one way only' --reload true --reload-signal HUP -- true
refuses 'two ways to write' 'use one of them' --json --tap -- true
check 'none of that leaves artifacts' [ ! -e artifacts ]

# ---- whether it can be played here ----------------------------------------------------------------

run try --scenario one -- "$server"
if [ "$status" -eq 77 ]; then
	skip 'trials' "$(cat err)"
	echo "1..$number"
	exit 0
fi

# ---- a right server --------------------------------------------------------------------------------

check 'nothing is found with a right server: exit 0' ended 0
check 'the facts are told' says '^  backlog asked  *511 asked, 511 in effect'
check 'its outcome is told' says ' 1  served  *after '
check 'nothing found is said' says '^nothing found: '
# A path is as long as it is: only lines that could have been broken count.
check 'no line is wider than 100 columns' \
	[ "$(grep -vE '^(artifacts|server): *[^ ]*$' out | awk 'length > 100' | wc -l)" -eq 0 ]
check 'no colours where it is no terminal' [ "$(tr -d -c '\033' <out | wc -c)" -eq 0 ]
check 'try.html is well-formed' xmllint --noout artifacts/try/try.html
check 'try.html needs no other file' \
	[ "$(grep -cE '(src|href)="[^#]' artifacts/try/try.html)" -eq 0 ]

valid()
{
	python3 -c 'import json, sys, jsonschema
jsonschema.validate(json.load(open(sys.argv[1])), json.load(open(sys.argv[2])))' "$1" "$schema"
}

# as_json EXPRESSION: of try.json, as j, it is true.
as_json()
{
	python3 -c "import json
j = json.load(open('artifacts/try/try.json'))
exit(not ($1))"
}

if python3 -c 'import jsonschema' 2>/dev/null; then
	check 'try.json is as its schema says' valid artifacts/try/try.json
else
	skip 'try.json is as its schema says' 'python3-jsonschema is not here'
fi
check 'it is complete' as_json 'j["complete"] and j["findings"] == 0'
cp artifacts/try/try.html page.html
rm artifacts/try/try.html
run report artifacts/try
check 'halfopen report writes the same page again' cmp artifacts/try/try.html page.html

run try --json --scenario one --family ipv4 -- "$server"
check '--json prints try.json, and nothing else' cmp out artifacts/try/try.json
run try --tap --junit junit.xml --scenario one -- "$server"
check '--tap writes TAP' says '^1\.\.[23]$'
# shellcheck disable=SC2016 # that shell's own
check '--tap can be parsed' sh -c 'perl "$1" <out >parsed && ! grep -q "^not ok" parsed' sh "$parse_tap"
check '--junit has what CI servers take' xmllint --noout --relaxng "$junit_rules" junit.xml

# ---- sysctls ---------------------------------------------------------------------------------------

run try --scenario one --sysctl net.core.somaxconn=77 -- "$server"
check '--sysctl is told' says 'net.core.somaxconn=77 (4096)'
check '--sysctl reaches the server' \
	grep -q 'net.core.somaxconn = 77' artifacts/try/one/ipv4/env.txt
printf '%s\n' '# a comment' 'vm.swappiness = 60' 'net.ipv4.tcp_syncookies = 0' \
	'net/core/somaxconn=99' >machine.txt
run try --scenario one --sysctls-from machine.txt --sysctl net.core.somaxconn=78 -- "$server"
check 'sysctls of a file are told' says 'net.ipv4.tcp_syncookies=0 (1)'
check '--sysctl goes before the file' says 'net.core.somaxconn=78 (4096)'

# ---- findings --------------------------------------------------------------------------------------

run try --scenario one --limit longest-wait=0 -- "$server"
check 'a finding: exit 1' ended 1
check 'a finding is named with the scenario' says '^ *FOUND longest-wait'
check 'it is told what mends it' says 'What mends it: '
check 'it has the ladder of a client' says '>  SYN '
check 'try.json has it' as_json 'j["findings"] > 0'
run try --scenario one --limit longest-wait=0 --allow longest-wait -- "$server"
check 'an allowed finding does not count: exit 0' ended 0
check 'an allowed finding is told' says 'allowed longest-wait'

# ---- servers that cannot be tried -------------------------------------------------------------------

# fails NAME TEXT ARGUMENT...: an error of the run, one line says what was seen, nothing is left.
fails()
{
	case=$1 text=$2
	shift 2
	run try --patience 2 --scenario one "$@"
	check "$case: an error of the run" ended 99
	check "$case: one line says it" one_line "$text"
	check "$case: what is there does not look whole" as_json 'not j["complete"] and j["error"]'
	check "$case: nothing is left" within 5 nothing_left
}

fails 'it exits at once' 'ended with status 3 before it was ready; it has said last: I cannot' \
	-- sh -c 'echo I cannot; exit 3'
fails 'it is killed' 'was ended by signal 9' -- sh -c 'kill -9 $$'
fails 'it never listens' 'listens on no TCP port within 2 s' -- sleep 600
fails 'it listens elsewhere' 'and not on port 81 ' --port 81 -- "$server"
# shellcheck disable=SC2016 # that shell's own
fails 'it listens twice' 'listens on several ports' \
	-- sh -c '"$1" --port 8001 & exec "$1" --port 8002' sh "$server"
fails 'it is never ready' 'is not ready within 2 s: it does not say "never"' --ready never -- "$server"
LD_PRELOAD=$pauses PAUSE_EVERY=5
export LD_PRELOAD PAUSE_EVERY
run try --scenario one -- sh -c 'exit 3'
unset LD_PRELOAD PAUSE_EVERY
check 'it exits at once, on a machine that stalls each time: an error of the run' ended 99
check 'it exits at once, on a machine that stalls each time: it is said' says 'ended with status 3' err
fails 'it daemonises and is lost' 'before it was ready' -- sh -c '(exit 4) & exit 0'
fails 'what is expected never comes' 'what --expect asks for (never) does not come' \
	--expect never -- "$server"
# shellcheck disable=SC2016 # that shell's own
fails 'its disk is full' 'more than there is room for' -- sh -c \
	'dd if=/dev/zero of=/tmp/halfopen-test-try-$2 bs=1M count=3000; exec "$1"' sh "$server" $$

# ---- a server that nobody reaches --------------------------------------------------------------------

run try -- python3 -m http.server --bind 127.0.0.1 8000
check 'it listens on the loopback alone: exit 77' ended 77
check 'it listens on the loopback alone: the facts are told' says '^127.0.0.1:8000'
check 'it listens on the loopback alone: that is said once' [ "$(grep -c 'does not apply:' out)" -eq 1 ]
check 'it listens on the loopback alone: what to do is said' says '127.0.0.1:8000 only, where no client'

# ---- what a run does not show ------------------------------------------------------------------------

run try --scenario stall,no-data --family ipv4 -- "$server"
check 'stall, no-data: nothing is found' ended 0
check 'where accept() is watched neither rate nor CPU is told' as_json \
	'[(s["server"]["watched"], s["server"]["cpu_seconds"] is None, s["server"]["accepts_per_second"] is None)
		for s in j["scenarios"] if s["scenario"] == "stall"] == [(True, True, True)]'
check 'that is said' says 'no rate, no CPU: its accept() is watched'
check 'health checks with TCP_DEFER_ACCEPT are told apart' as_json \
	'{(o["role"], o["deferred"]) for s in j["scenarios"] if s["scenario"] == "no-data" for o in s["outcomes"]} ==
		{(role, deferred) for role in ("client", "check") for deferred in (True, False)}'
run try --scenario no-data --family ipv4 -- "$server" --greets
check 'without TCP_DEFER_ACCEPT it is said why' says 'not seen: health checks with TCP_DEFER_ACCEPT: the server'
check 'and in try.json' as_json 'any(s["not_seen"] for s in j["scenarios"] if s["scenario"] == "no-data")'

# ---- servers that can ------------------------------------------------------------------------------

# shellcheck disable=SC2016 # that shell's own
run try --scenario one -- sh -c 'yes & exec "$1"' sh "$server"
check 'it prints without end: it is tried' ended 0
check 'what is kept of that is bounded' \
	[ "$(stat -c %s artifacts/try/one/ipv4/server.log)" -lt 3000000 ]
# shellcheck disable=SC2016 # that shell's own
run try --scenario one -- sh -c 'trap "" TERM; "$1"' sh "$server"
check 'it ignores SIGTERM: it is tried' ended 0
check 'it ignores SIGTERM: nothing is left' within 5 nothing_left
# shellcheck disable=SC2016 # that shell's own
run try --scenario one -- sh -c \
	'n=0; while [ $n -lt 300 ]; do sleep 1000 & n=$((n + 1)); done; exec "$1"' sh "$server"
check 'it has forked three hundred times: it is tried' ended 0
check 'it has forked three hundred times: nothing is left' within 5 nothing_left
run try --scenario silent --family ipv4 -- "$(dirname "$server")/threads" --fault dies-of-many
check 'it dies in the middle: a finding' ended 1
check 'it dies in the middle: it is said how' says 'exited with status 1 by itself'
check 'it dies in the middle: nothing is left' within 5 nothing_left

for command in 'exit 3' halfopen-test-no-program; do
	run try --scenario reload --family ipv4 --reload "$command" -- "$server"
	check "the reload command '$command' fails: an error of the run" ended 99
	check "the reload command '$command' fails: it is said" \
		says "the command of --reload, '$command', ended with status [0-9]"
done
run try --scenario one --ready 0.2 --request 'GET / HTTP/1.0\r\n\r\n' --expect '/200|HELLO/' \
	--env A=b --cwd / -- "$server"
check '--ready, --request, --expect, --env, --cwd: it is tried' ended 0

# ---- TLS -------------------------------------------------------------------------------------------

fails 'no TLS where --tls asks for it' 'no handshake is completed\|built without GnuTLS' --tls -- "$server"
cat >tls.py <<'END'
import http.server, ssl
class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Length", "6")
        self.end_headers()
        self.wfile.write(b"SECRET")
server = http.server.HTTPServer(("", 8443), Answer)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain("certificate.pem", "key.pem")
server.socket = context.wrap_socket(server.socket, server_side=True)
server.serve_forever()
END
if openssl req -x509 -newkey rsa:2048 -nodes -keyout key.pem -out certificate.pem -subj /CN=localhost \
	>/dev/null 2>&1 && ! grep -q 'built without GnuTLS' err; then
	run try --scenario one --tls --expect SECRET -- python3 tls.py
	check '--tls: what the server answers is read' ended 0
	run try --scenario one -- python3 tls.py
	check 'without --tls a ClientHello is sent' says '^clients send *a TLS ClientHello'
else
	skip 'TLS' 'openssl or GnuTLS is not here'
fi

# ---- an end in the middle --------------------------------------------------------------------------

rm -rf artifacts/try
"$fake" try --patience 60 -- sleep 600 >out 2>err </dev/null &
trial=$!
within 30 test -e artifacts/try/facts/ipv4/server.log
kill -TERM $trial # a shell lets what it starts in the background ignore SIGINT
wait $trial
status=$?
check 'SIGTERM: exit 143' ended 143
check 'SIGTERM: nothing is left' within 5 nothing_left
check 'SIGTERM: what is there does not look whole' as_json 'not j["complete"] and j["signal"] == 15'
check 'SIGTERM: the page says so' grep -q 'did not finish' artifacts/try/try.html
check 'SIGTERM: it is said' says 'not finished'
echo "1..$number"
