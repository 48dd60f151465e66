#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The manual page has every option of every command, with its argument, and no other: as --help says,
# and as the command takes.

set -u

manual=$(realpath "${top_srcdir:-.}/docs/halfopen.1")
# shellcheck source-path=SCRIPTDIR source=with_fakes.sh
. "${top_srcdir:-.}/tests/with_fakes.sh"

commands=$("$fake" --help | sed -n 's/^  \([a-z]*\) .*/\1/p')

# "-j" and "--jobs N" of a table like "  -j, --jobs N   ...".
options_of_help()
{
	"$fake" "$1" --help | sed -n '/^ \{2,6\}-/{ s/^ *//; s/   *.*//; s/, /\n/; p; }' |
		grep -v '^-h$\|^--help$' | sort
}

# Without their arguments.
names()
{
	sed 's/[ []..*//' | sort -u
}

# The same of the tags below the heading of the command.
options_of_manual()
{
	awk -v command="$1" '
		/^\.S[SH] / { within = $1 == ".SS" && $2 == command }
		within && tag { print }
		{ tag = $0 == ".TP" }' "$manual" |
		sed 's/^[.][BIR]* //; s/\\f.//g; s/\\-/-/g; s/"//g; s/  */ /g; s/ *| */|/g; s/ \[/[/' |
		sed 's/ *, */\n/g' | grep '^-' | sort
}

same_options()
{
	options_of_help "$1" >help && options_of_manual "$1" >manual && diff help manual
}

# takes COMMAND OPTION: what is refused is its value, or what follows that.
takes()
{
	! "$fake" "$1" "$2" --not-an-option --not-an-option 2>&1 | grep -qF -- "no option '$2'"
}

# Each option of any command is taken by those whose --help has it, or what it is the beginning of.
takes_what_it_tells()
{
	for option in $all; do
		if grep -qxF -- "$option" "$1.help"; then
			takes "$1" "$option" || echo "$1 does not take $option"
		elif ! grep -q -- "^$option" "$1.help"; then
			! takes "$1" "$option" || echo "$1 takes $option"
		fi
	done >wrong
	cat wrong
	[ ! -s wrong ]
}

for command in $commands; do
	options_of_help "$command" | names >"$command.help"
done
all=$(cat ./*.help | sort -u)
check 'there are commands and options' [ "$(echo "$commands" "$all" | wc -w)" -gt 25 ]
check 'the manual page has --help' grep -q '^\.BR \\-h ", " \\-\\-help' "$manual"
for command in $commands; do
	check "the manual page has the options of $command" same_options "$command"
	check "$command takes the options that it tells of" takes_what_it_tells "$command"
done
echo "1..$number"
