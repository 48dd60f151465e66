#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# From a checkout to a ./configure. With --install-deps, first installs what the build and a run
# need and this machine lacks; where nothing is lacking, that takes neither root nor the network.

set -eu

usage()
{
	cat <<'END'
Usage: ./autogen.sh [--install-deps]

Makes ./configure with autoreconf.

  --install-deps  first install what is missing to build and to run, with apt, dnf, zypper or
                  pacman; asks for root (sudo, doas) only when something is missing
  --help          this text
END
}

say()
{
	printf 'autogen.sh: %s\n' "$*"
}

complain()
{
	say "$@" >&2
}

# What is needed, and the package that has it with apt, dnf, zypper and pacman.
needs()
{
	cat <<'END'
command:autoconf      autoconf       autoconf            autoconf          autoconf
command:automake      automake       automake            automake          automake
command:make          make           make                make              make
compiler              gcc            gcc                 gcc               gcc
headers               libc6-dev      glibc-devel         glibc-devel       glibc
command:pkg-config    pkg-config     pkgconf-pkg-config  pkg-config        pkgconf
library:check>=0.15   check          check-devel         check-devel       check
library:libpcap       libpcap-dev    libpcap-devel       libpcap-devel     libpcap
library:libmnl        libmnl-dev     libmnl-devel        libmnl-devel      libmnl
library:jansson       libjansson-dev jansson-devel       libjansson-devel  jansson
library:libxml-2.0    libxml2-dev    libxml2-devel       libxml2-devel     libxml2
command:ip            iproute2       iproute             iproute2          iproute2
command:tc            iproute2       iproute-tc          iproute2          iproute2
END
}

# An ordinary user's PATH on Debian leaves out where tc is.
has_command()
{
	command -v "$1" >/dev/null 2>&1 && return
	for directory in ${SBIN_PATH-/usr/sbin /sbin}; do
		[ ! -x "$directory/$1" ] || return 0
	done
	return 1
}

compiler()
{
	for candidate in ${CC-} gcc cc clang; do
		if command -v "$candidate" >/dev/null 2>&1; then
			printf '%s\n' "$candidate"
			return
		fi
	done
	return 1
}

has_headers()
{
	cc=$(compiler) || return 1
	printf '#include <stdio.h>\n#include <linux/netlink.h>\n' |
		"$cc" -E - >/dev/null 2>&1
}

has_library()
{
	requirement=$(printf '%s\n' "$1" | sed 's/>=/ >= /')
	pkg-config --exists "$requirement" 2>/dev/null
}

is_there()
{
	case $1 in
	command:*) has_command "${1#command:}" ;;
	library:*) has_library "${1#library:}" ;;
	compiler) compiler >/dev/null ;;
	headers) has_headers ;;
	esac
}

package_manager()
{
	for manager in apt-get dnf zypper pacman; do
		if command -v "$manager" >/dev/null 2>&1; then
			printf '%s\n' "$manager"
			return
		fi
	done
	return 1
}

is_installed()
{
	case $manager in
	apt-get)
		status=$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null) &&
			[ "$status" = installed ]
		;;
	dnf | zypper) rpm -q --whatprovides "$1" >/dev/null 2>&1 ;;
	pacman) pacman -Qq "$1" >/dev/null 2>&1 ;;
	esac
}

missing_needs()
{
	needs | while read -r need _; do
		is_there "$need" || printf '%s\n' "$need"
	done
}

# The package of a need, in the language of the package manager.
package_of()
{
	case $manager in
	apt-get) column=2 ;;
	dnf) column=3 ;;
	zypper) column=4 ;;
	pacman) column=5 ;;
	esac
	needs | awk -v need="$1" -v column="$column" '$1 == need { print $column }'
}

# A library cannot be seen without pkg-config, so the package database has the last word.
missing_packages()
{
	for need in $missing; do
		package=$(package_of "$need")
		is_installed "$package" || printf '%s\n' "$package"
	done | sort -u | tr '\n' ' ' | sed 's/ $//'
}

# How this user becomes root: nothing, "sudo" or "doas".
find_root()
{
	root=
	[ "$(id -u)" -ne 0 ] || return 0
	for root in sudo doas; do
		! command -v "$root" >/dev/null 2>&1 || return 0
	done
	root=
	return 1
}

knows_all()
{
	for package in $packages; do
		case $manager in
		apt-get) apt-cache show "$package" >/dev/null 2>&1 || return 1 ;;
		pacman) pacman -Si "$package" >/dev/null 2>&1 || return 1 ;;
		esac
	done
}

refresh_command()
{
	case $manager in
	apt-get) echo apt-get update ;;
	pacman) echo pacman -Sy ;;
	esac
}

install_command()
{
	case $manager in
	apt-get)
		echo env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=300 \
			install -y --no-install-recommends "$packages"
		;;
	dnf) echo dnf install -y --setopt=install_weak_deps=False "$packages" ;;
	zypper) echo zypper --non-interactive install --no-recommends "$packages" ;;
	pacman) echo pacman -S --needed --noconfirm "$packages" ;;
	esac
}

as_superuser()
{
	say "running: ${root:+$root }$*"
	${root:+"$root"} "$@"
}

refresh()
{
	# shellcheck disable=SC2046 # words without blanks
	as_superuser $(refresh_command)
}

install()
{
	# shellcheck disable=SC2046 # words without blanks
	as_superuser $(install_command)
}

# Lists that are old name versions that the mirror has no longer: then once more with new ones.
install_packages()
{
	if ! knows_all; then
		refresh && install
	elif install; then
		return
	else
		[ -n "$(refresh_command)" ] && refresh && install
	fi
}

explain_and_exit()
{
	complain "$1; would run, as root:"
	knows_all || complain "    $(refresh_command)"
	complain "    $(install_command)"
	exit 1
}

install_deps()
{
	missing=$(missing_needs)
	if [ -z "$missing" ]; then
		say "nothing to install, all is there"
		return
	fi
	if ! manager=$(package_manager); then
		complain "no apt-get, dnf, zypper or pacman here; install these by hand:"
		printf '%s\n' "$missing" | sed 's/^/    /; s/:/ /; s/>=/ >= /' >&2
		exit 1
	fi
	packages=$(missing_packages)
	if [ -n "$packages" ]; then
		say "missing: $packages"
		find_root || explain_and_exit "not root, and neither sudo nor doas here"
		install_packages || explain_and_exit "could not install what is missing"
	fi
	missing=$(missing_needs)
	if [ -n "$missing" ]; then
		complain "the packages are installed, yet these are not found (PATH? PKG_CONFIG_PATH?):"
		printf '%s\n' "$missing" | sed 's/^/    /; s/:/ /; s/>=/ >= /' >&2
		exit 1
	fi
}

make_configure()
{
	for tool in autoreconf automake; do
		if ! command -v "$tool" >/dev/null 2>&1; then
			complain "$tool is missing: install autoconf and automake," \
				"or run ./autogen.sh --install-deps"
			exit 1
		fi
	done
	autoreconf -fi
	say "now: ./configure && make"
}

case $#:${1-} in
0:) ;;
1:--install-deps) ;;
1:--help | 1:-h)
	usage
	exit
	;;
*)
	usage >&2
	exit 2
	;;
esac

cd "$(dirname "$0")"
[ $# -eq 0 ] || install_deps
make_configure
