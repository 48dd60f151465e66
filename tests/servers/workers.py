# SPDX-License-Identifier: GPL-2.0-or-later
"""A server of two processes that serve, and one that looks after them, as workers.c."""

import contextlib
import os
import signal

import server
from loop import Loop
from server import wrong

WORKERS = 2
listeners = {}
workers = {}


def work(listener, signals):
    """What it has inherited of the others' would stay open as long as it does."""
    for other in listeners.values():
        if other is not listener:
            other.close()
    loop = Loop([listener], lock)
    while True:
        loop.serve_until(signals)
        if server.next_signal(signals) == signal.SIGTERM:
            break
    loop.drain()


def start_worker(number):
    place = number if server.options.group else 0
    if place not in listeners:
        listeners[place] = server.listen_on()
    workers[number] = server.fork(work, listeners[place])
    if wrong("leaves-queue"):
        listeners.pop(place).close()


def start_workers():
    for number in range(WORKERS):
        start_worker(number)


def dismiss(those):
    for worker in those:
        os.kill(worker, signal.SIGTERM)


def reload():
    old = list(workers.values())
    server.read_configuration()
    start_workers()
    dismiss(old)


def replace_dead_workers():
    """One that was dismissed is not among the workers any more."""
    with contextlib.suppress(ChildProcessError):
        while dead := os.waitpid(-1, os.WNOHANG)[0]:
            for number, worker in workers.items():
                if worker == dead and not wrong("never-replaces-workers"):
                    start_worker(number)


def stop():
    if not wrong("drains-unserved"):
        for listener in listeners.values():
            listener.close()
    dismiss(workers.values())
    for worker in workers.values():
        with contextlib.suppress(ChildProcessError):
            os.waitpid(worker, 0)


server.read_options(
    "accepts-once",
    "accepts-under-lock",
    "dies-of-enotconn",
    "dies-of-sigpipe",
    "drains-unserved",
    "leaves-queue",
    "never-replaces-workers",
)
lock = open(os.memfd_create("lock"), "wb")  # whoever has it accepts
signals = server.take_signals()
start_workers()
while True:
    match server.next_signal(signals):
        case signal.SIGCHLD:
            replace_dead_workers()
        case signal.SIGHUP:
            reload()
        case signal.SIGTERM:
            stop()
            break
