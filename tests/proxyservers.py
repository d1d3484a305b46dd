"""Proxies that really run, on loopback: HTTP (forwarding and CONNECT), SOCKS4 and SOCKS5."""

from __future__ import annotations

import asyncio
import socket
import struct
from contextlib import asynccontextmanager, suppress


class ProxyServer:
    """Carries connections; `asked` holds what each client wanted, as the proxy understood it."""

    def __init__(self, *, login=None, refuse=False):
        self.asked: list[tuple] = []
        self.login = login
        self.refuse = refuse
        self.port = 0
        self._tasks: set[asyncio.Task] = set()

    def url(self, scheme, login=""):
        return f"{scheme}://{login}127.0.0.1:{self.port}"

    async def serve(self, reader, writer):
        self._tasks.add(asyncio.current_task())
        try:
            first = await reader.readexactly(1)
            if first == b"\x05":
                await self._socks5(reader, writer)
            elif first == b"\x04":
                await self._socks4(reader, writer)
            else:
                await self._http(first, reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()

    async def _http(self, first, reader, writer):
        head = first + await reader.readuntil(b"\r\n\r\n")
        method, target, _ = head.split(b"\r\n")[0].decode().split(" ")
        self.asked.append(("http", method, target))
        if method == "CONNECT":
            host, port = target.rsplit(":", 1)
            writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
            await self._carry(reader, writer, host, int(port), b"")
            return
        host, port = target.removeprefix("http://").split("/")[0].split(":")
        await self._carry(reader, writer, host, int(port), head)

    async def _socks5(self, reader, writer):
        count = (await reader.readexactly(1))[0]
        methods = await reader.readexactly(count)
        if self.login:
            assert 2 in methods
            writer.write(b"\x05\x02")
            await reader.readexactly(1)
            name = await reader.readexactly((await reader.readexactly(1))[0])
            word = await reader.readexactly((await reader.readexactly(1))[0])
            good = (name.decode(), word.decode()) == self.login
            writer.write(b"\x01\x00" if good else b"\x01\x01")
            if not good:
                return
        else:
            writer.write(b"\x05\x00")
        kind = (await reader.readexactly(4))[3]
        if kind == 3:
            host = (await reader.readexactly((await reader.readexactly(1))[0])).decode()
        else:
            host = socket.inet_ntoa(await reader.readexactly(4))
        (port,) = struct.unpack("!H", await reader.readexactly(2))
        self.asked.append(("socks5", "name" if kind == 3 else "address", host))
        if self.refuse:
            writer.write(b"\x05\x05\x00\x01" + bytes(6))
            return
        writer.write(b"\x05\x00\x00\x01" + bytes(6))
        await self._carry(reader, writer, host, port, b"")

    async def _socks4(self, reader, writer):
        _, port, address = struct.unpack("!BH4s", await reader.readexactly(7))
        await reader.readuntil(b"\0")
        self.asked.append(("socks4", "address", socket.inet_ntoa(address)))
        writer.write(b"\x00\x5a" + bytes(6))
        await self._carry(reader, writer, socket.inet_ntoa(address), port, b"")

    async def _carry(self, reader, writer, host, port, begun):
        # The one name that the tests use in place of a service.
        there, back = await asyncio.open_connection(
            "127.0.0.1" if host == "service.invalid" else host, port
        )
        back.write(begun)
        await asyncio.gather(_pump(reader, back), _pump(there, writer))


async def _pump(source, sink):
    with suppress(ConnectionError):
        while data := await source.read(65536):
            sink.write(data)
            await sink.drain()
    with suppress(ConnectionError):
        sink.close()
        await sink.wait_closed()


@asynccontextmanager
async def proxy_server(**how):
    proxy = ProxyServer(**how)
    listener = await asyncio.start_server(proxy.serve, "127.0.0.1", 0)
    proxy.port = listener.sockets[0].getsockname()[1]
    try:
        yield proxy
    finally:
        listener.close()
        await asyncio.gather(*proxy._tasks)
        await listener.wait_closed()
