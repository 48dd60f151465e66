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
mkdir -p "$corpus/results" "$corpus/options"
"$build/tests/fuzz/seeds" "$journals" "$corpus"

# ---- journals -----------------------------------------------------------------------------------

# False ones are from seeds; true ones are in the tree already, and fuzz.sh takes them from there.
# flood NAME SED-COMMANDS: a flood that went otherwise.
flood()
{
	sed -e 's/^{"seq":[0-9]*,/{/' -e "$2" "$journals/flood_for_a_while-ipv6.jsonl" >"$corpus/journal/$1"
}
flood flood-that-goes-on '6a {"t":12263170,"event":"flood","host":"server","name":"begins"}'
flood flood-with-answers-missing '8,10s/3456/3400/; s/"Tcp.InSegs","delta":3400/"Tcp.InSegs","delta":3456/'
flood flood-that-meets-a-full-queue '4s/"accept":0/"accept":31/; 8s/3456/3400/'
flood flood-of-less-than-none '7s/3456/-1/'
flood flood-of-many '7s/3456/9223372036854775807/'
flood flood-dropped-for-a-reason \
	'12a {"t":66792432,"event":"counter","host":"server","name":"TCPReqQFullDrop","delta":5,"value":5}'

gzip -cn "$journals/deferred_connection_comes_up_with_its_data-ipv4.jsonl" >"$corpus/journal/packed"

# ---- scenarios ----------------------------------------------------------------------------------

"$build/tests/check_told" "$work/told"
mkdir -p "$corpus/told"
for folder in "$work/told"/*; do
	case $folder in
	*-right) ;;
	*) sed 's/^{"seq":[0-9]*,/{/' "$folder/journal.jsonl" >"$corpus/told/${folder##*/}" ;;
	esac
done

# A real one, for the books: as it was, and with a counter that does not fit.
gzip -dc "$source/tests/told/right-stop.jsonl.gz" | sed -e 's/^{"seq":[0-9]*,/{/' -e 300q >"$corpus/journal/told"
sed 's/"name":"Tcp.InSegs","delta":1,/"name":"Tcp.InSegs","delta":7,/' "$corpus/journal/told" \
	>"$corpus/journal/told-with-another-counter"
sed 's/"name":"Tcp.OutSegs","delta":1,/"name":"Tcp.OutSegs","delta":3,/' "$corpus/journal/told" \
	>"$corpus/journal/told-with-segments-that-nobody-saw"

# ---- stages -------------------------------------------------------------------------------------

# A real one, less what says nothing of a connection; and a server that does otherwise.
mkdir -p "$corpus/held"
for journal in "$source/tests/staged/"*.gz; do
	name=${journal##*/}
	gzip -dc "$journal" | sed -e 's/^{"seq":[0-9]*,/{/' -e '/"event":"setting"/d' \
		-e '/"event":"counter"/{/"name":"\(Listen\|TCPReqQ\)/!d;}' >"$corpus/held/${name%.jsonl.gz}"
done
sed '/"name":"state"/s/"argument":"[^"]*"/"argument":"silent"/' "$corpus/held/half-open" \
	>"$corpus/held/another-state"
sed 's/"argument":"\(reset\|refused\)"/"argument":"silent"/' "$corpus/held/crowd" \
	>"$corpus/held/crowd-in-another-state"
sed '/"event":"socket","host":"server"/d' "$corpus/held/half-open" >"$corpus/held/no-socket-at-the-server"
sed 's/"flow":[23],/"flow":1,/' "$corpus/held/one-port-three-times" >"$corpus/held/one-flow-of-three"
sed 's/"client":"\[[^]]*\]:33333"/"client":":99999999999999999999"/' "$corpus/held/one-port-three-times" \
	>"$corpus/held/flows-of-no-port"
sed '/"name":"client ended"/,$d' "$corpus/held/slow" >"$corpus/held/cut-short"

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
join one one "$journals/deferred_connection_comes_up_with_its_data-ipv4.jsonl" >"$corpus/results/same"
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
# Behaviours of the drivers' catalogue, and one that it has not.
printf '%s\n' list --covers B-01 >"$corpus/options/list---covers"
printf '%s\n' list --covers B-01 it_fails >"$corpus/options/list---covers-what-is-not-meant"
printf '%s\n' list --covers 'B-0*' --covers Z-9 it_passes >"$corpus/options/list---covers-nothing"
# Every option of every command.
for command in list run claims show report kernels matrix diff; do
	"$build/tests/fake_halfopen" $command --help | grep -o '^  .*--[a-z-]*[ a-zA-Z]*' |
		sed "s/^ */$command /; s/, / /" | tr ' ' '\n' | grep . >"$corpus/options/all-of-$command" || :
done
