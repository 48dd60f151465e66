#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# alike.sh ROUNDS [SERVER...]: `halfopen try` says the same each time. Plays the servers of tests/servers,
# wrong ones in the scenario that is about their fault and right ones in all, and those of
# tests/programs (by themselves nginx, asyncio, socat), ROUNDS times; each time what is found must be what there
# is to find, and findings and outcomes those of the first round. `make alike` calls it.
#   BUSY   yes: beside stress-ng, which keeps all processors busy
#   JOBS   trials at once; as many as there are processors
# What a round leaves stays in alike-rounds/ where it is not as it should be.

set -u

rounds=$1
shift
[ $# -gt 0 ] || set -- nginx asyncio socat
tests=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
BUILD_TREE=$(realpath "${top_builddir:-.}")
HALFOPEN=$(realpath "${HALFOPEN:-./halfopen}")
jobs=${JOBS:-$(nproc)}
kept=$BUILD_TREE/alike-rounds
busy=
OPTIONS=--no-report
export BUILD_TREE HALFOPEN OPTIONS
trap '[ -z "$busy" ] || kill "$busy"' EXIT
trap 'exit 130' INT TERM

keep_busy()
{
	command -v stress-ng >/dev/null || {
		echo 'alike.sh: no stress-ng here: install it, or leave BUSY out' >&2
		exit 77
	}
	stress-ng --quiet --cpu 0 --cpu-method loop &
	busy=$!
}

# play_round FOLDER SERVER...: a line for each that is not as it should be.
play_round()
{
	folder=$1
	shift
	sh "$tests/servers/play.sh" rows all |
		xargs -P "$jobs" -L 1 sh "$tests/servers/play.sh" one "$folder" | grep -v '^ok'
	sh "$tests/programs/play.sh" "$folder" "$@"
	for server; do
		[ ! -e "$folder/$server/skipped" ] || continue
		perl "$tests/programs/servers.pl" check "$folder/$server" | sed "s/^/$server: /"
	done
	echo "$folder"/*/try.json | grep -q '[*]' && echo 'nothing was played'
}

[ "${BUSY-}" != yes ] || keep_busy
chmod -R u+w "$kept" 2>/dev/null
rm -rf "$kept"
mkdir "$kept" || exit 99
bad=0 round=0
while [ $((round += 1)) -le "$rounds" ]; do
	folder=$kept/$round
	mkdir "$folder"
	{
		play_round "$folder" "$@"
		perl "$tests/alike.pl" "$kept/1" "$folder"
	} >"$folder/said" 2>&1
	echo "round $round: $(grep -c . "$folder/said") that are not alike, or not as they should be"
	if [ -s "$folder/said" ]; then
		bad=$((bad + 1))
		cat "$folder/said"
	elif [ "$round" -gt 1 ]; then
		chmod -R u+w "$folder"
		rm -rf "$folder"
	fi
done
echo "$rounds rounds, $bad of them with differences"
[ $bad -eq 0 ]
