# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=sh
#
# Sourced by the tests that play fake cases: a folder of their own to be in, the program ($fake),
# TAP, and what can be asked of what it said.

fake=${FAKE_HALFOPEN:-${top_builddir:-.}/tests/fake_halfopen}
work=$(mktemp -d "${top_builddir:-.}/tests/$(basename "$0" .sh).XXXXXX") || exit 99
trap 'chmod -R u+w "$work"; rm -rf "$work"' EXIT
fake=$(realpath "$fake") && work=$(realpath "$work") && cd "$work" || exit 99
number=0
# Of the CI that this test may run in.
unset GITHUB_ACTIONS GITHUB_STEP_SUMMARY

# check NAME COMMAND...: the command succeeds.
check()
{
	name=$1 good=ok
	shift
	"$@" >check.log 2>&1 || good='not ok'
	number=$((number + 1))
	echo "$good $number - $name"
	[ "$good" = ok ] && return
	for file in check.log out err; do
		[ ! -s $file ] || sed "s/^/# $file: /" $file
	done
}

skip()
{
	number=$((number + 1))
	echo "ok $number - $1 # SKIP $2"
}

# run ARGUMENT...: output in out and err, exit status in $status.
run()
{
	status=0
	"$fake" "$@" >out 2>err </dev/null || status=$?
}

ended()
{
	[ "$status" -eq "$1" ] || { echo "exit status $status, not $1"; return 1; }
}

says()
{
	grep -q -- "$1" "${2:-out}" || { echo "no '$1' in ${2:-out}"; return 1; }
}

# one_line TEXT: stderr is one line, and has TEXT.
one_line()
{
	[ "$(wc -l <err)" -eq 1 ] && says "$1" err
}

# within SECONDS COMMAND...: the command succeeds before the time is over.
within()
{
	tries=$(($1 * 50))
	shift
	until "$@"; do
		tries=$((tries - 1))
		[ $tries -gt 0 ] || return 1
		sleep 0.02
	done
}

# refuses NAME TEXT ARGUMENT...: to $command that is wrong usage, with the status $wrong, and one line
# that has the text.
# shellcheck disable=SC2154 # the test sets both
refuses()
{
	case=$1 text=$2
	shift 2
	run "$command" "$@"
	check "$case: wrong usage" ended "$wrong"
	check "$case: one line says it" one_line "$text"
}
