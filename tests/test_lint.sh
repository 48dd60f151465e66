#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What .ci/lint finds when something is not released, and that it is content with what releases itself.

set -u

source_tree=$(realpath "${top_srcdir:-.}")
# shellcheck source-path=SCRIPTDIR source=with_fakes.sh
. "$source_tree/tests/with_fakes.sh"

if ! command -v cppcheck >/dev/null; then
	echo '1..0 # SKIP no cppcheck here'
	exit 0
fi

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

is_content()
{
	lint "$1"
	says 'cppcheck is content'
}

mkdir base
cp "$source_tree/base/base.h" base
check 'memory that is not released' cppcheck_finds 'char *text = format("%s", path)' memleak
check 'memory that releases itself' is_content 'autofree char *text = format("%s", path)'
check 'a descriptor that is not closed' cppcheck_finds 'int fd = open(path, O_RDONLY)' resourceLeak
check 'a descriptor that closes itself' is_content 'autoclose int fd = open(path, O_RDONLY)'
check 'a file that is not closed' cppcheck_finds 'FILE *file = fopen(path, "re")' resourceLeak
check 'a file that closes itself' is_content 'autofile FILE *file = fopen(path, "re")'

echo "1..$number"
