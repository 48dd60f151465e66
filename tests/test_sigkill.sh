#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# SIGKILL of the runner, of a worker, of a case: whatever is killed at whatever moment, nothing of
# it is left 2 s later, not even a daemon that a case started.

set -u

# shellcheck source-path=SCRIPTDIR source=with_fakes.sh
. "${top_srcdir:-.}/tests/with_fakes.sh"

# Every process of a run carries the run's mark in its environment.
marked()
{
	grep -lsz "^HALFOPEN_TEST_MARK=$mark\$" /proc/[0-9]*/environ |
		sed 's,/proc/\([0-9]*\)/.*,\1,'
}

namespaces_of()
{
	for process; do
		readlink "/proc/$process/ns/net"
	done | sort -u
}

daemon_runs()
{
	daemon=
	for process in $(marked); do
		[ "$(cat "/proc/$process/comm" 2>/dev/null)" != fake-daemon ] || daemon=$process
	done
	[ -n "$daemon" ]
}

parent_of()
{
	sed -n 's/^PPid:\t//p' "/proc/$1/status"
}

gone()
{
	[ -z "$(marked)" ]
}

# No process anywhere is still in a network namespace that the run made.
namespaces_gone()
{
	for namespace in $made; do
		! readlink /proc/[0-9]*/ns/net | grep -qF "$namespace" || return 1
	done
}

# start PATTERN...: a run in the background, up to where its daemon runs.
start()
{
	mark=$$.$number
	HALFOPEN_TEST_MARK=$mark "$fake" run -v "$@" >out 2>err &
	runner=$!
	within 60 daemon_runs || echo "# no daemon came up"
	own=$(namespaces_of $$)
	# shellcheck disable=SC2046 # process numbers are words
	made=$(namespaces_of $(marked) | grep -vF "$own")
	case_process=$(parent_of "$daemon")
	worker=$(parent_of "$case_process")
}

"$fake" run it_passes/ipv4 >out 2>err
if [ $? -eq 77 ]; then
	echo "1..0 # SKIP $(head -n 1 err)"
	exit 0
fi

start it_waits_with_a_daemon
check 'the run has a namespace of its own' test -n "$made"
kill -s KILL $runner
wait $runner 2>/dev/null
check 'SIGKILL of halfopen: no process remains' within 30 gone
check 'SIGKILL of halfopen: no namespace remains' within 30 namespaces_gone
check 'SIGKILL of halfopen: its results say nothing' \
	grep -q '"complete": false' artifacts/results.json
check 'SIGKILL of halfopen: its case is an error' \
	grep -q '"error"' artifacts/it_waits_with_a_daemon/ipv4/verdict.json

# ended_by WHAT PROCESS REASON: the run goes on without it, and says so.
ended_by()
{
	kill -s KILL "$2"
	status=0
	wait $runner || status=$?
	check "SIGKILL of $1: the run ends with 99" test $status -eq 99
	check "SIGKILL of $1: the reason is told" grep -q "$3" out
	check "SIGKILL of $1: the others ran" \
		test "$(tail -n 1 out)" = '2 passed, 1 failed, 0 skipped'
	check "SIGKILL of $1: no process remains" within 30 gone
	check "SIGKILL of $1: no namespace remains" within 30 namespaces_gone
}
start it_waits_with_a_daemon it_passes_after_a_timer
ended_by 'a case' "$case_process" 'process 1 was killed by signal 9 (Killed) before it left'
start it_waits_with_a_daemon it_passes_after_a_timer
ended_by 'a worker' "$worker" 'its worker was killed by signal 9 (Killed)'

# At any moment: the runner is killed while cases are set up and torn down.
round=0 left=0
while [ $round -lt 20 ]; do
	round=$((round + 1)) mark=$$.any.$round
	HALFOPEN_TEST_MARK=$mark "$fake" run --repeat 20 it_passes it_leaves_a_daemon >out 2>err &
	runner=$!
	sleep "0.0$((round / 10))$((round % 10))"
	kill -s KILL $runner
	wait $runner 2>/dev/null
	within 30 gone || left=$((left + 1))
done
check 'SIGKILL of halfopen at twenty moments: no process remains' test $left -eq 0

echo "1..$number"
