#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# run-check.sh PROGRAM: runs a libcheck program so that it speaks TAP on standard output.
# A failed check (1) or a skip (77) is in its TAP; any other end, a leak for instance, bails out.
# What hangs is ended, but no busy machine is that slow.

: "${CK_DEFAULT_TIMEOUT:=120}"
ASAN_OPTIONS=exitcode=23${ASAN_OPTIONS:+:$ASAN_OPTIONS}
CK_TAP_LOG_FILE_NAME=- CK_VERBOSITY=silent
export ASAN_OPTIONS CK_DEFAULT_TIMEOUT CK_TAP_LOG_FILE_NAME CK_VERBOSITY

"$@"
status=$?
case $status in
0 | 1 | 77) ;;
*) printf 'Bail out! %s exited with status %d\n' "$1" $status ;;
esac
exit $status
