#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The line at the end of make check counts every result of every test once.

set -eu

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

printf ':test-result: PASS one\n:test-result: FAIL two\n:global-test-result: FAIL\n' >"$folder/a.trs"
printf ':test-result: SKIP\n:test-result: ERROR - missing plan\n' >"$folder/b.trs"
printf ':test-result: XFAIL\n:test-result: XPASS\n:recheck: yes\n' >"$folder/c.trs"

number=0
expect()
{
	number=$((number + 1))
	name=$1 expected=$2
	shift 2
	observed=$(sh "${top_srcdir:?}/tests/totals.sh" "$@")
	if [ "$observed" = "$expected" ]; then
		echo "ok $number - $name"
	else
		echo "not ok $number - $name: expected '$expected', got '$observed'"
	fi
}

echo 1..3
expect "sums over files" "2 passed, 3 failed, 1 skipped" "$folder"/?.trs
expect "a file that was not written counts nothing" "1 passed, 1 failed, 0 skipped" \
	"$folder/a.trs" "$folder/none.trs"
expect "no test, no line" "" "$folder/none.trs"
