# SPDX-License-Identifier: GPL-2.0-or-later
"""A server of threads: one waits in accept(), and each client gets one of its own, as threads.c."""

import errno
import signal
import socket
import threading
import time

import server
from server import wrong


def talk(client):
    server.meet(client)
    server.serve(client)


def welcome(client):
    if wrong("blocking-read"):
        talk(client)
    else:
        threading.Thread(target=talk, args=(client,), daemon=True).start()


def accept_clients(listener):
    while True:
        try:
            welcome(listener.accept()[0])
        except OSError as error:
            if error.errno in (errno.EAGAIN, errno.EINVAL, errno.EBADF):
                return
            if not wrong("spins"):
                time.sleep(0.1)


def listen():
    listener = server.listen_on()
    threading.Thread(target=accept_clients, args=(listener,), daemon=True).start()
    return listener


def close(listener):
    """Whoever waits in its queue is reset, and accept() fails."""
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()


def reload(listener):
    if wrong("listens-again"):
        close(listener)
    server.read_configuration()
    return listen() if wrong("listens-again") else listener


def drain(listener):
    """Takes who waits in the queue, refuses who comes later, and gives its clients 3 s to end."""
    listener.setblocking(False)
    accept_clients(listener)
    close(listener)
    end = time.monotonic() + 3
    for thread in threading.enumerate()[1:]:
        thread.join(max(0, end - time.monotonic()))


server.read_options("blocking-read", "dies-of-sigpipe", "listens-again", "spins")
signal.pthread_sigmask(signal.SIG_BLOCK, server.SIGNALS)
listener = listen()
while signal.sigwait(server.SIGNALS) != signal.SIGTERM:
    listener = reload(listener)
drain(listener)
