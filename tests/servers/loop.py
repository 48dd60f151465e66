# SPDX-License-Identifier: GPL-2.0-or-later
"""A thread that serves all its clients at once, with epoll."""

import contextlib
import ctypes
import errno
import fcntl
import select
import sys
import time

from server import answer, is_whole, meet, serve, wrong

MOST_CLIENTS = 8  # as of a table that ends somewhere


class Client:
    def __init__(self, connection):
        self.connection = connection
        self.request = b""

    def hear(self):
        """False: it is done with."""
        try:
            part = self.connection.recv(4096)
        except OSError:
            return False
        self.request += part
        if is_whole(self.request):
            answer(self.connection)
            return False
        return part != b"" or wrong("forgets-end")


def wait_without_retry(epoll):
    """As in C: epoll_wait() returns EINTR when its process was stopped and goes on."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.epoll_wait(epoll.fileno(), ctypes.create_string_buffer(16), 1, -1) < 0:
        raise OSError(ctypes.get_errno(), "epoll_wait")


class Loop:
    """lock: a file whose lock it has while it accepts, where several have one listener."""

    def __init__(self, listeners, lock=None):
        self.epoll = select.epoll()
        self.listeners = {listener.fileno(): listener for listener in listeners}
        self.resting = []
        self.clients = {}
        self.lock = lock
        for listener in listeners:
            listener.setblocking(False)
            self.listen(listener)

    def listen(self, listener):
        once = select.EPOLLET if wrong("accepts-once") else 0
        self.epoll.register(listener, select.EPOLLIN | once)

    def rest(self, listener):
        """Without descriptors, or memory, it is tried again when a while has passed."""
        self.epoll.unregister(listener)
        if not wrong("gives-up-accepting"):
            self.resting.append(listener)

    @contextlib.contextmanager
    def turn(self):
        if self.lock:
            fcntl.lockf(self.lock, fcntl.LOCK_EX)
        yield
        if self.lock:
            fcntl.lockf(self.lock, fcntl.LOCK_UN)

    def accept(self, listener):
        try:
            return listener.accept()[0]
        except BlockingIOError:
            return None
        except OSError as error:
            if wrong("dies-of-accept-error") and error.errno != errno.EMFILE:
                raise
            self.rest(listener)
            return None

    def take_client(self, listener):
        """False: there is none, or none can be taken now."""
        with self.turn():
            connection = self.accept(listener)
            if connection and wrong("accepts-under-lock"):
                serve(connection)
                return True
        if connection:
            meet(connection)
            self.clients[connection.fileno()] = Client(connection)
            self.epoll.register(connection, select.EPOLLIN)
        if wrong("dies-of-many") and len(self.clients) > MOST_CLIENTS:
            sys.exit("no more clients fit")
        return connection is not None

    def hear(self, descriptor):
        if not self.clients[descriptor].hear():
            self.clients.pop(descriptor).connection.close()

    def serve(self, ready):
        for descriptor, _ in ready:
            if descriptor in self.listeners:
                self.take_client(self.listeners[descriptor])
            else:
                self.hear(descriptor)

    def wait(self):
        if wrong("dies-of-eintr"):
            wait_without_retry(self.epoll)
        ready = self.epoll.poll(0.1 if self.resting else None)
        while self.resting:
            self.listen(self.resting.pop())
        return ready

    def serve_until(self, control):
        """What it is told comes before clients."""
        self.epoll.register(control, select.EPOLLIN)
        while control.fileno() not in dict(ready := self.wait()):
            self.serve(ready)
        self.epoll.unregister(control)

    def drain(self):
        """Takes who waits in the queues, refuses who comes later; its clients have 3 s to end."""
        for listener in self.listeners.values():
            while not wrong("leaves-queue") and self.take_client(listener):
                pass
            with contextlib.suppress(OSError):
                self.epoll.unregister(listener)
            if not wrong("drains-unserved"):
                listener.close()
        self.resting.clear()
        end = time.monotonic() + 3
        while self.clients and time.monotonic() < end:
            self.serve(self.epoll.poll(0.1))
