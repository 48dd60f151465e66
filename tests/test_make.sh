#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# make help names each target that is there for people, and none that is not there.

set -u

source_tree=$(realpath "${top_srcdir:-.}")
build_tree=$(realpath "${top_builddir:-.}")
# shellcheck source-path=SCRIPTDIR source=with_fakes.sh
. "$source_tree/tests/with_fakes.sh"

# Of its own: what this test is run by has other ideas.
unset MAKEFLAGS MAKELEVEL MFLAGS

is_a_target()
{
	grep -q "^\([a-z-]* \)*$1\( [a-z-]*\)*:" "$build_tree/Makefile"
}

${MAKE:-make} -C "$build_tree" --no-print-directory help >out 2>err
sed -n 's/^make \([a-z][a-z-]*\) .*/\1/p' out >named
check 'make help names targets' [ "$(wc -l <named)" -gt 10 ]
while read -r target; do
	check "make $target" is_a_target "$target"
done <named
find "$source_tree" -maxdepth 3 \( -name Makefile.am -o -name local.mk \) \
	-exec sed -n 's/^\.PHONY: //p' {} + | tr ' ' '\n' | sort -u >phony
while read -r target; do
	[ "$target" = help ] || check "make help names $target" grep -qxF "$target" named
done <phony
echo "1..$number"
