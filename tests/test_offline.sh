#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What runs have left is read by a program that has neither cases nor a network: list, claims, show,
# report, matrix and diff over the runs in tests/saved. That it could be linked is the first of it.

set -u

FAKE_HALFOPEN=$(realpath "${OFFLINE:-${top_builddir:-.}/tests/offline}")
sources=$(realpath "${top_srcdir:-.}/tests")
# shellcheck source-path=SCRIPTDIR source=with_fakes.sh
. "${top_srcdir:-.}/tests/with_fakes.sh"

case=connect_times_out_while_nobody_accepts
cp -R "$sources/saved" runs && chmod -R u+w runs

run list
list_names_the_catalogue() { ended 0 && says "$case " && says case_that_nobody_has_run; }
check "list names the catalogue's cases" list_names_the_catalogue

run claims --artifacts runs/6.1.192
claims_are_weighed()
{
	ended 0 && says '^D2-26 .* not run ' && says '^D2-35 .* shown ' &&
		says 'variant: exponential-syn-timeouts'
}
check 'claims weighs a run: a claim is not shown while one of its cases is missing' \
	claims_are_weighed

run show "runs/6.12.117/$case/ipv4"
ladder_is_drawn() { ended 0 && says '>  client 1  *SYN ' && says '^-- ' && says 'connect() ETIMEDOUT'; }
check 'show draws the ladder of a journal' ladder_is_drawn
run show --format svg "runs/6.12.117/$case/ipv4"
picture_is_drawn() { ended 0 && says '^<svg ' && says '</svg>$'; }
check 'show draws its picture' picture_is_drawn

# What was a call of the first client becomes a step.
step='"event":"step","name":"another comes"}'
mkdir step
sed 's/^\({"seq":[0-9]*,"t":[0-9]*,\).*"poll for writing","object":"client 1".*/\1'"$step/" \
	"runs/6.12.117/$case/ipv4/journal.jsonl" >step/journal.jsonl
run show --format text step
steps_are_kept()
{
	says '^1 more went the same way, the last of them client 2$' && says '^  -- another comes$'
}
check 'connections that went the same way keep their steps' steps_are_kept

# What tests/check_told has written, of servers with one fault each, and of their right twins.
told=$(realpath "${top_builddir:-.}/tests/check_told")
mkdir told && "$told" told
findings_are_shown()
{
	shown=0
	for folder in told/*; do
		fault=${folder#told/*-}
		run show "$folder"
		case $fault in
		*-right) says '^nothing found$' && ! says "^${fault%-right}\$" || return 1 ;;
		*) says "^$fault\$" && says "more: docs/findings.md#$fault\$" || return 1 ;;
		esac
		shown=$((shown + 1))
	done
	[ "$shown" -ge 50 ]
}
check 'show finds in a journal what is wrong with the server, and nothing of a right one' \
	findings_are_shown
run show --format clients told/1-left-in-queue
clients_are_drawn() { says '^<svg ' && says 'left-in-queue' && says '</svg>$'; }
check "show draws a scenario's clients in time" clients_are_drawn

run report runs
page_tells_of_both()
{
	ended 0 && says 'Linux 6.1.0-56-cloud-amd64' runs/report.html &&
		says 'Linux 6.12.117+deb13-cloud-amd64' runs/report.html && says '<svg ' runs/report.html
}
check 'report writes a page of both runs' page_tells_of_both

run matrix --no-run --artifacts runs
table_is_printed()
{
	ended 0 && says '6\.1\.192 *6\.12\.117$' && says '^D2-35 .* variant 1 *variant 2$' &&
		says 'variant, ladder: halfopen diff ' && [ -s runs/matrix.html ] &&
		says '"exponential-syn-timeouts"' runs/matrix.json
}
check 'matrix compares them' table_is_printed

run diff --artifacts runs "$case" 6.1 6.12
ladders_differ() { ended 1 && says '^6\.1\.192 .*passed, exponential-syn-timeouts'; }
check 'diff prints their ladders side by side' ladders_differ

run run
run_is_refused() { ended 2 && one_line "unknown command 'run'"; }
check 'a run is another program' run_is_refused

echo "1..$number"
