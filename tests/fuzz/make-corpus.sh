#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# make-corpus.sh SOURCE-TREE BUILD-TREE: makes tests/fuzz/corpus of what is in the tree: recorded
# journals, what a run of fake cases leaves, command lines. `make fuzz-corpus` calls it.

set -eu

source=$1 build=$2
corpus=$source/tests/fuzz/corpus
journals=$source/tests/journals
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

rm -rf "$corpus"
mkdir -p "$corpus/journal" "$corpus/results" "$corpus/options"
"$build/tests/fuzz/seeds" "$journals" "$corpus"

# ---- journals -----------------------------------------------------------------------------------

# Short ones are there as they are, without the numbers that the driver gives; of longer ones the first
# lines and the last.
for journal in "$journals"/*.jsonl "$source"/tests/failures/*.jsonl; do
	name=$(basename "$journal" .jsonl | cut -c 1-40)
	case $journal in
	*ipv6*) name=$name-ipv6 ;;
	esac
	{
		sed -n '1,90p' "$journal"
		tail -n +91 "$journal" | tail -n 10
	} | sed 's/^{"seq":[0-9]*,/{/' >"$corpus/journal/$name"
done

gzip -cn "$journals/deferred_connection_comes_up_with_its_data-ipv4.jsonl" >"$corpus/journal/packed"

# ---- results ------------------------------------------------------------------------------------

run()
{
	"$build/tests/fake_halfopen" run --kernel host --no-report --artifacts "$work/$1" \
		'it_passes*' it_fails it_is_skipped it_breaks_down >"$work/out" 2>&1 || :
}

# join RUN RUN [JOURNAL]: the files that the driver wants, in its order; times and the machine are left
# out.
join()
{
	case=it_passes_after_a_timer/ipv4
	for run in "$1" "$2"; do
		sed -E 's/("[a-z_]*seconds": )[0-9.e-]+/\11.5/; s/("(kernel|started)": ")[^"]*/\16.1/' \
			"$work/$run/results.json"
		echo ====
		sed -E 's/("[a-z_]*seconds": )[0-9.e-]+/\11.5/' "$work/$run/$case/verdict.json"
		echo
		echo ====
		printf 'it_passes_after_a_timer, ipv4\n\n%s\n' "$run"
		echo ====
	done
	cat "${3:-/dev/null}"
}

run one
run two
join one two >"$corpus/results/two-runs"
join one one "$corpus/journal/deferred_connection_comes_up_with_its_da" >"$corpus/results/same"
sed 's/"complete": true/"complete": false/' "$corpus/results/two-runs" >"$corpus/results/unfinished"
sed 's/"format": 1/"format": 7/' "$corpus/results/two-runs" >"$corpus/results/another-format"
sed 's/linear/exponential/' "$corpus/results/two-runs" >"$corpus/results/another-variant"
sed 's/"artifacts_on": "always"/"artifacts_on": "failure"/' "$corpus/results/two-runs" \
	>"$corpus/results/failures-only"

# ---- command lines ------------------------------------------------------------------------------

# What README and the manual show, a word in each line.
grep -ho '^ *\(\./\)\?halfopen [a-z].*' "$source/README.md" "$source/docs/"*.md |
	sed "s/^ *[./]*halfopen //; s/ *#.*//; s/'//g; s/\`.*//" | LC_ALL=C sort -u |
	while read -r line; do
		name=$(printf '%s' "$line" | tr -c 'a-z0-9' '-' | cut -c 1-40)
		printf '%s\n' "$line" | tr ' ' '\n' >"$corpus/options/$name"
	done
# Every option of every command.
for command in list run claims show report kernels matrix diff; do
	"$build/tests/fake_halfopen" $command --help | grep -o '^  .*--[a-z-]*[ a-zA-Z]*' |
		sed "s/^ */$command /; s/, / /" | tr ' ' '\n' | grep . >"$corpus/options/all-of-$command" || :
done
