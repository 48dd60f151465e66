#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# fetch.sh CACHE VERSION... <kernels.tab: brings the packages of pinned kernels into the cache.
#
# apt does the work, with the machine's own mirror and proxies and a state of its own: the
# machine's sources, lists and packages are not changed, and its hooks are not run. apt checks
# signatures against Debian's keys, this script the pinned SHA-256. Where Debian has replaced a
# pinned version, the newest of the same series is taken and its sum noted.
#
#   CACHE/kernels/VERSION/*.deb       appears whole, by one rename, or not at all
#                        /SHA256SUMS  lines of sum, size in bytes, file
#                        /version     what it is: not VERSION where that was replaced
#   CACHE/lock                        held by a fetch at work; others wait for it
#   CACHE/fetching.*                  what a fetch has so far; the next one removes a killed one's
#
# Exit status 0: all of them are in the cache. 1: not all, and the last line says why.

set -eu

say()
{
	printf 'halfopen: %s\n' "$*" >&2
}

give_up()
{
	say "$@"
	exit 1
}

# ---- the table ----------------------------------------------------------------------------------

rows_of()
{
	printf '%s\n' "$table" | awk -v version="$1" '$1 == version'
}

rows_of_all()
{
	for version; do
		rows_of "$version"
	done
}

all_versions()
{
	printf '%s\n' "$table" | awk '{ print $1 }' | uniq
}

# "6.1" or "6.1.192": the pinned version.
pinned()
{
	all_versions | awk -v word="$1" 'index($1 ".", word ".") == 1 { print; exit }'
}

pinned_versions()
{
	for word; do
		version=$(pinned "$word")
		# shellcheck disable=SC2046 # versions have no blanks
		[ -n "$version" ] || give_up "no pinned kernel '$word'; pinned are" $(all_versions)
		printf '%s\n' "$version"
	done
}

# ---- the cache ----------------------------------------------------------------------------------

is_cached()
{
	[ -e "$cache/kernels/$1/SHA256SUMS" ]
}

# Takes and gives versions, one a line.
lacking()
{
	printf '%s\n' "$1" | awk '!seen[$0]++' | while read -r version; do
		if is_cached "$version"; then
			say "Linux $version is in the cache already"
		else
			printf '%s\n' "$version"
		fi
	done
}

# Runs a command; a signal to this script is heard at once and ends both.
attend()
{
	"$@" &
	child=$!
	status=0
	wait "$child" || status=$?
	child=
	return "$status"
}

clean_up()
{
	[ -z "$child" ] || kill "$child" 2>/dev/null || :
	wait
	[ -z "$private" ] || rm -rf "$private"
}

# The lock is let go of by the last process that has it: nothing is removed from under any.
lock_cache()
{
	exec 9>"$cache/lock"
	flock -n 9 && return
	say "waiting for another fetch into $cache"
	attend flock 9
}

cannot_write()
{
	give_up "cannot write into the cache $cache: ${why##*: }; HALFOPEN_CACHE names another"
}

open_cache()
{
	why=$(mkdir -p "$cache/kernels" 2>&1 && (: >>"$cache/lock") 2>&1) || cannot_write
	lock_cache
	rm -rf "$cache"/fetching.*
	private=$(mktemp -d "$cache/fetching.XXXXXX" 2>&1) || {
		why=$private private=
		cannot_write
	}
}

megabytes()
{
	awk '{ sum += $5 } END { print int(sum / 1e6 + 0.5) }'
}

check_space()
{
	needed=$(($(rows_of_all "$@" | megabytes) + lists_megabytes))
	there=$(df -Pk "$cache" | awk 'NR == 2 { print int($4 * 1.024e-3) }')
	[ "$there" -ge "$needed" ] || give_up "no space in $cache: $needed MB are needed, $there MB" \
		"are free; HALFOPEN_CACHE names another place"
}

# ---- apt with a state of its own ----------------------------------------------------------------

# What apt's lists take besides the packages: sid's, the longest, take 75 MB with an index.
lists_megabytes=100

# The address that the machine's apt has for an archive. It may be that of a list of mirrors, as on
# Debian's images for clouds.
mirror()
{
	# shellcheck disable=SC2016 # apt's variable
	apt-get indextargets --no-release-info --format '$(REPO_URI)' 2>/dev/null |
		grep -E "/$1(\\.list)?/?\$" | sort -u | head -n 1
}

find_mirrors()
{
	command -v apt-get >/dev/null 2>&1 ||
		give_up "there is no apt here to fetch kernels with: $by_hand"
	archive=$(mirror debian)
	security=$(mirror debian-security)
	[ -n "$archive" ] ||
		archive=$(printf '%s' "$security" | sed 's,debian-security\([^/]*/*\)$,debian\1,')
	[ -n "$security" ] ||
		security=$(printf '%s' "$archive" | sed 's,debian\([^/]*/*\)$,debian-security\1,')
	[ -n "$archive" ] || give_up "this machine's apt knows no mirror of Debian: $by_hand"
}

source_line()
{
	case $1 in
	*-security) uri=$security ;;
	*) uri=$archive ;;
	esac
	printf 'deb [arch=amd64 targets=Packages signed-by=%s] %s %s main\n' \
		/usr/share/keyrings/debian-archive-keyring.gpg "$uri" "$1"
}

# Comes after the machine's own configuration and so has the last word.
configure_apt()
{
	mkdir -p "$private/lists/partial" "$private/archives/partial" "$private/none" "$private/new"
	mkfifo "$private/progress"
	: >"$private/status"
	for suite in $(rows_of_all "$@" | awk '{ print $2 }' | tr , '\n' | sort -u); do
		source_line "$suite"
	done >"$private/sources.list"
	cat >"$private/apt.conf" <<-'END'
		#clear APT::Update;
		APT::Update::Error-Mode "any";
		APT::Architecture "amd64";
		#clear APT::Architectures;
		APT::Architectures { "amd64"; };
		APT::Default-Release "";
		APT::Get::AllowUnauthenticated "false";
		APT::Sandbox::User "root";
		Acquire::AllowInsecureRepositories "false";
		Acquire::GzipIndexes "true";
		Acquire::Languages "none";
		Acquire::Retries "3";
		Dir::State::lists "lists";
		Dir::Cache::archives "archives";
		Dir::Cache::pkgcache "pkgcache.bin";
	END
}

# with_state COMMAND ARGUMENT...: a line of apt.conf cannot have every path, an option can.
with_state()
{
	command=$1
	shift
	"$command" -c "$private/apt.conf" \
		-o "Dir::State=$private" \
		-o "Dir::State::status=$private/status" \
		-o "Dir::Cache=$private" \
		-o "Dir::Etc::sourcelist=$private/sources.list" \
		-o "Dir::Etc::sourceparts=$private/none" \
		-o "Dir::Etc::preferences=$private/none/preferences" \
		-o "Dir::Etc::preferencesparts=$private/none" \
		"$@"
}

# apt-get says on descriptor 3 how far it is; a terminal gets a bar.
show_progress()
{
	[ -t 2 ] || exec cat >/dev/null
	while IFS=: read -r kind _ percent _; do
		[ "$kind" = dlstatus ] || continue
		whole=${percent%%.*}
		bar=$(printf "%$((whole / 4))s" '' | tr ' ' '#')
		printf '\r  [%-25s] %3d %%' "$bar" "$whole" >&2
	done
	printf '\r\033[K' >&2
}

# A process of its own, see attend(), that ends with this script, also when that is killed.
become_apt_get()
{
	cd "$private/new"
	exec setpriv --pdeathsig TERM apt-get -qq "$@" 3>"$private/progress" >"$private/log" 2>&1
}

# Where it fails, $reason is the first error that it reported.
apt_get()
{
	show_progress <"$private/progress" 9>&- &
	result=0
	attend with_state become_apt_get -o APT::Status-Fd=3 "$@" || result=$?
	wait # for the bar to be gone
	[ "$result" -ne 0 ] || return 0
	reason=$(grep -m 1 '^E: ' "$private/log" || tail -n 1 "$private/log")
	reason=${reason#E: }
	: "${reason:=it does not say why; is there space left in $cache?}"
	return 1
}

read_lists()
{
	say "asking the mirror of Debian what kernels it has"
	apt_get update || give_up "apt cannot read Debian's lists of packages: $reason"
}

# ---- which packages -----------------------------------------------------------------------------

apt_cache()
{
	with_state apt-cache "$@" 2>/dev/null
}

is_offered()
{
	apt_cache madison "$1" | awk -v version="$2" -F ' *[|] *' '
		$2 == version { found = 1 }
		END { exit !found }'
}

all_offered()
{
	rows_of "$1" | while read -r _ _ package version _; do
		is_offered "$package" "$version" || exit 1
	done
}

# The newest package "linux-KIND-SERIES.*-cloud-amd64".
newest()
{
	series=$(printf '%s' "$2" | sed 's/\./\\./g')
	apt_cache search --names-only "^linux-$1-${series}[.][^ ]*-cloud-amd64\$" |
		awk '{ print $1 }' | sort -V | tail -n 1
}

row_of_package()
{
	apt_cache show --no-all-versions "$1" | awk -v suites="$2" '
		$1 == "Package:" { package = $2 }
		$1 == "Version:" { version = $2 }
		$1 == "Size:" { size = $2 }
		$1 == "SHA256:" { sum = $2 }
		END {
			upstream = version
			sub(/[-+~].*/, "", upstream)
			print upstream, suites, package, version, size, sum
		}'
}

# Rows like the table's for the newest of the series of @1; fails unless it has all the packages.
newest_rows()
{
	rows_of "$1" | while read -r version suites package _; do
		kind=${package#linux-}
		package=$(newest "${kind%%-*}" "${version%.*}")
		[ -n "$package" ] || exit 1
		row_of_package "$package" "$suites"
	done
}

are_of_one_version()
{
	[ "$(awk '{ print $4 }' "$1" | sort -u | wc -l)" -eq 1 ]
}

# Into $private/rows: what to fetch for a pinned version.
choose()
{
	rows_of "$1" >"$private/rows"
	! all_offered "$1" || return 0
	{ newest_rows "$1" >"$private/rows" && are_of_one_version "$private/rows"; } ||
		give_up "the mirror has no Linux $1 any more, nor another of its series: $by_hand"
	say "the mirror has no Linux $1 any more: taking $(version_chosen), which is not pinned"
}

version_chosen()
{
	awk '{ print $1; exit }' "$private/rows"
}

# ---- fetching -----------------------------------------------------------------------------------

has_sum()
{
	[ "$(sha256sum <"$1")" = "$2  -" ]
}

fetch_package()
{
	apt_get download "$1=$2" || give_up "apt cannot fetch $1 $2: $reason"
	file=$(find "$private/new" -name "$1_*.deb")
	has_sum "${file:-/dev/null}" "$3" ||
		give_up "$1 $2 has not the SHA-256 that it should have, $3: it is thrown away"
	mv "$file" "$private/new/$1.deb"
}

fetch()
{
	choose "$1"
	say "fetching Linux $(version_chosen) ($(megabytes <"$private/rows") MB) into $cache"
	while read -r _ _ package version size sum; do
		fetch_package "$package" "$version" "$sum"
		printf '%s\n' "$sum $size $package.deb" >>"$private/new/SHA256SUMS"
	done <"$private/rows"
	version_chosen >"$private/new/version"
	rm -rf "$cache/kernels/$1"
	mv "$private/new" "$cache/kernels/$1"
	mkdir "$private/new"
}

# ---- from the arguments -------------------------------------------------------------------------

export LC_ALL=C # apt's errors are read, versions sorted
by_hand="get a kernel by other means and name its path, as in --kernel /boot/vmlinuz-VERSION"
table=$(grep -v '^#' || :)
[ -n "$table" ] || give_up "no table of kernels on the standard input"
# shellcheck disable=SC2046 # versions have no blanks
[ $# -ge 2 ] || give_up "which kernels shall be fetched? Pinned are" $(all_versions)
case $1 in
/*) cache=$1 ;;
*) cache=$PWD/$1 ;;
esac
shift
wanted=$(pinned_versions "$@")
wanted=$(lacking "$wanted")
[ -n "$wanted" ] || exit 0
find_mirrors

child='' private=''
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP
open_cache
wanted=$(lacking "$wanted")
# shellcheck disable=SC2086 # versions have no blanks
set -- $wanted
[ $# -gt 0 ] || exit 0
check_space "$@"
configure_apt "$@"
read_lists
for wanted; do
	fetch "$wanted"
done
