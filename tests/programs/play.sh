#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# play.sh FOLDER [SERVER...]: tries the servers of programs.sh (all of them), and leaves their names in
# FOLDER/servers, and of each that it tries, in FOLDER/SERVER: table, what programs.sh says of it; skipped, why it could not be tried; else try.json and
# all that `halfopen try` leaves, what it printed (output), and its exit status (status). From the environment:
#   HALFOPEN   the program; empty: nothing is played, only the tables are written
#   OPTIONS    of each trial, as in "--scenario one,burst --patience 3"

set -u

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
folder=$1
shift
# Servers are where an ordinary user's PATH does not lead.
PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin

# tell WHAT TEXT...: a line of the table, with tabs between.
tell()
{
	for word; do
		printf '%s\t' "$(printf %s "$word" | tr -s '\n\t ' ' ')"
	done | sed 's/\t$//' >>"$left/table"
	echo >>"$left/table"
}

about()
{
	tell about "$1"
}

backlog()
{
	tell backlog "$1"
}

finds()
{
	tell finds "$1" "$2" "$3"
}

may_find()
{
	tell may_find "$1" "$2" "$3"
}

ends_after_one()
{
	tell once yes
}

needs()
{
	for command; do
		command -v "$command" >/dev/null || echo "no $command here" >>"$left/skipped"
	done
}

is_played()
{
	[ -n "${HALFOPEN-}" ] && [ ! -e "$left/skipped" ]
}

make_ready()
{
	is_played || return 0
	"$@" >"$left/output" 2>&1 || echo "it could not be made ready: $*" >>"$left/skipped"
}

# The command as it is typed, wherever it is tried, and by whom.
typed()
{
	for word; do
		case $word in
		*[!A-Za-z0-9_./:,=+@-]*) printf "'%s' " "$word" ;;
		*) printf '%s ' "$word" ;;
		esac
	done | sed "s,$place,\$PWD,g; s,[^ ]*/bin/postgres,postgres,; s/--user nobody //; s/ \$//"
}

try()
{
	tell command "$(typed "$@")"
	is_played || return 0
	# shellcheck disable=SC2086 # options are words
	"$HALFOPEN" try --artifacts "$left" ${OPTIONS-} "$@" >"$left/output" 2>&1
	echo $? >"$left/status"
}

# shellcheck source-path=SCRIPTDIR source=programs.sh
. "$here/programs.sh"

mkdir -p "$folder" && folder=$(CDPATH='' cd -- "$folder" && pwd) || exit 99
echo "$servers" >"$folder/servers"
# shellcheck disable=SC2086 # names are words
[ $# -gt 0 ] || set -- $servers
for server; do
	left=$folder/$server place=$folder/$server.place
	rm -rf "$left" "$place"
	mkdir "$left" && cp -R "$here" "$place" && chmod -R u+w "$place" || exit 99
	(cd "$place" && "server_$server")
	rm -rf "$place"
done
