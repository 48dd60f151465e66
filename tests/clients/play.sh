#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# play.sh FOLDER [CLIENT...]: puts the clients of clients.sh (all of them) before each state. It leaves the
# names in FOLDER/clients and FOLDER/states, and in FOLDER/CLIENT: table, what clients.sh says of it; skipped,
# why it could not be played; else a folder for each state with all that `halfopen stage` leaves, stage.json
# before all, and what was printed (out, err). From the environment:
#   HALFOPEN   the program
#   STATES     those that are played; all of them
#   HORIZON    for so long a client is watched: as clients.sh has it for each state
#   JOBS       so many at once: 4
#   OPTIONS    of each run, as in "--wire 'delay 20ms'"
#
# play.sh --cell FOLDER CLIENT STATE: one of them; the client was made ready.

set -u

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
# A proxy would be met instead.
unset http_proxy https_proxy all_proxy HTTP_PROXY HTTPS_PROXY ALL_PROXY

# The folder of a state: "slow=1/s" has a slash.
folder_of()
{
	printf %s "$1" | tr / _
}

# ---- what the words of clients.sh mean -------------------------------------------------------------

about()
{
	[ -n "$cell" ] || printf 'about\t%s\n' "$1" >>"$left/table"
}

version()
{
	[ -n "$cell" ] || [ -e "$left/skipped" ] || printf 'version\t%s\n' "$("$@" | head -n 1)" >>"$left/table"
}

needs()
{
	[ -z "$cell" ] || return 0
	for command; do
		command -v "$command" >/dev/null || echo "no $command here" >>"$left/skipped"
	done
}

# One that somebody has put in front of Debian's may not have Debian's modules.
needs_python()
{
	for python in /usr/bin/python3 python3; do
		"$python" -c "import $1" 2>/dev/null && return
	done
	[ -n "$cell" ] || echo "no Python with $1 here" >>"$left/skipped"
}

make_ready()
{
	[ -z "$cell" ] && [ ! -e "$left/skipped" ] || return 0
	"$@" >"$left/output" 2>&1 || echo "it could not be made ready: $*" >>"$left/skipped"
}

typed()
{
	for word; do
		case $word in
		*[!A-Za-z0-9_./:,=+@{}-]*) printf "'%s' " "$word" ;;
		*) printf '%s ' "$word" ;;
		esac
	done | sed 's/ $//; s,/usr/bin/,,g'
}

meet()
{
	if [ -z "$cell" ]; then
		printf 'command\t%s\n' "$(typed "$@")" >>"$left/table"
		return
	fi
	cell=$left/$(folder_of "$state")
	mkdir "$cell" || exit 99
	# shellcheck disable=SC2086 # options are words
	"$HALFOPEN" stage "$state" --family ipv4 --timeout "${HORIZON:-$(horizon_of "$state")}" --artifacts "$cell" ${OPTIONS-} "$@" \
		</dev/null >"$cell/out" 2>"$cell/err"
}

# shellcheck source-path=SCRIPTDIR source=clients.sh
. "$here/clients.sh"

# ---- one cell --------------------------------------------------------------------------------------

if [ "$1" = --cell ]; then
	folder=$2 client=$3 state=$4 cell=yes
	left=$folder/$client
	cd "$folder/$client.place" && "client_$client"
	exit 0 # xargs goes on
fi

# ---- all of them -----------------------------------------------------------------------------------

cell=
mkdir -p "$1" && folder=$(CDPATH='' cd -- "$1" && pwd) || exit 99
shift
# shellcheck disable=SC2086 # names are words
[ $# -gt 0 ] || set -- $clients
# shellcheck disable=SC2086
{
	printf '%s\n' $clients >"$folder/clients"
	printf '%s\n' $states >"$folder/states"
}
for client; do
	left=$folder/$client place=$folder/$client.place
	rm -rf "$left" "$place"
	mkdir "$left" && cp -R "$here" "$place" && chmod -R u+w "$place" || exit 99
	(cd "$place" && "client_$client")
	[ -e "$left/skipped" ] || for state in ${STATES:-$states}; do
		echo "$client $state"
	done
done | xargs -r -n 2 -P "${JOBS:-4}" sh "$0" --cell "$folder"
for client; do
	rm -rf "$folder/$client.place"
done
