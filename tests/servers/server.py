# SPDX-License-Identifier: GPL-2.0-or-later
"""What the small servers have in common, as in server.h.

Each is right; --fault makes it wrong in one way, and where wrong() stands is all that differs.
"""

import argparse
import contextlib
import os
import signal
import socket
import subprocess
import time

SIGNALS = {signal.SIGTERM, signal.SIGHUP, signal.SIGCHLD}

parser = argparse.ArgumentParser()
parser.add_argument("--port", type=int, default=8080)
parser.add_argument("--fault", action="append", default=[])
parser.add_argument("--greets", action="store_true", help="the server speaks first")
parser.add_argument("--helper", action="store_true", help="it starts another program, too")
parser.add_argument("--group", action="store_true", help="a listener for each worker")
options = None


def read_options(*faults):
    """Reads the options; these are the faults that the program can have."""
    global options
    options = parser.parse_args()
    for fault in options.fault:
        if fault not in faults:
            parser.error(f"--fault {fault}: there is no such fault here")
    signal.signal(signal.SIGPIPE, signal.SIG_DFL if wrong("dies-of-sigpipe") else signal.SIG_IGN)


def wrong(fault):
    """Whether --fault has named this one."""
    return fault in options.fault


def listen_on(family=None):
    """A listener for one family, or for both; with --group one of several (SO_REUSEPORT)."""
    listener = socket.create_server(
        ("", options.port),
        family=family or socket.AF_INET6,
        dualstack_ipv6=family is None,
        reuse_port=options.group,
        backlog=1 if wrong("backlog-1") else 511,
    )
    listener.set_inheritable(wrong("leaks-listener"))
    return listener


def start_helper():
    """Another program, if --helper asks for it; it has what was not closed for it."""
    if options.helper:
        subprocess.Popen(["sleep", "60"], close_fds=False)


def take_signals():
    """They wait from now on in this socket, a byte for each."""
    signals, wakeup = socket.socketpair()
    wakeup.setblocking(False)
    signal.set_wakeup_fd(wakeup.detach())
    for each in SIGNALS:
        signal.signal(each, lambda *_: None)
    return signals


def next_signal(signals):
    return signals.recv(1)[0]


def fork(work, listener):
    """Another process, which gets its own signals, none of its parent's, and ends with work()."""
    signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
    child = os.fork()
    if child == 0:
        signals = take_signals()
        signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)
        work(listener, signals)
        os._exit(0)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)
    return child


def read_configuration():
    """What a reload takes."""
    time.sleep(0.1)


def is_whole(request):
    return b"\r\n\r\n" in request or b"\n\n" in request


def meet(client):
    """After accept(): asks who comes, who may have left already, and greets."""
    try:
        client.getpeername()
    except OSError:
        if wrong("dies-of-enotconn"):
            raise
    if options.greets:
        with contextlib.suppress(OSError):
            client.sendall(b"220 ready\r\n")


def answer(client):
    """Answers a request, whether its client is still there or not.

    The first part learns of a reset, the second one raises SIGPIPE.
    """
    for part in (
        b"HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 6\r\n\r\n",
        b"hello\n",
    ):
        with contextlib.suppress(OSError):
            client.sendall(part)


def serve(client):
    """Waits for a request, answers it, and closes."""
    with client, contextlib.suppress(OSError):
        request = b""
        while not is_whole(request):
            part = client.recv(4096)
            if not part:
                return
            request += part
        answer(client)
