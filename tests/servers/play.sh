#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The small servers of this folder, tried one at a time.
#   play.sh rows [all]           of each trial a row: the server's faults (- of a right one), what is to
#                                be found, in which scenarios, the program and its options. A right
#                                one is played once, in the scenarios of all its faults, or in all.
#   play.sh one FOLDER ROW...    plays a row, and leaves what `halfopen try` does in a folder of its own in
#                                FOLDER; prints a line of TAP without its number.
# From the environment:
#   HALFOPEN     the program
#   BUILD_TREE   where the servers in C are
#   OPTIONS      of each trial

set -u

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)

rows()
{
	awk -v all="${1-}" '/^#/ { next }
	{
		$1 = $1
		wrong[++count] = $0
		scenario = $3
		$1 = $2 = $3 = ""
		scenarios[$0] = scenarios[$0] (scenarios[$0] ? "+" : "") scenario
	}
	END {
		for (server in scenarios)
			print "- nothing " (all ? all : scenarios[server]) server
		for (row = 1; row <= count; row++)
			print wrong[row]
	}' "$here/faults" | tr -s ' '
}

# found_in FILE: the findings of a try.json, with + between.
found_in()
{
	python3 -c 'import json, sys
tried = json.load(sys.stdin)
names = {f["name"] for s in tried["scenarios"] for f in s.get("findings", [])}
print("+".join(sorted(names)) or "nothing")' <"$1"
}

one()
{
	faults=$2 findings=$3 scenarios=$4 program=$5
	folder=$1/$(shift && echo "$*" | tr ' /' __)
	shift 5
	name="$program${*:+ $*}, $scenarios: $findings"
	for fault in $(echo "$faults" | tr + ' '); do
		[ "$fault" = - ] || set -- "$@" --fault "$fault"
	done
	case $program in
	*.py) set -- python3 -B "$here/$program" "$@" ;;
	*) set -- "$BUILD_TREE/tests/servers/$program" "$@" ;;
	esac
	[ "$scenarios" = all ] || OPTIONS="${OPTIONS-} --scenario $(echo "$scenarios" | tr + ,)"
	mkdir -p "$folder"
	status=0
	# shellcheck disable=SC2086 # options are words
	"$HALFOPEN" try --json --no-report --reload-signal HUP ${OPTIONS-} --artifacts "$folder" -- "$@" \
		>"$folder/output" 2>&1 || status=$?
	found=$(found_in "$folder/try.json" 2>>"$folder/output")
	wanted=$(echo "$findings" | tr + '\n' | sort | paste -s -d + -)
	if [ "$found" = "$wanted" ] && [ "$status" -eq "$([ "$wanted" = nothing ]; echo $?)" ]; then
		echo "ok - $name"
	else
		echo "not ok - $name # status $status, found $found"
	fi
}

"$@"
