# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=sh disable=SC2034
#
# The servers that trials are shown with, each as a user of it would start it: a function server_NAME for
# each. Whoever reads this file says what its words mean:
#
#   needs COMMAND...                   what the machine must have for it
#   about TEXT                         what kind of server it is
#   backlog N|TEXT                     what it asks listen() for
#   finds FINDING SCENARIO TEXT        what it does wrong, and what there is to say of that
#   may_find FINDING SCENARIO TEXT     the same, where not each trial shows it
#   ends_after_one                     it serves one client, and ends
#   make_ready COMMAND...              what comes before the trial
#   try [OPTION...] -- SERVER [ARG...] the trial; always the last
#
# They are called in a folder of their own, a copy of this one.

servers='nginx nginx_daemon apache haproxy lighttpd caddy go redis redis_daemon memcached postgres node
	http_server asyncio gunicorn gunicorn_threads uvicorn uvicorn_workers socat socat_once
	socket_activate socket_activate_each sshd'

as_nobody='setpriv --reuid=nobody --regid=nogroup --clear-groups'

server_nginx()
{
	needs nginx
	about "a master, and workers that wait by epoll"
	backlog 511
	try --stop-signal QUIT --reload-signal HUP -- nginx -p "$PWD" -c nginx.conf -g 'daemon off;'
}

server_nginx_daemon()
{
	needs nginx
	about "the same in the background, as it is by itself"
	backlog 511
	try --stop-signal QUIT --reload-signal HUP -- nginx -p "$PWD" -c nginx.conf
}

server_apache()
{
	needs apache2
	about "Apache httpd, mpm_event: processes with a thread that waits by epoll, and many that answer"
	backlog 511
	try --stop-signal WINCH --reload-signal USR1 --env "HERE=$PWD" -- \
		apache2 -f "$PWD/httpd.conf" -DFOREGROUND
}

server_haproxy()
{
	needs haproxy
	about "a master, and a worker of which each thread waits by epoll; a Unix socket beside"
	backlog 200
	try --stop-signal USR1 --reload-signal USR2 -- haproxy -W -f haproxy.cfg
}

server_lighttpd()
{
	needs lighttpd
	about "a process that waits by epoll"
	backlog 1024
	finds spins-without-descriptors descriptors "It knows of its limit what it was at the start, and
		takes fewer clients than that; when the limit is lowered later, or the machine has no
		file left (ENFILE), it asks epoll and accept() again and again."
	try --stop-signal INT --reload-signal USR1 -- lighttpd -D -f lighttpd.conf
}

server_caddy()
{
	needs caddy
	about "Go's net/http: goroutines, and edge-triggered epoll; a second port on loopback"
	backlog 'as many as net.core.somaxconn allows'
	finds deaf-after-accept-error errors "Serve() returns at an error that is not temporary by its own
		account, as ENOBUFS, ENOMEM and EPERM: the listener is closed, and the program goes on."
	try --port 8080 --reload 'caddy reload' -- caddy run
}

server_go()
{
	needs go
	about "Go's net/http in a program of ten lines"
	backlog 'as many as net.core.somaxconn allows'
	finds dies-of-accept-error errors "Serve() returns as above, and log.Fatal() ends the program, as in
		most."
	make_ready env GOCACHE="$PWD/go-cache" go build -o server server.go
	try -- ./server
}

server_redis()
{
	needs redis-server
	about "a thread that waits by epoll"
	backlog 511
	finds spins-without-descriptors descriptors "It knows of its limit what it was at the start, and
		refuses clients in words before; when the limit is lowered later, or the machine has no
		file left (ENFILE), it asks epoll and accept() again and again, and logs each time."
	try --request 'PING\r\n' --expect +PONG -- redis-server --protected-mode no
}

server_redis_daemon()
{
	needs redis-server
	about "the same in the background"
	backlog 511
	finds spins-without-descriptors descriptors "As above."
	try --request 'PING\r\n' --expect +PONG -- redis-server --protected-mode no --daemonize yes
}

server_memcached()
{
	needs memcached
	about "a thread that waits by epoll and accepts, and four that serve; as root it becomes nobody"
	backlog 1024
	try --request 'version\r\n' --expect VERSION -- memcached -u nobody
}

# It refuses to be root. What is asked is whether it would speak TLS: it says no (N).
server_postgres()
{
	postgres=$(command -v postgres || echo /usr/lib/postgresql/*/bin/postgres)
	postgres=${postgres##* }
	needs "$postgres"
	about "a postmaster that waits by poll, and a process for each client; a Unix socket beside"
	backlog 'twice the processes that it may have'
	user=
	if [ "$(id -u)" -eq 0 ]; then
		user=nobody
		make_ready chown nobody .
	fi
	make_ready ${user:+$as_nobody} "${postgres%/*}/initdb" -N -A trust -D data
	try --stop-signal INT --reload-signal HUP --request '\0\0\0\x08\x04\xd2\x16/' --expect N \
		${user:+--user "$user"} -- "$postgres" -D "$PWD/data" -h '*' -k "$PWD"
}

server_node()
{
	needs node
	about "Node.js: one thread with an event loop"
	backlog 511
	try -- node server.js
}

server_http_server()
{
	needs python3
	about "Python's http.server: a thread for each client"
	backlog 5
	finds spins-without-descriptors descriptors "socketserver drops the error of accept(), and its
		selector reports the listener again at once."
	try -- python3 -m http.server 8080 -d www
}

server_asyncio()
{
	needs python3
	about "Python's asyncio: one thread with an event loop"
	backlog 100
	try --request 'hello\n' --expect hello -- python3 streams.py
}

server_gunicorn()
{
	needs gunicorn
	about "its sync worker: a process that serves one client after the other"
	backlog 2048
	finds silent-client-blocks-others silent "Its manual says so: such a worker is for a place behind
		a proxy that buffers, as nginx."
	finds unserved-while-draining stop "The arbiter closes its listener, but not that of the worker,
		which waits for the silent client until the graceful timeout (30 s)."
	try --reload-signal HUP -- gunicorn -b :8080 app:wsgi
}

server_gunicorn_threads()
{
	needs gunicorn
	about "its gthread worker: two processes with four threads each"
	backlog 2048
	try --reload-signal HUP -- gunicorn -b :8080 -w 2 --threads 4 app:wsgi
}

server_uvicorn()
{
	needs uvicorn
	about "asyncio's loop, with an ASGI application"
	backlog 2048
	may_find spins-without-descriptors descriptors "asyncio tries accept() once for each place in the
		backlog, with a traceback each time, before it rests for a second; with a backlog of
		2048 that takes longer than the second on a slow or busy machine."
	try -- uvicorn --host 0.0.0.0 --port 8080 app:asgi
}

server_uvicorn_workers()
{
	needs uvicorn
	about "the same, with a parent and two workers that share the listener"
	backlog 2048
	may_find spins-without-descriptors descriptors "As above, in each worker."
	try -- uvicorn --host 0.0.0.0 --port 8080 --workers 2 app:asgi
}

server_socat()
{
	needs socat
	about "a process for each client"
	backlog 5
	finds dies-of-accept-error errors "An error of accept() ends it, whichever it is."
	try --request 'hello\n' --expect hello -- socat TCP-LISTEN:8080,reuseaddr,fork EXEC:cat
}

server_socat_once()
{
	needs socat
	about "without fork it serves one client, and ends"
	backlog 5
	ends_after_one
	finds dies-of-accept-error errors "As above."
	try --request 'hello\n' --expect hello -- socat TCP-LISTEN:8080,reuseaddr EXEC:cat
}

server_socket_activate()
{
	needs systemd-socket-activate gunicorn
	about "it listens, and becomes the server when the first client comes"
	backlog 2147483647
	try --reload-signal HUP -- systemd-socket-activate -l 8080 -E PATH gunicorn --threads 4 app:wsgi
}

server_socket_activate_each()
{
	needs systemd-socket-activate
	about "a process for each client, as inetd did"
	backlog 2147483647
	finds dies-of-accept-error errors "It is a tool to test with, and an error of accept() ends it."
	try --request 'hello\n' --expect hello -- systemd-socket-activate -l 8080 -a --inetd cat
}

# On two ports, in the background.
server_sshd()
{
	needs sshd ssh-keygen
	about "a process for each client; on two ports, in the background"
	backlog 128
	finds refused-at-reload reload "At SIGHUP it closes its listeners, begins anew, and listens again."
	make_ready ssh-keygen -q -t ed25519 -N '' -f hostkey
	try --port 2222 --expect SSH-2 --reload-signal HUP -- /usr/sbin/sshd \
		-f /dev/null -h "$PWD/hostkey" -o PidFile="$PWD/sshd.pid" -p 2222 -p 2223
}
