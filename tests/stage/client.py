#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
#
# client.py [--wait SECONDS] [--times N] [--say TEXT] [--bytes N] HOST PORT: a client that prints what
# it meets, a line for each connection: "refused", "no way", "never connected", "never answered",
# "answered", "closed", "reset". It exits with 0 where each was answered, else with 3.

import argparse
import errno
import socket
import sys
import time

asked = argparse.ArgumentParser()
asked.add_argument("--wait", type=float, default=1)
asked.add_argument("--times", type=int, default=1)
asked.add_argument("--apart", type=float, default=0)
asked.add_argument("--say", default="hello")
asked.add_argument("--bytes", type=int, default=0)
asked.add_argument("host")
asked.add_argument("port", type=int)
asked = asked.parse_args()


def meets():
    try:
        connection = socket.create_connection((asked.host, asked.port), timeout=asked.wait)
    except ConnectionRefusedError:
        return "refused"
    except socket.timeout:
        return "never connected"
    except OSError as error:
        return "no way" if error.errno in (errno.EHOSTUNREACH, errno.ENETUNREACH, errno.EACCES) else str(error)
    try:
        connection.sendall(b"x" * asked.bytes or asked.say.encode())
        heard = connection.recv(1000)
    except socket.timeout:
        return "never answered"
    except ConnectionResetError:
        return "reset"
    finally:
        connection.close()
    return "answered" if heard else "closed"


answered = True
for number in range(asked.times):
    if number:
        time.sleep(asked.apart)
    met = meets()
    answered &= met == "answered"
    print(met, flush=True)
sys.exit(0 if answered else 3)
