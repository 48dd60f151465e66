#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# `halfopen try` with more clients than a CPU's queue takes frames, with fewer descriptors than clients,
# with answers that are too long to be read by many, with reload commands that need the server, and
# with servers that take their time.

set -u

# with_fakes.sh runs $fake, wherever it is.
FAKE_HALFOPEN=${HALFOPEN:-${top_builddir:-.}/halfopen}
server=$(realpath "${top_builddir:-.}/tests/servers/events")
# shellcheck source-path=SCRIPTDIR source=with_fakes.sh
. "${top_srcdir:-.}/tests/with_fakes.sh"

# How many the outcome says are served.
served()
{
	sed -n 's/^ *ipv4  *\([0-9]*\)  served .*/\1/p' out
}

run try --scenario one --family ipv4 -- "$server"
if [ "$status" -eq 77 ]; then
	skip 'trials' "$(cat err)"
	echo "1..$number"
	exit 0
fi

# ---- many clients ----------------------------------------------------------------------------------

# Who is not answered sends its SYN again, all at a few ticks: nobody accepts them.
cat >never.py <<'END'
import signal, socket
listener = socket.create_server(("", 8000), backlog=5)
signal.pause()
END
run try --scenario burst --family ipv4 --clients 3000 --patience 3 --request x -- python3 never.py
check 'three thousand whom nobody answers: none of their frames is lost' ended 1
check 'each of them is told' says ' 3000  still not connected '
run try --scenario burst --family ipv4 --clients 3000 -- "$server"
check 'three thousand are served' [ "$(served)" -eq 3006 ]
run try --scenario burst --family ipv4 -- "$server"
check 'a backlog of 511: twice as many come' [ "$(served)" -eq 1028 ]

# Without CAP_SYS_RESOURCE the limit stays as it is.
drop=
[ "$(id -u)" -ne 0 ] || drop='setpriv --bounding-set=-sys_resource'
# shellcheck disable=SC2086,SC3045 # those are words; dash and bash have ulimit -n
(ulimit -n 400 && exec $drop "$fake" try --scenario burst --family ipv4 --clients 1000 -- "$server") \
	>out 2>err </dev/null
check 'with few descriptors fewer come' [ "$(served)" -eq 256 ]
check 'and it is said how many' \
	says 'not seen: 1000 clients at once: each is a descriptor, and no more than 400 may be open'

# ---- long answers ----------------------------------------------------------------------------------

cat >long.py <<'END'
import http.server, signal, socketserver, sys
class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Length", str(20 << 20))
        self.end_headers()
        begun = reloads
        try:
            for _ in range(20 * 16):
                self.wfile.write(bytes(1 << 16))
                if "cuts" in sys.argv and reloads > begun:
                    return
        except OSError:
            pass
    def log_message(self, *_):
        pass
class Server(socketserver.ThreadingMixIn, http.server.HTTPServer):
    daemon_threads = True
    request_queue_size = 128
reloads = 0
def reload(*_):
    global reloads
    reloads += 1
signal.signal(signal.SIGHUP, reload)
Server(("", 8000), Answer).serve_forever()
END
run try --scenario one,burst,silent --family ipv4 --clients 30 -- python3 long.py
check 'answers of 20 MiB: nothing is found' ended 0
check 'who is alone reads eight of them' says 'not seen: the end of answers of more than 8192 KiB'
check 'others read less' says 'not seen: the end of answers of more than 64 KiB'
run try --scenario reload --family ipv4 --reload-signal HUP -- python3 long.py
check 'answers of 20 MiB at a reload: nothing is found' ended 0
run try --scenario reload --family ipv4 --reload-signal HUP -- python3 long.py cuts
check 'one that is cut long after its first part is found' says 'FOUND cut-answer-at-reload'

# ---- reload commands -------------------------------------------------------------------------------

# reloads COMMAND: with the pid of the main process in the file "pid".
reloads()
{
	# shellcheck disable=SC2016 # that shell's own
	run try --scenario reload --family ipv4 --patience 4 --reload "$1" -- \
		sh -c 'echo $$ >pid; exec "$1"' sh "$server"
}

if command -v curl >/dev/null; then
	# shellcheck disable=SC2016 # that shell's own
	reloads 'curl -s localhost:8080/ && kill -HUP $(cat pid)'
	check 'a reload command that talks to the server, which is stopped just then' ended 0
else
	skip 'a reload command that talks to the server' 'there is no curl'
fi
# shellcheck disable=SC2016 # that shell's own
reloads 'sleep 0.5; kill -HUP $(cat pid); echo reloaded'
check 'one that takes its time' ended 0
check 'what it says is kept' grep -q reloaded artifacts/try/reload/ipv4/reload.log
reloads 'sleep 1000'
check 'one that never ends: an error of the run' ended 99
check 'one that never ends: it is said' says "command of --reload, 'sleep 1000', has not ended"

# ---- slow servers ----------------------------------------------------------------------------------

cat >slow.py <<'END'
import http.server, socketserver, time
class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        global late
        time.sleep(late)
        late = 0
        self.send_response(200)
        self.send_header("Content-Length", "6")
        self.end_headers()
        self.wfile.write(b"HELLO\n")
class Server(socketserver.ThreadingMixIn, http.server.HTTPServer):
    request_queue_size = 128
late = 2
time.sleep(3)
Server(("", 8000), Answer).serve_forever()
END
run try --scenario one --family ipv4 -- python3 slow.py
check 'one that takes its time to listen, and to answer: nothing is found' ended 0
check 'its answer is waited for' says '^clients send *GET / HTTP/1.0'
echo "1..$number"
