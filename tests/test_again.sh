#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What is played again and what is not, over fake cases: failures and errors of a stalled machine, a
# machine that reaches into a case, a kernel that complains of itself, a case that does nothing.

set -u

# shellcheck source-path=SCRIPTDIR source=with_fakes.sh
. "${top_srcdir:-.}/tests/with_fakes.sh"
export FAKE_TROUBLE=yes FAKE_KERNEL="$work/kernel"

# play STATUS ARGUMENT...: a run on a machine that has not complained yet ends with STATUS.
play()
{
	expected=$1
	shift
	rm -rf artifacts kernel
	mkdir -p kernel/dev kernel/sys/kernel kernel/proc/sys/kernel
	: >kernel/dev/kmsg
	echo "${counted:-0}" >kernel/sys/kernel/warn_count
	echo "${taint:-0}" >kernel/proc/sys/kernel/tainted
	run run --kernel host "$@"
	ended "$expected"
}

# result ENTRY MEMBER VALUE: what results.json has of the entry.
result()
{
	tr -d '\n' <artifacts/results.json | sed 's/{ *"case"/\n&/g' |
		grep "\"folder\": \"$1\"" | grep -q "\"$2\": $3[,} ]" ||
		{ echo "$1: \"$2\" is not $3"; return 1; }
}

verdict()
{
	grep -q "\"$2\": $3" "artifacts/$1/verdict.json" ||
		{ cat "artifacts/$1/verdict.json"; return 1; }
}

# ---- the machine ---------------------------------------------------------------------------------

play 1 it_fails_on_a_stalled_machine/ipv4
check 'a failure of a stalled machine is played six times, and then counts' \
	result it_fails_on_a_stalled_machine/ipv4 attempts 6
play 99 it_breaks_down_on_a_stalled_machine/ipv4
check 'so is what the harness could not do' \
	result it_breaks_down_on_a_stalled_machine/ipv4 attempts 6
play 0 it_breaks_down_once_on_a_stalled_machine/ipv4
check 'and only the last attempt counts' \
	result it_breaks_down_once_on_a_stalled_machine/ipv4 attempts 2
play 99 it_breaks_down/ipv4
check 'an error of a machine that ran is not played again' result it_breaks_down/ipv4 attempts 1

of_the_machine='"this machine reaches into the case: net.ipv4.tcp_mem: '

names_the_setting()
{
	play 99 it_fails_on_a_short_machine/ipv4 &&
		result it_fails_on_a_short_machine/ipv4 attempts 6 &&
		result it_fails_on_a_short_machine/ipv4 status '"error"' &&
		verdict it_fails_on_a_short_machine/ipv4 reason "$of_the_machine" &&
		says 'tcp_mem.*what it looked like: ACK win 0'
}
check 'a machine that reaches into a case is an error that names the setting' names_the_setting
check 'a pass is a pass on any machine' play 0 it_passes_on_a_short_machine/ipv4

# ---- a case that does nothing --------------------------------------------------------------------

ends_what_does_nothing()
{
	play 99 it_does_nothing/ipv4 --timeout-multiplier 0.5 &&
		says 'neither did anything nor waited for a timer' &&
		says 'in the step "the last thing it did"'
}
check 'a case that does nothing is ended' ends_what_does_nothing
waits_for_longer()
{
	FAKE_TIMER_MS=8000 play 0 it_passes_after_a_timer/ipv4 --timeout-multiplier 0.5
}
check 'one that waits for a timer is not' waits_for_longer

tells_of_minutes()
{
	play 0 it_takes_minutes &&
		says '^it_takes_minutes waits for 16 min, in real time.*halfopen kernels fetch' &&
		[ "$(grep -c '^it_takes_minutes waits' out)" -eq 1 ]
}
check 'one that waits for minutes in real time is told of before' tells_of_minutes

# ---- the kernel's complaints ---------------------------------------------------------------------

alone()
{
	play 1 the_kernel_complains_of_it/ipv4 &&
		says 'the kernel has complained of itself while this case was there' &&
		says 'WARNING: CPU: 0 PID: 1 at net/fake.c:1' &&
		verdict the_kernel_complains_of_it/ipv4 status '"failed"' &&
		result the_kernel_complains_of_it/ipv4 attempts 1
}
check 'who was alone when the kernel complained has failed' alone

finds_the_one()
{
	export FAKE_NEIGHBOURS=2
	play 1 the_kernel_complains_of_it/ipv4 it_waits_beside &&
		result the_kernel_complains_of_it/ipv4 status '"failed"' &&
		result it_waits_beside/ipv4 status '"passed"' &&
		result it_waits_beside/ipv4 attempts 2 &&
		result it_waits_beside/ipv6 status '"passed"'
}
check 'of several who were there, the one is found of whom it complains again' finds_the_one

suspects_all()
{
	play 1 the_kernel_complains_once/ipv4 it_waits_beside &&
		for entry in the_kernel_complains_once/ipv4 it_waits_beside/ipv4 \
			it_waits_beside/ipv6; do
			result $entry status '"failed"' && verdict $entry alone false || return 1
		done && says 'while this case and others were there'
}
check 'where it does not complain again, all who were there have failed' suspects_all

tainted()
{
	unset FAKE_NEIGHBOURS
	taint=$1 counted=$2
	play 0 it_waits_beside && play 1 the_kernel_complains_of_it/ipv6
	left=$?
	taint=0 counted=0
	return $left
}
check 'a machine that booted tainted and has warned before is one like any other' tainted 4608 17

# meanwhile FILE TEXT: the file gets this text while a case waits, which stays until then.
meanwhile()
{
	rm -rf artifacts
	export FAKE_NEIGHBOURS=1
	(within 20 test -e artifacts/it_waits_beside/ipv4/output.txt && echo "$2" >"kernel/$1" &&
		: >kernel/complained) &
}

# complains_by FILE TEXT PATTERN: what is said of it.
complains_by()
{
	meanwhile "$1" "$2"
	play 1 it_waits_beside/ipv4 && says "$3"
}
check 'a counter of the kernel tells' \
	complains_by sys/kernel/warn_count 2 '/sys/kernel/warn_count: +2'
check 'a bit of the taint tells' \
	complains_by proc/sys/kernel/tainted 512 'tainted: 0x200 is set'
check "the log tells, by the kernel's own words" \
	complains_by dev/kmsg '0,1,1,-;BUG: KASAN: slab-use-after-free' 'slab-use-after-free'

says_nothing()
{
	meanwhile dev/kmsg "$1"
	play 0 it_waits_beside/ipv4
}
check 'what others write into the log is no complaint' says_nothing '12,1,1,-;BUG: of a program'
check 'nor is what it says every day' says_nothing \
	'6,1,1,-;TCP: request_sock_TCP: Possible SYN flooding on port 80. Sending cookies.'

echo "1..$number"
