#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Who a server is that is tried: its caller, where that is an ordinary user; another one, where he has a
# range of users (/etc/subuid), or is root, on a machine or in a container with the capabilities of
# docs/ci.md. What is not here is skipped.

set -u

# with_fakes.sh runs $fake, wherever it is.
FAKE_HALFOPEN=${HALFOPEN:-${top_builddir:-.}/halfopen}
# shellcheck source-path=SCRIPTDIR source=with_fakes.sh
. "${top_srcdir:-.}/tests/with_fakes.sh"

# A folder that every user reaches, with a program that every user may run.
place=$(mktemp -d) || exit 99
trap 'chmod -R u+w "$work"; rm -rf "$work" "$place"' EXIT
chmod 755 "$place"
install -m 755 "$fake" "$place/halfopen"
mkdir "$place/left" "$place/closed"
chmod 700 "$place/closed"
cat >"$place/who.py" <<'END_OF_SERVER'
# Says who it is; with an argument it becomes www-data when it listens, as servers do.
import http.server, os, sys

class Who(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        answer = b"I am %d %d\n" % (os.getuid(), os.getgid())
        self.send_response(200)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

server = http.server.ThreadingHTTPServer(("", 8080), Who)
if sys.argv[1:]:
    os.setgroups([])
    os.setgid(33)
    os.setuid(33)
server.serve_forever()
END_OF_SERVER
cat >"$place/nginx.conf" <<'END_OF_SERVER'
user www-data;
worker_processes 2;
daemon off;
pid /tmp/halfopen-test-nginx.pid;
error_log stderr;
events { }
http {
	access_log off;
	client_body_temp_path /tmp/halfopen-test-nginx-body;
	proxy_temp_path /tmp/halfopen-test-nginx-proxy;
	fastcgi_temp_path /tmp/halfopen-test-nginx-fastcgi;
	uwsgi_temp_path /tmp/halfopen-test-nginx-uwsgi;
	scgi_temp_path /tmp/halfopen-test-nginx-scgi;
	server {
		listen 8080;
		location / { return 200 "dropped\n"; }
	}
}
END_OF_SERVER

# The caller's number and group, and what makes a command his.
if [ "$(id -u)" -eq 0 ]; then
	caller=65534 group=65534
	as_caller="setpriv --reuid=65534 --regid=65534 --clear-groups env HOME=$place/left"
	chown 65534:65534 "$place/left"
else
	caller=$(id -u) group=$(id -g)
	as_caller='env'
fi

# try_as COMMAND ARGUMENT...: a trial of one client, by that command, in that folder.
try_as()
{
	as=$1
	shift
	status=0
	rm -rf "$place/left/try"
	# shellcheck disable=SC2086 # a command is words
	(cd "$place" && exec $as "$place/halfopen" try --scenario one --family ipv4 --no-report \
		--artifacts "$place/left/try" "$@") >out 2>err </dev/null || status=$?
}

# plays NAME COMMAND ARGUMENT...: it is tried, and nothing is found.
plays()
{
	case=$1
	shift
	try_as "$@"
	[ "$status" -ne 77 ] || {
		skip "$case" "$(tail -n 1 err)"
		return
	}
	check "$case" ended 0
}

# refuses NAME TEXT COMMAND ARGUMENT...: it cannot be, and one line says what it takes.
refuses()
{
	case=$1 text=$2
	shift 2
	try_as "$@"
	check "$case: an error of the run" ended 99
	check "$case: it is said what that takes" one_line "$text"
}

has_range()
{
	grep -qs "^\($(id -un "$caller")\|$caller\):" /etc/subuid
}

# ---- an ordinary user ------------------------------------------------------------------------------

if ! python3 -c '' 2>/dev/null; then
	echo '1..0 # SKIP no Python here'
	exit 0
fi
try_as "$as_caller" -- python3 "$place/who.py"
if [ "$status" -eq 77 ]; then
	echo "1..0 # SKIP $(tail -n 1 err)"
	exit 0
fi

plays 'the server of an ordinary user is its caller' \
	"$as_caller" --expect "I am $caller $group" -- python3 "$place/who.py"
if [ "$(id -u)" -eq 0 ]; then
	try_as "$as_caller" --cwd "$place/closed" -- python3 "$place/who.py"
	check 'a folder that is closed to him is wrong usage' ended 2
	check 'a folder that is closed to him is named' one_line "closed .*: Permission denied"
	ln -s "$(command -v sh)" "$place/closed/python3"
	plays 'another one starts what he may, where he may, whatever its caller has before him' \
		"env -C $place/closed PATH=$place/closed:/usr/bin:/bin" --user nobody --cwd "$place" \
		--expect 'I am 65534' -- python3 "$place/who.py"
fi
if has_range; then
	skip 'without a range there is nobody else' 'the caller has a range'
else
	refuses 'without a range there is nobody else' 'cannot become the user .*/etc/subuid' \
		"$as_caller" --user www-data -- python3 "$place/who.py"
	refuses 'without a range one that drops to another ends' 'PermissionError' \
		"$as_caller" -- python3 "$place/who.py" drops
fi

# ---- with a range of users -------------------------------------------------------------------------

# in_range COMMAND...: the caller has a range there, whatever the machine's files say.
cat >"$place/in_range" <<'END_OF_SCRIPT'
mount --make-rprivate / && mount --bind "$1" /etc/subuid && mount --bind "$1" /etc/subgid || exit 77
shift
exec "$@"
END_OF_SCRIPT
echo "$caller:200000:65536" >"$place/range"

if has_range; then
	in_range=
elif [ "$(id -u)" -eq 0 ] && [ -e /etc/subuid ] && [ -e /etc/subgid ] &&
	unshare -m sh "$place/in_range" "$place/range" true 2>/dev/null; then
	in_range="unshare -m sh $place/in_range $place/range"
else
	in_range=none
fi
if [ "$in_range" = none ] || ! command -v newuidmap >/dev/null; then
	skip 'with a range of users' 'no newuidmap, or no range, here'
else
	plays 'with a range the server is its caller, too' \
		"$in_range $as_caller" --expect "I am $caller $group" -- python3 "$place/who.py"
	plays 'with a range it may be another one' \
		"$in_range $as_caller" --user www-data --expect 'I am 33 33' -- python3 "$place/who.py"
	plays 'with a range one that is root there drops to another one' \
		"$in_range $as_caller" --user root --expect 'I am 33 33' -- python3 "$place/who.py" drops
fi

# ---- root ------------------------------------------------------------------------------------------

# As a container of docs/ci.md is started: what Docker gives, and three capabilities more.
container='setpriv --bounding-set=-all,+audit_write,+chown,+dac_override,+fowner,+fsetid,+kill,+mknod'
container="$container,+setfcap,+setgid,+setpcap,+setuid,+net_bind_service,+sys_chroot"
container="$container,+net_raw,+net_admin,+sys_admin"

# play_as_root NAME COMMAND
play_as_root()
{
	plays "$1: a server that drops to another user" "$2" --expect 'I am 33 33' -- \
		python3 "$place/who.py" drops
	plays "$1: --user" "$2" --user www-data --expect 'I am 33 33' -- python3 "$place/who.py"
	if PATH=$PATH:/usr/sbin command -v nginx >/dev/null; then
		plays "$1: nginx with workers of www-data" "$2" --expect dropped -- \
			nginx -p "$place" -c "$place/nginx.conf"
		check "$1: its workers are looked into" says 'waits.*nginx (2 processes, 2 threads): in epoll'
	else
		skip "$1: nginx with workers of www-data" 'no nginx here'
	fi
}

if [ "$(id -u)" -eq 0 ]; then
	play_as_root 'root' env
	if $container true 2>/dev/null; then
		play_as_root 'root with the capabilities of a container' "$container"
	else
		skip 'root with the capabilities of a container' 'setpriv cannot bound them here'
	fi
else
	skip 'root' 'the caller is another one'
fi
echo "1..$number"
