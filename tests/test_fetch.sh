#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# vm/fetch.sh with an apt that is made of fake commands and has a mirror in a folder: what comes
# into the cache, what is said, and that nothing which was broken off is ever used.

set -eu

fetch=$(cat "${top_srcdir:?run this with make check}/vm/fetch.sh")
box=$(mktemp -d)
trap 'rm -rf "$box"' EXIT
cache="$box/o'brien & \"sons\"; #1"
real_path=$PATH
shell='sh'

# ---- a fake machine -----------------------------------------------------------------------------

fake()
{
	{
		printf '#!/bin/sh\nbox=%s\n' "$box"
		cat
	} >"$box/bin/$1"
	chmod +x "$box/bin/$1"
}

# A mirror that has what the table pins, and much room.
new_machine()
{
	rm -rf "${box:?}"/*
	mkdir "$box/bin" "$box/mirror"
	: >"$box/calls"
	for tool in awk bash cat chmod cp cut env find flock grep head mkdir mkfifo mktemp mv rm sed \
		setpriv sh sha256sum sort tail tr uniq wc; do
		file=$(PATH=$real_path command -v "$tool") || continue
		ln -s "$file" "$box/bin/$tool"
	done
	printf '%s\n' http://mirror.invalid/debian/ http://mirror.invalid/debian-security/ \
		>"$box/addresses"
	echo 900000 >"$box/free"
	fake df <<-'END'
		echo "Filesystem 1024-blocks Used Available Capacity Mounted on"
		echo "/dev/fake 9999999 1 $(cat "$box/free") 1% /"
	END
	with_apt
	pin 5.10.1 oldies-security linux-image-5.10.0-9-cloud-amd64 5.10.1-1
	pin 6.1.2 oldies-security linux-image-6.1.0-2-cloud-amd64 6.1.2-2
	pin 6.12.3 news linux-image-6.12.3+deb13-cloud-amd64 6.12.3-1
	pin 7.0.4 news,newest linux-binary-7.0.4-cloud-amd64 7.0.4-1
	pin 7.0.4 news,newest linux-modules-7.0.4-cloud-amd64 7.0.4-1
}

# offer PACKAGE VERSION: the mirror has it; its content is its name.
offer()
{
	echo "$1 $2" >"$box/mirror/$1_$2_amd64.deb"
}

withdraw()
{
	rm "$box/mirror/$1"_*
}

sum_of()
{
	sha256sum <"$box/mirror/$1" | cut -d ' ' -f 1
}

# pin VERSION SUITES PACKAGE ITS-VERSION: a row of the table, and the mirror has it.
pin()
{
	offer "$3" "$4"
	file=$3_$4_amd64.deb
	echo "$1 $2 $3 $4 $(wc -c <"$box/mirror/$file") $(sum_of "$file")" >>"$box/table"
}

# While $box/hold is there, a download stops when it has half of the file, says so, and goes on
# when somebody writes to it.
with_apt()
{
	fake apt-get <<-'END'
		printf '%s\n' "apt-get $*" >>"$box/calls"
		case " $* " in
		*' indextargets '*) exec cat "$box/addresses" ;;
		*' update '*)
			printf '%s\n' "$@" >"$box/options"
			for option; do
				case $option in
				*/apt.conf) cp "$option" "$box/" ;;
				Dir::Etc::sourcelist=*) cp "${option#*=}" "$box/" ;;
				esac
			done
			[ ! -e "$box/update.fails" ] || {
				echo "W: something else"
				echo "E: Failed to fetch InRelease  Temporary failure"
				exit 100
			}
			;;
		*' download '*)
			for wanted; do :; done
			file=${wanted%%=*}_${wanted#*=}_amd64.deb
			head -c 5 "$box/mirror/$file" >"$file"
			echo "dlstatus:1:48.5:Retrieving file 1 of 1" >&3
			[ ! -e "$box/hold" ] || {
				echo $$ >"$box/holding"
				read -r _ <"$box/hold"
			}
			[ ! -e "$box/download.fails" ] || {
				echo "E: Failed to fetch $file  Connection reset"
				exit 100
			}
			cat "$box/mirror/$file" >"$file"
			;;
		esac
	END
	fake apt-cache <<-'END'
		printf '%s\n' "apt-cache $*" >>"$box/calls"
		while [ "${1#-}" != "$1" ]; do
			shift 2
		done
		case $1 in
		madison)
			cd "$box/mirror"
			for file in "$2"_*; do
				[ ! -e "$file" ] || cat "$file"
			done | sed 's,\(.*\) \(.*\), \1 | \2 | http://mirror.invalid news/main,'
			;;
		search) cat "$box"/mirror/* | cut -d ' ' -f 1 | grep "$3" | sed 's/$/ - Linux/' ;;
		show)
			file=$(echo "$box/mirror/$3"_*)
			echo "Package: $3"
			echo "Version: $(cut -d ' ' -f 2 "$file")"
			echo "Size: $(wc -c <"$file")"
			echo "SHA256: $(sha256sum <"$file" | cut -d ' ' -f 1)"
			;;
		esac
	END
}

without_apt()
{
	rm "$box/bin/apt-get" "$box/bin/apt-cache"
}

# ---- running it ---------------------------------------------------------------------------------

# As the program does it: the script is an argument.
start()
{
	PATH="$box/bin" env --default-signal=INT "$shell" -c "$fetch" fetch.sh "$cache" "$@" \
		<"$box/table" >"$box/output" 2>&1 &
	script=$!
}

is_dead()
{
	! grep -q '^State:[[:space:]]*[^Z]' "/proc/$1/status" 2>/dev/null
}

# apt_is_dead [SECONDS]: the one that was held; if it goes on, not beyond this test.
apt_is_dead()
{
	within "${1-0}" is_dead "$holding" && return
	problem="$problem apt goes on;"
	kill -s KILL "$holding"
}

# finish [SECONDS]: waits for its end, not for ever.
finish()
{
	within "${1-60}" is_dead "$script" || {
		problem="$problem did not end in time;"
		kill -s KILL "$script"
	}
	status=0
	wait "$script" || status=$?
}

run()
{
	start "$@"
	finish
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

start_and_hold()
{
	mkfifo "$box/hold"
	start "$@"
	within 60 test -s "$box/holding" || problem="$problem never came to a download;"
	holding=$(cat "$box/holding" 2>/dev/null) || holding=
}

let_go()
{
	mv "$box/hold" "$box/go"
	echo >"$box/go"
}

# ---- what is expected ---------------------------------------------------------------------------

number=0
problem=
verdict()
{
	number=$((number + 1))
	if [ -z "$problem" ]; then
		echo "ok $number - $1"
	else
		echo "not ok $number - $1: $problem"
		sed 's/^/# called: /' "$box/calls"
		sed 's/^/# output: /' "$box/output"
	fi
	problem=
}

ends_with()
{
	[ "$status" -eq "$1" ] || problem="$problem exit status $status, not $1;"
}

# The output is exactly these lines.
says()
{
	printf 'halfopen: %s\n' "$@" >"$box/expected"
	cmp -s "$box/expected" "$box/output" ||
		problem="$problem should have said '$(cat "$box/expected")';"
}

# The cache has exactly these kernels, and nothing is under way.
has_kernels()
{
	found=$(cd "$cache" 2>/dev/null && echo kernels/* fetching.*)
	wanted=$(printf 'kernels/%s ' "$@")
	[ "$found" = "${wanted}fetching.*" ] ||
		problem="$problem the cache has '$found', not '$wanted';"
}

# has_package VERSION FILE-OF-THE-MIRROR: whole, and its sum and size are noted.
has_package()
{
	name=${2%%_*}.deb
	cmp -s "$cache/kernels/$1/$name" "$box/mirror/$2" ||
		problem="$problem $1/$name is not what the mirror has;"
	grep -qx "$(sum_of "$2") $(wc -c <"$box/mirror/$2") $name" "$cache/kernels/$1/SHA256SUMS" ||
		problem="$problem the sum of $name is not noted;"
}

is_version()
{
	[ "$(cat "$cache/kernels/$1/version")" = "$2" ] || problem="$problem $1 is not $2;"
}

calls()
{
	called=$(grep -c -- "$2" "$box/calls" || :)
	[ "$called" -eq "$1" ] || problem="$problem called '$2' $called times, not $1;"
}

asking="asking the mirror of Debian what kernels it has"
by_hand="get a kernel by other means and name its path, as in --kernel /boot/vmlinuz-VERSION"
pinned="5.10.1 6.1.2 6.12.3 7.0.4"

# ---- the tests ----------------------------------------------------------------------------------

for shell in sh bash; do
	new_machine
	[ -e "$box/bin/$shell" ] || continue
	run 6.12 6.12.3 5.10
	ends_with 0
	says "$asking" "fetching Linux 6.12.3 (0 MB) into $cache" \
		"fetching Linux 5.10.1 (0 MB) into $cache"
	has_kernels 5.10.1 6.12.3
	has_package 6.12.3 linux-image-6.12.3+deb13-cloud-amd64_6.12.3-1_amd64.deb
	has_package 5.10.1 linux-image-5.10.0-9-cloud-amd64_5.10.1-1_amd64.deb
	is_version 6.12.3 6.12.3
	calls 2 ' download '
	verdict "$shell: pinned and there, each once"
done
shell='sh'

new_machine
run 7.0
ends_with 0
has_kernels 7.0.4
has_package 7.0.4 linux-binary-7.0.4-cloud-amd64_7.0.4-1_amd64.deb
has_package 7.0.4 linux-modules-7.0.4-cloud-amd64_7.0.4-1_amd64.deb
verdict "a version of two packages"

new_machine
run 6.1 7.0
ends_with 0
signed="arch=amd64 targets=Packages signed-by=/usr/share/keyrings/debian-archive-keyring.gpg"
cat >"$box/expected" <<END
deb [$signed] http://mirror.invalid/debian/ newest main
deb [$signed] http://mirror.invalid/debian/ news main
deb [$signed] http://mirror.invalid/debian-security/ oldies-security main
END
cmp -s "$box/expected" "$box/sources.list" || problem="other sources: $(cat "$box/sources.list");"
grep -qx '#clear APT::Update;' "$box/apt.conf" || problem="$problem the machine's hooks run;"
! grep '^Dir' "$box/apt.conf" | grep -v '"[a-z.]*";$' || problem="$problem it has paths;"
for directory in Dir::State Dir::State::status Dir::Cache Dir::Etc::sourcelist Dir::Etc::sourceparts \
	Dir::Etc::preferences Dir::Etc::preferencesparts; do
	grep -qF "$directory=$cache/fetching." "$box/options" ||
		problem="$problem apt works outside of the cache, with its $directory;"
done
verdict "the suites that are needed, from the machine's mirrors, with Debian's keys"

new_machine
echo 'mirror+file:/etc/apt/mirrors/debian-security.list/' >"$box/addresses"
run 6.12
ends_with 0
grep -q ' mirror+file:/etc/apt/mirrors/debian.list/ news main$' "$box/sources.list" ||
	problem="$problem other sources: $(cat "$box/sources.list");"
verdict "a list of mirrors, and only that of the security archive"

new_machine
run 6.1
: >"$box/calls"
without_apt
run 6.1.2
ends_with 0
says "Linux 6.1.2 is in the cache already"
calls 0 apt
verdict "in the cache already: no apt, no network"

new_machine
echo tampered >>"$box/mirror/linux-image-6.1.0-2-cloud-amd64_6.1.2-2_amd64.deb"
run 6.1
ends_with 1
says "$asking" "fetching Linux 6.1.2 (0 MB) into $cache" \
	"linux-image-6.1.0-2-cloud-amd64 6.1.2-2 has not the SHA-256 that it should have, $(
		awk '$1 == "6.1.2" { print $6 }' "$box/table"): it is thrown away"
has_kernels '*'
verdict "another sum than the pinned one"

new_machine
withdraw linux-image-6.1.0-2-cloud-amd64
offer linux-image-6.1.0-9-cloud-amd64 6.1.9-1
offer linux-image-6.1.0-10-cloud-amd64 6.1.10-1
offer linux-image-6.1.0-10-amd64 6.1.10-1
offer linux-image-6.11.0-99-cloud-amd64 6.11.99-1
offer linux-image-611.0-99-cloud-amd64 611.99-1
run 6.1
ends_with 0
says "$asking" "the mirror has no Linux 6.1.2 any more: taking 6.1.10, which is not pinned" \
	"fetching Linux 6.1.10 (0 MB) into $cache"
has_kernels 6.1.2
has_package 6.1.2 linux-image-6.1.0-10-cloud-amd64_6.1.10-1_amd64.deb
is_version 6.1.2 6.1.10
verdict "replaced: the newest of its series"

new_machine
withdraw linux-image-6.1.0-2-cloud-amd64
offer linux-image-6.1.0-2-cloud-amd64 6.1.2-3
run 6.1
ends_with 0
has_kernels 6.1.2
has_package 6.1.2 linux-image-6.1.0-2-cloud-amd64_6.1.2-3_amd64.deb
verdict "replaced by a package of the same name"

for half in linux-binary linux-modules; do
	new_machine
	withdraw $half-7.0.4-cloud-amd64
	offer $half-7.0.5-cloud-amd64 7.0.5-1
	run 7.0
	ends_with 1
	says "$asking" "the mirror has no Linux 7.0.4 any more, nor another of its series: $by_hand"
	has_kernels '*'
	verdict "replaced by half: $half of a newer version is not taken with the rest of an older one"
done

new_machine
withdraw linux-modules-7.0.4-cloud-amd64
run 7.0
ends_with 1
says "$asking" "the mirror has no Linux 7.0.4 any more, nor another of its series: $by_hand"
has_kernels '*'
verdict "half of it gone, and no other of its series"

new_machine
cat >"$box/on-a-terminal" <<END
PATH='$box/bin'
exec sh "\$FETCH" "\$CACHE" 6.1 <'$box/table'
END
if command -v script >/dev/null; then
	FETCH=$top_srcdir/vm/fetch.sh CACHE=$cache \
		script -qec "sh '$box/on-a-terminal'" /dev/null >"$box/output" </dev/null
	grep -qF '[############             ]  48 %' "$box/output" || problem="$problem no bar;"
	has_kernels 6.1.2
	verdict "a bar on a terminal"
else
	echo "ok $((number = number + 1)) - a bar on a terminal # SKIP no script(1) here"
fi

new_machine
: >"$box/update.fails"
run 6.1
ends_with 1
says "$asking" \
	"apt cannot read Debian's lists of packages: Failed to fetch InRelease  Temporary failure"
has_kernels '*'
verdict "no network: apt's first error"

new_machine
: >"$box/download.fails"
run 6.1
ends_with 1
says "$asking" "fetching Linux 6.1.2 (0 MB) into $cache" \
	"apt cannot fetch linux-image-6.1.0-2-cloud-amd64 6.1.2-2: Failed to fetch $(
		)linux-image-6.1.0-2-cloud-amd64_6.1.2-2_amd64.deb  Connection reset"
has_kernels '*'
verdict "the network goes while a package comes"

for signal in INT:130 TERM:143 HUP:143; do
	new_machine
	start_and_hold 6.1
	kill -s "${signal%:*}" "$script"
	finish 5
	ends_with "${signal#*:}"
	has_kernels '*'
	apt_is_dead
	verdict "SIG${signal%:*} while a package comes: ends at once, nothing is left"
done

new_machine
start_and_hold 6.1
kill -s KILL "$script"
finish
apt_is_dead 5
[ ! -e "$cache/kernels/6.1.2" ] || problem="$problem half of a kernel can be used;"
ls -d "$cache"/fetching.* >/dev/null || problem="$problem nothing was left to remove;"
rm "$box/hold"
run 6.12
ends_with 0
has_kernels 6.12.3
verdict "SIGKILL while a package comes: the next fetch removes what is left"

new_machine
start_and_hold 6.1
first=$script
start 6.1 6.12
within 60 grep -q waiting "$box/output" || problem="$problem the second one does not wait;"
let_go
finish
ends_with 0
says "waiting for another fetch into $cache" "Linux 6.1.2 is in the cache already" "$asking" \
	"fetching Linux 6.12.3 (0 MB) into $cache"
script=$first
finish
ends_with 0
has_kernels 6.1.2 6.12.3
calls 2 ' download '
verdict "two fetches at once: the second one waits, and fetches the rest"

new_machine
without_apt
run 6.1
ends_with 1
says "there is no apt here to fetch kernels with: $by_hand"
verdict "no apt"

new_machine
printf '%s\n' http://mirror.invalid/ubuntu/ http://mirror.invalid/debian-tools/ >"$box/addresses"
run 6.1
ends_with 1
says "this machine's apt knows no mirror of Debian: $by_hand"
verdict "no mirror of Debian"

new_machine
echo 90000 >"$box/free"
run 6.1
ends_with 1
says "no space in $cache: 100 MB are needed, 92 MB are free; $(
	)HALFOPEN_CACHE names another place"
has_kernels '*'
calls 0 update
verdict "no space: said before anything is fetched"

new_machine
: >"$cache"
run 6.1
ends_with 1
says "cannot write into the cache $cache: Not a directory; HALFOPEN_CACHE names another"
verdict "a cache that cannot be made"

new_machine
run 6.12 5.1
ends_with 1
says "no pinned kernel '5.1'; pinned are $pinned"
calls 0 apt
verdict "an unknown version: says which are pinned"

new_machine
run
ends_with 1
says "which kernels shall be fetched? Pinned are $pinned"
verdict "no version"

echo "1..$number"
