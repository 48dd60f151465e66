#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# autogen.sh --install-deps on machines that are made of fake commands: which package manager is
# called for what, as whom, when another kernel is fetched, and what is said where nothing can be
# installed.

set -eu

source=${top_srcdir:?run this with make check}
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

# An empty machine: a shell's tools, an ordinary user, no package manager, netem in the kernel.
new_machine()
{
	rm -rf "${box:?}"/*
	mkdir -p "$box/bin" "$box/source/vm" "$box/library" "$box/package"
	cp "$source/autogen.sh" "$box/source/"
	cp "$source/vm/kernels.tab" "$box/source/vm/"
	cat >"$box/install.sh" <<-END
		case "\$*" in
		*qemu*)
			: >"$box/bin/qemu-system-x86_64"
			chmod +x "$box/bin/qemu-system-x86_64"
			;;
		*nginx)
			[ ! -e "$box/policy" ] || echo "policy: \$(cat "$box/policy")" >>"$box/calls"
			sh "$box/arrive.sh"
			;;
		*) sh "$box/arrive.sh" ;;
		esac
	END
	: >"$box/calls"
	home=/home/user cache='' xdg_cache='' folders=/nonexistent
	for tool in sh env cat cmp sed awk sort tr dirname rm mkdir chmod grep true uniq; do
		ln -s "$(PATH=$real_path command -v "$tool")" "$box/bin/$tool"
	done
	echo 1000 >"$box/uid"
	fake id <<-END
		cat "$box/uid"
	END
	echo x86_64 >"$box/machine"
	fake uname <<-END
		cat "$box/machine"
	END
	: >"$box/netem"
	netem='/tc qdisc add dev lo root netem delay 1ms'
	fake unshare <<-END
		[ ! -e "$box/forbidden" ] || exit 1
		case \$(id -u):\$* in
		0:'-n '*"$netem" | 1000:'-r -n '*"$netem") [ -e "$box/netem" ] ;;
		0:'-n true' | 1000:'-r -n true') ;;
		*) exit 1 ;;
		esac
	END
	fake_fetch <<-END
		[ ! -e "$box/mirror.broken" ]
	END
}

fake_fetch()
{
	{
		echo "echo \"fetch as \$(id -u) \$*\" >>'$box/calls'"
		echo "cmp -s - '$source/vm/kernels.tab' || echo 'not the table' >>'$box/calls'"
		cat
	} >"$box/source/vm/fetch.sh"
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
	has_tool autoconf autoreconf automake make ip tc nginx haproxy apache2 hping3 netstat rsvg-convert \
		lighttpd caddy redis-server memcached pg_lsclusters postgres node gunicorn uvicorn socat sqfstar sshd newuidmap \
		curl wget nc.openbsd redis-cli psql ssh
	has_compiler
	has_pkg_config
	: | fake python3
	has_library headers check libpcap libmnl jansson libxml-2.0 libarchive nettle gnutls
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

without_netem()
{
	rm "$box/netem"
}

# manager NAME: logs its calls; an update brings the package lists, an install brings everything,
# or QEMU.
manager()
{
	fake "$1" <<-END
		echo "$1 \$*" >>"$box/calls"
		[ ! -e "$box/broken" ] || exit 100
		case " \$* " in
		*' update '*) : >"$box/lists" ;;
		*' install '*) sh "$box/install.sh" "\$@" ;;
		esac
	END
}

with_apt()
{
	manager apt-get
	fake apt-cache <<-END
		for last; do :; done
		[ -e "$box/lists" ] && [ ! -e "$box/gone/\$last" ]
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
		-Syu) : >"$box/lists" ;;
		-S) sh "$box/install.sh" "\$@" ;;
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
		status=\$?
		echo 1000 >"$box/uid"
		exit \$status
	END
}

as_root()
{
	echo 0 >"$box/uid"
}

run()
{
	status=0
	PATH="$box/bin" PROGRAM_FOLDERS=$folders CC='' POLICY_RC_D="$box/policy" \
		HOME=$home HALFOPEN_CACHE=$cache XDG_CACHE_HOME=$xdg_cache sh "$box/source/autogen.sh" "$@" \
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

says_not()
{
	! grep -qF -- "$1" "$box/output" || problem="$problem should not have said '$1';"
}

apt_install="apt-get -o DPkg::Lock::Timeout=300 install -y --no-install-recommends"
apt_all="autoconf automake check gcc iproute2 libarchive-dev libc6-dev libjansson-dev libmnl-dev"
apt_all="$apt_all libpcap-dev libxml2-dev make nettle-dev pkg-config"
dnf_all="autoconf automake check-devel gcc glibc-devel iproute iproute-tc jansson-devel"
dnf_all="$dnf_all libarchive-devel libmnl-devel libpcap-devel libxml2-devel make nettle-devel"
dnf_all="$dnf_all pkgconf-pkg-config"
zypper_all="autoconf automake check-devel gcc glibc-devel iproute2 libarchive-devel"
zypper_all="$zypper_all libjansson-devel libmnl-devel libnettle-devel libpcap-devel libxml2-devel"
zypper_all="$zypper_all make pkg-config"
pacman_all="autoconf automake check gcc glibc iproute2 jansson libarchive libmnl libpcap libxml2"
pacman_all="$pacman_all make nettle pkgconf"

# ---- the tests ----------------------------------------------------------------------------------

new_machine
has_everything
with_apt
run --install-deps
ends_with 0
calls "autoreconf -fi"
says "nothing to install"
says_not QEMU
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
says_not "nothing to install"
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
for package in check libpcap-dev libmnl-dev libjansson-dev libarchive-dev nettle-dev; do
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
calls "pacman -Syu --noconfirm" "pacman -S --needed --noconfirm $pacman_all" "autoreconf -fi"
verdict "pacman, root, no package lists yet: new ones, and all packages as new"

new_machine
has_everything
with_apt
mkdir -p "$box/one more" "$box/sbin"
mv "$box/bin/tc" "$box/one more/"
mv "$box/bin/nginx" "$box/sbin/"
folders="/nonexistent:$box/one more:$box/sbin"
run --install-deps
ends_with 0
calls "autoreconf -fi"
says "nothing to install"
verdict "programs where an ordinary user's PATH does not lead are there"

new_machine
folders_of()
{
	sed -n "s,.*$1\(/[^}]*\).*,\1,p" "$source/$2"
}
folders_of '{PROGRAM_FOLDERS-' autogen.sh >"$box/output"
folders_of program_folders= configure.ac >"$box/called"
[ -s "$box/called" ] && cmp -s "$box/output" "$box/called" || problem=" not the same folders;"
verdict "it looks for programs where halfopen will"

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

programs_apt="$apt_install haproxy hping3 nginx"

# A machine that lacks three programs that cases play with.
lacks_programs()
{
	has_everything
	rm "$box/bin/nginx" "$box/bin/haproxy" "$box/bin/hping3"
	prepare_installation
}

new_machine
lacks_programs
with_apt
with_sudo
: >"$box/lists"
has_tool systemctl
run --install-deps
ends_with 0
calls "sudo sh" "$programs_apt" "policy: #!/bin/sh" "exit 101" "systemctl --quiet disable nginx" \
	"systemctl --quiet disable haproxy" "autoreconf -fi"
says "for cases with real servers and tools: haproxy hping3 nginx"
[ ! -e "$box/policy" ] || problem="$problem the policy is still there;"
verdict "apt: servers that cases play with are installed, neither started nor enabled"

new_machine
has_everything
rm "$box/bin/nginx" "$box/bin/sshd"
prepare_installation
with_apt
as_root
: >"$box/lists"
has_tool systemctl
run --install-deps
ends_with 0
calls "$apt_install nginx openssh-server" "systemctl --quiet disable nginx" \
	"systemctl --quiet disable ssh" "autoreconf -fi"
verdict "apt: a service that has another name than its package is not enabled either"

new_machine
lacks_programs
with_apt
as_root
: >"$box/lists"
mkdir "$box/gone"
: >"$box/gone/hping3"
run --install-deps
ends_with 0
calls "apt-get update" "$apt_install haproxy nginx" "policy: #!/bin/sh" "exit 101" "autoreconf -fi"
verdict "apt: a program that this distribution has no longer keeps none of the others away"

new_machine
lacks_programs
with_apt
as_root
: >"$box/lists"
echo mine >"$box/policy"
run --install-deps
ends_with 0
calls "$programs_apt" "policy: mine" "autoreconf -fi"
grep -q mine "$box/policy" || problem="$problem the policy is gone;"
verdict "apt: a policy that is there is left as it is"

new_machine
lacks_programs
with_apt
as_root
: >"$box/lists"
: >"$box/broken"
run --install-deps
ends_with 0
says "no nginx: what plays with it will be skipped"
says "no hping3: what plays with it will be skipped"
[ ! -e "$box/policy" ] || problem="$problem the policy is still there;"
verdict "apt fails for these programs: said, and it goes on"

new_machine
lacks_programs
rm "$box/bin/apache2"
with_rpm dnf
as_root
run --install-deps
ends_with 0
calls "dnf install -y --setopt=install_weak_deps=False haproxy hping3 nginx" "autoreconf -fi"
verdict "dnf: only programs that it has under this name"

new_machine
lacks_programs
with_apt
run --install-deps
ends_with 0
calls "autoreconf -fi"
says "no nginx: what plays with it will be skipped"
verdict "apt, ordinary user without sudo: these programs are gone without"

qemu_apt="$apt_install qemu-system-x86"
fetch_as_user="fetch as 1000 /home/user/.cache/halfopen 6.12"
skipped="wires have no delay, and the cases that wait for minutes will be skipped"

# has_kernel CACHE: the pinned default kernel is in it.
has_kernel()
{
	version=$(awk '$1 ~ /^6[.]12[.]/ { print $1; exit }' "$source/vm/kernels.tab")
	mkdir -p "$1/kernels/$version"
	: >"$1/kernels/$version/SHA256SUMS"
}

new_machine
without_netem
prepare_installation
with_apt
with_sudo
: >"$box/lists"
run --install-deps
ends_with 0
calls "sudo env" "$apt_install $apt_all" "sudo env" "$qemu_apt" "$fetch_as_user" "autoreconf -fi"
says "this kernel has no sch_netem, so wires have no delay here; they have on Linux 6.12 in QEMU"
says "a kernel of 35 MB"
verdict "no netem: QEMU as root, and a kernel as the user"

new_machine
without_netem
has_everything
has_tool qemu-system-x86_64 modprobe
with_apt
cache="$box/my cache"
run --install-deps
ends_with 0
calls "fetch as 1000 $box/my cache 6.12" "autoreconf -fi"
verdict "no netem that works, whatever modprobe says, and QEMU: a kernel into HALFOPEN_CACHE"

# fetches_into HALFOPEN_CACHE XDG_CACHE_HOME FOLDER: on a machine that needs a kernel.
fetches_into()
{
	new_machine
	without_netem
	has_everything
	has_tool qemu-system-x86_64
	home=$box/home cache=$1 xdg_cache=$2
	run --install-deps
	ends_with 0
	calls "fetch as 1000 $3 6.12" "autoreconf -fi"
}

fetches_into '' relative/folder "$box/home/.cache/halfopen"
verdict "a kernel goes to ~/.cache where XDG_CACHE_HOME is relative, as halfopen looks there"
fetches_into '' "$box/xdg" "$box/xdg/halfopen"
verdict "a kernel goes to an absolute XDG_CACHE_HOME"
fetches_into "it's the \"cache\"" "$box/xdg" "$PWD/it's the \"cache\""
verdict "a relative HALFOPEN_CACHE is below where autogen.sh was called"

new_machine
without_netem
has_everything
with_apt
as_root
: >"$box/lists"
xdg_cache=$box/xdg
has_kernel "$box/xdg/halfopen"
run --install-deps
ends_with 0
calls "$qemu_apt" "fetch as 0 $box/xdg/halfopen 6.12" "autoreconf -fi"
verdict "no netem, a kernel is there: QEMU"

new_machine
without_netem
has_everything
has_tool qemu-system-x86_64
with_apt
home=$box/home
has_kernel "$box/home/.cache/halfopen"
run --install-deps
ends_with 0
calls "autoreconf -fi"
says "nothing to install"
says_not netem
verdict "no netem, QEMU and a kernel are there: nothing is installed or fetched"

new_machine
without_netem
has_everything
with_apt
: >"$box/lists"
run --install-deps
ends_with 0
calls "autoreconf -fi"
says "neither sudo nor doas"
says "    env DEBIAN_FRONTEND=noninteractive $qemu_apt"
says "no QEMU: $skipped"
verdict "no netem, and QEMU cannot be installed: said, and it goes on"

for manager in dnf:qemu-system-x86-core zypper:qemu-x86 pacman:qemu-system-x86; do
	new_machine
	without_netem
	has_everything
	case $manager in
	pacman:*) with_pacman ;;
	*) with_rpm "${manager%:*}" ;;
	esac
	as_root
	cp "$source/vm/fetch.sh" "$box/source/vm/"
	run --install-deps
	ends_with 0
	grep -q "^${manager%:*} .* ${manager#*:}\$" "$box/called" || problem="$problem installs no QEMU;"
	says "halfopen: there is no apt here to fetch kernels with"
	says "no other kernel: $skipped"
	verdict "no netem, no apt: QEMU with ${manager%:*}, no kernel, and it goes on"
done

new_machine
without_netem
has_everything
has_tool qemu-system-x86_64
with_apt
: >"$box/mirror.broken"
run --install-deps
ends_with 0
calls "$fetch_as_user" "autoreconf -fi"
says "no other kernel: $skipped"
verdict "no netem, and the fetch fails: said, and it goes on"

new_machine
without_netem
has_everything
has_tool qemu-system-x86_64
home=''
run --install-deps
ends_with 0
calls "autoreconf -fi"
says "HOME is not set and HALFOPEN_CACHE neither: $skipped"
verdict "no netem, and no place for a kernel"

new_machine
without_netem
has_everything
with_apt
echo aarch64 >"$box/machine"
run --install-deps
ends_with 0
calls "autoreconf -fi"
says "takes an x86_64: $skipped"
verdict "no netem, and not an x86_64"

new_machine
has_everything
: >"$box/forbidden"
fake modprobe <<-'END'
	[ "$*" = '-n -q sch_netem' ]
END
run --install-deps
ends_with 0
calls "autoreconf -fi"
says_not netem
verdict "no namespaces to try netem in, but a module"

new_machine
has_everything
: >"$box/forbidden"
fake zcat <<-'END'
	[ "$*" = /proc/config.gz ] && echo CONFIG_NET_SCH_NETEM=y
END
run --install-deps
ends_with 0
calls "autoreconf -fi"
says_not netem
verdict "no namespaces to try netem in, but it is built in"

new_machine
has_everything
has_tool qemu-system-x86_64
: >"$box/forbidden"
fake modprobe <<-'END'
	exit 1
END
fake zcat <<-'END'
	echo CONFIG_NET_SCH_NETEM=m
END
run --install-deps
ends_with 0
calls "$fetch_as_user" "autoreconf -fi"
verdict "no namespaces to try netem in, and no module of it"

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

echo "1..$number"
