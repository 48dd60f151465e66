#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Clients that everybody has, as tests/clients/ starts them, on the stage: what docs/clients.md says of them they
# do, in a few states: what ends soon has a quarter of a minute for it, on a busy machine too, and what stays
# is watched for three seconds.
#   CLIENTS   those that are played; all of them

set -u

folder=$(realpath "${top_srcdir:-.}/tests/clients")
page=$(realpath "${top_srcdir:-.}/docs/clients.md")
HALFOPEN=$(realpath "${HALFOPEN:-./halfopen}")
export HALFOPEN
work=$(mktemp -d) || exit 99
trap 'rm -rf "$work"' EXIT
number=0

# verdict GOOD NAME [FILE]: a line of TAP, and what the file has.
verdict()
{
	number=$((number + 1))
	[ "$1" = 0 ] && echo "ok $number - $2" || echo "not ok $number - $2"
	[ "$1" = 0 ] || sed 's/^/# /' "$3"
}

skip()
{
	number=$((number + 1))
	echo "ok $number - $1 # SKIP $2"
}

if ! perl -MJSON::PP -e 1 2>/dev/null; then
	echo '1..0 # SKIP no JSON::PP here'
	exit 0
fi
if ! output=$("$HALFOPEN" stage refused --artifacts "$work/first" -- true 2>&1); then
	echo "1..0 # SKIP $(echo "$output" | head -n 1)"
	exit 0
fi
# shellcheck source-path=SCRIPTDIR source=clients/clients.sh
. "$folder/clients.sh"
# shellcheck disable=SC2086 # names are words
HORIZON=15s STATES='serving refused' sh "$folder/play.sh" "$work/ends" ${CLIENTS:-$clients}
# shellcheck disable=SC2086
HORIZON=3s STATES=half-open sh "$folder/play.sh" "$work/stays" ${CLIENTS:-$clients}
for client in ${CLIENTS:-$clients}; do
	if [ -s "$work/ends/$client/skipped" ]; then
		skip "$client" "$(head -n 1 "$work/ends/$client/skipped")"
		continue
	fi
	for played in ends stays; do
		perl "$folder/clients.pl" check "$work/$played" "$client" "$page"
	done >"$work/problems" 2>&1
	[ ! -s "$work/problems" ]
	verdict $? "$client does what docs/clients.md says of it" "$work/problems"
done
echo "1..$number"
