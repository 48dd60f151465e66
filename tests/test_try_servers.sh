#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# halfopen try finds the fault of each server in tests/servers by its name, and nothing with those that
# are right, in the scenario that is about it.

set -u

play=$(realpath "${top_srcdir:-.}/tests/servers/play.sh")
BUILD_TREE=$(realpath "${top_builddir:-.}")
HALFOPEN=$(realpath "${HALFOPEN:-./halfopen}")
OPTIONS='--family ipv4'
export BUILD_TREE HALFOPEN OPTIONS
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

if ! python3 -c 'import sys; sys.exit(sys.version_info < (3, 10))' 2>/dev/null; then
	echo '1..0 # SKIP no Python 3.10 here'
	exit 0
fi

cd "$work" || exit 1
sh "$play" rows | xargs -P 6 -L 1 sh "$play" one "$work" >results
awk '{ sub(/^ok/, "ok " NR); sub(/^not ok/, "not ok " NR); print } END { print "1.." NR }' results
