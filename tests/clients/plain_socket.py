# SPDX-License-Identifier: GPL-2.0-or-later
"""plain_socket.py HOST PORT: asks by HTTP, on a socket, and prints the answer."""
import socket
import sys

host, port = sys.argv[1:]
with socket.create_connection((host, int(port))) as connection:
    connection.sendall(b"GET / HTTP/1.0\r\n\r\n")
    while heard := connection.recv(65536):
        print(heard)
