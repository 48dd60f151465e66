# SPDX-License-Identifier: GPL-2.0-or-later
"""streams.py HOST PORT: asks by HTTP, through asyncio's streams, and prints the answer."""
import asyncio
import sys


async def ask(host, port):
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(b"GET / HTTP/1.0\r\n\r\n")
    await writer.drain()
    print(await reader.read())


asyncio.run(ask(*sys.argv[1:]))
