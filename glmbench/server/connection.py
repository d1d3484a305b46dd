"""What an answer does to its connection besides writing: wait, keep silent, break."""

from __future__ import annotations

import asyncio
import socket
import struct
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from aiohttp import web


async def wait_until(instant: float) -> None:
    """Sleep until an instant of `time.perf_counter()`; one that has passed lets others run."""
    await asyncio.sleep(max(0.0, instant - time.perf_counter()))


async def keep_silent() -> None:
    """Wait for the client to leave, which cancels the handler; nothing else ends this wait."""
    await asyncio.get_running_loop().create_future()


def transport_of(request: web.Request) -> asyncio.Transport:
    """Return the transport under a request.

    Raises:
        ConnectionResetError: the client has left, and there is none any more.
    """
    transport = request.transport
    if transport is None:
        raise ConnectionResetError("the client left")
    return transport


def reset(transport: asyncio.Transport) -> None:
    """Close with RST; `abort()` alone lets the kernel end the connection in good order."""
    connection = transport.get_extra_info("socket")
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()
