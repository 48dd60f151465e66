#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Every file uses only what the picture at the head of docs/design.md lets its room use, and no files
# of a room need each other in a circle; a house of three rooms shows that rooms.pl sees when not.

set -u

source_tree=$(realpath "${top_srcdir:-.}")
build_tree=$(realpath "${top_builddir:-.}")
# shellcheck source-path=SCRIPTDIR source=with_fakes.sh
. "$source_tree/tests/with_fakes.sh"

if ! perl -e 1 2>/dev/null; then
	echo '1..0 # SKIP no perl here'
	exit 0
fi

rooms()
{
	status=0
	perl "$source_tree/tests/rooms.pl" "$@" >out 2>err || status=$?
}

# ---- a house: top uses folder/middle, which uses base -------------------------------------------------

# file PATH LINE...: with these lines.
file()
{
	path=$1
	shift
	printf '%s\n' "$@" >"house/$path"
}

picture()
{
	{
		# shellcheck disable=SC2016 # no command
		printf '# The design\n\n```mermaid\n%s\n' 'flowchart TD'
		printf '    %s\n' "$@"
		# shellcheck disable=SC2016
		printf '```\n\n    base --> top\n'
	} >house/docs/design.md
}

build()
{
	rm -rf house
	mkdir -p house/docs house/base house/folder/middle house/top house/tests house/made-by-a-test
	touch house/base/local.mk house/folder/middle/local.mk house/top/local.mk house/tests/local.mk
	picture 'subgraph folder' 'middle' 'end' 'top & tests --> middle --> base'
	file base/text.h 'int text(void);'
	file base/text.c '#include "base/text.h"' 'int text(void) { return 1; }'
	file folder/middle/middle.h '#include "base/text.h"' 'int middle(void);'
	file folder/middle/own.h 'int own(void);'
	file folder/middle/middle.c '#include "folder/middle/middle.h"' '#include "folder/middle/own.h"' \
		'int middle(void) { return own() + text(); }'
	file folder/middle/own.c '#include "folder/middle/own.h"' 'int own(void) { return 2; }'
	file top/top.h 'int top(void);'
	file top/top.c '#include "top/top.h"' '#include "folder/middle/middle.h"' \
		'int top(void) { return middle() + text(); }'
	file tests/check.c '#include "folder/middle/own.h" /* what it does alone */' \
		'int main(void) { return own(); }'
	file made-by-a-test/copy.c '#include "top/top.h"'
}

# Of the files of rooms, each as it stands now.
look_around()
{
	for source in house/*/*.c house/*/*/*.c; do
		(cd house && ${CC:-cc} -I. -c -o "${source#house/}.o" "${source#house/}") || return
		mv "$source.o" "${source%.c}.o"
	done
	rooms house house
}

# objects LINE: the one line that is said.
objects()
{
	look_around && ended 1 && says "^$1\$" && [ "$(wc -l <out)" -eq "${2:-1}" ]
}

is_content()
{
	build && look_around && ended 0 && [ ! -s out ]
}

include_that_goes_up()
{
	build
	file base/text.h '#include "top/top.h"' 'int text(void);'
	objects 'base/text.h includes top/top.h: base may not use top'
}

# Declared by hand, so that no include tells.
call_that_goes_up()
{
	build
	file base/text.c 'int middle(void);' 'int text(void);' 'int text(void) { return middle(); }'
	objects 'base/text.c uses folder/middle/middle.c (middle): base may not use folder/middle'
}

variable_above()
{
	build
	file top/top.h 'extern int height;' 'int top(void);'
	file top/top.c '#include "top/top.h"' '#include "folder/middle/middle.h"' 'int height = 3;' \
		'int top(void) { return middle() + text(); }'
	file folder/middle/own.c 'extern int height;' 'int own(void);' 'int own(void) { return height; }'
	objects 'folder/middle/own.c uses top/top.c (height): folder/middle may not use top'
}

rooms_side_by_side()
{
	build
	mkdir house/side
	touch house/side/local.mk
	picture 'subgraph folder' 'middle' 'end' 'top & tests --> middle --> base' 'top & side --> base'
	file side/side.c '#include "folder/middle/middle.h"' 'int side(void);' \
		'int side(void) { return middle() + text(); }'
	objects 'side/side.c includes folder/middle/middle.h: side may not use folder/middle' 2 &&
		says '^side/side.c uses folder/middle/middle.c (middle): side may not use folder/middle$'
}

anothers_own_header()
{
	build
	file top/top.c '#include "folder/middle/own.h"' '#include "folder/middle/middle.h"' \
		'int top(void);' 'int top(void) { return own() + text(); }'
	objects "top/top.c includes folder/middle/own.h, which is folder/middle's own" 2
}

# Declared by hand, so that no include tells.
anothers_own_function()
{
	build
	file top/top.c '#include "folder/middle/middle.h"' 'int own(void);' 'int top(void);' \
		'int top(void) { return own() + middle(); }'
	objects "top/top.c uses folder/middle/own.c (own): not declared in folder/middle's public header"
}

test_that_does_not_say_why()
{
	build
	file tests/check.c '#include "folder/middle/own.h"' 'int main(void) { return own(); }'
	objects "tests/check.c includes folder/middle/own.h, which is folder/middle's own, and no comment .*"
}

circle_of_calls()
{
	build
	file folder/middle/own.c '#include "folder/middle/own.h"' 'int between(void);' \
		'int own(void) { return between(); }'
	file folder/middle/between.c '#include "folder/middle/middle.h"' 'int between(void);' \
		'int between(void) { return middle(); }'
	objects 'in a circle of files: folder/middle/own.c uses folder/middle/between.c (between)' 3 &&
		says '^in a circle of files: folder/middle/between.c uses folder/middle/middle.c (middle)$' &&
		says '^in a circle of files: folder/middle/middle.c uses folder/middle/own.c (own)$'
}

circle_of_includes()
{
	build
	file folder/middle/own.h '#ifndef OWN' '#define OWN' '#include "folder/middle/other.h"' \
		'int own(void);' '#endif'
	file folder/middle/other.h '#include "folder/middle/own.h"'
	objects 'in a circle of files: folder/middle/own.h uses folder/middle/other.h (#include)' 2
}

circle_of_rooms()
{
	build
	picture 'subgraph folder' 'middle' 'end' 'top & tests --> middle --> base' 'base --> top'
	file base/text.h '#include "top/top.h"' 'int text(void);'
	look_around
	ended 1 && says 'the picture has a circle with the arrow from base to top$'
}

two_of_a_name()
{
	build
	file base/text.c '#include "base/text.h"' 'int text(void) { return 1; }' 'int own(void);' \
		'int own(void) { return 3; }'
	objects 'own is defined twice: in base/text.c and in folder/middle/own.c'
}

room_that_is_not_drawn()
{
	build
	mkdir house/cellar
	touch house/cellar/local.mk
	file cellar/cellar.c 'int cellar(void);' 'int cellar(void) { return 4; }'
	objects 'cellar/cellar.c is in no room of the picture'
}

room_that_is_only_drawn()
{
	build
	picture 'subgraph folder' 'middle' 'end' 'top & tests --> middle --> base' 'attic'
	objects 'the picture has a room attic, which has no files'
}

arrow_that_nobody_needs()
{
	build
	file top/top.c '#include "top/top.h"' 'int top(void) { return 5; }'
	objects 'the picture has an arrow from top to folder/middle that nobody needs'
}

file_without_an_object()
{
	build && look_around
	rm house/base/text.o
	rooms house house
	ended 1 && says '^base/text.c has no object in house$'
}

design_without_a_picture()
{
	build
	echo 'The design' >house/docs/design.md
	look_around
	[ "$status" -ne 0 ] && says 'docs/design.md has no picture of rooms' err
}

each_file_uses_what_its_room_may()
{
	rooms "$source_tree" "$build_tree"
	ended 0
}

echo 1..18
check 'a house in which all arrows point down is in order' is_content
check 'an include that goes up is found' include_that_goes_up
check 'a call that goes up is found without an include' call_that_goes_up
check 'a variable of a room above is found' variable_above
check 'a room that stands beside another may not use it' rooms_side_by_side
check "a room's own header is nobody else's" anothers_own_header
check "a room's own function is nobody else's" anothers_own_function
check "a test says why it needs a room's own header" test_that_does_not_say_why
check 'a circle of calls in a room is found, call by call' circle_of_calls
check 'a circle of includes in a room is found' circle_of_includes
check 'a circle of rooms is found' circle_of_rooms
check 'a name that two files define is found' two_of_a_name
check 'a room that is not drawn is found' room_that_is_not_drawn
check 'a room that is only drawn is found' room_that_is_only_drawn
check 'an arrow that nobody needs is found' arrow_that_nobody_needs
check 'a file whose object is missing is found' file_without_an_object
check 'a design without a picture is refused' design_without_a_picture
check 'each file uses only what its room may' each_file_uses_what_its_room_may
