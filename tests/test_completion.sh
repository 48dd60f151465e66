#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What a shell offers behind a word, with the scripts in share/completions: from the tables of options,
# from the catalogue, or files. Also in zsh and fish, where they are.

set -u

scripts=$(realpath "${top_srcdir:-.}/share/completions")
# shellcheck source-path=SCRIPTDIR source=with_fakes.sh
. "${top_srcdir:-.}/tests/with_fakes.sh"

mkdir bin runs runs/6.1.192 runs/6.12.117 folder && touch file.xml || exit 99
ln -s "$fake" bin/halfopen
PATH=$PWD/bin:$PATH
export PATH

# ---- the program ---------------------------------------------------------------------------------

# offers LINES WORD...: just those.
offers()
{
	echo "$1" | tr -s ' ' '\n' | sed '/^$/d' | sort >expected
	shift
	halfopen complete "$@" 2>err | sort >out
	diff expected out && [ ! -s err ]
}

# options_of COMMAND: as its --help has them.
options_of()
{
	halfopen "$1" --help | sed -n 's/^ \{2,6\}\(-[^ ,]*, \)\{0,1\}\(--[a-z-]*\).*/\2/p'
}

commands=$(halfopen --help | sed -n 's/^  \([a-z]*\) .*/\1/p')
check 'all commands' offers "$commands help" ''
for command in $commands; do
	check "the options of $command" offers "$(options_of "$command")" "$command" --
done
check 'the beginning of an option' offers '--artifacts --artifacts-on' run --art
check 'words that an option takes' offers 'always failure' run --artifacts-on ''
check 'behind =' offers --artifacts-on=failure run --artifacts-on=f
check 'files' offers :files run --junit ''
check 'folders' offers :folders claims --artifacts x
check 'a case' offers it_passes_after_a_timer run it_passes_a
check 'its families' offers 'it_passes_after_a_timer/ipv4 it_passes_after_a_timer/ipv6' \
	run it_passes_after_a_timer/
check 'a claim, in lower case' offers F-01 run -j 3 it_fails f-01
check 'a behaviour that a case covers' offers B-01 list b-0
check 'the same behind --covers' offers 'B-01 B-11' list --covers B
check 'any behaviour' offers 'B-01 B-02' claims B-0
check 'kernels' offers '6.1.192 6.12.117 6.18.15 :files' run --kernel 6
check 'the last of several kernels' offers 5.10.262,host matrix --kernels 5.10.262,ho
check 'what kernels does' offers 'fetch' kernels f
check 'which kernels' offers '5.10.262' kernels remove 5
check 'the columns of a matrix' offers '6.1.192 6.12.117' diff --artifacts runs it_passes ''
check 'nothing behind an unknown command' offers '' rum ''
topic() { halfopen complete list good >out && [ "$(cat out)" = 'good ends' ]; }
check 'a topic' topic

# ---- bash ----------------------------------------------------------------------------------------

# completes SHELL LINES WORD...: what the shell's script makes of it.
completes()
{
	shell=$1 lines=$2
	shift 2
	printf '%s\n' "$lines" >expected
	"complete_in_$shell" "$@" >out 2>err || return
	sort -o out out
	diff expected out && [ ! -s err ]
}

complete_in_bash()
{
	# shellcheck disable=SC2016 # that shell's own
	bash -c '. "$1"/halfopen
		shift
		COMP_WORDS=(halfopen "$@") COMP_CWORD=$#
		_halfopen
		printf "%s\n" "${COMPREPLY[@]}"' bash "$scripts" "$@"
}

complete_in_zsh()
{
	# The shell's own functions are there only while a person types.
	# shellcheck disable=SC2016
	zsh -f -c 'compadd() { shift; (( $# == 0 )) || print -rl -- "$@" }
		compset() { }
		_files() { print -r -- :files "$@" }
		words=(halfopen "${@:2}") CURRENT=$#
		. "$1"/_halfopen' zsh "$scripts" "$@"
}

complete_in_fish()
{
	# shellcheck disable=SC2016
	HOME=$PWD fish --no-config -c 'source $argv[1]/halfopen.fish
		complete -C "halfopen $argv[2..-1]"' "$scripts" "$@"
}

for shell in bash zsh fish; do
	if ! command -v $shell >/dev/null; then
		skip "completion in $shell" "no $shell here"
		continue
	fi
	check "$shell: an option" completes $shell '--timeout-multiplier' run --timeo
	check "$shell: a case" completes $shell it_passes_after_a_timer run -v it_passes_a
done
topic='good ends'
check 'bash: a topic is quoted' completes bash 'good\ ends' list go
check 'bash: within quotes it is not' completes bash "$topic" list "'good e"
check 'bash: behind a quoted blank' completes bash 'good\ ends' list 'good\ e'
check 'bash: words behind =' completes bash failure run --artifacts-on = f
check 'bash: all behind =' completes bash "$(printf 'always\nfailure')" run --artifacts-on =
check 'bash: a file' completes bash file.xml run --junit fil
check 'bash: a folder' completes bash folder report f
if command -v zsh >/dev/null; then
	check 'zsh: a topic' completes zsh "$topic" list go
	check 'zsh: files' completes zsh :files run --junit fil
	check 'zsh: folders' completes zsh ':files -/' report f
fi
if command -v fish >/dev/null; then
	check 'fish: a file' completes fish file.xml run --junit fil
	check 'fish: a folder' completes fish folder/ report f
	check 'fish: behind =' completes fish --artifacts-on=failure run --artifacts-on=f
fi

echo "1..$number"
