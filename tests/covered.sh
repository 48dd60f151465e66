#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# covered.sh HALFOPEN KEEP_CHANGES FOLDER [PATTERN...]: plays the cases that cover a behaviour, those of
# the patterns or, without any, those of which nothing is kept, and keeps in FOLDER what one family has
# left of each: its journal, packed, and for each behaviour a change that the step which covers it rejects.
# Storms have no journal.

set -u

halfopen=$1 keep=$2 folder=$3
shift 3
played=$(mktemp -d) || exit 99
trap 'rm -rf "$played"' EXIT
mkdir -p "$folder"

all=$("$halfopen" list --covers '*' --json "$@" |
	awk -F'"' '$2 == "case" { name = $4 } $2 == "topic" && $4 != "storms" { print name }')
[ -n "$all" ] || exit 2
names=$(for name in $all; do
	[ $# -eq 0 ] && [ -e "$folder/$name.jsonl.gz" ] || printf '%s\n' "$name"
done)

# plays KERNEL NAME...: as patterns, so that what takes minutes of real time is skipped.
plays()
{
	kernel=$1
	shift
	for name in "$@"; do
		rest=${name#?}
		set -- "$@" "[${name%"$rest"}]$rest"
		shift
	done
	"$halfopen" run --kernel "$kernel" --no-report --artifacts "$played" "$@"
}

# keeps NAME: false where it left no journal.
keeps()
{
	for left in "$played/$1/ipv4" "$played/$1/ipv6"; do
		grep -q '"status": "passed"' "$left/verdict.json" 2>/dev/null || continue
		if [ -e "$left/journal.jsonl.gz" ]; then
			cp "$left/journal.jsonl.gz" "$folder/$1.jsonl.gz"
		else
			gzip -9 -n -c "$left/journal.jsonl" >"$folder/$1.jsonl.gz"
		fi
		return
	done
	return 1
}

# The names of those that are not kept yet.
keep_all()
{
	for name in "$@"; do
		keeps "$name" || printf '%s\n' "$name"
	done
}

# shellcheck disable=SC2086 # names are words
{
	[ -z "$names" ] || plays host $names
	left=$(keep_all $names)
	if [ -n "$left" ]; then
		plays "${KERNEL:-6.18}" $left
		left=$(keep_all $left)
	fi
	[ -z "$left" ] || echo "covered: did not pass here, and not in the VM: $left" >&2
	"$keep" "$folder" $all && [ -z "$left" ]
}
