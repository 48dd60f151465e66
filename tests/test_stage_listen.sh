#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# `halfopen stage STATE --listen` as a user types it: each state as plain clients and ss see it, who meets
# what, what ends it, what did not hold, and what is said of wrong words.

set -u

halfopen=$(realpath "${HALFOPEN:-${top_builddir:-.}/halfopen}")

if ! python3 -c 'import sys; sys.exit(sys.version_info < (3, 10))' 2>/dev/null; then
	echo '1..0 # SKIP no Python 3.10 here'
	exit 0
fi
if ! output=$(unshare -rn sh -c 'ip link set lo up && grep lo /proc/net/if_inet6 && ss -V' 2>&1); then
	echo "1..0 # SKIP no namespace with loopback, or no ss: $(echo "$output" | tail -n 1)"
	exit 0
fi
# shellcheck disable=SC2016
exec unshare -rn sh -c 'ip link set lo up && exec python3 -B "$@"' sh \
	"${top_srcdir:-.}/tests/stage/listen.py" "$halfopen" "$@"
