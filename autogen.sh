#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# From a checkout to a ./configure. With --install-deps, first installs what the build and a run
# need and this machine lacks, and where its kernel lacks what cases need, QEMU and another kernel;
# where nothing is lacking, that takes neither root nor the network.

set -eu

usage()
{
	cat <<'END'
Usage: ./autogen.sh [--install-deps]

Makes ./configure with autoreconf.

  --install-deps  first install what is missing to build and to run, with apt, dnf, zypper or
                  pacman; asks for root (sudo, doas) only when something is missing.
                  On the way also the servers and tools that single cases play with
                  (nginx, HAProxy, Apache httpd, hping3, netstat), GnuTLS for
                  halfopen try --tls, the servers that tests/programs/ tries (another
                  90 MB with apt, 55 of them PostgreSQL's), none of which is started, and
                  the clients of tests/clients/, and pytest (some 20 MB).
                  Where the kernel has no sch_netem, so that wires have no delay here, on x86_64
                  also QEMU, and a kernel of Debian that has it, into the cache
                  ($HALFOPEN_CACHE, else ~/.cache/halfopen)
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
library:libarchive    libarchive-dev libarchive-devel    libarchive-devel  libarchive
library:nettle        nettle-dev     nettle-devel        libnettle-devel   nettle
command:ip            iproute2       iproute             iproute2          iproute2
command:tc            iproute2       iproute-tc          iproute2          iproute2
END
}

# What playing cases on another kernel takes besides.
vm_needs()
{
	cat <<'END'
command:qemu-system-x86_64  qemu-system-x86  qemu-system-x86-core  qemu-x86  qemu-system-x86
END
}

# What single cases and tests play with, and what --tls takes; "-" where there is no such package, or its program has another name.
# Not Go's compiler, which is as large as all of it: Caddy is the net/http server that is brought.
program_needs()
{
	awk -v column="$(column_of_packages)" '$column != "-"' <<'END'
command:nginx         nginx           nginx              nginx                 nginx
command:haproxy       haproxy         haproxy            haproxy               haproxy
command:apache2       apache2-bin     -                  -                     -
command:hping3        hping3          hping3             -                     -
command:netstat       net-tools       net-tools          net-tools-deprecated  net-tools
command:rsvg-convert  librsvg2-bin    librsvg2-tools     rsvg-convert          librsvg
command:lighttpd      lighttpd        lighttpd           lighttpd              lighttpd
command:caddy         caddy           caddy              caddy                 caddy
command:redis-server  redis-server    -                  redis                 -
command:memcached     memcached       memcached          memcached             memcached
command:pg_lsclusters postgresql      -                  -                     -
command:postgres      -               postgresql-server  postgresql-server     postgresql
command:node          nodejs          nodejs             nodejs-default        nodejs
command:gunicorn      gunicorn        python3-gunicorn   python3-gunicorn      gunicorn
command:uvicorn       uvicorn         python3-uvicorn    python3-uvicorn       uvicorn
command:socat         socat           socat              socat                 socat
command:sqfstar       squashfs-tools  squashfs-tools     squashfs              squashfs-tools
command:sshd          openssh-server  openssh-server     openssh-server        openssh
command:newuidmap     uidmap          shadow-utils       shadow                shadow
command:curl          curl            curl               curl                  curl
command:wget          wget            wget               wget                  wget
command:nc.openbsd    netcat-openbsd  -                  -                     -
command:redis-cli     redis-tools     -                  -                     -
command:psql          postgresql-client postgresql       postgresql            postgresql-libs
command:ssh           openssh-client  openssh-clients    openssh-clients       openssh
python:requests       python3-requests python3-requests  python3-requests      python-requests
python:pytest         python3-pytest  python3-pytest     python3-pytest        python-pytest
python:yaml           python3-yaml    python3-pyyaml     python3-PyYAML        python-yaml
library:gnutls>=3.6   libgnutls28-dev gnutls-devel       libgnutls-devel       gnutls
END
}

# Where halfopen looks for programs behind PATH (configure.ac): an ordinary user's PATH on Debian
# leaves out where tc is.
program_folders=${PROGRAM_FOLDERS-/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin}

path_of()
{
	PATH=$PATH:$program_folders command -v "$1" 2>/dev/null
}

has_command()
{
	path_of "$1" >/dev/null
}

# The distribution's own Python has its modules, not one that somebody has put in front of it.
has_python()
{
	PATH=$program_folders:$PATH python3 -c "import $1" 2>/dev/null
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
	python:*) has_python "${1#python:}" ;;
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

# missing_needs TABLE: "needs", "vm_needs" or "program_needs".
missing_needs()
{
	"$1" | while read -r need _; do
		is_there "$need" || printf '%s\n' "$need"
	done
}

# Where a table of needs has the language of the package manager.
column_of_packages()
{
	case $manager in
	apt-get) echo 2 ;;
	dnf) echo 3 ;;
	zypper) echo 4 ;;
	pacman) echo 5 ;;
	esac
}

package_of()
{
	{ needs && vm_needs && program_needs; } |
		awk -v need="$1" -v column="$(column_of_packages)" '$1 == need { print $column }'
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

knows()
{
	case $manager in
	apt-get) apt-cache show "$1" >/dev/null 2>&1 ;;
	pacman) pacman -Si "$1" >/dev/null 2>&1 ;;
	esac
}

known_packages()
{
	for package in $packages; do
		! knows "$package" || printf '%s\n' "$package"
	done | tr '\n' ' ' | sed 's/ $//'
}

knows_all()
{
	[ "$(known_packages)" = "$packages" ]
}

# Arch has no partial upgrades: new lists are for a machine whose packages are all as new.
refresh_command()
{
	case $manager in
	apt-get) echo apt-get update ;;
	pacman) echo pacman -Syu --noconfirm ;;
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

list_missing()
{
	printf '%s\n' "$missing" | sed 's/^/    /; s/:/ /; s/>=/ >= /' >&2
}

# provide TABLE: installs what is missing of it, or says what to do and exits.
provide()
{
	missing=$(missing_needs "$1")
	[ -n "$missing" ] || return 0
	idle=
	if ! manager=$(package_manager); then
		complain "no apt-get, dnf, zypper or pacman here; install these by hand:"
		list_missing
		exit 1
	fi
	packages=$(missing_packages)
	if [ -n "$packages" ]; then
		say "missing: $packages"
		find_root || explain_and_exit "not root, and neither sudo nor doas here"
		install_packages || explain_and_exit "could not install what is missing"
	fi
	missing=$(missing_needs "$1")
	if [ -n "$missing" ]; then
		complain "the packages are installed, yet these are not found (PATH? PKG_CONFIG_PATH?):"
		list_missing
		exit 1
	fi
}

# ---- another kernel -----------------------------------------------------------------------------

# In a network namespace of its own; an ordinary user needs a user namespace around it.
in_namespace()
{
	user=-r
	[ "$(id -u)" -ne 0 ] || user=
	unshare ${user:+"$user"} -n "$@" >/dev/null 2>&1
}

has_module()
{
	modprobe=$(path_of modprobe) && "$modprobe" -n -q "$1" 2>/dev/null
}

is_built_in()
{
	zcat /proc/config.gz 2>/dev/null | grep -q "^$1=y"
}

# Tried for real where that is allowed.
has_netem()
{
	tc=$(path_of tc) && in_namespace "$tc" qdisc add dev lo root netem delay 1ms && return
	! in_namespace true || return 1
	has_module sch_netem || is_built_in CONFIG_NET_SCH_NETEM
}

rows_of_kernel()
{
	awk -v series="$kernel." 'index($1, series) == 1' vm/kernels.tab
}

# Where halfopen keeps kernels, too (cache_path() in vm/store.c).
find_cache()
{
	case ${XDG_CACHE_HOME:-} in
	/*) caches=$XDG_CACHE_HOME ;;
	*) caches=${HOME:+$HOME/.cache} ;; # the XDG specification: relative paths are to be ignored
	esac
	cache=${HALFOPEN_CACHE:-${caches:+$caches/halfopen}}
	case $cache in
	'') return 1 ;;
	/*) ;;
	*) cache=$called_in/$cache ;;
	esac
}

has_kernel()
{
	[ -e "$cache/kernels/$(rows_of_kernel | awk '{ print $1; exit }')/SHA256SUMS" ]
}

go_without()
{
	complain "$1: wires have no delay, and the cases that wait for minutes will be skipped"
}

# A wire with a delay is on another kernel, and cases that wait for minutes go there by themselves.
# Without that, too, there is much to play.
provide_kernel()
{
	if [ "$(uname -m)" != x86_64 ]; then
		go_without "this kernel has no sch_netem, and another in QEMU takes an x86_64"
	elif ! find_cache; then
		go_without "no place for another kernel, HOME is not set and HALFOPEN_CACHE neither"
	elif has_kernel && [ -z "$(missing_needs vm_needs)" ]; then
		return
	else
		idle=
		size=$(rows_of_kernel | awk '{ size += $5 } END { print int(size / 1e6 + 0.5) }')
		say "this kernel has no sch_netem, so wires have no delay here; they have on Linux $kernel" \
			"in QEMU (halfopen run --kernel vm), which takes QEMU and a kernel of $size MB, once"
		(provide vm_needs) || {
			go_without "no QEMU"
			return
		}
		sh vm/fetch.sh "$cache" "$kernel" <vm/kernels.tab || go_without "no other kernel"
	fi
}

# ---- programs that cases play with --------------------------------------------------------------

# On Debian the package of a server starts it, now and at each boot, unless this script forbids the
# one, and something disables the other.
policy=${POLICY_RC_D-/usr/sbin/policy-rc.d}

# shellcheck disable=SC2016 # as root, in a shell of its own: "$1" is the policy, the rest installs.
quietly='
	policy=$1
	shift
	if [ ! -e "$policy" ]; then
		trap "rm -f \"$policy\"" EXIT
		printf "#!/bin/sh\nexit 101\n" >"$policy"
		chmod +x "$policy"
	fi
	"$@" || exit
	for server in nginx haproxy lighttpd caddy redis-server memcached postgresql openssh-server:ssh; do
		case " $* " in
		*" ${server%:*} "*)
			! command -v systemctl >/dev/null || systemctl --quiet disable ${server#*:} || :
			;;
		esac
	done
'

install_programs()
{
	[ "$manager" = apt-get ] || {
		install
		return
	}
	say "running, and nothing is started: ${root:+$root }$(install_command)"
	# shellcheck disable=SC2046 # words without blanks
	${root:+"$root"} sh -c "$quietly" sh "$policy" $(install_command)
}

# A machine without them skips those cases, so nothing here fails, and a name that a distribution has
# no longer keeps none of the others away.
provide_programs()
{
	manager=$(package_manager) || return 0
	missing=$(missing_needs program_needs)
	[ -n "$missing" ] || return 0
	idle=
	packages=$(missing_packages)
	if [ -n "$packages" ]; then
		say "missing, for cases with real servers and tools: $packages"
		if find_root && { knows_all || refresh; }; then
			packages=$(known_packages)
			[ -z "$packages" ] || install_programs || :
		fi
		missing=$(missing_needs program_needs)
	fi
	for need in $missing; do
		say "no ${need#*:}: what plays with it will be skipped"
	done
}

install_deps()
{
	idle=yes
	provide needs
	provide_programs
	has_netem || provide_kernel
	[ -z "$idle" ] || say "nothing to install, all is there"
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
	say "now: ./configure && make -j"
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

kernel=6.12 # halfopen's default, see vm/kernels.tab
called_in=$PWD
CDPATH='' cd -- "$(dirname -- "$0")"
[ $# -eq 0 ] || install_deps
make_configure
