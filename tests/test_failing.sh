#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A run in which cases fail is over in twice the time of one in which all pass, whatever is wrong
# with the kernel: tests/faults.c makes a faulty one of any. All the runs go on side by side, so that
# what else the machine does slows each of them down; where it is too busy for a comparison they are
# made once more.

set -u

halfopen=$(realpath "${HALFOPEN:-${top_builddir:-.}/halfopen}") || exit 99
faults=$(realpath "${top_builddir:-.}/tests/faults.so") || exit 99
work=$(mktemp -d "${top_builddir:-.}/tests/test_failing.XXXXXX") || exit 99
trap 'rm -rf "$work"' EXIT
unset GITHUB_ACTIONS GITHUB_STEP_SUMMARY
number=0

# play NAME FAULT SHARE: leaves how long the run took and what it said.
play()
{
	began=$(date +%s%N)
	LD_PRELOAD=$faults FAULT=$2 FAULT_SHARE=$3 timeout 300 "$halfopen" run --kernel host \
		--jobs 12 --artifacts "$work/$1" overflow >"$work/$1.out" 2>&1
	echo "$?" >"$work/$1.status"
	echo $((($(date +%s%N) - began) / 1000000)) >"$work/$1.ms"
}

play_all()
{
	play none none 1 &
	play counter 'counter TCPSynRetrans' 1 &
	play packet packet 1 &
	play state state 4 &
	play lost lost 1 &
	play hang hang 4 &
	wait
}

# in_time NAME: it took no more than twice what the run without a fault took.
in_time()
{
	[ "$(cat "$work/$1.ms")" -le $((2 * $(cat "$work/none.ms"))) ]
}

all_in_time()
{
	for fault in counter packet state lost hang; do
		in_time $fault || return 1
	done
}

# check NAME RUN COMMAND...: the command succeeds, else what the run said.
check()
{
	name=$1 about=$2
	shift 2
	number=$((number + 1))
	if "$@"; then
		echo "ok $number - $name"
	else
		echo "not ok $number - $name"
		echo "# $(cat "$work/$about.ms") ms, and $(cat "$work/none.ms") ms without a fault"
		tail -n 60 "$work/$about.out" | sed 's/^/# /'
	fi
}

# fails NAME: it is the cases that do, or with a process that hangs the run.
fails()
{
	[ "$(cat "$work/$1.status")" = 1 ] || [ "$(cat "$work/$1.status")" = 99 ]
}

if ! LD_PRELOAD=$faults "$halfopen" list >"$work/list" 2>&1; then
	echo '1..0 # SKIP nothing can be loaded before this program (a sanitizer?)'
	exit 77
fi
play_all
if [ "$(cat "$work/none.status")" = 77 ]; then
	echo "1..0 # SKIP $(grep -m 1 skipped "$work/none.out")"
	exit 77
fi
all_in_time || play_all
check 'without a fault all cases pass' none [ "$(cat "$work/none.status")" = 0 ]
for fault in counter packet state lost hang; do
	check "the fault is found: $fault" $fault fails $fault
	check "and the run takes twice the time at most: $fault" $fault in_time $fault
done
echo "1..$number"
