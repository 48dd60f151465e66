#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What CI reads of a run: TAP 14 with YAML blocks, JUnit XML, GitHub's annotations and summary; of
# runs that end as they should, and of those that are interrupted or find no room.

set -u

source_tree=$(realpath "${top_srcdir:-.}")
# shellcheck source-path=SCRIPTDIR source=with_fakes.sh
. "$source_tree/tests/with_fakes.sh"

# says_line TEXT FILE: one of its lines is the text.
says_line()
{
	grep -qxF -- "$1" "$2" || { echo "no line '$1' in $2"; return 1; }
}

says_no()
{
	! grep -- "$1" "$2"
}

run run it_passes/ipv4
if [ "$status" -eq 77 ]; then
	echo "1..0 # SKIP $(head -n 1 err)"
	exit 0
fi

# ---- TAP -----------------------------------------------------------------------------------------

run run --tap -j 1 it_passes_after_a_timer/ipv4 it_fails/ipv4 it_is_skipped/ipv4 it_crashes/ipv4

# A block follows its test line, is indented by two blanks, and ends.
check 'TAP: the blocks are where they belong' awk '
	/^  ---$/ { if (!test || inside) exit bad = 1; inside = 1 }
	/^  \.\.\.$/ { if (!inside) exit bad = 1; inside = 0 }
	{ test = /^(not )?ok / }
	!inside && /^ / && !/^    / && !/^  \.\.\.$/ { exit bad = 1 }
	inside && !/^  / { exit bad = 1 }
	END { exit bad || inside }' out

if perl -MTAP::Parser -e 1 2>/dev/null; then
	perl "$source_tree/tests/parse_tap.pl" <out >parsed
	check 'TAP::Parser: no error' says_no '^error|' parsed
	check 'TAP::Parser: no line is unknown' says_no '^unknown|' parsed
	check 'TAP::Parser: the plan' says_line 'plan|4|4' parsed
	check 'TAP::Parser: a skip has its reason' \
		says '^ok|[0-9]|- it_is_skipped/ipv4|SKIP|this kernel has no net.ipv4.tcp_fancy' parsed
	check 'TAP::Parser: a failure' says '^not ok|[0-9]|- it_fails/ipv4||$' parsed
	check 'TAP::Parser: steps that passed are a subtest' \
		test "$(grep -c '^sub|ok|1|- a first step$' parsed)" -eq 2
	check 'TAP::Parser: the step that failed is not ok' \
		says_line 'sub|not ok|2|- 100% full: \# 3, "two" and: one' parsed
	check 'TAP::Parser: nothing of a subtest is told of who left no verdict' \
		test "$(grep -c '^sub|' parsed)" -eq 4
	while read -r member; do
		check "TAP::Parser: $member" says_line "$member" parsed
	done <<-'END'
		message=the queue # held 3, not 2 ?<&>
		kind=the queue # held N, not N ?<&>
		severity=fail
		at.file=tests/fakes: 1, 2%.c
		at.line=42
		step=100% full: # 3, "two" and: one
		expected.0=1.0  <  SYN-ACK
		expected.1=-  >  ACK
		states.client 1=ESTABLISHED / -
		queues.server.accept=3
		queues.server.limit=2
		queues.server.syn=0
		counters.server.Tcp.OutRsts=1
		last_steps.1=two
		report=expected | observed
		report=     ACK | RST
		severity=error
		variant=linear
	END
	check 'TAP::Parser: the folder' says '^folder=/.*/artifacts/it_fails/ipv4$' parsed
	check 'TAP::Parser: a duration for each but the skip' \
		test "$(grep -c '^duration_ms=[0-9]*$' parsed)" -eq 3
	check 'TAP::Parser: the error bails out' \
		says '^Bail out|it_crashes/ipv4: process 1 was killed by signal' parsed
	"$fake" run --tap --artifacts '/dev/null/#' it_passes 2>/dev/null |
		perl "$source_tree/tests/parse_tap.pl" >parsed
	check 'TAP::Parser: a run that cannot begin bails out' says '^Bail out|cannot write' parsed
else
	skip 'TAP::Parser' 'no perl with TAP::Parser here'
fi

if python3 -c 'import yaml' 2>/dev/null; then
	sed -n '/^  ---$/,/^  \.\.\.$/s/^  //p' out >blocks
	check 'a YAML parser reads the blocks' python3 -c '
import sys, yaml
blocks = list(yaml.safe_load_all(sys.stdin))
assert len(blocks) == 3, len(blocks)' <blocks
else
	skip 'a YAML parser reads the blocks' 'no python3 with yaml here'
fi

# ---- JUnit ---------------------------------------------------------------------------------------

# valid FILE
valid()
{
	xmllint --noout --relaxng "$source_tree/tests/junit.rng" "$1"
}

# xpath EXPRESSION: of junit.xml.
xpath()
{
	xmllint --xpath "$1" junit.xml
}

is()
{
	[ "$1" = "$2" ] || { echo "'$1', not '$2'"; return 1; }
}

if command -v xmllint >/dev/null; then
	run run --junit junit.xml --timeout-multiplier 0.5 --repeat 2 \
		'good ends' it_fails skips it_crashes
	check 'JUnit: it is as Jenkins and GitLab have it' valid junit.xml
	check 'JUnit: the sums are right' is \
		"$(xpath 'concat(/*/@tests, " ", /*/@failures, " ", /*/@errors)')" \
		"$(xpath 'concat(count(//testcase), " ", count(//failure), " ", count(//error))')"
	check 'JUnit: the kernel is a property' is "$(xpath 'string(//property[@name="kernel"]/@value)')" \
		"$(uname -r)"
	check 'JUnit: the claims are a property' is \
		"$(xpath 'string(//testsuite[@name="it_fails"]//property[@name="claims"]/@value)')" \
		'F-02 F-03'
	check 'JUnit: the variant is a property, once' is \
		"$(xpath '//property[@name="variant"]/@value' | tr -d '\n ')" 'value="linear"'
	check 'JUnit: a failure has its text' is \
		"$(xpath 'contains(//failure, "SYN | SYN")')" true
	check 'JUnit: the output names the artifacts' is \
		"$(xpath 'contains(//testcase/system-out, "/artifacts/it_passes/ipv4")')" true
	cp junit.xml changed.xml
	for change in 's/ name="it_passes"//' 's/<skipped/<ignored/; s/<\/skipped/<\/ignored/' \
		's/tests="2"/tests="two"/' 's/<properties>/<properties><other\/>/' \
		's/<testcase /<testcase file="a.c" /'; do
		sed "$change" junit.xml >changed.xml
		check "JUnit: the schema refuses $change" test -n "$(valid changed.xml 2>&1 |
			grep 'fails to validate\|parser error')"
	done
else
	skip 'JUnit' 'no xmllint here'
fi

# ---- GitHub --------------------------------------------------------------------------------------

printf 'another step\n' >summary.md
GITHUB_ACTIONS=true GITHUB_STEP_SUMMARY=summary.md \
	"$fake" run it_passes it_fails/ipv4 it_is_skipped it_crashes/ipv6 >out 2>err </dev/null
check 'GitHub: an annotation for each failure and error' test "$(grep -c '^::error ' err)" -eq 2
check 'GitHub: a file and a title are escaped' says \
	'^::error file=tests/fakes%3A 1%2C 2%25\.c,line=42,title=it_fails/ipv4::the queue # held 3, not 2' err
check 'GitHub: line ends are escaped' says '%0A     SYN | SYN%0A     ACK | RST$' err
check 'GitHub: without a place, a title' says '^::error title=it_crashes/ipv6::process 1' err
check 'GitHub: the last line is still the counts' \
	test "$(tail -n 1 out)" = '2 passed, 2 failed, 2 skipped'
check 'GitHub: the summary keeps what was there' test "$(head -n 1 summary.md)" = 'another step'
check 'GitHub: the summary counts' says '^## halfopen: 2 passed, 2 failed, 2 skipped$' summary.md
check 'GitHub: the summary names the kernel' says "^Kernel $(uname -r), lane host" summary.md
check 'GitHub: a row of the table' says_line \
	'| it\_fails/ipv4 | failed | tests/fakes: 1, 2%.c:42 | the queue # held 3, not 2 ?&lt;&amp;> |' \
	summary.md
check 'GitHub: the failing ladder' says_line '    expected | observed' summary.md
check 'GitHub: skips by their reason' \
	says '^| 2 | this kernel has no net.ipv4.tcp\\_fancy # yet |$' summary.md
rm summary.md
GITHUB_ACTIONS=true GITHUB_STEP_SUMMARY=summary.md \
	"$fake" run --junit alike.xml it_fails >out 2>err </dev/null
check 'GitHub: failures that are alike are one annotation' test "$(grep -c '^::error ' err)" -eq 1
check 'GitHub: and it names the others' says '%0Aalike: it_fails/ipv6%0A' err
check 'GitHub: they are one row' \
	says '^| it\\_fails/ipv4, it\\_fails/ipv6 | failed | .* | 2 alike: the queue' summary.md
check 'GitHub: and one report' test "$(grep -c '^<details' summary.md)" -eq 1
check 'JUnit: each of them names the others' \
	test "$(grep -c 'message="the queue .* (2 alike: the queue ' alike.xml)" -eq 2
check 'report.html: an index of what failed, by kinds' \
	says '2 alike: the queue.*href="#it_fails"' artifacts/report.html
run run it_fails/ipv4
check 'elsewhere nothing is annotated' test ! -s err
GITHUB_ACTIONS=true GITHUB_STEP_SUMMARY=nowhere/summary.md "$fake" run it_passes >out 2>err
status=$?
check 'GitHub: a summary that cannot be written: 99' ended 99
check 'GitHub: a summary that cannot be written: one line' one_line \
	'cannot write nowhere/summary.md (GITHUB_STEP_SUMMARY): No such file'

# ---- runs that are ended early -------------------------------------------------------------------

# Two cases have passed, one waits, when SIGINT comes.
interrupt()
{
	rm -rf artifacts summary.md junit.xml
	: >out
	# A shell has its background jobs ignore SIGINT.
	GITHUB_ACTIONS=true GITHUB_STEP_SUMMARY=summary.md env --default-signal=INT \
		"$fake" run --tap --junit junit.xml it_passes it_waits_with_a_daemon >out 2>err &
	pid=$! tries=3000
	until [ "$(grep -c '^ok ' out)" -eq 2 ] || [ $tries -eq 0 ]; do
		tries=$((tries - 1))
		sleep 0.02
	done
	kill -s INT $pid
	status=0
	wait $pid || status=$?
}
if env --default-signal=INT true 2>/dev/null; then
	interrupt
	check 'SIGINT: 130' ended 130
	check 'SIGINT: TAP bails out' test "$(tail -n 1 out)" = 'Bail out! ended by SIGINT'
	check 'SIGINT: results.json is not complete' says '"complete": false' artifacts/results.json
	check 'SIGINT: JUnit has what did not finish as an error' says \
		'<error message="not run to its end: the run was ended by SIGINT" type="error"' junit.xml
	if command -v xmllint >/dev/null; then
		check 'SIGINT: JUnit is valid' valid junit.xml
		check 'SIGINT: JUnit counts all that was to run' is \
			"$(xpath 'concat(/*/@tests, " ", /*/@errors)')" '3 1'
	fi
	check 'SIGINT: the summary says so' says \
		'^\*\*Not complete\*\*: the run was ended by SIGINT: 2 of 3 had finished\.$' summary.md
	check 'SIGINT: an annotation says so' one_line \
		'^::error title=halfopen::the run was ended by SIGINT: 2 of 3 had finished$'
	check 'SIGINT: a case that waited is an error' says '"error"' \
		artifacts/it_waits_with_a_daemon/ipv4/verdict.json
else
	skip 'SIGINT' "this env has no --default-signal"
fi

# A file is replaced whole, so it must be a folder that is full.
mkdir small
on_small_disk()
{
	# shellcheck disable=SC2086 # no word where it is not needed
	unshare -m ${rootless-} sh -c "mount -t tmpfs -o size=4k none small && $1"
}
[ "$(id -u)" -eq 0 ] || rootless=-r
if on_small_disk : 2>/dev/null; then
	status=0
	on_small_disk "head -c 4096 /dev/zero >small/filler
		'$fake' run --junit small/junit.xml it_passes" >out 2>err || status=$?
	check 'JUnit on a full disk: 99' ended 99
	check 'JUnit on a full disk: one line' one_line 'cannot write small/junit.xml: No space left'
	check 'JUnit on a full disk: the cases are told of' \
		test "$(tail -n 1 out)" = '2 passed, 0 failed, 0 skipped'
	status=0
	on_small_disk "head -c 4096 /dev/zero >small/filler
		'$fake' run --tap --artifacts small it_passes" >out 2>err || status=$?
	check 'results on a full disk: 99' ended 99
	check 'results on a full disk: one line' one_line \
		'cannot write .*/small/results.json: No space left on device; free some space there'
	check 'results on a full disk: TAP bails out' says '^Bail out! cannot write' out
else
	skip 'a full disk' 'no file system can be mounted here'
fi
status=0
GITHUB_ACTIONS=true GITHUB_STEP_SUMMARY=/dev/full "$fake" run it_passes >out 2>err || status=$?
check 'a summary on a full disk: 99' ended 99
check 'a summary on a full disk: one line' one_line 'GITHUB_STEP_SUMMARY): No space left on device'

echo "1..$number"
