#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# totals.sh FILE.trs...: one line that sums up what Automake's test drivers wrote. Silent when
# no test ran.

set -eu

for file; do
	[ ! -f "$file" ] || cat "$file"
done | awk '
	/^:test-result: (PASS|XFAIL)/ { passed++; next }
	/^:test-result: (FAIL|XPASS|ERROR)/ { failed++; next }
	/^:test-result: SKIP/ { skipped++ }
	END {
		if (passed + failed + skipped)
			printf "%d passed, %d failed, %d skipped\n", passed, failed, skipped
	}'
