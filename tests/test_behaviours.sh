#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# docs/behaviours.md is what make behaviours writes: a case that covers more takes its page along.

set -u

page=$(realpath "${top_srcdir:-.}/docs/behaviours.md")
print=$(realpath "${top_builddir:-.}/tests/print_behaviours")
covered=$(realpath "${top_srcdir:-.}/tests/covered")
# shellcheck source-path=SCRIPTDIR source=with_fakes.sh
. "${top_srcdir:-.}/tests/with_fakes.sh"

"$print" "$covered" >now 2>err
check 'docs/behaviours.md is current; make behaviours writes it' diff "$page" now
check 'it has a row for what is covered' grep -q '^| P-[0-9]* | .* | \[' now
check 'and for what is not' grep -q '^| P-[0-9]* | .* | not yet |$' now
echo "1..$number"
