#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# replay.sh [SECONDS]: builds stall.c and runs it in a network namespace of its own, as root or,
# where user namespaces are allowed, without. $STALL names a program that is built already. Exits
# as that does: 0 not stalled, 1 stalled, 2 it could not be tried.

set -u

here=$(dirname "$0")
program=${STALL:-}
user=

if [ -z "$program" ]; then
	program=$(mktemp) || exit 2
	trap 'rm -f "$program"' EXIT
	${CC:-cc} -O2 -o "$program" "$here/stall.c" || exit 2
fi
[ "$(id -u)" -eq 0 ] || user=--map-root-user
echo "Linux $(uname -r)"
# shellcheck disable=SC2016 # the inner shell's
unshare ${user:+"$user"} --net sh -c '
	ip link set lo up || exit 2
	exec "$@"' sh "$(realpath "$program")" "$@"
