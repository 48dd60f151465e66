#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Servers that Debian has, as tests/programs/ starts them: `halfopen try` finds in each what is known of it,
# and nothing in those that are right; and docs/servers.md says so. By itself it plays the quick scenarios.
#   TRY_SCENARIOS   those that are played, with commas between; "all"
#   TRY_SERVERS     the servers; all of them

set -u

programs=$(realpath "${top_srcdir:-.}/tests/programs")
page=$(realpath "${top_srcdir:-.}/docs/servers.md")
halfopen=$(realpath "${HALFOPEN:-./halfopen}")
scenarios=${TRY_SCENARIOS:-one}
work=$(mktemp -d) || exit 99
trap 'rm -rf "$work"' EXIT
chmod 755 "$work" # PostgreSQL's user needs its place in there
number=0

# verdict GOOD NAME [FILE...]: a line of TAP, and what the files have.
verdict()
{
	number=$((number + 1))
	[ "$1" = 0 ] && echo "ok $number - $2" || echo "not ok $number - $2"
	[ "$1" = 0 ] && return
	shift 2
	cat "$@" 2>/dev/null | sed 's/^/# /'
}

skip()
{
	number=$((number + 1))
	echo "ok $number - $1 # SKIP $2"
}

# play SERVER [COMMAND...]: into $left, by the command in front.
play()
{
	server=$1 left=$work/as-$2/$1 as=$2
	shift 2
	[ "$scenarios" = all ] && options= || options="--scenario $scenarios"
	OPTIONS="$options" HALFOPEN=$halfopen "$@" sh "$programs/play.sh" "$work/as-$as" "$server"
	if [ -s "$left/skipped" ]; then
		skip "$server as $as" "$(head -n 1 "$left/skipped")"
	elif [ "$(cat "$left/status")" = 77 ]; then
		skip "$server as $as" "$(tail -n 1 "$left/output")"
	else
		perl "$programs/servers.pl" check "$left" >"$left/problems" 2>&1
		verdict $? "$server as $as" "$left/problems" "$left/output"
	fi
}

# Those whose users are others when root starts them.
play_as_nobody()
{
	install -d -o 65534 -g 65534 "$work/as-nobody"
	install -m 755 "$halfopen" "$work/halfopen" && halfopen=$work/halfopen
	for server in nginx_daemon postgres memcached; do
		play "$server" nobody setpriv --reuid=65534 --regid=65534 --clear-groups env "HOME=$work/as-nobody"
	done
}

if ! perl -MJSON::PP -e 1 2>/dev/null; then
	echo '1..0 # SKIP no JSON::PP here'
	exit 0
fi
# shellcheck source-path=SCRIPTDIR source=programs/programs.sh
. "$programs/programs.sh"
for server in ${TRY_SERVERS:-$servers}; do
	play "$server" "$(id -un)" env
done
[ -n "${TRY_SERVERS-}" ] || [ "$(id -u)" -ne 0 ] || play_as_nobody

# What depends on no machine: all above its last part.
HALFOPEN='' sh "$programs/play.sh" "$work/tables"
perl "$programs/servers.pl" page "$work/tables" >"$work/now"
sed '/^## What was seen/q' "$page" >"$work/page"
diff "$work/page" "$work/now" >"$work/differs" 2>&1
verdict $? 'docs/servers.md is current; make servers writes it' "$work/differs"
echo "1..$number"
