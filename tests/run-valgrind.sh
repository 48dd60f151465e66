#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# run-valgrind.sh PROGRAM: as run-check.sh, under valgrind's memcheck. libcheck runs each test in a
# process of its own. What valgrind says of any process fails the program: an error, memory that is lost,
# and, of a test's own process, a descriptor that is still open. (What a test forks may end, as processes
# of a case do, with all that it holds.)

if ! command -v valgrind >/dev/null; then
	echo '1..0 # SKIP no valgrind here'
	exit 0
fi
logs=$(mktemp -d) || exit 99
trap 'rm -rf "$logs"' EXIT

# One of so many tries in tests that make thousands, and time for the rest.
: "${CHECK_SAMPLE:=50}" "${CK_TIMEOUT_MULTIPLIER:=10}"
export CHECK_SAMPLE CK_TIMEOUT_MULTIPLIER

# The paragraphs of a log that have a stack, but descriptors that are no test's or libcheck's own.
complaints()
{
	sed 's/^==[0-9]*== \{0,1\}//' "$1" | awk -v RS= -v ORS='\n\n' -v program="$(cat "$logs/program")" '
		/^Memcheck/ { is_test = $0 ~ "Parent PID: " program "$" }
		{ sub(/^FILE DESCRIPTORS[^\n]*\n/, "") }
		/^Open / && (!is_test || /^[^\n]*\/check_......\n/) { next }
		/\n +at 0x/'
}

# shellcheck disable=SC2016 # for the shell that becomes valgrind
sh "$(dirname "$0")/run-check.sh" sh -c 'echo $$ >"$0/program"; exec valgrind --log-file="$0/%p.log" \
	--error-exitcode=23 --leak-check=full --show-leak-kinds=definite \
	--errors-for-leak-kinds=definite --track-fds=yes "$@"' "$logs" "$@"
for log in "$logs"/*.log; do
	complaints "$log"
done >"$logs/complaints"
[ ! -s "$logs/complaints" ] || {
	sed 's/^/# /' "$logs/complaints"
	echo "Bail out! valgrind complains of $1"
}
