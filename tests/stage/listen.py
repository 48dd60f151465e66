# SPDX-License-Identifier: GPL-2.0-or-later
"""
listen.py HALFOPEN: `halfopen stage STATE --listen`, each state as plain clients on loopback and `ss` see
it. TAP. In a network namespace of its own, as it changes a sysctl.
"""
import json
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time

HALFOPEN = os.path.abspath(sys.argv[1])
tests = []


def test(function):
	tests.append(function)
	return function


class Stage:
	"""One that listens; at the end self.lines, self.errors and self.status are there."""

	def __init__(self, *words, listen="127.0.0.1:0", ports=1, stdin=subprocess.PIPE, before=()):
		self.process = subprocess.Popen([*before, HALFOPEN, "stage", *words, "--listen", listen],
				stdin=stdin, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
		self.ready = [self.process.stdout.readline() for _ in range(ports)]
		self.ports = [int(re.search(r":(\d+)[:\"]", line).group(1)) for line in self.ready]
		self.port = self.ports[0]

	def end(self, status=0, how=None):
		how = how or self.process.stdin.close
		how()
		self.process.stdin = None
		out, err = self.process.communicate(timeout=20)
		self.lines, self.errors, self.status = out.splitlines(), err.splitlines(), self.process.returncode
		assert self.status == status, (self.status, self.lines, self.errors)
		return self

	def says(self, pattern):
		assert any(re.search(pattern, line) for line in self.lines), (pattern, self.lines)


def connect(stage, timeout=5, port=None, host="127.0.0.1"):
	return socket.create_connection((host, port or stage.port), timeout)


def receive(client, timeout=5):
	"""All until the end, or None behind it where there is none."""
	client.settimeout(timeout)
	got = b""
	try:
		while part := client.recv(65536):
			got += part
	except socket.timeout:
		return got, "waits"
	except ConnectionResetError:
		return got, "reset"
	return got, "end"


def exactly(client, length):
	got = b""
	while len(got) < length and (part := client.recv(length - len(got))):
		got += part
	return got


GET = b"GET / HTTP/1.1\r\nHost: stage\r\n\r\n"
BODY = b"Served by halfopen stage.\n"


def sockets(port):
	"""(state, receive queue, send queue) of those at the server's port."""
	lines = subprocess.run(["ss", "-Htan", f"sport = :{port}"], capture_output=True, text=True).stdout
	return [(w[0], int(w[1]), int(w[2])) for w in map(str.split, lines.splitlines())]


def within(seconds, condition):
	end = time.monotonic() + seconds
	while not condition():
		assert time.monotonic() < end, "it did not come"
		time.sleep(0.02)


def sysctl(name, value):
	with open("/proc/sys/" + name.replace(".", "/"), "w") as file:
		file.write(str(value))


def ticks(stage):
	"""Of CPU, so far."""
	fields = open(f"/proc/{stage.process.pid}/stat").read().rpartition(")")[2].split()
	return int(fields[11]) + int(fields[12])


def states_of(port):
	return sorted(s for s, _, _ in sockets(port) if s != "TIME-WAIT")


# ---- a server that answers ------------------------------------------------------------------------------


def response(client):
	head = b""
	while b"\r\n\r\n" not in head:
		part = client.recv(1)
		if not part:
			return head, b""
		head += part
	length = int(re.search(rb"Content-Length: (\d+)", head).group(1))
	return head, exactly(client, length)


@test
def serving_answers_http_again_and_again_over_one_connection():
	stage = Stage("serving")
	client = connect(stage)
	requests = [
		GET,
		b"\r\nPOST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello",
		b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nwiki\r\n10;x=y\r\n"
		+ b"0123456789abcdef\r\n0\r\nTrailer: x\r\n\r\n",
		GET + GET,
	]
	for request in requests:
		for part in (request[:3], request[3:-2], request[-2:]):
			client.sendall(part)
			time.sleep(0.01)
		for _ in range(request.count(b"HTTP/1.1")):
			head, body = response(client)
			assert head.startswith(b"HTTP/1.1 200 OK\r\n") and b"keep-alive" in head, head
			assert body == BODY, body
	client.close()
	within(5, lambda: states_of(stage.port) == ["LISTEN"])
	stage.end().says(r"met serving: the client closed after .*answered$")


@test
def serving_closes_where_http_has_it_so():
	stage = Stage("serving")
	for request in (b"GET / HTTP/1.1\r\nConnection: close\r\n\r\n", b"GET / HTTP/1.0\r\n\r\n"):
		client = connect(stage)
		client.sendall(request)
		got, end = receive(client)
		assert end == "end" and got.endswith(b"\r\n\r\n" + BODY) and b"Connection: close" in got, got
	client = connect(stage)
	client.sendall(b"GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n")
	assert receive(client, 0.3)[1] == "waits"
	stage.end().says("served and closed after")


@test
def serving_knows_head_and_expect():
	stage = Stage("serving")
	client = connect(stage)
	client.sendall(b"POST / HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n")
	assert exactly(client, 25) == b"HTTP/1.1 100 Continue\r\n\r\n"
	client.sendall(b"ok")
	assert response(client)[1] == BODY
	client.sendall(b"HEAD / HTTP/1.1\r\n\r\n")
	got, end = receive(client, 0.3)
	assert end == "waits" and got.endswith(b"\r\n\r\n") and b"Content-Length: 26" in got, got
	stage.end()


@test
def serving_ends_a_conversation_that_is_no_http():
	stage = Stage("serving")
	for request in (b"GET / HTTP/1.1\r\nX: " + b"x" * 20000, b"POST / HTTP/1.1\r\nTransfer-Encoding: "
			b"chunked\r\n\r\nno size\r\n"):
		client = connect(stage)
		client.sendall(request)
		got, _ = receive(client)
		assert got.startswith(b"HTTP/1.1 400 "), got
	stage.end()


@test
def serving_echoes_what_is_no_http():
	stage = Stage("serving")
	client = connect(stage)
	sent = os.urandom(3000000)
	for at in range(0, len(sent), 500000):
		client.sendall(b"G" * (at == 0) + sent[at:at + 500000])
		assert exactly(client, 500000 + (at == 0)) == b"G" * (at == 0) + sent[at:at + 500000]
	client.shutdown(socket.SHUT_WR)
	assert receive(client) == (b"", "end")
	stage.end().says("the client closed after .* 3000001 bytes read; 3000001 bytes answered")


@test
def serving_says_what_a_file_has():
	with tempfile.NamedTemporaryFile() as file:
		for content, request, expected in (
				(b"a body", GET, b"Content-Length: 6\r\nConnection: keep-alive\r\n\r\na body"),
				(b"a banner", b"hello", b"a banner"),
				(b"HTTP/1.1 503 Busy\r\n\r\nwait", GET, b"HTTP/1.1 503 Busy\r\n\r\nwait")):
			file.seek(0)
			file.truncate()
			file.write(content)
			file.flush()
			stage = Stage("serving", "--answer", file.name)
			client = connect(stage)
			client.sendall(request)
			got, _ = receive(client, 0.3)
			assert got.endswith(expected), got
			stage.end()


# ---- before accept() ------------------------------------------------------------------------------------


@test
def refused_is_refused():
	stage = Stage("refused")
	for _ in range(3):
		try:
			connect(stage)
			assert False, "connected"
		except ConnectionRefusedError:
			pass
	assert states_of(stage.port) == []
	time.sleep(1)
	assert ticks(stage) < os.sysconf("SC_CLK_TCK") / 2, "it spins"
	stage.end()
	assert sum("met refused: refused after 0.0 s" in line for line in stage.lines) == 3, stage.lines


# Without CAP_NET_RAW, which a packet socket needs.
UNSEEING = ("setpriv", "--bounding-set", "-net_raw", "--inh-caps", "-net_raw")


@test
def refused_and_dropped_are_not_seen_without_the_right():
	stage = Stage("refused", before=UNSEEING)
	assert meets(stage) == "F"
	stage.end().says("refused: 0 connections, who was refused is neither seen nor counted")
	stage = Stage("dropped", before=UNSEEING)
	assert meets(stage) == "D"
	stage.end().says("dropped: 0 connections; SYNs dropped in this network: 1, counted, not seen")
	done = subprocess.run([*UNSEEING, HALFOPEN, "stage", "refused", "--first", "1", "--listen", "0"],
			stdin=subprocess.DEVNULL, capture_output=True, text=True)
	assert done.returncode == 125 and "without CAP_NET_RAW" in done.stderr, done


@test
def dropped_is_dropped_and_counted():
	stage = Stage("dropped")
	client = socket.socket()
	client.settimeout(1.5)
	try:
		client.connect(("127.0.0.1", stage.port))
		assert False, "connected"
	except socket.timeout:
		pass
	assert ("LISTEN", 1, 0) in sockets(stage.port), sockets(stage.port)
	stage.end().says("SYNs dropped in this network: 2$")
	stage.says("met dropped: it was there to the end after 1.[4-9] s; 2 SYNs dropped, the last after 1.[01] s")


@test
def half_open_is_connected_and_the_server_never_hears():
	stage = Stage("half-open")
	client = connect(stage)
	client.sendall(GET)
	assert receive(client, 1.5) == (b"", "waits")
	assert states_of(stage.port) == ["LISTEN", "SYN-RECV"]
	other = connect(stage)
	time.sleep(0.5)
	other.close()
	time.sleep(0.3)
	stage.end().says("met half-open: it was there to the end after 2.[0-9] s$")
	stage.says("met half-open: the client closed after 0.[3-6] s$")


@test
def half_open_outlives_what_the_machine_has_for_requests():
	sysctl("net.ipv4.tcp_synack_retries", 1)  # two seconds, and one more
	stage = Stage("half-open")
	client = connect(stage)
	time.sleep(5)
	assert "SYN-RECV" in states_of(stage.port)
	sysctl("net.ipv4.tcp_synack_retries", 5)
	stage.end()


@test
def half_open_sees_a_client_that_resets():
	stage = Stage("half-open")
	client = connect(stage)
	within(5, lambda: "SYN-RECV" in states_of(stage.port))
	time.sleep(0.3)
	client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
	client.close()
	within(5, lambda: "SYN-RECV" not in states_of(stage.port))
	time.sleep(0.3)
	stage.end().says("met half-open: the client reset it after 0.[3-9] s")


@test
def half_open_for_a_time_is_answered_then():
	stage = Stage("half-open=1s")
	client = connect(stage)
	began = time.monotonic()
	client.sendall(GET)
	head, body = response(client)
	assert body == BODY and 1 <= time.monotonic() - began < 4, time.monotonic() - began
	client.sendall(GET)
	assert response(client)[1] == BODY
	client.close()
	within(5, lambda: states_of(stage.port) == ["LISTEN"])
	stage.end().says("met half-open=1s: the client closed")


@test
def deferred_ends_with_the_first_byte():
	stage = Stage("deferred")
	client = connect(stage)
	time.sleep(0.5)
	assert states_of(stage.port) == ["LISTEN", "SYN-RECV"]
	client.sendall(b"hello")
	assert exactly(client, 5) == b"hello"
	quick = connect(stage)
	quick.sendall(b"at once")
	assert exactly(quick, 7) == b"at once"
	idle = connect(stage)
	time.sleep(0.3)
	stage.end()
	assert len([line for line in stage.lines if " met deferred: " in line]) == 3, stage.lines


@test
def unaccepted_waits_in_the_accept_queue():
	stage = Stage("unaccepted")
	client = connect(stage)
	client.sendall(GET)
	assert receive(client, 1.2) == (b"", "waits")
	assert ("LISTEN", 1, 4096) in sockets(stage.port) and ("ESTAB", len(GET), 0) in sockets(stage.port)
	client.close()
	other = connect(stage)
	time.sleep(1.2)
	other.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
	other.close()
	time.sleep(0.3)
	stage.end()
	stage.says(f"the client closed after 1.[2-9] s; {len(GET)} bytes never read$")
	stage.says("the client reset it after 1.[2-9] s$")


# ---- after accept() -------------------------------------------------------------------------------------


@test
def silent_is_read_and_never_answered():
	stage = Stage("silent")
	client = connect(stage)
	client.sendall(GET)
	client.shutdown(socket.SHUT_WR)
	assert receive(client, 1.2) == (b"", "waits")
	assert ("CLOSE-WAIT", 0, 0) in sockets(stage.port), sockets(stage.port)
	stage.end().says(f"met silent: the client closed after 0.0 s; {len(GET)} bytes read$")


@test
def reset_comes_at_once_or_when_it_is_due():
	stage = Stage("reset")
	assert receive(connect(stage)) == (b"", "reset")
	stage.end().says("met reset: reset after 0.0 s")
	stage = Stage("reset=400ms")
	client, began = connect(stage), time.monotonic()
	client.sendall(GET)
	assert receive(client) == (b"", "reset") and 0.39 < time.monotonic() - began < 1
	stage.end().says("met reset=400ms: reset after 0.4 s")


@test
def reset_comes_after_just_so_much_of_the_answer():
	stage = Stage("reset=10000")
	client = connect(stage)
	client.sendall(GET)
	got, end = receive(client)
	assert (len(got), end) == (10000, "reset") and got.startswith(b"HTTP/1.1 200"), (len(got), end)
	echo = connect(stage)
	echo.sendall(b"x" * 9999)
	assert exactly(echo, 9999) == b"x" * 9999 and receive(echo, 0.3)[1] == "waits"
	echo.sendall(b"yz")
	assert receive(echo) == (b"y", "reset")
	stage.end().says("reset after .* 10000 bytes answered$")


@test
def closing_resets_what_comes_later():
	stage = Stage("closing")
	client = connect(stage)
	assert receive(client) == (b"", "end")
	time.sleep(0.1)
	assert "FIN-WAIT-2" in states_of(stage.port)
	client.sendall(b"too late")
	time.sleep(0.2)
	try:
		client.sendall(b"and again")
		assert False, "no reset"
	except (BrokenPipeError, ConnectionResetError):
		pass
	stage.end().says("met closing: closed after 0.[1-9] s")
	stage = Stage("closing=50")
	client = connect(stage)
	client.sendall(GET)
	got, end = receive(client)
	assert (len(got), end) == (50, "end"), (got, end)
	stage.end()


@test
def half_closed_goes_on_reading():
	stage = Stage("half-closed=300ms")
	client = connect(stage)
	assert receive(client, 0.1)[1] == "waits"
	assert receive(client) == (b"", "end")
	for _ in range(20):
		client.sendall(b"x" * 100000)
	client.close()
	within(5, lambda: states_of(stage.port) == ["LISTEN"])
	stage.end().says("met half-closed=300ms: the client closed after .* 2000000 bytes read")


@test
def slow_trickles():
	stage = Stage("slow=20/s")
	client = connect(stage)
	client.sendall(b"x" * 1000)
	time.sleep(1)
	client.settimeout(0.01)
	got = len(client.recv(1000))
	assert 15 <= got <= 22, got
	client.close()
	stage.end()


@test
def slow_read_closes_the_window():
	stage = Stage("slow-read=1k/s")
	client = connect(stage)
	client.settimeout(0.5)
	sent = 0
	try:
		while sent < 50 << 20:
			sent += client.send(b"x" * 10000)
	except socket.timeout:
		pass
	assert sent < 50 << 20
	time.sleep(2)
	stage.end().says(r"; (1|2|3)\d\d\d bytes read; .*the window was closed$")


@test
def zero_window_is_never_read():
	stage = Stage("zero-window")
	client, small = connect(stage), connect(stage)
	small.sendall(b"x" * 100)
	small.close()
	client.settimeout(0.5)
	try:
		for _ in range(1000):
			client.send(b"x" * 100000)
		assert False, "all of it was taken"
	except socket.timeout:
		pass
	time.sleep(1)
	stage.end()
	stage.says(r"it was there to the end after .* \d+ bytes never read; the window was closed$")
	stage.says("the client closed after 0.0 s; 100 bytes never read$")


# ---- who meets what -------------------------------------------------------------------------------------


def meets(stage):
	"""One letter: what a client of HTTP meets."""
	try:
		client = connect(stage, 0.4)
	except ConnectionRefusedError:
		return "F"
	except ConnectionResetError:
		return "R"  # already when connect() looks
	except socket.timeout:
		return "D"
	try:
		client.sendall(GET)
	except ConnectionResetError:
		return "R"
	got, end = receive(client, 0.4)
	stage.clients = [*getattr(stage, "clients", []), client]
	return "R" if end == "reset" else "S" if got else "-"


@test
def first_and_after_count_connections():
	for words, expected in (
			(("reset", "--first", "2"), "RRSS"),
			(("reset", "--after", "2"), "SSRR"),
			(("silent", "--after", "1", "--first", "2"), "S--SS"),
			(("unaccepted", "--after", "2"), "SS--"),
			(("refused", "--after", "2"), "SSFF"),
			(("refused", "--first", "2"), "FFSS"),
			(("refused", "--first", "1", "--then", "silent", "--first", "1"), "F-SS"),
			(("dropped", "--after", "1"), "SDD"),
			(("unaccepted", "--first", "2"), "--SS"),
			(("deferred", "--first", "2"), "SSSS"),
			(("half-open", "--first", "2"), "--SS"),
			(("half-open", "--after", "1"), "S--"),
			(("half-open", "--first", "1", "--then", "reset", "--first", "1", "--then", "silent"),
				"-R--")):
		stage = Stage(*words)
		met = ""
		for _ in expected:
			met += meets(stage)
			time.sleep(0.3)  # the stage has seen it
		assert met == expected, (words, met)
		stage.end()
		assert not any("NOT HELD" in line for line in stage.lines), stage.lines


@test
def time_ends_a_state():
	stage = Stage("refused", "--for", "1s", "--then", "dropped", "--for", "1s", "--then", "reset",
			"--for", "1s")
	began, met = time.monotonic(), []
	for due, expected in ((0.2, "F"), (1.2, "D"), (2.2, "R"), (3.2, "S")):
		time.sleep(max(0, began + due - time.monotonic()))
		met.append(meets(stage))
	assert met == ["F", "D", "R", "S"], met
	stage.end()


@test
def probability_is_the_seeds():
	def play(seed):
		stage = Stage("reset", "--probability", "0.5", "--seed", str(seed))
		met = "".join(meets(stage) for _ in range(40))
		stage.end()
		return met
	one, again, other = play(1), play(1), play(2)
	assert one == again and one != other and 8 <= one.count("R") <= 32, (one, again, other)


@test
def ports_are_several():
	stage = Stage("refused", "reset", "silent", "serving", ports=4)
	met = ""
	for stage.port in stage.ports:
		met += meets(stage)
	assert met == "FR-S" and len(set(stage.ports)) == 4, met
	ports = stage.ports
	stage.end()
	stage = Stage(f"refused@{ports[0]}", f"reset@{ports[1]}", listen="127.0.0.1", ports=2)
	assert stage.ports == ports[:2]
	stage.end()


@test
def families_are_two():
	stage = Stage("serving", listen="0")
	assert stage.ready == [f"listening on *:{stage.port}: serving\n"], stage.ready
	for host in ("127.0.0.1", "::1"):
		client = connect(stage, host=host)
		client.sendall(b"hello")
		assert exactly(client, 5) == b"hello"
	stage.end().says(r"^\[::1\]:\d+ met serving")
	stage = Stage("refused/ipv6", listen="0", ports=2)
	connect(stage, host="127.0.0.1")
	try:
		connect(stage, host="::1")
		assert False, "connected"
	except ConnectionRefusedError:
		pass
	stage.end()
	for host, state in (("[::1]", "half-open"), ("[::1]", "dropped"), ("[::1]", "unaccepted")):
		stage = Stage(state, listen=f"{host}:0")
		try:
			client = connect(stage, 0.5, host="::1")
			assert receive(client, 0.5) == (b"", "waits")
		except socket.timeout:
			assert state == "dropped"
		stage.end()


# ---- a crowd --------------------------------------------------------------------------------------------


@test
def thousand_are_held_at_once():
	for state in ("silent", "half-open", "unaccepted", "deferred", "slow=1/s", "serving"):
		stage = Stage(state)
		clients = [socket.socket() for _ in range(1000)]
		for client in clients:
			client.setblocking(False)
			client.connect_ex(("127.0.0.1", stage.port))
		within(20, lambda: len(sockets(stage.port)) == 1001)
		if state == "slow=1/s":
			for client in clients:
				client.sendall(b"x" * 50)
		time.sleep(2.5)
		assert len(sockets(stage.port)) == 1001, (state, len(sockets(stage.port)))
		stage.end()
		held = [line for line in stage.lines if f" met {state}: it was there to the end" in line]
		assert len(held) == 1000, (state, len(held), stage.lines[-1])
		for client in clients:
			client.close()


# ---- what did not hold ----------------------------------------------------------------------------------


@test
def queue_that_is_full_holds_nobody_more():
	sysctl("net.core.somaxconn", 2)
	stage = Stage("unaccepted")
	sysctl("net.core.somaxconn", 4096)
	clients = [socket.socket() for _ in range(6)]
	for client in clients:
		client.setblocking(False)
		client.connect_ex(("127.0.0.1", stage.port))
	time.sleep(1.5)
	stage.end(125).says("NOT HELD: its accept queue was full, .* 2, which net.core.somaxconn")


@test
def crowd_of_requests_is_forgotten_and_told():
	sysctl("net.core.somaxconn", 16)
	sysctl("net.ipv4.tcp_syncookies", 0)
	stage = Stage("half-open")
	sysctl("net.core.somaxconn", 4096)
	clients = [socket.socket() for _ in range(16)]
	for client in clients:
		client.setblocking(False)
		client.connect_ex(("127.0.0.1", stage.port))
	time.sleep(12)
	sysctl("net.ipv4.tcp_syncookies", 1)
	stage.end(125).says("NOT HELD: the server has forgotten its request")


# ---- what ends it ---------------------------------------------------------------------------------------


@test
def signals_end_it_with_the_table():
	for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
		stage = Stage("silent", stdin=subprocess.DEVNULL)
		client = connect(stage)
		time.sleep(0.1)
		stage.end(how=lambda: stage.process.send_signal(number))
		assert len(stage.lines) == 2, stage.lines


@test
def input_that_cannot_end_is_none():
	stage = Stage("silent", stdin=subprocess.DEVNULL)
	time.sleep(0.3)
	assert stage.process.poll() is None
	stage.end(how=stage.process.terminate)
	with tempfile.TemporaryFile() as file:
		stage = Stage("silent", stdin=file)
		time.sleep(0.3)
		assert stage.process.poll() is None
		stage.end(how=stage.process.terminate)
	here, there = socket.socketpair()
	stage = Stage("silent", stdin=there)
	there.close()
	here.sendall(b"words that nobody reads")
	time.sleep(0.3)
	assert stage.process.poll() is None
	stage.end(how=here.close)


@test
def it_ends_with_its_parent_and_not_with_a_thread_of_it():
	parent = subprocess.Popen([sys.executable, "-c", """
import subprocess, sys, threading, time
def start():
	global stage
	stage = subprocess.Popen([sys.argv[1], "stage", "silent", "--listen", "127.0.0.1:0"],
			stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
	print(stage.pid, stage.stdout.readline().strip(), flush=True)
thread = threading.Thread(target=start)
thread.start()
thread.join()
time.sleep(0.5)
print(stage.poll(), flush=True)
time.sleep(60)
""", HALFOPEN], stdout=subprocess.PIPE, text=True)
	pid = int(parent.stdout.readline().split()[0])
	assert parent.stdout.readline() == "None\n"
	watch = os.pidfd_open(pid)
	parent.kill()
	parent.wait()
	import select
	assert select.select([watch], [], [], 5)[0], "it goes on"


@test
def as_process_1_it_ends_with_term():
	stage = Stage("silent", stdin=subprocess.DEVNULL, before=("unshare", "-pf", "--kill-child"))
	child = int(open(f"/proc/{stage.process.pid}/task/{stage.process.pid}/children").read().split()[0])
	client = connect(stage)
	time.sleep(0.1)
	stage.end(how=lambda: os.kill(child, signal.SIGTERM))
	assert len(stage.lines) == 2, stage.lines


@test
def json_has_an_object_a_line():
	stage = Stage("silent", "--json")
	client = connect(stage)
	client.sendall(b"hello")
	time.sleep(0.2)
	ready = json.loads(stage.ready[0])
	stage.end()
	connection, end = map(json.loads, stage.lines)
	assert ready == {"event": "listening", "address": f"127.0.0.1:{stage.port}", "port": stage.port,
			"state": "silent"}, ready
	assert connection["met"] == "silent" and connection["read"] == 5 and connection["held"] is True
	assert end["event"] == "end" and end["connections"] == 1 and end["problem"] is None


# ---- words ----------------------------------------------------------------------------------------------


@test
def what_cannot_be_is_one_line_and_125():
	taken = socket.socket()
	taken.bind(("127.0.0.1", 0))
	taken.listen()
	port = taken.getsockname()[1]
	for words, expected in (
			("", "which state"),
			("halfopen --listen 0", "'halfopen': there is no such state; nearest: half-open"),
			("slow --listen 0", "it takes a rate"),
			("silent", "which client"),
			("silent --listen 0 -- curl", "started by somebody else"),
			("silent --listen 0 --expect-exit 3", "started by somebody else"),
			("--first 3 silent --listen 0", "of which state"),
			("silent --first 0 --listen 0", "from 1 to"),
			("silent --then reset --listen 0", "never over"),
			("silent --probability 2 --listen 0", "above 0, up to 1"),
			("silent --for 3 --listen 0", "a time is allowed"),
			("silent@80 reset@80 --listen 0", "has a state already"),
			("silent/ipv6 --family ipv4 --listen 0", "--family leaves out"),
			("silent --listen 65536", "ADDRESS:]PORT is allowed"),
			("silent --listen ::1:80", "ADDRESS:]PORT is allowed"),
			("silent --listen [::1:80", "ADDRESS:]PORT is allowed"),
			("silent --listen x:y", "ADDRESS:]PORT is allowed"),
			("silent --listen 127.0.0.1", "on which port"),
			("silent reset --listen 8080", "two states want port 8080"),
			("silent --listen no-such-name.invalid:80", "no-such-name.invalid"),
			(f"silent --listen 127.0.0.1:{port}", f"127.0.0.1:{port}: Address already in use; `ss"),
			(f"refused --listen 127.0.0.1:{port}", "Address already in use"),
			(f"half-open --first 1 --listen 127.0.0.1:{port}", "Address already in use"),
			("silent --listen 192.0.2.1:0", "none of this machine's"),
			("silent --answer no-file --listen 0", "cannot read that file"),
			("silent --let-in 3 --listen 0", "behind flooded"),
			("dropped --first 2 --listen 0", "sends it again"),
			("half-open --probability 0.5 --listen 0", "for everybody or for nobody"),
			("unaccepted --first 1 --then refused --listen 0", "has to keep"),
			*((f"{state} --listen 0", f"{state.split('=')[0]}: a listener alone cannot hold")
				for state in ("lost", "unreachable=net", "flooded", "cookie-lost", "expired",
					"path-mtu=1280"))):
		done = subprocess.run([HALFOPEN, "stage", *words.split()], stdin=subprocess.DEVNULL,
				capture_output=True, text=True, timeout=10)
		assert done.returncode == 125 and not done.stdout, (words, done)
		assert len(done.stderr.splitlines()) == 1 and expected in done.stderr, (words, done.stderr)


@test
def without_the_right_half_open_says_which():
	done = subprocess.run(["unshare", "-r", HALFOPEN, "stage", "half-open", "--listen", "127.0.0.1:0"],
			stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=5)
	assert done.returncode == 125 and "CAP_NET_ADMIN" in done.stderr, done


def main():
	print(f"1..{len(tests)}", flush=True)
	failed = False
	only = sys.argv[2:]
	for number, function in enumerate(tests, 1):
		name = function.__name__.replace("_", " ")
		if only and not any(word in function.__name__ for word in only):
			print(f"ok {number} - {name} # SKIP not asked for")
			continue
		try:
			function()
			print(f"ok {number} - {name}", flush=True)
		except Exception as problem:
			failed = True
			where = problem.__traceback__
			while where.tb_next:
				where = where.tb_next
			print(f"not ok {number} - {name}\n# line {where.tb_lineno}: {problem!r}", flush=True)
	sys.exit(failed)


main()
