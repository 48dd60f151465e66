"""asyncio's streams: a line is answered by itself, as the example of Python's manual does."""

import asyncio


async def serve(reader, writer):
    line = await reader.readline()
    writer.write(line)
    await writer.drain()
    writer.close()


async def main():
    server = await asyncio.start_server(serve, port=8080)
    await server.serve_forever()


asyncio.run(main())
