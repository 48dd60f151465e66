# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=sh disable=SC2016,SC2034,SC2154
#
# The clients that are shown on stage, each as a user of it would start it, with whatever time-outs it has
# by itself: a function client_NAME for each. Whoever reads this file says what its words mean:
#
#   needs COMMAND...                what the machine must have for it
#   needs_python MODULE             a Python that has the module, which is $python from then on
#   about TEXT                      what kind of client it is
#   version COMMAND...              what prints its version, in the first line
#   make_ready COMMAND...           what comes before
#   meet [OPTION...] -- CLIENT...   the client, before each state; always the last
#
# They are called in a folder of their own, a copy of this one.

clients='curl curl_upload wget nc python_socket python_asyncio python_requests python_urllib3 node_http
	node_fetch go java redis_cli psql ssh'

# Each state, with a value where it needs one.
states='serving refused dropped lost unreachable flooded cookie-lost half-open half-open=3s deferred
	expired unaccepted reset reset=1s silent slow=1/s slow-read=10/s closing half-closed zero-window
	path-mtu=1280'

# For so long a client is watched. Linux gives a SYN up after 127 s and a little (tcp_syn_retries 6), and what
# comes for a cookie after 121 s is reset.
horizon_of()
{
	case $1 in
	dropped | lost | flooded | cookie-lost) echo 150s ;;
	*) echo 40s ;;
	esac
}

url='http://{host}:{port}/'

client_curl()
{
	needs curl
	about "curl"
	version curl --version
	meet -- curl -sS "$url"
}

client_curl_upload()
{
	needs curl
	about "curl that sends 256 KiB"
	version curl --version
	make_ready sh -c 'head -c 262144 /dev/zero >zeros'
	meet -- curl -sS -T zeros "$url"
}

client_wget()
{
	needs wget
	about "GNU Wget, which tries 20 times by itself"
	version wget --version
	meet -- wget -nv -O- "$url"
}

client_nc()
{
	needs nc.openbsd
	about "OpenBSD's nc, which says \"hello\" and then FIN"
	meet -- sh -c 'echo hello | nc.openbsd -N "$HALFOPEN_HOST" "$HALFOPEN_PORT"'
}

client_python_socket()
{
	needs_python socket
	about "Python's socket.create_connection(), sendall(), recv()"
	version "$python" --version
	meet -- "$python" plain_socket.py '{host}' '{port}'
}

client_python_asyncio()
{
	needs_python asyncio
	about "Python's asyncio.open_connection(), and its streams"
	version "$python" --version
	meet -- "$python" streams.py '{host}' '{port}'
}

client_python_requests()
{
	needs_python requests
	about "Python's requests.get()"
	version "$python" -c 'import requests; print("requests", requests.__version__)'
	meet -- "$python" -c 'import sys, requests; print(requests.get(sys.argv[1]).text)' "$url"
}

client_python_urllib3()
{
	needs_python urllib3
	about "Python's urllib3.PoolManager().request(), which tries again three times by itself"
	version "$python" -c 'import urllib3; print("urllib3", urllib3.__version__)'
	meet -- "$python" -c 'import sys, urllib3; print(urllib3.PoolManager().request("GET", sys.argv[1]).data)' \
		"$url"
}

client_node_http()
{
	needs node
	about "Node.js: http.get()"
	version node -p '"Node.js " + process.version'
	meet -- node http.js "$url"
}

client_node_fetch()
{
	needs node
	about "Node.js: fetch()"
	version node -p '"Node.js " + process.version'
	meet -- node fetch.js "$url"
}

client_go()
{
	needs go
	about "Go: http.Get()"
	version go version
	make_ready env GOCACHE="$PWD/go-cache" go build -o get get.go
	meet -- ./get "$url"
}

# JDKs have 200 MB and more, so nothing installs one.
client_java()
{
	needs java javac
	about "Java: java.net.http.HttpClient"
	version java --version
	make_ready javac Get.java
	meet -- java Get "$url"
}

client_redis_cli()
{
	needs redis-cli
	about "redis-cli PING"
	version redis-cli --version
	meet --answer pong -- redis-cli -h '{host}' -p '{port}' PING
}

# What serves here is no database: an echo.
client_psql()
{
	needs psql
	about "psql; what serves here is an echo"
	version psql --version
	meet -- psql -h '{host}' -p '{port}' -U nobody -d postgres -c 'SELECT 1'
}

client_ssh()
{
	needs ssh
	about "OpenSSH's client; what serves here is an echo"
	version sh -c 'ssh -V 2>&1'
	meet -- ssh -F /dev/null -o BatchMode=yes -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null \
		-p '{port}' 'nobody@{host}' true
}
