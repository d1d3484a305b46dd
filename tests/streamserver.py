"""A raw HTTP/1.1 server on loopback whose every write is scripted, for the tests.

A script is a list of steps: bytes to write, a number of seconds to wait, or one of CUT (close
without finishing), RESET (RST), STALL (keep silent until the client leaves) and HALF (end the own
direction, and wait until the client leaves).
"""

from __future__ import annotations

import asyncio
import socket
import struct
from contextlib import asynccontextmanager, suppress

CUT, RESET, STALL, HALF = "cut", "reset", "stall", "half-close"
KEEP = "keep"


def chunked(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


LAST = b"0\r\n\r\n"


def head(*headers: str, status: str = "200 OK", framing: str = "chunked") -> bytes:
    lines = [f"HTTP/1.1 {status}", *headers]
    if framing == "chunked":
        lines.append("Transfer-Encoding: chunked")
    elif framing.startswith("length="):
        lines.append(f"Content-Length: {framing.removeprefix('length=')}")
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


class StreamServer:
    """Answers the k-th request with the k-th script, the last script again and again."""

    def __init__(self, *scripts, by_path=None):
        self.scripts = list(scripts)
        self.by_path = by_path or {}
        self.requests: list[bytes] = []
        self.partly = b""
        self.connections = 0
        self.left = asyncio.Event()
        self.serving: set[asyncio.Task[None]] = set()
        self.port = 0

    def url(self, path: str = "/") -> str:
        return f"http://127.0.0.1:{self.port}{path}"

    async def _serve(self, reader, writer):
        self.connections += 1
        self.serving.add(asyncio.current_task())
        try:
            while await self._answer(reader, writer):
                pass
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()

    async def _answer(self, reader, writer) -> bool:
        request = await reader.readuntil(b"\r\n\r\n")
        length = 0
        for line in request.split(b"\r\n"):
            if line.lower().startswith(b"content-length:"):
                length = int(line.split(b":")[1])
        request += await reader.readexactly(length)
        if b"transfer-encoding: chunked" in request.lower():
            while not request.endswith(b"\r\n0\r\n\r\n"):
                request += await reader.readuntil(b"\r\n")
                self.partly = request
        self.requests.append(request)
        path = request.split(b" ")[1].decode()
        script = (
            self.by_path.get(path) or self.scripts[min(len(self.requests), len(self.scripts)) - 1]
        )
        return await self._play(script, reader, writer)

    async def _play(self, script, reader, writer) -> bool:
        for step in script:
            if isinstance(step, bytes):
                writer.write(step)
                await writer.drain()
            elif isinstance(step, (int, float)):
                await asyncio.sleep(step)
            elif step == RESET:
                linger = struct.pack("ii", 1, 0)
                writer.get_extra_info("socket").setsockopt(
                    socket.SOL_SOCKET, socket.SO_LINGER, linger
                )
                return False
            elif step in {STALL, HALF}:
                if step == HALF:
                    writer.write_eof()
                await reader.read()
                self.left.set()
                return False
            elif step == KEEP:
                return True
            else:
                assert step == CUT
                return False
        return False


@asynccontextmanager
async def stream_server(*scripts, by_path=None, tls=None):
    server = StreamServer(*scripts, by_path=by_path)
    listener = await asyncio.start_server(server._serve, "127.0.0.1", 0, ssl=tls)
    server.port = listener.sockets[0].getsockname()[1]
    try:
        yield server
    finally:
        listener.close()
        # Clients leave before their server does: a handler that stays is a leaked connection.
        await asyncio.gather(*server.serving)
        await listener.wait_closed()
