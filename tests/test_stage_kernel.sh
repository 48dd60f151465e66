#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# `halfopen stage --kernel`: a client of this machine is met in a guest, in virtual time. Needs QEMU,
# sqfstar and a kernel in the cache; is skipped without.

set -u

# with_fakes.sh runs $fake, wherever it is.
FAKE_HALFOPEN=${HALFOPEN:-${top_builddir:-.}/halfopen}
client=$(realpath "${top_srcdir:-.}/tests/clients/plain_socket.py")
# shellcheck source-path=SCRIPTDIR source=with_fakes.sh
. "${top_srcdir:-.}/tests/with_fakes.sh"

# What refuses() of with_fakes.sh calls.
# shellcheck disable=SC2034
command=stage wrong=125

refuses 'something to bring to this host' 'add --kernel' silent --bring /etc -- true
refuses "a guest's clock on this host" 'add --kernel' silent --time real -- true
refuses 'a listener in a guest' 'nobody reaches a guest' silent --kernel vm --listen 8080
refuses 'a kernel that is not there' "no pinned kernel '1.0'" silent --kernel 1.0 -- true

if ! command -v python3 >/dev/null; then
	skip 'clients in a guest' 'no python3 here'
	echo "1..$number"
	exit 0
fi

cp "$client" . || exit 99
run stage serving --kernel vm --family ipv4 -- /usr/bin/env python3 plain_socket.py '{host}' '{port}'
case $(cat err) in
*'not in the cache'* | *'no qemu-system'* | *'are x86-64'* | *'no program sqfstar'* | *'no user namespaces'*)
	skip 'clients in a guest' "$(head -n 1 err)"
	echo "1..$number"
	exit 0
	;;
esac
check 'before a server that answers: exit 0' ended 0
check 'what the client prints is printed' says '^b.HTTP/1.1 200 OK' out
check 'a line for the connection' says '^halfopen: serving: connected after .*\[held: ' err
check "the kernel is the guest's" grep -q '"kernel": "6.12' artifacts/stage/stage.json
check 'the artifacts are here' [ -s artifacts/stage/stage/ipv4/case.pcapng ]

# A SYN is sent again until 127 s have gone, and what connect() says comes four seconds later.
run stage lost --kernel vm --family ipv4 --expect-exit 110 -- /usr/bin/env python3 -c \
	'import socket, sys; sys.exit(socket.socket().connect_ex((sys.argv[1], int(sys.argv[2]))))' '{host}' '{port}'
check 'minutes: its connect() fails as it would here' ended 0
check 'minutes: they are over when the kernel says so' says 'exited with 110 after 1[23][0-9]' err

run stage silent --kernel vm --family ipv4 --timeout 5m -- /usr/bin/env python3 plain_socket.py '{host}' '{port}'
check 'a client that never ends is ended: 128 and the signal' ended 143
check 'a client that never ends: when it was to be' says 'the client was ended after 300\.' err
check 'a client that never ends: it was looked at each second' says 'silent: .*looked at [3-9][0-9][0-9] times' err
echo "1..$number"
