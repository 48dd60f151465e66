#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The reproduction in docs/defer-accept-stall builds from its own folder alone, runs in this kernel,
# and what it says agrees with what the kernel counts, whether it has the defect or not.

set -u

replay=${top_srcdir:-.}/docs/defer-accept-stall/replay.sh
number=0

# check NAME COMMAND...: the command succeeds.
check()
{
	name=$1
	shift
	number=$((number + 1))
	if "$@"; then
		echo "ok $number - $name"
	else
		echo "not ok $number - $name"
		echo "$output" | sed 's/^/# /'
	fi
}

says()
{
	echo "$output" | grep -q "$1"
}

says_what_it_ends_with()
{
	case $status in
	0) says '^not stalled: ' ;;
	1) says '^STALLED: ' ;;
	*) false ;;
	esac
}

# A kernel that rejects no echoes has nothing to stall with, and each rejection is a stall.
agrees_with_the_counter()
{
	if [ "$status" -eq 1 ]; then
		says 'TSEcrRejected [1-9]'
	else
		says 'TSEcrRejected \(0\|not known\)'
	fi
}

output=$("$replay" 2 2>&1)
status=$?
if echo "$output" | grep -q '^unshare: '; then
	echo "1..0 # SKIP no network namespace: $(echo "$output" | tail -n 1)"
	exit 77
fi
check 'the reproduction says what its exit status says' says_what_it_ends_with
check 'it stalls where the kernel rejects echoes, and nowhere else' agrees_with_the_counter
output=$("$replay" 1 2>&1)
status=$?
check 'a period of the wrong length is wrong usage' [ "$status" -eq 2 ]
echo "1..$number"
