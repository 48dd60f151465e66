#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A run in which cases fail is over in twice the time of one in which all pass, whatever is wrong
# with the kernel: tests/faults.c makes a faulty one of any. All the runs go on side by side, so that
# what else the machine does slows each of them down; where it is too busy for a comparison they are
# made once more. The CPU time of each is compared too, as one that takes all slows down the others.

set -u

halfopen=$(realpath "${HALFOPEN:-${top_builddir:-.}/halfopen}") || exit 99
faults=$(realpath "${top_builddir:-.}/tests/faults.so") || exit 99
work=$(mktemp -d "${top_builddir:-.}/tests/test_failing.XXXXXX") || exit 99
trap 'rm -rf "$work"' EXIT
unset GITHUB_ACTIONS GITHUB_STEP_SUMMARY
number=0

# milliseconds FILE: user's and system's CPU time of all that a shell has waited for, as its times
# has told.
milliseconds()
{
	awk 'NR == 2 { gsub(/s/, ""); split($1, user, "m"); split($2, own, "m")
		printf "%d\n", 1000 * (60 * (user[1] + own[1]) + user[2] + own[2]) }' "$1"
}

# play NAME FAULT SHARE: leaves how long the run took, and what of the CPU, and what it said.
play()
{
	began=$(date +%s%N)
	LD_PRELOAD=$faults FAULT=$2 FAULT_SHARE=$3 timeout 300 "$halfopen" run --kernel host \
		--jobs 12 --artifacts "$work/$1" overflow >"$work/$1.out" 2>&1
	echo "$?" >"$work/$1.status"
	echo $((($(date +%s%N) - began) / 1000000)) >"$work/$1.ms"
	times >"$work/$1.times"
	milliseconds "$work/$1.times" >"$work/$1.cpu"
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
	[ "$(cat "$work/$1.ms")" -le $((2 * $(cat "$work/none.ms"))) ] &&
		[ "$(cat "$work/$1.cpu")" -le $((2 * $(cat "$work/none.cpu"))) ]
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
		echo "# $(cat "$work/$about.ms") ms, and $(cat "$work/none.ms") ms without a fault;" \
			"of the CPU $(cat "$work/$about.cpu") ms and $(cat "$work/none.cpu") ms"
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
