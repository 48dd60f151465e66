#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What is not there, configure says in a sentence, and ends: what is needed is taken away, by the
# variables in which configure keeps what it has found.

set -u

source_tree=$(realpath "${top_srcdir:-.}")
# shellcheck source-path=SCRIPTDIR source=with_fakes.sh
. "$source_tree/tests/with_fakes.sh"

# The words of a list in configure.ac.
list()
{
	sed -n "/^m4_define(\[$1\]/,/\])/p" "$source_tree/configure.ac" |
		sed 's/^m4_define(\[[a-z_]*\], *\[//; s/\])$//' | xargs
}

# A source tree of its own: the other one may be configured.
mkdir tree tree/runner build
cp -R "$source_tree/configure" "$source_tree/config.h.in" "$source_tree/Makefile.in" \
	"$source_tree/build-aux" tree
main=$(sed -n 's/^AC_CONFIG_SRCDIR(\[\(.*\)\])$/\1/p' "$source_tree/configure.ac")
mkdir -p "tree/$(dirname "$main")" && : >"tree/$main"

# configure VARIABLE=VALUE...
configure()
{
	status=0
	(cd build && env "$@" ../tree/configure -C) >out 2>err </dev/null || status=$?
}

# refuses SENTENCE: it has ended, and not made a makefile; what it says has these words.
refuses()
{
	ended 1 && [ ! -e build/Makefile ] && says "^configure: error: .*$1" err
}

# as_variables PREFIX NAME...: each as if it had been looked for in vain.
as_variables()
{
	prefix=$1
	shift
	for name; do
		printf 'ac_cv_%s_%s=no\n' "$prefix" "$(echo "$name" | tr -c 'a-zA-Z0-9\n' _)"
	done
}

# The first configure looks for all, the others find that in its cache.
configure CC="${CC:-cc}"
check 'here nothing is missing' ended 0
rm -f build/Makefile

# shellcheck disable=SC2046 # words without blanks
{
	configure $(as_variables func $(list needed_functions))
	check 'a C library without any of the functions' \
		refuses "this C library lacks: $(list needed_functions)"
	configure $(as_variables header $(list needed_headers))
	check 'no header' refuses "these headers are missing: $(list needed_headers)"
}
check 'there are many functions and headers' [ "$(list needed_functions | wc -w)" -gt 15 ]
configure ac_cv_func_closefrom=no
check 'one function' refuses 'this C library lacks: closefrom$'
check 'the C library that has it is named' says '^halfopen needs glibc 2.34' err
configure ac_cv_header_linux_inet_diag_h=no
check 'one header' refuses 'these headers are missing: linux/inet_diag.h$'
check 'the packages that have it are named' says 'linux-libc-dev (Debian)' err
configure halfopen_cv_gnu_make=no
check 'a make that is not GNU' refuses 'not GNU make'
configure halfopen_cv_linux=no
check 'another system' refuses "Linux's TCP"
configure halfopen_cv_gnu11=no
check 'an old compiler' refuses 'does not compile gnu11'
configure halfopen_cv_pidfd=no
check 'old headers of the kernel' refuses 'older than Linux 5.3'
configure ac_cv_search_ceil=no
check 'no libm' refuses 'no libm'
rm build/config.cache # which was made with pkg-config's own folders
configure PKG_CONFIG_LIBDIR=/nonexistent PKG_CONFIG_PATH=
check 'no library' refuses 'these libraries are missing or too old'
for library in check libpcap libmnl jansson libxml-2.0 libarchive nettle; do
	check "no $library" says "^  $library.*: package .*(Debian).*(openSUSE)" err
done

# ---- whether the lists are whole -----------------------------------------------------------------

includes_are_looked_for()
{
	find "$source_tree"/base "$source_tree"/netns "$source_tree"/captures "$source_tree"/fixtures \
		"$source_tree"/suites "$source_tree"/vm "$source_tree"/runner "$source_tree"/sandbox \
		"$source_tree"/inspect "$source_tree"/scenarios "$source_tree"/states -name '*.[ch]' \
		-exec sed -n 's/^#include <\(linux\/.*\)>$/\1/p' {} + | sort -u >included
	list needed_headers | tr ' ' '\n' | grep ^linux/ | sort -u | diff included -
}
check 'the headers of the kernel that are included are those that are looked for' \
	includes_are_looked_for
echo "1..$number"
