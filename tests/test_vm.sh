#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Runs in machines of another kernel, with cases without a network: what a guest brings back is
# what a run here would have left, and whatever ends a guest is an error of the run, with no
# machine left behind. Needs QEMU and a kernel in the cache; is skipped without.

set -u

# shellcheck source-path=SCRIPTDIR source=with_fakes.sh
. "${top_srcdir:-.}/tests/with_fakes.sh"
export FAKE_GUEST=yes

if ! "$fake" run --kernel vm it_passes_over_ipv4 >first 2>&1; then
	case $(cat first) in
	*'not in the cache'* | *'no qemu-system'* | *'are x86-64'*)
		echo "1..0 # SKIP $(head -n 1 first)"
		exit 0
		;;
	esac
fi

# play STATUS ARGUMENT...: a run in the default kernel ends with STATUS.
play()
{
	expected=$1
	shift
	rm -rf artifacts
	run run --kernel vm "$@"
	ended "$expected"
}

# Machines of this test carry its folder in their command line.
machines()
{
	grep -lsz "$work_name/artifacts" /proc/[0-9]*/cmdline | while read -r file; do
		if tr '\0' ' ' <"$file" | grep -q '^[^ ]*qemu-system'; then
			echo "$file"
		fi
	done
}
work_name=$(basename "$work")

one_runs()
{
	[ -n "$(machines)" ]
}

none_runs()
{
	[ -z "$(machines)" ]
}

# The results without what a clock measured.
stable()
{
	sed -E 's/("[a-z_]*seconds": )[0-9.e-]+/\1N/; s/("(started|kernel|kernel_version|lane|clock)": ")[^"]*/\1X/
		s/("(wire|netem|boot_seconds|guest_kib)": )[^,]*/\1X/' "$1"
}

ends='it_passes it_fails it_is_skipped it_passes_after_a_timer'

comes_back_as_on_the_host()
{
	# shellcheck disable=SC2086 # words
	"$fake" run --kernel host $ends --artifacts host --junit host.xml >host.out 2>&1
	# shellcheck disable=SC2086
	play 1 $ends --junit guest.xml || return 1
	for file in host/results.json artifacts/results.json; do
		stable $file >"${file%%/*}.stable"
	done
	# Entries end in another order.
	sort host.stable >left && sort artifacts.stable >right && diff left right || return 1
	(cd host && find it_* -type f | sort) >left
	(cd artifacts && find it_* -type f | sort) >right
	diff left right || return 1
	for file in host.xml guest.xml; do
		sed -E 's/ (time|timestamp|hostname)="[^"]*"//g; /<property /d; s/kernel: .*, clock .*/kernel: X/; s,/(host|artifacts)/it_,/X/it_,' $file >$file.stable
	done
	diff host.xml.stable guest.xml.stable || return 1
	diff host/it_fails/ipv4/counters.txt artifacts/it_fails/ipv4/counters.txt || return 1
	grep -q '"lane": "vm"' artifacts/results.json &&
		grep -q '"clock": "virtual"' artifacts/results.json &&
		grep -q '"status": "failed"' artifacts/it_fails/ipv6/verdict.json
}

# On a host without netem --wire is for the guest; one with netem does it itself.
what_the_host_cannot_goes_to_the_guest()
{
	lane=vm
	! "$fake" run --kernel host --wire 'delay 2ms' it_passes/ipv4 >/dev/null 2>&1 || lane=host
	rm -rf artifacts
	"$fake" run --wire 'delay 2ms' it_passes/ipv4 >out 2>err &&
		grep -q "\"lane\": \"$lane\"" artifacts/results.json &&
		grep -q '"wire": "delay 2ms"' artifacts/results.json
}

errors_of_cases_come_back()
{
	play 99 it_crashes/ipv4 it_breaks_down/ipv4 it_leaves_no_ladder/ipv4 &&
		grep -q '^3 errors, counted as failed here:$' out && grep -q 'killed by signal 4' out
}

# A folder must not say "passed" while the results say "error".
is_an_error_everywhere()
{
	ended 99 && says '^1 error, counted as failed here:$' && says "$2" &&
		grep -q '"status": "error"' artifacts/results.json &&
		grep -q '"status": "error"' "artifacts/$1/verdict.json" && none_runs
}

what_got_lost_is_an_error()
{
	play 99 its_ladder_gets_lost/ipv4
	is_an_error_everywhere its_ladder_gets_lost/ipv4 'the case left no ladder.txt'
}

# Here is a folder in the way of a file from there.
what_cannot_be_taken_in_is_an_error()
{
	rm -rf artifacts
	"$fake" run --kernel vm it_passes/ipv4 >out 2>err &
	within 60 one_runs && mkdir artifacts/it_passes/ipv4/ladder.txt
	status=0
	wait $! || status=$?
	is_an_error_everywhere it_passes/ipv4 'brought nothing back of it'
}

# A bit of the taint is set once a boot: only machines of their own show whose it is.
complaints_find_their_case()
{
	play 1 it_taints_the_kernel/ipv4 it_waits_beside_a_taint &&
		says '^2 passed, 1 failed, 0 skipped$' &&
		grep -q '"status": "failed"' artifacts/it_taints_the_kernel/ipv4/verdict.json &&
		says 'tainted: 0x200 is set' && none_runs
}

a_program_that_is_missing_skips()
{
	play 77 it_needs_a_program && grep -q 'needs the program no-such-program-anywhere' out
}

case ${XDG_CACHE_HOME:-} in
/*) cache=${HALFOPEN_CACHE:-$XDG_CACHE_HOME/halfopen} ;;
*) cache=${HALFOPEN_CACHE:-$HOME/.cache/halfopen} ;;
esac

folders_may_be_called_anything()
{
	folder="o'brien, \"sons\" & #1"
	mkdir "$folder" && ln -s "$(realpath "$cache")/kernels" "$folder/kernels" || return 1
	HALFOPEN_CACHE=$PWD/$folder play 0 it_passes/ipv4 --artifacts "$folder/artifacts" &&
		[ -e "$folder/artifacts/it_passes/ipv4/verdict.json" ] && [ -e "$folder/images" ]
}

# ---- programs in odd folders, with libraries of their own ----------------------------------------

odd="o'brien & (0x1 \"sons\""

# A program that needs a library beside it.
# shellcheck disable=SC2016 # the linker's $ORIGIN
make_program()
{
	mkdir -p "$odd/bin" && cp "$fake" "$odd/halfopen" &&
		echo 'int gone(void) { return 0; }' | $CC -shared -fPIC -Wl,-soname,libgone.so -x c -o "$odd/libgone.so" - &&
		echo 'int gone(void); int main(void) { return gone(); }' |
		$CC -x c -o "$odd/bin/no-such-program-anywhere" - -x none "$odd/libgone.so" \
			"-Wl,-rpath,\$ORIGIN/.."
}

# play_odd STATUS: the program that is run has an odd path, too.
play_odd()
{
	expected=$1 status=0
	rm -rf artifacts
	PATH="$PWD/$odd/bin:$PATH" "$odd/halfopen" run --kernel vm it_needs_a_program it_passes/ipv4 \
		>out 2>err </dev/null || status=$?
	ended "$expected"
}

programs_run_wherever_they_are()
{
	make_program && play_odd 0 && says '^3 passed, 0 failed, 0 skipped$'
}

a_library_that_is_missing_is_named()
{
	rm "$odd/libgone.so"
	play_odd 0 && one_line 'no-such-program-anywhere needs the library libgone.so, which is not' &&
		says '^1 passed, 0 failed, 2 skipped$'
}

a_script_is_named()
{
	printf '#!/bin/sh\n' >"$odd/bin/no-such-program-anywhere"
	play_odd 0 && one_line 'no-such-program-anywhere is a script'
}

without_ldd()
{
	unshare -rm sh -c "mount --bind /dev/null '$(command -v ldd)' &&
		'$fake' run --kernel vm it_passes" >out 2>err
	[ $? -eq 99 ] && one_line 'no program ldd here: install libc-bin'
}

repetitions_have_folders_of_their_own()
{
	play 0 --repeat 3 it_passes/ipv4 it_passes/ipv6 &&
		[ -e artifacts/it_passes/ipv4/1/verdict.json ] &&
		[ -e artifacts/it_passes/ipv6/3/verdict.json ]
}

# Programs and repetitions of an older run leave what no later run of the case may remove.
an_older_run_is_no_obstacle()
{
	play 0 it_passes/ipv4 || return 1
	mkdir -p artifacts/it_passes/ipv4/1/ipv4 && echo older >artifacts/it_passes/ipv4/nginx.log &&
		echo older >artifacts/it_passes/ipv4/1/ipv4/verdict.json || return 1
	run run --kernel vm it_passes/ipv4
	ended 0 && says '^1 passed, 0 failed, 0 skipped$' &&
		[ -e artifacts/it_passes/ipv4/nginx.log ] && none_runs
}

# A folder that holds an older run's machines must not lend their results to this one.
without_veth()
{
	play 0 it_passes/ipv4 || return 1
	run run --kernel ./no-veth it_passes/ipv4
	ended 99 && says 'veth\|virtio_console' err &&
		says '^0 passed, 0 failed, 0 skipped$'
}

# ends_with CASE TEXT: the run is an error that names it, and neither a pass nor a failed case.
ends_with()
{
	play 99 --timeout-multiplier "${3-1}" "$1/ipv4" || return 1
	grep -q "$2" err && grep -q '^0 passed, 0 failed, 0 skipped$' out &&
		grep -q '"complete": false' artifacts/results.json && none_runs
}

# Each case is ended by a limit of its own; all of them together take the guest too long.
too_long_for_the_guest()
{
	play 99 --timeout-multiplier 0.05 --jobs 1 --repeat 100 it_hangs/ipv4 &&
		says "within 30 s on the guest's clock" err && none_runs
}

the_consoles_end_is_told()
{
	ends_with it_panics_the_kernel 'Kernel panic' && grep -q 'sysrq triggered crash' err
}

as_tap()
{
	play 99 --tap it_panics_the_kernel/ipv4 && grep -q '^Bail out! .*Kernel panic' out
}

# What hangs is ended in virtual time, which may be sooner than this test has seen that it runs.
interrupted()
{
	rm -rf artifacts
	# A shell has its background jobs ignore SIGINT.
	env --default-signal=INT "$fake" run --kernel vm --timeout-multiplier 50 it_hangs/ipv4 \
		>out 2>err &
	runner=$!
	within 60 one_runs || return 1
	kill "-$1" $runner
	wait $runner
	status=$?
	[ $status -eq "$2" ] || {
		echo "status $status, not $2"
		return 1
	}
	within 30 none_runs
}

no_emulator()
{
	qemu=$(command -v qemu-system-x86_64)
	rm -rf artifacts
	unshare -rm sh -c "mount --bind /dev/null '$qemu' && '$fake' run --kernel vm it_passes" \
		>out 2>err
	[ $? -eq 99 ] && [ "$(wc -l <err)" -eq 1 ] && grep -q 'install qemu-system-x86' err
}

# usage STATUS TEXT ARGUMENT...: one line that has the text.
complaint()
{
	status=$1 text=$2
	shift 2
	play "$status" "$@" || return 1
	[ "$(wc -l <err)" -eq 1 ] && grep -q "$text" err && [ ! -s out ]
}

packages=$(dirname "$(find "$cache/kernels" -name '*.deb' | sort | head -n 1)")

a_damaged_package()
{
	cp -r "$cache/kernels" damaged-kernels && mkdir -p damaged && mv damaged-kernels damaged/kernels
	for package in damaged/kernels/*/*.deb; do
		echo more >>"$package"
	done
	HALFOPEN_CACHE=$PWD/damaged complaint 99 'has not the SHA-256' it_passes
}

unpack()
{
	mkdir unpacked
	for package in "$packages"/*.deb; do
		dpkg-deb -x "$package" unpacked || return 1
	done
}

an_unpacked_package()
{
	play 0 --kernel unpacked it_passes/ipv4
}

without_a_driver()
{
	find unpacked -name 'veth.ko*' -delete
	complaint 99 "no driver 'veth'" --kernel unpacked it_passes
}

check "what a guest brings back is what a run here leaves" comes_back_as_on_the_host
check "what this kernel cannot do is done in a guest" what_the_host_cannot_goes_to_the_guest
check "errors of cases come back as such" errors_of_cases_come_back
check "what got lost on the way is an error, in its folder too" what_got_lost_is_an_error
check "what cannot be taken in is an error, in its folder too" what_cannot_be_taken_in_is_an_error
check "what a kernel complains of once a boot finds its case" complaints_find_their_case
check "a program that is missing here is missing there" a_program_that_is_missing_skips
if [ -n "${CC:-}" ]; then
	check "programs run wherever they and their libraries are" programs_run_wherever_they_are
	check "a library that is missing is named, and the program left out" \
		a_library_that_is_missing_is_named
	check "a script is named, as no machine can run it" a_script_is_named
fi
check "cache and artifacts may be called anything" folders_may_be_called_anything
check "repetitions have folders of their own" repetitions_have_folders_of_their_own
check "what an older run has left there is no obstacle" an_older_run_is_no_obstacle
check "a guest that panics is an error of the run" the_consoles_end_is_told
check "a guest that panics bails out in TAP" as_tap
check "a guest that is reset is an error of the run" \
	ends_with it_resets_the_machine 'left no status'
check "a guest that has no memory left is an error of the run" \
	ends_with it_takes_all_memory 'Out of memory'
check "a guest that hangs is ended on the wall" \
	ends_with it_takes_the_processor 'did not end within' 0.08
check "a guest that takes too long is ended on its own clock" too_long_for_the_guest
check "SIGINT leaves no machine behind" interrupted INT 130
check "SIGTERM leaves no machine behind" interrupted TERM 143
check "SIGKILL leaves no machine behind" interrupted KILL 137
check "an unknown version is told with those that there are" \
	complaint 2 '5.10.262' --kernel 9.9 it_passes
echo 'no kernel' >text
check "a file that is no kernel" complaint 99 'no kernel image' --kernel ./text it_passes
check "a path that is not there" complaint 2 'No such file' --kernel ./absent it_passes
check "a package that was damaged in the cache" a_damaged_package
if command -v dpkg-deb >/dev/null && unpack; then
	check "an unpacked package" an_unpacked_package
	check "a kernel without a needed driver" without_a_driver
	cp unpacked/boot/vmlinuz-* no-veth
	check "an image that lacks a driver" without_veth
fi
if unshare -rm true 2>/dev/null; then
	check "a machine without QEMU" no_emulator
	check "a machine without ldd" without_ldd
fi
echo "1..$number"
