#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# autogen.sh --install-deps on machines that are made of fake commands: which package manager is
# called for what, as whom, and what is said where nothing can be installed.

set -eu

autogen=${top_srcdir:?run this with make check}/autogen.sh
box=$(mktemp -d)
trap 'rm -rf "$box"' EXIT
real_path=$PATH

# ---- fake machines ------------------------------------------------------------------------------

fake()
{
	{
		echo '#!/bin/sh'
		cat
	} >"$box/bin/$1"
	chmod +x "$box/bin/$1"
}

# An empty machine: a shell's tools, an ordinary user, no package manager.
new_machine()
{
	rm -rf "${box:?}"/*
	mkdir "$box/bin" "$box/source" "$box/library" "$box/package"
	cp "$autogen" "$box/source/autogen.sh"
	: >"$box/calls"
	for tool in sh env cat sed awk sort tr dirname rm mkdir chmod; do
		ln -s "$(PATH=$real_path command -v "$tool")" "$box/bin/$tool"
	done
	echo 1000 >"$box/uid"
	fake id <<-END
		cat "$box/uid"
	END
}

has_tool()
{
	for tool; do
		fake "$tool" <<-END
			echo "$tool \$*" >>"$box/calls"
		END
	done
}

has_compiler()
{
	fake gcc <<-END
		cat >/dev/null
		[ -e "$box/library/headers" ]
	END
}

has_pkg_config()
{
	fake pkg-config <<-END
		for last; do :; done
		[ -e "$box/library/\${last%% *}" ]
	END
}

has_library()
{
	for library; do
		: >"$box/library/$library"
	done
}

has_everything()
{
	has_tool autoconf autoreconf automake make ip tc
	has_compiler
	has_pkg_config
	has_library headers check libpcap libmnl jansson libxml-2.0
}

# What an installation leads to: arrive.sh gives this machine everything.
prepare_installation()
{
	cp -R "$box/bin" "$box/bin.before"
	cp -R "$box/library" "$box/library.before"
	has_everything
	mv "$box/bin" "$box/bin.after"
	mv "$box/library" "$box/library.after"
	mv "$box/bin.before" "$box/bin"
	mv "$box/library.before" "$box/library"
	cat >"$box/arrive.sh" <<-END
		PATH='$real_path'
		for file in "$box"/bin.after/*; do
			[ -e "$box/bin/\${file##*/}" ] || cp -P "\$file" "$box/bin/"
		done
		cp "$box"/library.after/* "$box/library/"
	END
}

# manager NAME: logs its calls; an update brings the package lists, an install brings everything.
manager()
{
	fake "$1" <<-END
		echo "$1 \$*" >>"$box/calls"
		[ ! -e "$box/broken" ] || exit 100
		case " \$* " in
		*' update '*) : >"$box/lists" ;;
		*' install '*) sh "$box/arrive.sh" ;;
		esac
	END
}

with_apt()
{
	manager apt-get
	fake apt-cache <<-END
		[ -e "$box/lists" ]
	END
	fake dpkg-query <<-END
		for last; do :; done
		[ -e "$box/package/\$last" ] && printf installed
	END
}

with_rpm()
{
	manager "$1"
	fake rpm <<-END
		for last; do :; done
		[ -e "$box/package/\$last" ]
	END
}

with_pacman()
{
	fake pacman <<-END
		for last; do :; done
		case \$1 in
		-Qq) [ -e "$box/package/\$last" ]; exit ;;
		-Si) [ -e "$box/lists" ]; exit ;;
		-Sy) : >"$box/lists" ;;
		-S) sh "$box/arrive.sh" ;;
		esac
		echo "pacman \$*" >>"$box/calls"
	END
}

with_sudo()
{
	fake sudo <<-END
		echo "sudo \$1" >>"$box/calls"
		echo 0 >"$box/uid"
		"\$@"
	END
}

as_root()
{
	echo 0 >"$box/uid"
}

run()
{
	status=0
	PATH="$box/bin" SBIN_PATH='' CC='' sh "$box/source/autogen.sh" "$@" \
		>"$box/output" 2>&1 || status=$?
	grep -v '^autoconf\|^automake' "$box/calls" >"$box/called" || :
}

# ---- what is expected ---------------------------------------------------------------------------

number=0
verdict()
{
	number=$((number + 1))
	if [ -z "$problem" ]; then
		echo "ok $number - $1"
	else
		echo "not ok $number - $1: $problem"
		sed 's/^/# called: /' "$box/called"
		sed 's/^/# output: /' "$box/output"
	fi
	problem=
}

problem=
ends_with()
{
	[ "$status" -eq "$1" ] || problem="$problem exit status $status, not $1;"
}

calls()
{
	[ $# -eq 0 ] || printf '%s\n' "$@" >"$box/expected"
	[ $# -gt 0 ] || : >"$box/expected"
	cmp -s "$box/expected" "$box/called" ||
		problem="$problem should have called '$(cat "$box/expected")';"
}

says()
{
	grep -qF -- "$1" "$box/output" || problem="$problem should have said '$1';"
}

apt_install="apt-get -o DPkg::Lock::Timeout=300 install -y --no-install-recommends"
apt_all="autoconf automake check gcc iproute2 libc6-dev libjansson-dev libmnl-dev libpcap-dev"
apt_all="$apt_all libxml2-dev make pkg-config"
dnf_all="autoconf automake check-devel gcc glibc-devel iproute iproute-tc jansson-devel"
dnf_all="$dnf_all libmnl-devel libpcap-devel libxml2-devel make pkgconf-pkg-config"
zypper_all="autoconf automake check-devel gcc glibc-devel iproute2 libjansson-devel libmnl-devel"
zypper_all="$zypper_all libpcap-devel libxml2-devel make pkg-config"
pacman_all="autoconf automake check gcc glibc iproute2 jansson libmnl libpcap libxml2 make pkgconf"

# ---- the tests ----------------------------------------------------------------------------------

echo 1..16

new_machine
has_everything
with_apt
run --install-deps
ends_with 0
calls "autoreconf -fi"
says "nothing to install"
verdict "nothing missing: no package manager, no root"

new_machine
has_everything
run --install-deps
ends_with 0
calls "autoreconf -fi"
verdict "nothing missing on an unknown distribution"

new_machine
prepare_installation
with_apt
as_root
run --install-deps
ends_with 0
calls "apt-get update" "$apt_install $apt_all" "autoreconf -fi"
verdict "apt, root, empty lists: one update, then all packages"

new_machine
has_everything
rm "$box/library/libmnl" "$box/bin/tc"
prepare_installation
with_apt
as_root
: >"$box/lists"
run --install-deps
ends_with 0
calls "$apt_install iproute2 libmnl-dev" "autoreconf -fi"
verdict "apt, root: only what is missing, no update when the packages are known"

new_machine
has_everything
rm "$box/bin/pkg-config"
prepare_installation
with_apt
as_root
: >"$box/lists"
for package in check libpcap-dev libmnl-dev libjansson-dev; do
	: >"$box/package/$package"
done
run --install-deps
ends_with 0
calls "$apt_install libxml2-dev pkg-config" "autoreconf -fi"
verdict "apt: without pkg-config the package database says which libraries are there"

new_machine
prepare_installation
with_apt
with_sudo
: >"$box/lists"
run --install-deps
ends_with 0
calls "sudo env" "$apt_install $apt_all" "autoreconf -fi"
verdict "apt, ordinary user: sudo for the installation only"

new_machine
prepare_installation
with_apt
run --install-deps
ends_with 1
calls
says "    apt-get update"
says "neither sudo nor doas"
says "$apt_install $apt_all"
verdict "apt, ordinary user without sudo: says what would be installed"

new_machine
prepare_installation
with_apt
as_root
: >"$box/lists"
: >"$box/broken"
run --install-deps
ends_with 1
calls "$apt_install $apt_all" "apt-get update"
says "could not install"
says "$apt_install $apt_all"
verdict "apt fails with old lists: one update is tried, then it says what is missing"

new_machine
prepare_installation
with_rpm dnf
as_root
run --install-deps
ends_with 0
calls "dnf install -y --setopt=install_weak_deps=False $dnf_all" "autoreconf -fi"
verdict "dnf, root"

new_machine
prepare_installation
with_rpm zypper
as_root
run --install-deps
ends_with 0
calls "zypper --non-interactive install --no-recommends $zypper_all" "autoreconf -fi"
verdict "zypper, root"

new_machine
prepare_installation
with_pacman
as_root
run --install-deps
ends_with 0
calls "pacman -Sy" "pacman -S --needed --noconfirm $pacman_all" "autoreconf -fi"
verdict "pacman, root, no package lists yet"

new_machine
run --install-deps
ends_with 1
calls
says "no apt-get, dnf, zypper or pacman"
says "library check >= 0.15"
verdict "an unknown distribution: says what to install by hand"

new_machine
has_everything
rm "$box/library/libmnl"
with_apt
: >"$box/package/libmnl-dev"
run --install-deps
ends_with 1
calls
says "library libmnl"
verdict "a package that is installed and not found is named"

new_machine
with_apt
run
ends_with 1
calls
says "install autoconf and automake"
verdict "without arguments nothing is installed; a missing autoconf is named"

new_machine
run --help
ends_with 0
calls
says "--install-deps"
verdict "--help"

new_machine
run --install-dependencies
ends_with 2
says "Usage:"
verdict "an unknown option"
