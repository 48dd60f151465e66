# SPDX-License-Identifier: GPL-2.0-or-later
"""Whether the servers of this folder are what they say, by clients on loopback and nothing else.

probe.py TABLE FOLDER: FOLDER is where the servers in C are built. Prints TAP. Loopback has to be up, and
belongs to it alone: it takes ports from 8000 on.
"""

import concurrent.futures
import contextlib
import ctypes
import itertools
import os
import pathlib
import platform
import resource
import signal
import socket
import struct
import subprocess
import sys
import time

REQUEST = b"GET / HTTP/1.0\r\n\r\n"
RESET = struct.pack("ii", 1, 0)
SHORT, LONG = 0.7, 40
NUMBER_OF_ACCEPT4 = {"x86_64": 288, "aarch64": 242}.get(platform.machine())


class Server:
    """One that is expected to be right, or wrong. Neither is given long for what it does not do."""

    def __init__(self, port, program, faults):
        self.patience = SHORT if faults else LONG  # for what right servers do
        self.watch = LONG if faults else SHORT  # for what wrong ones do
        self.port = port
        self.command = [*program, "--port", str(port)]
        for fault in faults:
            self.command += ["--fault", fault]
        self.start()

    def start(self):
        self.main = subprocess.Popen(
            self.command, start_new_session=True, stderr=subprocess.DEVNULL
        )

    def await_ready(self):
        end = time.monotonic() + LONG
        while time.monotonic() < end and not self.is_served(LONG):
            time.sleep(0.02)

    def kill(self):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.main.pid, signal.SIGKILL)
        self.main.wait()

    # ---- its processes

    def processes(self):
        return [
            int(stat.split()[0])
            for stat in read_all("[0-9]*/stat")
            if int(stat.rpartition(")")[2].split()[2]) == self.main.pid
        ]

    def send(self, which):
        for process in self.processes():
            os.kill(process, which)

    def ends_within(self, seconds):
        try:
            self.main.wait(seconds)
            return True
        except subprocess.TimeoutExpired:
            return False

    def has_cpu_within(self, ticks, seconds):
        """Whether its main process uses so much."""
        before = cpu_ticks(self.main.pid)
        return comes_true(seconds, lambda: cpu_ticks(self.main.pid) - before > ticks)

    def keep_descriptors(self):
        """It may open no other than it has; the limit that it had."""
        own = [int(name) for name in os.listdir(f"/proc/{self.main.pid}/fd")]
        before = resource.prlimit(self.main.pid, resource.RLIMIT_NOFILE)
        resource.prlimit(self.main.pid, resource.RLIMIT_NOFILE, (max(own) + 1, before[1]))
        return before

    # ---- its clients

    def connect(self, seconds=None):
        """A client, or None if it is refused, or not connected in time."""
        client = socket.socket()
        client.settimeout(seconds or self.patience)
        try:
            client.connect(("127.0.0.1", self.port))
        except OSError:
            client.close()
            return None
        return client

    def answers(self, client, seconds=None):
        answer = b""
        client.settimeout(seconds or self.patience)
        try:
            client.sendall(REQUEST)
            while part := client.recv(4096):
                answer += part
        except OSError:
            return False
        return answer.endswith(b"hello\n")

    def is_served(self, seconds=None):
        client = self.connect(seconds)
        return client is not None and self.answers(client, seconds)


def read_all(pattern):
    for path in pathlib.Path("/proc").glob(pattern):
        try:
            yield path.read_text()
        except OSError:
            pass  # it has ended


def numbers_of(process):
    return pathlib.Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()


def cpu_ticks(process):
    return sum(map(int, numbers_of(process)[11:13]))


def is_in_state(state, process):
    return numbers_of(process)[0] == state


def has_to_end(process):
    """Whether SIGTERM waits for it."""
    status = pathlib.Path(f"/proc/{process}/status").read_text()
    pending = int(status.partition("ShdPnd:")[2].split()[0], 16)
    return pending & 1 << (signal.SIGTERM - 1)


def comes_true(seconds, what):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if what():
            return True
        time.sleep(0.02)
    return False


def reset(client):
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
    client.close()


# ---- what right servers do, and wrong ones do not


def takes_all_who_wait(server):
    server.send(signal.SIGSTOP)
    clients = [server.connect(LONG) for _ in range(8)]
    server.send(signal.SIGCONT)
    return all(server.answers(client) for client in clients)


def has_room_for_a_browser(server):
    server.send(signal.SIGSTOP)
    return all([server.connect() for _ in range(6)])


def serves_beside_a_silent_one(server):
    _silent = server.connect()
    return server.is_served()


def outlives_dead_clients(server, request=b""):
    """All of it does: a worker that has ended may have a successor."""
    before = set(server.processes())
    server.send(signal.SIGSTOP)
    for _ in range(16):
        client = server.connect(LONG)
        client.sendall(request)
        reset(client)
    server.send(signal.SIGCONT)
    return server.is_served() and not comes_true(
        server.watch, lambda: not before <= set(server.processes())
    )


def outlives_who_asked_and_reset(server):
    return outlives_dead_clients(server, REQUEST)


def rests_without_descriptors(server):
    server.keep_descriptors()
    _clients = [server.connect() for _ in range(3)]
    return not server.has_cpu_within(30, server.watch)


def accepts_when_it_has_descriptors(server):
    before = server.keep_descriptors()
    _clients = [server.connect() for _ in range(3)]
    time.sleep(SHORT)
    resource.prlimit(server.main.pid, resource.RLIMIT_NOFILE, before)
    return server.is_served()


def outlives_errors_of_accept(server):
    _client = server.connect()
    return not server.ends_within(server.watch)


def outlives_a_stop(server):
    comes_true(LONG, lambda: is_in_state("S", server.main.pid))
    server.send(signal.SIGSTOP)
    comes_true(LONG, lambda: is_in_state("T", server.main.pid))
    server.send(signal.SIGCONT)
    return not server.ends_within(server.watch)


def refuses_while_it_drains(server):
    _silent = server.connect()
    server.is_served(LONG)
    server.main.send_signal(signal.SIGTERM)
    comes_true(LONG, lambda: server.main.poll() is not None or not server.connect(LONG))
    return not server.ends_within(0.5)  # it was not its end that has closed the listener


def refuses_nobody_at_a_reload(server):
    server.main.send_signal(signal.SIGHUP)
    return not comes_true(SHORT, lambda: not server.connect(LONG))


def serves_the_queue_of_old_workers(server):
    old = set(server.processes()) - {server.main.pid}
    for worker in old:
        os.kill(worker, signal.SIGSTOP)
    clients = [server.connect(LONG) for _ in range(8)]
    server.main.send_signal(signal.SIGHUP)
    comes_true(LONG, lambda: all(has_to_end(worker) for worker in old))
    server.send(signal.SIGCONT)
    return all(server.answers(client, LONG) for client in clients)


def listens_when_it_is_started_again(server):
    first = server.main.pid
    server.main.send_signal(signal.SIGTERM)
    server.ends_within(LONG)
    try:
        server.start()
        return comes_true(server.patience, server.is_served)
    finally:
        os.killpg(first, signal.SIGKILL)  # its helper


PROBES = {
    "accepts-once": takes_all_who_wait,
    "accepts-under-lock": serves_beside_a_silent_one,
    "backlog-1": has_room_for_a_browser,
    "blocking-read": serves_beside_a_silent_one,
    "dies-of-accept-error": outlives_errors_of_accept,
    "dies-of-eintr": outlives_a_stop,
    "dies-of-enotconn": outlives_dead_clients,
    "dies-of-sigpipe": outlives_who_asked_and_reset,
    "drains-unserved": refuses_while_it_drains,
    "gives-up-accepting": accepts_when_it_has_descriptors,
    "leaks-listener": listens_when_it_is_started_again,
    "leaves-queue": serves_the_queue_of_old_workers,
    "listens-again": refuses_nobody_at_a_reload,
    "spins": rests_without_descriptors,
}


# ---- the table


def deny_accept(command):
    """Executes it; accept4() says ENOBUFS to it, always."""
    filters = [
        (0x20, 0, 0, 0),  # load the number of the call
        (0x15, 0, 1, NUMBER_OF_ACCEPT4),  # is it that?
        (0x06, 0, 0, 0x00050000 | 105),  # SECCOMP_RET_ERRNO
        (0x06, 0, 0, 0x7FFF0000),  # SECCOMP_RET_ALLOW
    ]
    code = b"".join(struct.pack("HBBI", *each) for each in filters)
    text = ctypes.create_string_buffer(code)
    program = struct.pack("HP", len(filters), ctypes.addressof(text))
    libc = ctypes.CDLL(None)
    libc.prctl(38, 1, 0, 0, 0)  # PR_SET_NO_NEW_PRIVS
    libc.prctl(22, 2, program, 0, 0)  # PR_SET_SECCOMP, a filter
    os.execvp(command[0], command)


def entries(table):
    for line in pathlib.Path(table).read_text().splitlines():
        if line and not line.startswith("#"):
            faults, _, _, program, *options = line.split()
            yield faults.split("+"), program, options


def is_right(port, program, fault, faults):
    denies = fault == "dies-of-accept-error"
    if denies:
        program = [sys.executable, "-B", __file__, "deny-accept", *program]
    server = Server(port, program, faults)
    try:
        if denies:
            comes_true(LONG, lambda: server.connect(LONG) or server.ends_within(0))
        else:
            server.await_ready()
        return PROBES[fault](server)
    finally:
        server.kill()


def main(table, folder):
    here = pathlib.Path(__file__).parent
    runs = []
    with concurrent.futures.ThreadPoolExecutor(6) as pool:
        for faults, program, options in entries(table):
            command = [f"{folder}/{program}"]
            if program.endswith(".py"):
                command = [sys.executable, "-B", str(here / program)]
            for fault, present in itertools.product(sorted(PROBES.keys() & faults), ([], faults)):
                port = 8000 + len(runs)
                run = pool.submit(is_right, port, command + options, fault, present)
                name = f"{' '.join([program, *options])} is {' and '.join(present) or 'right'}"
                runs.append((f"{name}: {PROBES[fault].__name__}", run, not present))
        for number, (name, run, expected) in enumerate(runs, start=1):
            print("ok" if run.result() == expected else "not ok", number, "-", name, flush=True)
    print(f"1..{len(runs)}")


if sys.argv[1] == "deny-accept":
    deny_accept(sys.argv[2:])
else:
    main(*sys.argv[1:])
