#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The command as a user types it, over fake cases (tests/fake_cases.c): what is printed, what is
# written, how it exits, for every way a case and a run can end.

set -u

# shellcheck source-path=SCRIPTDIR source=with_fakes.sh
. "${top_srcdir:-.}/tests/with_fakes.sh"

last_line()
{
	[ "$(tail -n 1 out)" = "$1" ] || { echo "the last line is: $(tail -n 1 out)"; return 1; }
}

# most_at_once BEGIN END: the highest number of lines "BEGIN" not yet ended, in log.
most_at_once()
{
	awk -v begin="$1" -v end="$2" '
		index($0, begin) == 1 { if (++now > most) most = now }
		index($0, end) == 1 { now-- }
		END { print most + 0 }' log
}

at_most()
{
	[ "$2" -le "$1" ] || { echo "$2 at once, more than $1"; return 1; }
}

# ---- kernels -------------------------------------------------------------------------------------

# finds_kernel FOLDER VARIABLE...: one that is cached below FOLDER.
finds_kernel()
{
	version=$("$fake" kernels list | awk 'NR == 2 { print $1 }')
	pinned=$1/kernels/$version
	shift
	mkdir -p "$pinned" && : >"$pinned/SHA256SUMS" && echo "$version" >"$pinned/version" || return 1
	env -u HALFOPEN_CACHE -u XDG_CACHE_HOME "$@" "$fake" kernels list >out 2>err
	rm -r "$pinned"
	says "^$version .* yes "
}

check 'kernels are in ~/.cache where XDG_CACHE_HOME is relative' \
	finds_kernel "$PWD/home/.cache/halfopen" XDG_CACHE_HOME=relative HOME="$PWD/home"
check 'kernels are in an absolute XDG_CACHE_HOME' \
	finds_kernel "$PWD/xdg/halfopen" XDG_CACHE_HOME="$PWD/xdg" HOME="$PWD/home"
run kernels fetch auto
check 'kernels fetch of what is not pinned: wrong usage' ended 2
check 'kernels fetch of what is not pinned: only what it takes is told' \
	one_line "no pinned kernel 'auto': [0-9.]*, [0-9., ]* or [0-9.]* is allowed$"
check 'kernels are in HALFOPEN_CACHE' finds_kernel "$PWD/it's \"the\" cache" \
	HALFOPEN_CACHE="it's \"the\" cache" XDG_CACHE_HOME="$PWD/xdg" HOME="$PWD/home"

# ---- words ---------------------------------------------------------------------------------------

run --version
check '--version names the program' says '^halfopen [0-9]'
run --help
check '--help succeeds' ended 0
check '--help names the commands' says '^  run \[PATTERN'
cp out of_option
run help
check 'help is --help' cmp out of_option
run run --help
cp out of_option
run help run
check 'help COMMAND is COMMAND --help' cmp out of_option
run help rum
check 'help of an unknown command: the nearest one is named' one_line "'rum'; nearest: run"
run
check 'no command is wrong usage' ended 2
check 'no command: all are named' one_line 'which command? list, run, .* or diff; see'
run rum
check 'an unknown command is wrong usage' ended 2
check 'an unknown command: the nearest one is named' one_line "'rum'; nearest: run"
run run it_pases
check 'an unknown pattern is wrong usage' ended 2
check 'an unknown pattern: the nearest names are told' one_line "'it_pases'; nearest: it_passes"
check 'an unknown pattern leaves no trace' [ ! -e artifacts ]

# wrong TEXT ARGUMENT...: wrong usage, TEXT in the one line on stderr.
wrong()
{
	text=$1
	shift
	run "$@"
	check "$* is wrong usage" ended 2
	check "$*: one line" one_line "$text"
}
wrong "--jobs 'x': a whole number from 1 to 4096" run -j x
wrong "--jobs '0'" run -j 0
wrong "--jobs '-1'" run -j -1
wrong "--repeat '1.5'" run --repeat 1.5
wrong "--timeout-multiplier 'nan'" run --timeout-multiplier nan
wrong "--timeout-multiplier '0'" run --timeout-multiplier 0
wrong "no option '--jbos'.*jobs" run --jbos 3
wrong "no option '-x'" list -x
wrong '--artifacts needs a value' run --artifacts
wrong 'takes no value' run --tap=3
wrong "--artifacts-on 'never': always or failure" run --artifacts-on never
wrong "--artifacts ''" run --artifacts ''
wrong "pattern ''" run ''
wrong "--wire ''" run --wire ''
wrong "--wire 'delay 1ms; id': words of letters" run --wire 'delay 1ms; id'
wrong "--wire '# delay 1ms': words of letters" run --wire '# delay 1ms'
wrong "no case.*matches 'it_q'" run --exclude it_q
wrong 'all that is meant is excluded' run it_passes --exclude it_
wrong "--exclude ''" run --exclude ''
wrong "--shuffle '0': a whole number from 1 to" run --shuffle=0
wrong '--failed: there is no results.json in nowhere' run --failed --artifacts nowhere
wrong '--until-failure plays round after round' run --until-failure --tap
wrong "no claim or behaviour matches 'F-9'" claims F-9
wrong "no case covers B-12; see halfopen claims B-12" run b-12
wrong "no case.*or behaviour matches 'B-1O'; nearest: B-11, B-01" run B-1O
wrong "no behaviour that a case covers matches 'F-03'; nearest: B-01" list --covers F-03
wrong 'no case covers B-02' list --covers B-01 --covers B-02
wrong 'nothing that is meant covers what --covers asks for' list skips --covers B-01
wrong 'no such folder' show artifacts/nothing
wrong 'it is no folder' show /dev/null
wrong "no case.*matches 'it_pases'; nearest: it_passes" show it_pases
wrong 'takes one case or folder' show
wrong 'artifacts has nothing of that; halfopen run plays it' show it_passes/ipv4

# ---- list ----------------------------------------------------------------------------------------

run list
check 'list succeeds' ended 0
check 'list names a topic' says '^good ends$'
check 'list fits 100 columns' test -z "$(awk 'length > 100' out)"
run list it_needs_a_program
check 'list says what a case needs' says 'needs program:no-such-program-anywhere'
run list good ends it_fails
check 'a topic needs no quotes' test "$(sed -n 's/^  \(it_[a-z_0-9]*\) .*/\1/p' out | tr '\n' ' ')" = \
	'it_passes it_passes_after_a_timer it_passes_over_ipv4 it_fails it_leaves_a_daemon '
FAKE_TROUBLE=yes run list good ends
check 'a topic without quotes is no other with one of its words' eval '! says it_passes_twice'
FAKE_TROUBLE=yes run list ends
check 'a word of several topics is a part of them' says it_passes_twice
run list good
check 'a word of a topic is a part of it' says it_leaves_a_daemon
run list --json F-03
check 'list --json: claims' says '"F-03"'
check 'list --json: only what matches' test "$(grep -c '"case"' out)" -eq 1
check 'list --json: behaviours' says '"B-11"'
run list it_fails
check 'list says what a case covers' says '^    covers B-01 B-11$'
names() { sed -n 's/^  \(it_[a-z_0-9]*\) .*/\1/p' out | tr '\n' ' '; }
run list --covers b-01
check 'list --covers: who covers it' test "$(names)" = 'it_passes it_fails '
run list --covers 'B-1*' --covers B-11
check 'list --covers: a glob, and more than one' test "$(names)" = 'it_fails '
run list good --covers B-01
check 'list --covers: of what the patterns mean' test "$(names)" = 'it_passes '

# ---- how a run ends ------------------------------------------------------------------------------

run run it_passes
case $status in
77)
	echo "1..0 # SKIP $(head -n 1 err)"
	exit 0
	;;
esac
check 'all passed: 0' ended 0
check 'the last line counts' last_line '2 passed, 0 failed, 0 skipped'
check 'the first line names the kernel' test "$(head -n 1 out | cut -d , -f 1)" = "kernel $(uname -r)"
check 'the run says whether its wires have netem' says '^wire: '
check 'no escape sequence where stdout is no terminal' test -z "$(tr -d '[:print:]\n' <out)"
check 'results.json is complete' says '"complete": true' artifacts/results.json
check 'a case has its folder' says '"passed"' artifacts/it_passes/ipv4/verdict.json

run run it_fails
check 'a failure: 1' ended 1
check 'a failure is told in full' says '  expected | observed'
check 'a failure names its folder' says 'artifacts: .*/artifacts/it_fails/ipv4'
check 'a failure of the other family too is a line' says '^  ipv6: the same$'
check 'what failed is named at the end, with the kernel' says "^failed on kernel $(uname -r), in /"
check 'failures that are alike are one line' says '^  2 alike: the queue # held 3, not 2'
check 'and have their folders below it' says '^    it_fails/ipv4, ipv6$'
check 'the command that plays them again is there' says '^again: halfopen run it_fails$'
check 'results.json has of what kind a failure is' \
	says '"kind": "the queue # held N, not N' artifacts/results.json
check 'a failure is counted' last_line '0 passed, 2 failed, 0 skipped'

run run skips
check 'all skipped: 77' ended 77
check 'skips are grouped by their reason' \
	test "$(grep -c '^skipped: needs the program no-such-program-anywhere' out)" -eq 1
check 'a skip has a verdict' says '"skipped"' artifacts/it_needs_a_program/ipv4/verdict.json

# broke CASE TEXT ARGUMENT...: CASE ends as an error of the run.
broke()
{
	broken=$1 text=$2
	shift 2
	run run "$@" "$broken/ipv4" it_passes
	check "$broken: 99" ended 99
	check "$broken: the reason" says "$text"
	check "$broken: errors have a line, which says where they are counted" \
		test "$(tail -n 2 out | head -n 1)" = '1 error, counted as failed here:'
	check "$broken: the others ran" last_line '2 passed, 1 failed, 0 skipped'
	check "$broken: its verdict is an error" says '"error"' "artifacts/$broken/ipv4/verdict.json"
}
broke it_breaks_down 'a capture lost 3 packets'
run run --repeat 20 --timeout-multiplier 0.5 it_breaks_down_early
check 'breaking down in the set-up does not keep others from going on' \
	test "$(grep -c '"reason": "cannot set net.ipv4' artifacts/results.json)" -eq 40
broke it_crashes 'process 1 .* before it left a verdict'
broke it_leaves_without_a_word 'process 1 exited with 3 before it left a verdict'
broke it_leaves_no_ladder 'the case left no ladder.txt'
broke it_hangs 'it was ended after 12 s' --timeout-multiplier 0.1
CK_FORK=no CK_RUN_CASE=nothing broke it_breaks_down 'a capture lost 3 packets'

run run -v --repeat 3 it_passes_over_ipv4
check '--repeat multiplies' last_line '3 passed, 0 failed, 0 skipped'
check '--repeat has a folder each' test -f artifacts/it_passes_over_ipv4/ipv4/3/verdict.json
check '-v has a line for each' says '^passed  it_passes_over_ipv4/ipv4/2 ('

run run --kernel host --wire 'delay 1ms' it_passes
case $status in
2) check '--wire is refused where there is no netem' one_line "--wire 'delay 1ms' needs netem" ;;
*) check '--wire is taken where there is netem' ended 0 ;;
esac

run run --wire 'delay 1ms' it_passes/ipv4
if says '^kernel .*, lane vm,' >check.log; then
	check '--wire moves to a VM where there is no netem: the first line says why' \
		test "$(head -n 1 out | grep -c "^--wire 'delay 1ms' needs netem: .*: all is played in kernel .*, lane vm$")" -eq 1
else
	skip '--wire moves to a VM where there is no netem' 'it stays on the host, or there is no VM'
fi

rm -rf artifacts
run run --exclude ipv6 'good ends' --exclude a_timer it_fails
check '--exclude leaves out what its patterns mean' last_line '3 passed, 1 failed, 0 skipped'
run run --failed
check '--failed plays what failed' last_line '0 passed, 1 failed, 0 skipped'
run run --failed it_passes
check '--failed: nothing that is meant has failed' ended 77
check '--failed: nothing is no pass' one_line 'nothing of that has failed when it was played last'
rm -rf artifacts
run run it_passes it_breaks_down/ipv4
run run --failed
check '--failed plays errors too' last_line '0 passed, 1 failed, 0 skipped'
rm -rf artifacts
run run it_passes
run run --failed --tap
check '--failed: nothing has failed' says '^1..0 # SKIP nothing has failed when it was played last'

# order SEED: of what is played one after the other.
order()
{
	"$fake" run -v -j 1 "--shuffle$1" 'good ends' | sed -n 's/ (.*//; s/^passed *//p'
}
order "=7" >first
order "=7" >second
order "=8" >third
"$fake" run -v -j 1 'good ends' | sed -n 's/ (.*//; s/^passed *//p' >longest_first
check '--shuffle plays all' [ "$(sort first | uniq | wc -l)" -eq 7 ]
check '--shuffle: the longest case is not always the first' eval '! head -n 1 first | grep timer'
check '--shuffle: one seed is one order' cmp first second
check '--shuffle: another is another' eval '! cmp -s first third'
check '--shuffle: none is the longest first' eval '! cmp -s first longest_first'
run run -v -j 1 --shuffle 'good ends'
sed -n 's/ (.*//; s/^passed *//p' out >first
seed=$(sed -n 's/^order: --shuffle=//p' out)
check '--shuffle: results.json has the seed' says "\"seed\": $seed," artifacts/results.json
order "=$seed" >second
check '--shuffle: the seed that is printed makes that order again' cmp first second
run run --shuffle 03 it_passes/ipv6
check '--shuffle 03: it is a pattern' last_line '1 passed, 2 failed, 0 skipped'
check '--shuffle 03: a note says how to write a seed' \
	one_line "note: '03' is a pattern here; as a seed it is --shuffle=03"
run run 03
check 'a number alone needs no note' test ! -s err
run run --tap --shuffle=7 it_passes
check '--shuffle: TAP has the seed' says '^# order: --shuffle=7$'

FAKE_TROUBLE=yes FAKE_LOG=$PWD/log run run --until-failure it_passes_twice/ipv4
rm log
check '--until-failure: 1' ended 1
check '--until-failure: rounds that pass have a line' \
	test "$(grep -c '^round [12]: 1 passed, 0 failed' out)" -eq 2
check '--until-failure: the one that fails is told in full' says '^  it was played 3 times'
check '--until-failure: it is the last' last_line '0 passed, 1 failed, 0 skipped'
check '--until-failure: results.json has the last' says '"status": "failed"' artifacts/results.json
run run --until-failure --repeat 2 --shuffle=7 it_passes
check '--until-failure: --repeat is the most' ended 0
check '--until-failure: each round has a seed' test "$(grep '^round' out |
	sed 's/ in .*,//')" = "$(printf 'round %s: 2 passed, 0 failed, 0 skipped --shuffle=%s\n' 1 7 2 8)"

run run -v passes_after/ipv6 F-03/ipv4 'good ends/ipv6'
check 'a part and a family' test "$(sed -n 's/^\(passed\|failed\) *\([^ ]*\/[^ ]*\) .*/\2/p' out | sort |
	tr '\n' ' ')" = \
	'it_fails/ipv4 it_leaves_a_daemon/ipv6 it_passes/ipv6 it_passes_after_a_timer/ipv6 '
check 'a part and a family: nothing else' last_line '3 passed, 1 failed, 0 skipped'

# bisects STATUS ARGUMENT...
bisects()
{
	wanted=$1
	shift
	run run --bisect "$@"
	check "--bisect $*: $wanted" ended "$wanted"
}
bisects 0 it_passes
bisects 1 it_fails
bisects 125 it_is_skipped
bisects 125 it_breaks_down/ipv4 it_fails/ipv4
bisects 125 no_such_case
bisects 125 --kernel /nothing it_passes

printf '\n\n' | "$fake" run --pause it_fails >out 2>err
check '--pause stops at a failure and hears Enter' says 'went on'
run run --pause it_fails
check '--pause goes on at the end of input' last_line '0 passed, 2 failed, 0 skipped'

# ---- TAP and JUnit -------------------------------------------------------------------------------

run run --tap it_passes it_fails it_is_skipped
check 'TAP: the version comes first' test "$(head -n 1 out)" = 'TAP version 14'
check 'TAP: the plan follows' test "$(sed -n 2p out)" = 1..6
check 'TAP: one line for each' test "$(grep -c '^\(not \)\{0,1\}ok [1-6] - ' out)" -eq 6
check 'TAP: nothing but TAP' test -z "$(sed 1d out | grep -v '^\(not ok\|ok\|#\|1\.\.6\|  \)')"
check 'TAP: # is escaped' says '# SKIP this kernel has no net.ipv4.tcp_fancy \\# yet'
check 'TAP: a failure explains itself' says '^    expected | observed'
run run --tap it_crashes/ipv4
check 'TAP: an error bails out' says '^Bail out! it_crashes/ipv4: process 1'

driver=$(realpath "${top_srcdir:-..}/build-aux/tap-driver.sh" 2>/dev/null)
if [ -f "$driver" ]; then
	AM_TAP_AWK='awk' sh "$driver" --test-name t --log-file t.log --trs-file t.trs --ignore-exit \
		-- "$fake" run --tap it_passes it_fails it_is_skipped >/dev/null
	check "Automake's driver agrees" test \
		"$(grep -c '^:test-result: PASS' t.trs) $(grep -c '^:test-result: FAIL' t.trs) $(
			grep -c '^:test-result: SKIP' t.trs) $(grep -c '^:test-result: ERROR' t.trs)" \
		= '2 2 2 0'
	check "Automake's driver logs a failure's report" says '^    expected | observed' t.log
	AM_TAP_AWK='awk' sh "$driver" --test-name t --log-file t.log --trs-file t.trs --ignore-exit \
		-- "$fake" run --tap it_breaks_down/ipv4 >/dev/null
	check "Automake's driver takes an error of the run for an error" \
		says '^:test-result: ERROR' t.trs
else
	skip "Automake's driver agrees" 'no tap-driver.sh here'
fi

run run --junit junit.xml --timeout-multiplier 0.1 it_passes it_fails skips it_crashes
check 'JUnit: one testcase for each' test "$(grep -c '<testcase ' junit.xml)" -eq 10
check 'JUnit: failures' test "$(grep -c '<failure ' junit.xml)" -eq 2
check 'JUnit: errors' test "$(grep -c '<error ' junit.xml)" -eq 2
check 'JUnit: skips' test "$(grep -c '<skipped ' junit.xml)" -eq 4
run run --junit nowhere/junit.xml it_passes
check 'JUnit that cannot be written: 99' ended 99
check 'JUnit that cannot be written: one line' one_line 'cannot write nowhere/junit.xml'
check 'JUnit that cannot be written: no case is played' eval '! says passed'
check 'JUnit that cannot be written: what was there stays' \
	says '"status": "passed"' artifacts/it_passes/ipv4/verdict.json
check 'JUnit that cannot be written: results too' says '"status": "passed"' artifacts/results.json
run run --tap --junit artifacts it_passes
check 'JUnit that is a folder bails out' says '^Bail out! cannot write artifacts: Is a directory'
rm -rf artifacts
run run --junit artifacts/junit.xml it_passes
check 'JUnit in the artifacts, which are not there yet' test -f artifacts/junit.xml
check 'JUnit leaves nothing beside it' [ ! -e artifacts/junit.xml.new ]

# ---- claims --------------------------------------------------------------------------------------

# status_of CLAIM: its status in claims --json.
status_of()
{
	"$fake" claims --json "$1" 2>/dev/null | sed -n 's/^  "status": "\(.*\)",*/\1/p'
}

is()
{
	[ "$1" = "$2" ] || { echo "'$1', not '$2'"; return 1; }
}

rm -rf artifacts
run claims
check 'claims without a run: 0' ended 0
check 'claims without a run say so' says 'nothing was run'
check 'claims name the document that explains them' says '/claims.md \(of the source tree \)\{0,1\}explains them; behaviours.md beside it has 4 behaviours more$'
check 'claims without a run: not run' is "$(status_of F-01)" 'not run'
run run 'good ends' it_needs_a_program it_fails it_is_skipped
check 'a claim whose cases passed or were skipped is shown' is "$(status_of F-01)" shown
check 'a claim of which one case failed is not' is "$(status_of F-02)" failed
check 'a claim that was only skipped is not' is "$(status_of F-04)" skipped
check 'a claim that nothing carries is not run' is "$(status_of F-06)" 'not run'
run claims
check 'claims name kernel and date' says "^kernel $(uname -r), run of 2"
run claims does both
check 'claims: what was found is searched' says '^F-02 '
run claims B-02
check 'claims: a behaviour, and what is missing' eval "says '^B-02 *partly *not run *one lingers$' && says 'missing: how long'"
run claims vices
check 'claims: the behaviours of a subject' eval "says '^B-11 *covered *failed ' && says '^B-12 *not yet '"
run claims
check 'claims: without a pattern only those of documents' eval '! says "^B-"'
run claims fakes
check 'claims: a document is searched by its name' says '^F-06 '
run claims fak
check 'claims: and by a part of it, where nothing else matches' says '^F-06 '
printf '      +1  FakeDrops\n      +1  FakeSegs  not compared: a fake\n' >artifacts/it_fails/ipv4/counters.txt
run claims fakedrops
check 'claims: a counter that a case has moved' eval "says '^F-03 ' && ! says '^F-01 '"
check 'claims: it says so' says "^no claim has the word 'fakedrops'"
check 'claims: it says so above the list' test "$(grep -n '^claims whose cases have moved such a counter: fakedrops$' out |
	cut -d : -f 1)" -lt "$(grep -n '^F-' out | head -n 1 | cut -d : -f 1)"
printf '      +1  Both\n' >artifacts/it_passes/ipv4/counters.txt
run claims both
sed -n '/^claims that match:$/,/^claims whose/p' out >said
sed -n '/^claims whose cases have moved such a counter: both$/,$p' out >counted
check "claims: a word that is a counter's too: who says it" \
	eval "says '^F-02 ' said && ! says '^F-01 ' said"
check "claims: a word that is a counter's too: whose cases moved it" says '^F-01 ' counted
run claims --json both
check "claims --json: a word that is a counter's too" eval "says '\"F-01\"' && says '\"F-02\"'"
run claims 'it hums'
check 'claims: a symptom that only pages have: 0' ended 0
check 'claims: its row in a table, and below which heading' eval \
	"says 'troubles.md, \"Troubles\"\$' && says '^    it hums: \[1\] a loose wheel\$'"
check 'claims: the sentence that has it' eval \
	"says 'troubles.md, \"1. A loose wheel\"\$' && says '^    It hums\.\$'"
check 'claims: the row comes first' test "$(grep -n 'a loose wheel$' out | cut -d : -f 1)" -lt \
	"$(grep -n '^    It hums' out | cut -d : -f 1)"
check 'claims: no claim, and so no run' eval '! says kernel'
run claims 'wheel of the press is loose'
check 'claims: a sentence of two lines; _ is a blank' says '^    The wheel of the press is_loose\.$'
run claims wheel belt
check 'claims: what has more of the words comes first' test "$(sed -n 's/^.*troubles.md, //p' out |
	head -n 1)" = '"2. A worn belt"'
run claims TcpExtBoth
check "claims: nstat's name of a counter" says '^claims whose cases have moved such a counter: Both$'
run claims fails wheel
check 'claims: a claim, and below it the pages' test "$(grep -n '^F-03' out | cut -d : -f 1)" -lt \
	"$(grep -n '^pages that have these words:$' out | cut -d : -f 1)"
run claims whel
check 'claims: a word that nothing has: 2' ended 2
check 'claims: the nearest are words of pages too' one_line "no page has it; nearest: wheel"
run list 'is skipped'
check 'list: what a claim of the case says' says '^  it_is_skipped '
run list hums
check 'list: a word that only pages have: 2' ended 2
check 'list: and where to look' one_line "matches 'hums'; pages have it: halfopen claims 'hums'$"
run claims both F-04
check 'claims: other words beside it' eval "says '^F-04 ' && says '^F-02 ' && says '^F-01 '"
run claims bot
check "claims: a part of a counter's name where a claim has the word" eval '! says "claims whose"'
rm artifacts/results.json
run run it_passes
run claims fakedrops
check 'claims: a folder that no result is of says nothing' one_line "no claim or behaviour matches 'fakedrops'"
run run 'good ends' it_needs_a_program it_fails it_is_skipped
run claims FakeSegs
check 'claims: exempt counters say nothing' one_line "no claim or behaviour matches 'FakeSegs'"
run claims --json F-01
check 'claims --json: the variant' says '"variant": "linear"'
rm -rf artifacts
run run it_passes/ipv4 it_passes_after_a_timer it_needs_a_program
check 'a short run tells the variants, each once' test "$(sed -n '/^variants:$/,/^$/p' out | tr '\n' ' ')" = \
	'variants:   it_passes_after_a_timer: linear  '
check 'a claim of which one family did not run is not shown' is "$(status_of F-01)" 'not run'
run run it_breaks_down
check 'an error is called so, and shows nothing' is "$(status_of F-05)" error
run claims --artifacts nowhere
check 'claims of a folder that is not there say so' says 'no results.json in nowhere'

# pipe NAME ARGUMENT...: where a file of that name should be is a pipe into which nobody writes.
pipe()
{
	mkdir -p pipes && rm -f pipes/* && mkfifo "pipes/$1"
	shift
	timeout 10 "$fake" "$@" >out 2>err
	[ $? -ne 124 ] || { echo 'it waits for the pipe'; return 1; }
	says ': Invalid argument' err
}
check 'a pipe is no journal' pipe journal.jsonl show pipes
check 'nor is it results.json' pipe results.json claims --artifacts pipes
check 'nor a kernel' pipe bzImage run --kernel pipes/bzImage it_passes
run run it_passes
sed -i '/"format"/d' artifacts/results.json
run claims F-01
check "an older version's results.json: one line" one_line 'from another version of halfopen'
check "an older version's results.json: what it says is shown" says "^kernel $(uname -r), run of"
echo '{"halfopen": "0", "results": [' >artifacts/results.json
run claims
check 'malformed results.json: 99' ended 99
check 'malformed results.json: one line' one_line 'results.json is malformed: line'

# ---- artifacts -----------------------------------------------------------------------------------

rm -rf artifacts
run run it_passes
echo mine >artifacts/notes.txt
echo mine >artifacts/it_passes/ipv4/notes.txt
mkdir artifacts/mine
run run it_passes
check 'a second run replaces the first' ended 0
check 'a stranger stays in the artifacts' says mine artifacts/notes.txt
check "a stranger stays in a case's folder" says mine artifacts/it_passes/ipv4/notes.txt
rm -rf artifacts
mkdir -p artifacts
echo '{"mine": 1}' >artifacts/results.json
run run it_passes
check "a stranger's results.json: 99" ended 99
check "a stranger's results.json: one line" one_line 'not from halfopen'
check "a stranger's results.json stays" says mine artifacts/results.json
rm -rf artifacts
mkdir -p artifacts/it_passes/ipv4
echo mine >artifacts/it_passes/ipv4/ladder.txt
run run it_passes
check "a stranger's ladder.txt: 99" ended 99
check "a stranger's ladder.txt stays" says mine artifacts/it_passes/ipv4/ladder.txt
rm -rf artifacts
run run --artifacts /dev/null/artifacts it_passes
check 'artifacts that cannot be written: 99' ended 99
check 'artifacts that cannot be written: one line' one_line 'cannot write /dev/null/artifacts: Not a'
run run --tap --artifacts /dev/null/artifacts it_passes
check 'artifacts that cannot be written bail out' says '^Bail out! cannot write'
"$fake" run it_passes >/dev/full 2>err
status=$?
check 'a full stdout: 99' ended 99
check 'a full stdout: one line' one_line 'cannot write to stdout'

rm -rf artifacts
run run --artifacts-on failure it_passes it_fails skips
check '--artifacts-on failure: the exit status is the same' ended 1
check '--artifacts-on failure: a passed case leaves no folder' [ ! -e artifacts/it_passes ]
check '--artifacts-on failure: nor does a skipped one' [ ! -e artifacts/skips ]
check '--artifacts-on failure: a failed one does' [ -e artifacts/it_fails/ipv6/journal.jsonl ]
check '--artifacts-on failure: results.json has all' \
	test "$(grep -c '"status": "passed"' artifacts/results.json)" -eq 2
check '--artifacts-on failure: results.json says so' says '"artifacts_on": "failure"' \
	artifacts/results.json
run run it_passes
echo mine >artifacts/it_passes/ipv4/notes.txt
run run --artifacts-on failure it_passes
check "--artifacts-on failure: a stranger stays" says mine artifacts/it_passes/ipv4/notes.txt
check "--artifacts-on failure: what is not a stranger's goes" \
	test "$(find artifacts/it_passes -type f | wc -l)" -eq 1
rm -rf artifacts
run run --artifacts-on failure --repeat 3 it_passes/ipv4
check '--artifacts-on failure: nor do repetitions' [ ! -e artifacts/it_passes ]

# on_small_disk COMMAND: with a file system of 256 KiB at ./small.
mkdir small
on_small_disk()
{
	# shellcheck disable=SC2086 # no word where it is not needed
	unshare -m ${rootless-} sh -c "mount -t tmpfs -o size=256k none small && $1"
}
[ "$(id -u)" -eq 0 ] || rootless=-r
if on_small_disk : 2>/dev/null; then
	status=0
	on_small_disk "'$fake' run -j 1 --artifacts small/a it_fills_the_folder it_passes" \
		>out 2>err || status=$?
	check 'a full disk: 99' ended 99
	check 'a full disk: nothing passed' last_line '0 passed, 1 failed, 0 skipped'
	check 'a full disk: one line' one_line 'No space left on device; free some space'
	status=0
	on_small_disk "'$fake' run --artifacts small/a it_passes >/dev/null &&
		'$fake' run -j 1 --artifacts small/a it_fills_the_folder it_passes 2>/dev/null
		'$fake' claims --artifacts small/a F-01" >out 2>err || status=$?
	check 'a full disk: no claim of an earlier run is shown' says '^F-01 .* not run '
else
	skip 'a full disk' 'no file system can be mounted here'
fi

# ---- show ----------------------------------------------------------------------------------------

run run it_passes
run show artifacts/it_passes/ipv4
check 'show succeeds' ended 0
check 'show prints' says 'a fake case, ipv4'
run show artifacts/it_passes
check 'show knows the families' says 'a fake case, ipv6'
cp out of_folder
run show it_passes
check 'show finds the folder of a name' cmp out of_folder
run show it_passes/ipv6
check 'show of an id: one family' eval 'says "a fake case, ipv6" && ! says ipv4'
run show passes/ipv6
check 'show of a part: the only one that was played' says 'a fake case, ipv6'
mv artifacts elsewhere
run show --artifacts elsewhere it_passes
check 'show --artifacts' cmp out of_folder
mv elsewhere artifacts
run run it_passes_over_ipv4 it_passes it_needs_a_program
run show passes
check 'show of a part that two have: both are named' one_line 'it_passes or it_passes_over_ipv4'
run show it_
check 'show of a part that more have: how many' \
	one_line 'may be it_passes, it_passes_over_ipv4 and 1 more; name one'
run show F-02
check 'show of a claim' cmp out of_folder
run show --format svg it_passes
check 'show: a picture is of one family' one_line 'a picture is of one family: name it_passes/ipv4$'
run show --format svg artifacts/it_passes
check 'show: a picture of a folder too' one_line 'a picture is of one family: name it_passes/ipv4$'
run show --format svg it_passes/ipv4
check 'show: what it names is a picture' says '</svg>'
rm -r artifacts/it_passes_over_ipv4
run run --repeat 2 it_passes_over_ipv4
run show it_passes_over_ipv4
check 'show of what was repeated: what to name' one_line 'name one time, as in .*ipv4/ipv4/1$'
run show artifacts
check 'show of another folder is wrong usage' ended 2
echo '{"broken' >>artifacts/it_passes/ipv4/journal.jsonl
run show artifacts/it_passes/ipv4
check 'show of a malformed journal: 99' ended 99
check 'show of a malformed journal: the line is named' one_line 'journal.jsonl:4:'
check 'show of a malformed journal: what is whole of it is shown' says 'a fake case, ipv4'
printf 'no capture' >artifacts/it_passes/ipv6/client.pcap
run show artifacts/it_passes/ipv6
check 'show of a malformed capture: 99' ended 99
check 'show of a malformed capture: one line' one_line 'client.pcap is malformed'
check 'show of a malformed capture: the journal is shown' says 'a fake case, ipv6'

# ---- how many at once ----------------------------------------------------------------------------

cpus=$(nproc)
# The timer is long beside what a set-up takes on a busy machine.
FAKE_TIMER_MS=1000 FAKE_LOG=$PWD/log run run -j 12 --repeat 8 it_passes_after_a_timer
check 'many cases at once' ended 0
check 'no more set-ups than CPUs' at_most "$cpus" "$(most_at_once 'set-up begins' 'set-up ends')"
check 'no more tear-downs than CPUs' \
	at_most "$cpus" "$(most_at_once 'tear-down begins' 'tear-down ends')"
check 'waiting is not limited to the CPUs' test "$(awk '
	/^set-up ends/ { if (++now > most) most = now }
	/^tear-down begins/ { now-- }
	END { print most + 0 }' log)" -gt "$cpus"
rm log
FAKE_LOG=$PWD/log run run -j 1 it_passes_over_ipv4 it_passes_after_a_timer/ipv4
check 'the longest case goes first' test "$(head -n 1 log)" = 'set-up begins it_passes_after_a_timer'

# ---- a terminal ----------------------------------------------------------------------------------

if script -qec true /dev/null >/dev/null 2>&1; then
	COLUMNS=80 script -qec "stty cols 80; '$fake' run it_passes_after_a_timer" /dev/null \
		>out </dev/null
	check 'a terminal has a live line' says ' | it_passes_[a-z_]*\.\.\./ipv.: a timer of 100 ms [0-9.]* s'
	check 'the live line fits the terminal' test -z "$(tr '\r' '\n' <out |
		sed -n 's/\x1b\[K//; /running |/p' | awk 'length > 79')"
	script -qec "stty cols 200; '$fake' run it_passes_after_a_timer" /dev/null >out </dev/null
	check 'a wide terminal has the whole name' says ' | it_passes_after_a_timer/ipv.: a timer'
else
	skip 'a terminal has a live line' 'no script(1) here'
fi

# ---- signals -------------------------------------------------------------------------------------

# interrupt SIGNAL: sends it to a run once two cases have passed and one waits.
interrupt()
{
	rm -rf artifacts
	: >out
	# A shell has its background jobs ignore SIGINT.
	env --default-signal=INT "$fake" run -v it_passes it_waits_with_a_daemon >out 2>err &
	pid=$! tries=3000
	until [ "$(grep -c '^passed ' out)" -eq 2 ] || [ $tries -eq 0 ]; do
		tries=$((tries - 1))
		sleep 0.02
	done
	kill -s "$1" $pid
	status=0
	wait $pid || status=$?
}

# interrupted STATUS SIGNAL NUMBER
interrupted()
{
	interrupt "$2"
	check "SIG$2: $1" ended "$1"
	check "SIG$2 is told" says "^ended by SIG$2: 2 of 3 had finished"
	check "SIG$2: what had finished is counted" last_line '2 passed, 0 failed, 0 skipped'
	check "SIG$2: results.json is not complete" says '"complete": false' artifacts/results.json
	check "SIG$2: results.json has the signal" says "\"signal\": $3" artifacts/results.json
	check "SIG$2: results.json has what passed" \
		test "$(grep -c '"status": "passed"' artifacts/results.json)" -eq 2
	check "SIG$2: no claim of an entry that did not run is shown" \
		is "$(status_of F-01)" 'not run'
}
if env --default-signal=INT true 2>/dev/null; then
	interrupted 130 INT 2
else
	skip 'SIGINT' "this env has no --default-signal"
fi
interrupted 143 TERM 15

echo "1..$number"
