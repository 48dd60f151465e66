#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# fuzz.sh SOURCE-TREE BUILD-FOLDER SECONDS [DRIVER...]: builds the drivers with libFuzzer and the address
# and undefined behaviour sanitizers in that folder, runs each for so long, and says how much of the
# files that it is for (the table `files`) it enters. Skipped without clang. What crashed is left in
# BUILD-FOLDER/found. Exit status 0: all is well; 1: something was found, or too little is entered.

set -u

source=$1 build=$2 span=$3
shift 3
table=$source/tests/fuzz/files
enough=80 # per cent of the lines

# As configure's defaults would have it, but for what is looked for.
looks='-fsanitize=address,undefined -fno-sanitize-recover=undefined'
counts='-fprofile-instr-generate -fcoverage-mapping'

skip()
{
	echo "fuzz: skipped: $1"
	exit 0
}

# Debian's clang has its tools beside it, and only there under their plain names.
tool()
{
	path=$("$clang" --print-prog-name="$1") && command -v "$path"
}

find_tools()
{
	clang=$(command -v clang) || skip 'no clang here'
	profdata=$(tool llvm-profdata) || skip 'no llvm-profdata here (package llvm)'
	cov=$(tool llvm-cov) || skip 'no llvm-cov here (package llvm)'
	echo 'int LLVMFuzzerTestOneInput(const char *data, long size) { return data && size < 0; }' |
		"$clang" -fsanitize=fuzzer,address -x c - -o "$scratch/try" 2>"$scratch/why" ||
		skip "clang has no libFuzzer here (package libclang-rt-dev): $(tail -n 1 "$scratch/why")"
}

configure()
{
	mkdir -p "$build"
	[ -e "$build/Makefile" ] && return
	(cd "$build" && "$source/configure" CC="$clang" \
		CFLAGS="-g -O1 -fsanitize=fuzzer-no-link $looks $counts" \
		LDFLAGS="$looks $counts") >"$build/configure.out" 2>&1 || {
		tail "$build/configure.out"
		exit 1
	}
}

drivers()
{
	grep -v '^#' "$table" | cut -d ' ' -f 1 | uniq | grep .
}

# A folder with those that are recorded, but for the largest.
journals()
{
	mkdir -p "$scratch/journals"
	find "$source/tests/journals" "$source/tests/failures" -name '*.jsonl' -size -80k \
		-exec ln -sf {} "$scratch/journals/" \;
	echo "$scratch/journals"
}

# run DRIVER: inputs that enter something new stay in the build folder, and are where the next run begins.
run()
{
	mkdir -p "$build/inputs/$1" "$build/found"
	set -- "$1" "$source/tests/fuzz/corpus/$1" "$source/tests/fuzz/crashers/$1" \
		"$source/tests/fuzz/$1.dict"
	dictionary='' kept=$2
	[ "$1" != journal ] || kept="$kept $(journals)"
	[ ! -d "$3" ] || kept="$kept $3"
	[ ! -e "$4" ] || dictionary=-dict=$4
	# shellcheck disable=SC2086 # folders and an option without blanks
	TMPDIR=$scratch ASAN_OPTIONS=quarantine_size_mb=16 top_srcdir=$source LLVM_PROFILE_FILE=$scratch/$1.profraw \
		"$build/tests/fuzz/fuzz_$1" -max_total_time="$span" -timeout=10 -rss_limit_mb=512 \
		-close_fd_mask=3 -print_final_stats=1 -artifact_prefix="$build/found/$1-" \
		$dictionary "$build/inputs/$1" $kept >"$build/$1.out" 2>&1
}

found()
{
	echo "fuzz: $1: FOUND, see $build/$1.out:"
	grep -m 3 -E 'ERROR|SUMMARY|runtime error|Test unit written' "$build/$1.out" | sed 's/^/    /'
}

# entered DRIVER: FILE LINES MISSED for each file of the table.
entered()
{
	files=$(awk -v driver="$1" '$1 == driver { print $2 }' "$table")
	"$profdata" merge -sparse "$scratch/$1.profraw" -o "$build/$1.profdata" || return
	for file in $files; do
		"$cov" report "$build/tests/fuzz/fuzz_$1" -instr-profile="$build/$1.profdata" \
			"$source/$file" 2>/dev/null |
			awk -v file="$file" '$1 == "TOTAL" { print file, $8, $9 }'
	done
}

# Why not all of a file is entered, where the table says so.
tell_entered()
{
	awk -v driver="$1" -v enough=$enough '
		FNR == NR {
			if ($1 == driver && $3 == "but")
				why[$2] = substr($0, index($0, " but ") + 5)
			next
		}
		{
			share = $2 ? 100 * ($2 - $3) / $2 : 100
			printf "    %3d %% of %4d lines of %s\n", share, $2, $1
			if (share < enough && why[$1])
				print "        " why[$1]
			else if (share < enough)
				little = little " " $1
		}
		END {
			if (little)
				print "    too little of" little
			exit little != ""
		}' "$table" -
}

scratch=$(mktemp -d "${TMPDIR:-/tmp}/halfopen-fuzz.XXXXXX") || exit 1
trap 'rm -rf "$scratch"' EXIT
find_tools
configure
make -C "$build" -j2 --no-print-directory fuzz-programs >"$build/make.out" 2>&1 || {
	tail "$build/make.out"
	exit 1
}
worst=0
# shellcheck disable=SC2046 # words without blanks
[ $# -gt 0 ] || set -- $(drivers)
for driver; do
	if ! run "$driver"; then
		found "$driver"
		worst=1
		continue
	fi
	runs=$(sed -n "s/^stat::number_of_executed_units: *//p" "$build/$driver.out" | tail -n 1)
	echo "fuzz: $driver: $runs inputs, nothing found; entered:"
	entered "$driver" | tell_entered "$driver" || worst=1
done
exit $worst
