#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# compare-runs.sh TIMES [ARGUMENT...]: plays the cases TIMES times in the VM, every other time with
# all processors kept busy, and compares what must be the same (docs/vm.md): verdicts, variants,
# ladders, counters, sysctls. `make check-virtual` calls it.

set -u

times=${1:?how many times?}
shift
halfopen=${HALFOPEN:-./halfopen}
folder=$(mktemp -d "${top_builddir:-.}/compare-runs.XXXXXX") || exit 99
busy=
trap 'kill $busy 2>/dev/null; rm -rf "$folder"' EXIT
trap 'exit 130' INT TERM

keep_busy()
{
	for _ in $(seq "$(nproc)"); do
		sh -c 'while :; do :; done' &
		busy="$busy $!"
	done
}

end_busy()
{
	# shellcheck disable=SC2086 # process numbers
	[ -z "$busy" ] || kill $busy
	busy=
	wait
}

# What two runs must agree on, and no more. A flood beside a client goes on for as long as that takes:
# how many SYNs it has is nobody's promise.
keep_the_same()
{
	find "$1" \( -name '*.pcap' -o -name '*.pcapng' -o -name 'journal.jsonl*' -o -name output.txt \
		-o -name console.txt -o -name ladder.svg -o -name ladder.mmd -o -name '*.log' \) -delete
	rm -rf "$1"/vm-* "$1"/results.json "$1"/report.html
	rm -f "$1"/client_connects_through_a_flood_by_a_cookie/*/counters.txt
	find "$1" -name verdict.json -exec sed -i -E '/(seconds|peak_kib)":/d' {} +
}

different=0
for number in $(seq "$times"); do
	run=$folder/$number load=idle
	if [ $((number % 2)) -eq 0 ]; then
		load=busy
		keep_busy
	fi
	"$halfopen" run --kernel vm --storms none --artifacts "$run" "$@" >"$folder/out" 2>&1
	status=$?
	end_busy 2>/dev/null
	echo "run $number, $load: status $status, $(tail -n 2 "$folder/out" | tr '\n' ' ')"
	keep_the_same "$run"
	diff -r "$folder/1" "$run" || different=$((different + 1))
	[ "$number" -eq 1 ] || rm -rf "$run"
done
echo "$times runs, $different differ from the first"
[ "$different" -eq 0 ]
