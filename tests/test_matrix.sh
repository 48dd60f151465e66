#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# halfopen matrix and diff over what real runs of the fake cases have left, and on terminals: what
# `run` writes, `matrix` must read. The rest is in check_matrix.c.

set -u

# shellcheck source-path=SCRIPTDIR source=with_fakes.sh
. "${top_srcdir:-.}/tests/with_fakes.sh"

says_not()
{
	! says "$@" || { echo "'$1' in ${2:-out}"; return 1; }
}

fits()
{
	[ -z "$(awk -v most="$1" 'length > most' out)" ] || { echo "a line is longer"; return 1; }
}

# ---- what runs leave -----------------------------------------------------------------------------

run run --artifacts artifacts/matrix/host 'good ends' skips it_fails
case $status in
77)
	echo "1..0 # SKIP $(head -n 1 err)"
	exit 0
	;;
esac
cp -R artifacts/matrix/host artifacts/matrix/6.12.1
cp -R artifacts/matrix/host artifacts/matrix/6.1.9
echo 'another' >>artifacts/matrix/host/it_passes/ipv6/ladder.txt

run matrix --no-run 'good ends' --kernels 6.12,host
check 'the matrix of passes: 0' ended 0
check 'the matrix names the kernels' says '^host: kernel '
check 'a claim whose cases passed with a variant' says '^F-01 .* variant 1 variant 1$'
check 'what differs has its command' says '^  ladder: halfopen diff it_passes/ipv6 6.12.1 host$'
command=$(sed -n 's/^  ladder: halfopen //p' out)
# shellcheck disable=SC2086 # words
run $command
check 'that command shows it: 1' ended 1
check 'that command shows it' says ' > another$'
run matrix --no-run
check 'a failed case: 1' ended 1
check 'a failed claim' says '^F-03 .* failed  *failed  *failed$'
check 'a recorded variant that has changed is told' \
	says '^  6.1.9: it_passes_after_a_timer/ipv4: linear instead of exponential$'
check 'the table fits 100 columns' fits 100
check 'no escape sequence where stdout is no terminal' test -z "$(tr -d '[:print:]\n' <out)"
if command -v xmllint >/dev/null; then
	check 'the page is well-formed' xmllint --noout --nonet artifacts/matrix/matrix.html
else
	skip 'the page is well-formed' 'no xmllint here'
fi
rm artifacts/matrix/6.1.9/results.json
run matrix --no-run
check 'a run that is missing: 99' ended 99
check 'a run that is missing has no other cells' says '^F-01 .* error  *variant 1 variant 1$'

# ---- artifacts of failures alone -----------------------------------------------------------------

run matrix --kernels good=host,bad=host --artifacts named it_passes
check 'kernels that have been given names' says ' good *bad$'
run diff --artifacts named it_passes/ipv4 good bad
check 'diff knows the names' says 'nothing differs between good and bad'
run matrix --kernels host,host it_passes
check 'two of one name: 2' ended 2
check 'two of one name: what to do' one_line "'host' is the name of two; give it another"
run diff --artifacts named/good it_passes good bad
check 'diff in a folder of one run: 2' ended 2
check 'diff in a folder of one run: which is meant' one_line 'is one run; name the folder in which'
mkdir runs && cp -R named/good runs/before && cp -R named/bad runs/after
echo 'another' >>runs/after/it_passes/ipv4/ladder.txt
run diff --artifacts runs it_passes/ipv4 before after
check 'diff compares any two runs that lie side by side' says ' > another$'
run matrix --kernels host --artifacts-on failure --artifacts few it_passes it_fails
check 'matrix --artifacts-on failure: a failure counts' ended 1
check 'matrix --artifacts-on failure: a passed case leaves no folder' [ ! -e few/host/it_passes ]
check 'matrix --artifacts-on failure: a failed one does' [ -e few/host/it_fails/ipv4/ladder.txt ]
run matrix --no-run --artifacts few it_passes
check 'matrix --artifacts-on failure: passes are told again' ended 0
cp -R few/host few/6.12.1
run diff --artifacts few it_passes/ipv4 6.12 host
check 'matrix --artifacts-on failure: ladders are there for diff' ended 0
sed -i 's/"ladder": "a fake/"ladder": "another/' few/6.12.1/results.json
run diff --artifacts few it_passes/ipv4 6.12 host
check 'matrix --artifacts-on failure: and differ where they do' says 'another .* | a fake'

# ---- terminals -----------------------------------------------------------------------------------

# on_terminal COLUMNS ARGUMENT...: without the returns that a terminal adds.
on_terminal()
{
	columns=$1
	shift
	script -qec "stty cols $columns; TERM=xterm '$fake' $*" /dev/null </dev/null |
		tr -d '\r' >out
}

plain()
{
	sed 's/\x1b\[[0-9;]*m//g' out >plain && mv plain out
}

if script -qec true /dev/null >/dev/null 2>&1; then
	NO_COLOR='' on_terminal 100 matrix --no-run
	check 'a terminal has colours' says "$(printf '\033\\[1;31merror')"
	NO_COLOR=1 on_terminal 100 matrix --no-run
	check 'NO_COLOR: none' says_not "$(printf '\033')"
	NO_COLOR=1 on_terminal 60 matrix --no-run
	grep '^F-' out >rows && mv rows out
	check 'a narrow terminal: every row fits' fits 60
	check 'a narrow terminal: all kernels are there' says 'error *variant 1 variant 1$'
	check 'a narrow terminal: a claim is cut' says '^F-06 Nobody shows this\(, .*\)*\.\.\. '
	NO_COLOR=1 on_terminal 50 matrix --no-run F-01
	check 'a terminal that is too narrow has two tables' test "$(grep -c '^F-01' out)" -eq 2
	NO_COLOR='' on_terminal 80 diff it_passes/ipv6 6.12 host
	check 'diff marks on a terminal' says "$(printf '\033\\[33m')"
	plain
	check 'diff fits the terminal' fits 80
	check 'diff uses the width of the terminal' says '^ \{38\} > another$'
else
	skip 'a terminal' 'no script(1) here'
fi

echo "1..$number"
