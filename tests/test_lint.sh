#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What .ci/lint finds when something is not released, that it is content with what releases itself, and
# that it looks first at what differs from HEAD.

set -u

source_tree=$(realpath "${top_srcdir:-.}")
# shellcheck source-path=SCRIPTDIR source=with_fakes.sh
. "$source_tree/tests/with_fakes.sh"

# lint DECLARATION: of a source tree with one function, which begins with the declaration.
lint()
{
	cat >base/leak.c <<-END
		#include <fcntl.h>
		#include "base/base.h"

		int leak(const char *path);
		int leak(const char *path)
		{
			$1;
			return path[0];
		}
	END
	"$source_tree/.ci/lint" . cppcheck >out 2>err
}

cppcheck_finds()
{
	lint "$1"
	says "leak.c:8:.*\[$2]" err && says 'cppcheck complains' err
}

says_not()
{
	! says "$@"
}

is_content()
{
	lint "$1"
	says 'cppcheck is content'
}

mkdir base
cp "$source_tree/base/base.h" base
if command -v cppcheck >/dev/null; then
	check 'memory that is not released' \
		cppcheck_finds 'char *text = format("%s", path)' memleak
	check 'memory that releases itself' is_content 'autofree char *text = format("%s", path)'
	check 'a descriptor that is not closed' \
		cppcheck_finds 'int fd = open(path, O_RDONLY)' resourceLeak
	check 'a descriptor that closes itself' is_content 'autoclose int fd = open(path, O_RDONLY)'
	check 'a file that is not closed' \
		cppcheck_finds 'FILE *file = fopen(path, "re")' resourceLeak
	check 'a file that closes itself' is_content 'autofile FILE *file = fopen(path, "re")'
else
	skip 'what is not released' 'no cppcheck here'
fi

# ---- what differs from HEAD ----------------------------------------------------------------------

# lint_formatting STATUS
lint_formatting()
{
	status=0
	"$source_tree/.ci/lint" tree clang-format >out 2>err || status=$?
	ended "$1"
}

commit_all()
{
	git -C tree add -A && git -C tree -c user.name=nobody -c user.email=nobody commit -qm files
}

if command -v clang-format >/dev/null && command -v git >/dev/null; then
	mkdir -p tree/base
	git -C tree init -q
	cp "$source_tree/.clang-format" tree
	echo 'int  old;' >tree/base/old.c
	echo 'int changed;' >tree/base/changed.c
	commit_all
	check 'a fault in what is committed is found' lint_formatting 1
	echo 'int  changed;' >tree/base/changed.c
	check 'a fault in what differs from HEAD' lint_formatting 1
	check 'and nothing else is looked at' says_not old.c err
	check 'the command that puts it right' says "^    clang-format -i 'tree/base/changed.c'$" err
	grep '^    clang-format' err | sh
	check 'which is right: then all is looked at' lint_formatting 1
	check 'and the other fault is found' says "clang-format -i 'tree/base/old.c'" err
	echo 'int old;' >tree/base/old.c
	echo 'int  new;' >tree/base/new.c
	check 'a fault in a new file' lint_formatting 1
	check 'is told as such' says 'base/new.c' err
	rm tree/base/new.c
	check 'no fault' lint_formatting 0
else
	skip 'what differs from HEAD comes first' 'no clang-format or no git here'
fi

echo "1..$number"
