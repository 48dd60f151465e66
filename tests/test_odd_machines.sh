#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A handful of cases on machines that are set otherwise than usual: what whoever starts the run
# hands down, limits and control groups, settings of the kernel (in a guest, where one can be had),
# and a clock that is set while cases run. Each time all of them pass, or a sentence names what is
# in the way.
#
# ODD_HOST=yes also changes settings of this machine, as root, and puts them back: for when nothing
# else runs.

set -u

# shellcheck source-path=SCRIPTDIR source=with_fakes.sh
. "${top_srcdir:-.}/tests/with_fakes.sh"
halfopen=$(cd "$OLDPWD" && realpath "${HALFOPEN:?}")
settings=$(cd "$OLDPWD" && realpath "${top_builddir:-.}/tests/print_settings")
cases='ss_shows_the_accept_queue_* *client_that_resets_in_the_accept_queue*'

# play ARGUMENT...: the cases, in a new folder.
play()
{
	rm -rf artifacts
	status=0
	# shellcheck disable=SC2086 # words
	timeout 120 "$halfopen" run $cases "$@" >out 2>err </dev/null || status=$?
}

all_pass()
{
	ended 0 && says ' passed, 0 failed, 0 skipped'
}

# with PROGRAM... -- COMMANDS: the cases, started by PROGRAM from a shell that ran COMMANDS before.
with()
{
	wrapper=
	while [ "$1" != -- ]; do
		wrapper="$wrapper $1"
		shift
	done
	rm -rf artifacts
	status=0
	# shellcheck disable=SC2086 # words
	timeout 120 $wrapper sh -c "${2:-:}; exec '$halfopen' run $cases --kernel host" >out 2>err \
		</dev/null || status=$?
}

# odd NAME COMMANDS: all pass behind them.
odd()
{
	with -- "$2"
	check "$1" all_pass
}

# odd_program PROGRAM...: all pass when it starts them; it is skipped where it cannot.
odd_program()
{
	if "$@" true >check.log 2>&1; then
		with "$@" --
		check "$*" all_pass
	else
		skip "$*" "$(head -n 1 check.log)"
	fi
}

# names STATUS TEXT: a sentence of the run.
names()
{
	ended "$1" && cat out err >both && says "$2" both
}

play --kernel host
case $status in
0) ;;
77)
	echo "1..0 # SKIP $(head -n 1 err)"
	exit 0
	;;
*)
	check 'the cases pass here' ended 0
	echo "1..$number"
	exit 0
	;;
esac

# ---- what is handed down -------------------------------------------------------------------------

odd 'SIGCHLD is ignored' "trap '' CHLD"
odd 'signals are ignored' "trap '' ALRM PIPE TERM USR1 USR2 CHLD TSTP XFSZ"
odd 'as nohup and a shell in the background do' "trap '' HUP INT QUIT"
odd 'no standard input' 'exec <&-'
odd 'a umask that hides everything' 'umask 0777'
odd 'few descriptors' 'ulimit -n 64'
odd 'limits that can be raised' 'ulimit -S -f 1; ulimit -S -t 1; ulimit -S -n 20'
odd 'a small stack' 'ulimit -s 512'
# shellcheck disable=SC2016 # of the inner shell
odd 'many descriptors are open' 'for fd in 3 4 5 6 7 8 9; do eval "exec $fd</dev/null"; done'
odd 'no PATH and no HOME' 'unset PATH HOME'
odd 'a strange environment' 'export LC_ALL=tr_TR.UTF-8 LANG=de_DE LANGUAGE=de POSIXLY_CORRECT=1 \
	COLUMNS=7 CDPATH=/tmp TZ=Asia/Kathmandu TMPDIR=/nonexistent HOME=/nonexistent PATH= \
	CK_FORK=no CK_RUN_CASE=x BASH_ENV=/etc/passwd ENV=/etc/passwd MALLOC_PERTURB_=85'
odd_program taskset -c 0
odd_program nice -n 19
odd_program chrt -b 0
odd_program chrt -i 0
odd_program chrt -f 10
odd_program setarch --uname-2.6
odd_program setpriv --no-new-privs

with -- 'ulimit -f 20'
check 'a file that may not grow is named' names 99 'File too large; raise the limit of a file'
with -- 'ulimit -n 16'
check 'too few descriptors are named' names 99 'too many files are open in one process: raise'
with -- 'mkdir gone; cd gone; rmdir ../gone'
check 'so is a folder that is gone' names 99 'No such file or directory; make the folder'
with -- 'exec >&-'
check 'so is a standard output that is closed' names 99 'cannot write to stdout'
LD_AUDIT=libnone.so with --
check 'so is what is loaded into every program' says 'LD_AUDIT=libnone.so is loaded into' err

# ---- control groups and limits of processes ------------------------------------------------------

# A group with $1 processes, in $group; false where none can be made.
make_group()
{
	for top in /sys/fs/cgroup/pids /sys/fs/cgroup; do
		group=$top/halfopen-test-$$
		[ -e $top/cgroup.procs ] || continue
		mkdir "$group" 2>/dev/null || continue
		[ -e "$group/pids.max" ] && echo "$1" >"$group/pids.max" && return
		rmdir "$group"
	done
	return 1
}

leave_group()
{
	within 10 rmdir "$group"
}

pids()
{
	name=$1 most=$2
	shift 2
	if make_group "$most" 2>check.log; then
		rm -rf artifacts
		status=0
		(echo 0 >"$group/cgroup.procs" && exec timeout 200 "$halfopen" run --kernel host "$@") \
			>out 2>err </dev/null || status=$?
		leave_group
		check "$name" "$asked" "$@"
	else
		skip "$name" 'no control group of processes can be made here'
	fi
}

fits()
{
	all_pass && says 'fewer: processes are limited here'
}

named()
{
	names 99 'no more processes or threads may be started' &&
		! grep -q 'iproute2\|try a smaller' out err
}

asked=fits pids 'a container with 60 processes plays fewer at once' 60 '*accept_queue*'
asked=all_pass pids 'who cannot be started waits for another to end' 40 -j 32 '*accept_queue*'
asked=named pids 'what three processes cannot do is named, and no package' 3 '*accept_queue*'

# ---- beside others, and in a namespace that is set otherwise -------------------------------------

# shellcheck disable=SC2086 # words
both_pass()
{
	"$halfopen" run $cases --kernel host --artifacts one >one.out 2>&1 </dev/null &
	play --kernel host --artifacts two
	wait $! && all_pass
}
check 'two runs side by side' both_pass

strange='net.ipv4.ip_forward=1 net.ipv4.tcp_syncookies=0 net.ipv4.tcp_timestamps=0
	net.ipv4.tcp_ecn=1 net.ipv4.tcp_fastopen=3 net.ipv4.tcp_tw_reuse=1 net.ipv4.tcp_sack=0
	net.ipv4.tcp_abort_on_overflow=1 net.ipv4.ip_default_ttl=1 net.core.somaxconn=1
	net.ipv4.tcp_synack_retries=0 net.ipv4.ip_unprivileged_port_start=0
	net.ipv4.tcp_child_ehash_entries=65536 net.ipv6.bindv6only=1
	net.ipv4.conf.all.rp_filter=1 net.ipv4.conf.default.arp_ignore=8'
strange_line=$(echo "$strange" | tr -d '\n')
if unshare -n true 2>check.log; then
	with unshare -n -- "for each in $strange_line; do sysctl -qw \$each 2>/dev/null; done"
	check 'in a network namespace that is set otherwise' all_pass
else
	skip 'in a network namespace that is set otherwise' "$(head -n 1 check.log)"
fi

# ---- settings of the whole machine: in a guest, where nobody else is -----------------------------

guest()
{
	name=$1 asked=$2
	shift 2
	if [ -z "$no_guest" ]; then
		HALFOPEN_APPEND="$*" play --kernel vm
		check "$name" "$asked"
	else
		skip "$name" "$no_guest"
	fi
}

no_guest=
play --kernel vm
grep -q 'not in the cache\|no qemu-system\|are x86-64' err && no_guest=$(head -n 1 err)

passes_or_names()
{
	all_pass || names 99 "this machine reaches into the case: .*$named"
}

guest 'buffers of a machine with little memory' all_pass \
	'sysctl.net.ipv4.tcp_rmem="4096 4096 8192" sysctl.net.ipv4.tcp_wmem="4096 4096 8192"' \
	'sysctl.net.core.rmem_default=4608 sysctl.net.core.rmem_max=4608'
guest 'buffers of a machine with much: another window scale is offered' all_pass \
	'sysctl.net.core.rmem_max=67108864 sysctl.net.core.rmem_default=1048576' \
	'sysctl.net.ipv4.tcp_rmem="8192 262144 67108864" sysctl.net.ipv4.ip_default_ttl=3'
guest 'a router with devices of its own mind' all_pass \
	'sysctl.net.ipv4.ip_forward=1 sysctl.net.ipv4.conf.all.rp_filter=1' \
	'sysctl.net.ipv4.conf.default.rp_filter=1 sysctl.net.ipv4.conf.all.arp_ignore=8' \
	'sysctl.net.core.devconf_inherit_init_net=1 sysctl.net.ipv6.conf.all.forwarding=1' \
	'sysctl.net.ipv6.conf.default.disable_ipv6=1 sysctl.net.ipv6.conf.default.hop_limit=3' \
	'sysctl.net.core.default_qdisc=fq sysctl.net.ipv4.neigh.default.gc_thresh3=1'
guest 'IPv6 is switched off for new devices' all_pass 'ipv6.disable_ipv6=1'
named=net.core.netdev_max_backlog
guest 'no room in softnet is told, or does not matter' passes_or_names \
	'sysctl.net.core.netdev_max_backlog=1'
# From 6.4 on each CPU has a reserve, which a guest's cases do not use up.
tcp_memory_is_named()
{
	names 99 'net.ipv4.tcp_mem = 0 0 0: the kernel was short of TCP memory' &&
		says '0 failed\|errors' && ! grep '^FAILED' out
}
usual_cases=$cases cases='data_behind_a_hole_*'
HALFOPEN_APPEND='sysctl.net.ipv4.tcp_mem="0 0 0"' play --kernel 5.10
if grep -q 'not in the cache\|no qemu-system\|are x86-64' err; then
	skip 'a machine that is short of TCP memory is named' "$(head -n 1 err)"
else
	check 'a machine that is short of TCP memory is named' tcp_memory_is_named
fi
cases=$usual_cases

guest 'the clock is set ten times a second' all_pass 'HALFOPEN_STEP_CLOCK=3600'

# ---- settings of this machine --------------------------------------------------------------------

# Sets them, and notes in the file undo how it was; false where one cannot be set.
set_host()
{
	: >undo
	for setting; do
		before=$(sysctl -n "${setting%%=*}" 2>/dev/null | tr '\t' ' ') || continue
		echo "sysctl -qw '${setting%%=*}=$before'" >>undo
		sysctl -qw "$setting" || return 1
	done
}

undo_host()
{
	[ ! -e undo ] || sh ./undo
	rm -f undo
}

# The table leaves nothing of a strange machine but what no namespace has for itself.
nothing_is_left()
{
	grep -v '^net/ipv[46]/neigh/\|^net/ipv[46]/conf/lo/\|^net/core/[rw]mem_' usual >left
	grep -v '^net/ipv[46]/neigh/\|^net/ipv[46]/conf/lo/\|^net/core/[rw]mem_' strange >right
	[ -s left ] && diff left right
}

odd=
# host NAME COMMAND...: a check of what the cases come to on this machine, set so ($odd).
host()
{
	name=$1
	shift
	if [ "${ODD_HOST:-}" != yes ] || [ ! -w /proc/sys/net/ipv4/tcp_mem ]; then
		skip "$name" 'only with ODD_HOST=yes, as root in the first network namespace'
		return
	fi
	trap 'undo_host; chmod -R u+w "$work"; rm -rf "$work"' EXIT
	trap 'exit 99' HUP INT TERM
	eval "set_host $odd"
	play --kernel host
	"$settings" >strange
	undo_host
	check "$name" "$@"
}

everything="'net.ipv4.tcp_rmem=4096 4096 8192' 'net.ipv4.tcp_wmem=4096 4096 8192'"
for file in /proc/sys/net/ipv4/conf/all/* /proc/sys/net/ipv4/conf/default/*; do
	case $file in
	*/mc_forwarding | */tag | */medium_id | */force_igmp_version | */bootp_relay | *igmpv*) ;;
	*)
		was=$(cat "$file" 2>/dev/null) || continue
		everything="$everything $(echo "${file#/proc/sys/}" | tr / .)=$((1 - (was > 0)))"
		;;
	esac
done
[ ! -x "$settings" ] || "$settings" >usual
odd=$everything host 'nothing is left of strange settings' nothing_is_left
odd=$everything host 'and all pass beside them' all_pass
named='net.ipv4.tcp_mem = 0 0 0: the kernel was short of TCP memory' \
	odd="'net.ipv4.tcp_mem=0 0 0'" host 'a machine short of TCP memory is named' passes_or_names
named=net.core.netdev_max_backlog odd='net.core.netdev_max_backlog=1' \
	host 'one that loses frames in softnet too' passes_or_names
odd='net.ipv4.tcp_max_orphans=0 net.core.default_qdisc=fq net.core.rmem_max=4608' \
	host 'orphans, qdiscs, small buffers' passes_or_names

echo "1..$number"
