#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# check-paused.sh TIMES [PATTERN...]: the cases pass although each is kept from running at random
# moments (tests/pauses.c). In one run the pauses take less than the slack of 0.1 s together, so that
# what fails is judged as on an idle machine; in the next they are so many that it is played again.
# HALFOPEN is the program, PAUSES the library; what a failed run leaves is in paused-artifacts.

set -u

times=$1
shift
time=0 status=0

while [ "$time" -lt "$times" ]; do
	time=$((time + 1))
	for setting in 'PAUSE_EVERY=200 PAUSE_BUDGET=95' 'PAUSE_EVERY=250'; do
		echo "run $time of $times, $setting"
		# shellcheck disable=SC2086 # settings are words
		env LD_PRELOAD="$PAUSES" $setting "$HALFOPEN" run --kernel host --storms none \
			--artifacts "paused-artifacts/$time/${setting##*_}" "$@" || status=1
	done
done
exit $status
