# SPDX-License-Identifier: GPL-2.0-or-later
"""A server of one thread, with a listener for IPv4 and one for IPv6, as events.c."""

import signal
import socket

import server
from loop import Loop

server.read_options(
    "backlog-1",
    "dies-of-accept-error",
    "dies-of-eintr",
    "dies-of-enotconn",
    "dies-of-many",
    "forgets-end",
    "gives-up-accepting",
    "leaks-listener",
)
signals = server.take_signals()
loop = Loop([server.listen_on(family) for family in (socket.AF_INET, socket.AF_INET6)])
server.start_helper()
while True:
    loop.serve_until(signals)
    match server.next_signal(signals):
        case signal.SIGHUP:
            server.read_configuration()
        case signal.SIGTERM:
            loop.drain()
            break
