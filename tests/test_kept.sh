#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What a run keeps of earlier runs in the same artifacts folder, over fake cases: it replaces what it
# plays, the others stay; they count where they are of its kernel and build, and are old where not.

set -u

# shellcheck source-path=SCRIPTDIR source=with_fakes.sh
. "${top_srcdir:-.}/tests/with_fakes.sh"

last_line()
{
	[ "$(tail -n 1 out)" = "$1" ] || { echo "the last line is: $(tail -n 1 out)"; return 1; }
}

is()
{
	[ "$1" = "$2" ] || { echo "'$1', not '$2'"; return 1; }
}

status_of()
{
	"$fake" claims --json "$1" 2>/dev/null | sed -n 's/^  "status": "\(.*\)",*/\1/p'
}

# kept FOLDER: how many results results.json has with this folder.
kept()
{
	grep -c "\"folder\": \"$1\"" artifacts/results.json
}

run run it_passes it_fails/ipv4
case $status in
77)
	echo "1..0 # SKIP $(head -n 1 err)"
	exit 0
	;;
esac
check 'a first run keeps nothing' eval '! says "earlier runs"'

# ---- this run, and all that counts ---------------------------------------------------------------

GITHUB_ACTIONS=true GITHUB_STEP_SUMMARY=summary.md run run --junit junit.xml it_passes_over_ipv4
check 'the exit status tells of this run' ended 0
check 'so does the last line' last_line '1 passed, 0 failed, 0 skipped'
check 'it says how many results are kept' says '^3 results of earlier runs are kept$'
check 'JUnit tells of this run' is "$(grep -c '<testcase ' junit.xml)" 1
check 'GitHub too' eval '! grep -q it_fails summary.md out'
check 'results.json has all' is "$(grep -c '"status": "' artifacts/results.json)" 4
check 'and counts them' is "$(sed -n 's/^ "passed": \([0-9]*\),/\1/p' artifacts/results.json)" 3
check 'failures too' is "$(sed -n 's/^ "failed": \([0-9]*\),/\1/p' artifacts/results.json)" 1
check 'it says which are kept' is "$(grep -c '"kept": true' artifacts/results.json)" 3
check 'each knows its kernel' is "$(grep -c "\"kernel\": \"$(uname -r)\"" artifacts/results.json)" 5
check 'and its build' is "$(grep -c "\"build\": \"$(sha256sum "$fake" | cut -c 1-64)\"" \
	artifacts/results.json)" 5
check 'report.html has them' says 'id="it_fails"' artifacts/report.html
check 'and says how many are kept' says '<p>3 results of earlier runs are kept</p>' artifacts/report.html
check 'and of which run each is' says '<h4>ipv4: failed (in the run of 2' artifacts/report.html
check 'claims count them' is "$(status_of F-03)" failed
run run it_fails/ipv6
run claims
check 'claims say that results are kept' says '^4 results of earlier runs are kept$'
run run --tap it_passes
check 'TAP tells of this run' says '^1..2$'
check 'and of nothing else' eval '! says it_fails'
run run --failed
check '--failed plays what failed last, in whichever run' last_line '0 passed, 2 failed, 0 skipped'

# ---- what is replaced ----------------------------------------------------------------------------

rm -rf artifacts
run run --repeat 3 it_passes it_passes_after_a_timer
run run --repeat 2 it_needs_a_program
check 'repetitions are kept' is "$(kept 'it_passes/ipv4/[123]')" 3
check 'and are all that their run was to have' is "$(status_of F-01)" shown
run run it_passes/ipv4
check 'one result replaces all repetitions' is "$(kept 'it_passes/ipv4.*')" 1
check 'of its family' is "$(kept 'it_passes/ipv6.*')" 3
check 'with fewer it is as whole' is "$(status_of F-01)" shown
sed -i '/"folder": "it_passes_after_a_timer.ipv6.3"/s/it_pass/it_went_away/' artifacts/results.json
run run it_passes
check 'one repetition that is missing is missed' is "$(status_of F-01)" 'not run'

rm -rf artifacts
run run it_passes it_fails it_is_skipped
rm -r artifacts/it_fails/ipv4
sed -i 's/"failed"/"passed"/' artifacts/it_fails/ipv6/verdict.json
run run it_passes
check 'a skip is kept' is "$(kept it_is_skipped/ipv4)" 1
check 'a result whose folder is gone is not' is "$(kept it_fails/ipv4)" 0
check 'nor one whose folder says something else' is "$(kept it_fails/ipv6)" 0
sed -i 's/it_is_skipped/it_was_called_so/' artifacts/results.json
mv artifacts/it_is_skipped artifacts/it_was_called_so
run run it_passes
check 'nor one of a case that is no more' is "$(kept 'it_was.*')" 0

rm -rf artifacts
run run --artifacts-on failure it_passes it_fails
run run it_passes/ipv4
check 'a result whose folder was discarded is kept' is "$(kept it_passes/ipv6)" 1

# ---- what does not count -------------------------------------------------------------------------

cp "$fake" rebuilt && echo >>rebuilt
rm -rf artifacts
run run it_passes it_fails
./rebuilt run it_passes/ipv4 >out 2>err
check 'results of another build are old' \
	says '^3 are old, of another kernel or build, and not counted$'
check 'claims do not count them' is "$(status_of F-02)" 'not run'
check 'nor do totals' is "$(sed -n 's/^ "failed": \([0-9]*\),/\1/p' artifacts/results.json)" 0
check 'report.html has them' says 'id="it_fails"' artifacts/report.html
check 'marked as old' says '<h4>ipv4: old (failed on Linux ' artifacts/report.html
check 'and not under what failed' eval '! says "What failed" artifacts/report.html'
run run it_passes/ipv6
check 'when their build runs again they count again' is "$(status_of F-02)" failed
check 'and the other is old' says '^2 results of earlier runs are kept; 1 is old, '
./rebuilt run it_passes/ipv4 >out 2>err
./rebuilt run --failed >out 2>err
check '--failed plays what failed by another build too' last_line '0 passed, 2 failed, 0 skipped'

for member in kernel kernel_version; do
	rm -rf artifacts
	run run it_passes it_fails
	sed -i "s/\"$member\": \".*\"/\"$member\": \"4.0\"/" artifacts/results.json
	run run it_passes/ipv4
	check "results of another $member are old" \
		says '^3 are old, of another kernel or build, and not counted$'
done
mkdir m && mv artifacts m/6.1.9
"$fake" matrix --no-run --artifacts m >out 2>err
check 'the matrix refuses such a folder' says 'old results, of another build of halfopen or of the kernel'
"$fake" diff --artifacts m it_passes 6.1.9 6.1.9 >out 2>err
check 'so does diff' says 'it_passes/ipv6; run that again' err

# ---- a run that ends early -----------------------------------------------------------------------

# until_it_waits SIGNAL: a run gets it while its first case waits.
until_it_waits()
{
	rm -rf artifacts
	"$fake" run it_fails it_passes it_passes_over_ipv4 >out 2>err
	env --default-signal=INT "$fake" run -j 1 it_waits_with_a_daemon it_passes >out 2>err &
	pid=$!
	within 60 test -e artifacts/it_waits_with_a_daemon/ipv4/verdict.json
	kill -s "$1" $pid
	wait $pid 2>/dev/null
}
if env --default-signal=INT true 2>/dev/null; then
	until_it_waits INT
	check 'an interrupted run keeps what it was not to play' is "$(kept it_fails/ipv4)" 1
	check 'and what it did not come to' is "$(kept it_passes/ipv4)" 1
	check 'it says so' says '^5 results of earlier runs are kept$'
	check 'and is not complete' says '"complete": false' artifacts/results.json
	until_it_waits KILL
	check 'a killed run keeps what it was not to play' is "$(kept it_fails/ipv4)" 1
	check 'and no pass of what it may have played' is "$(kept it_passes/ipv4)" 0
else
	skip 'an interrupted run' 'this env has no --default-signal'
fi

# ---- damage --------------------------------------------------------------------------------------

rm -rf artifacts
run run it_passes it_fails
sed -i 's/"format": [0-9]*/"format": 1/' artifacts/results.json
run run it_passes
check 'results of another format are not kept' is "$(kept it_fails/ipv4)" 0
for old in 3 '[3]' '[{}]'; do
	sed -i "s/^ \"old\": .*/ \"old\": $old,/" artifacts/results.json
	run claims
	check "\"old\": $old is malformed" one_line 'results.json is malformed'
	run run it_passes/ipv4
	check "\"old\": $old: it is replaced" ended 0
done
echo "1..$number"
