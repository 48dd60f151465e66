#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The small servers of tests/servers have the faults that their table says, and without --fault none of
# them: as plain clients on loopback see them.

set -u

servers=${top_srcdir:-.}/tests/servers

if ! python3 -c 'import sys; sys.exit(sys.version_info < (3, 10))' 2>/dev/null; then
	echo '1..0 # SKIP no Python 3.10 here'
	exit 0
fi
if ! output=$(unshare -rn sh -c 'ip link set lo up && grep lo /proc/net/if_inet6' 2>&1); then
	echo "1..0 # SKIP no namespace with loopback: $(echo "$output" | tail -n 1)"
	exit 0
fi
# shellcheck disable=SC2016
exec unshare -rn sh -c 'ip link set lo up && exec python3 -B "$@"' sh \
	"$servers/probe.py" "$servers/faults" "${top_builddir:-.}/tests/servers"
