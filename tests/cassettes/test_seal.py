"""While the network is sealed there is no way out, also not for those who swallow exceptions."""

from __future__ import annotations

import asyncio
import socket
import threading

import aiohttp
import pytest
from streamserver import head, stream_server

from glmbench.cassettes.context import install
from glmbench.cassettes.seal import current, sealed
from glmbench.errors import NetworkBlockedError


def test_a_plain_socket_cannot_connect():
    with sealed() as seal, socket.socket() as plain:
        with pytest.raises(NetworkBlockedError, match=r"127\.0\.0\.1.*replay never goes to"):
            plain.connect(("127.0.0.1", 9))
    assert len(seal.refused) == 1


def test_a_look_up_of_a_name_is_refused():
    with sealed(), pytest.raises(NetworkBlockedError):
        socket.getaddrinfo("localhost", 80)


def test_an_old_fashioned_look_up_is_refused_too():
    with sealed(), pytest.raises(NetworkBlockedError):
        socket.gethostbyname("localhost")


def test_a_thread_without_the_context_is_refused_too():
    seen = []

    def elsewhere():
        try:
            socket.create_connection(("127.0.0.1", 9))
        except NetworkBlockedError as error:
            seen.append(error)

    with sealed() as seal:
        thread = threading.Thread(target=elsewhere)
        thread.start()
        thread.join()
    assert len(seen) == 1
    assert seal.refused


def test_aiohttp_without_a_tape_is_refused_by_name_and_remembered():
    install()

    async def main():
        async with aiohttp.ClientSession() as session:
            try:
                await session.get("http://127.0.0.1:9/secret-path")
            except Exception:  # noqa: BLE001 -- this is the kind of provider it is about
                pass

    with sealed() as seal:
        asyncio.run(main())
    assert seal.refused == ["A connection to http://127.0.0.1:9 outside any tape"]


def test_after_the_seal_the_network_is_as_it_was():
    async def main():
        with sealed():
            pass
        async with stream_server([head(framing="length=2") + b"ok"]) as server:
            async with aiohttp.ClientSession() as session, session.get(server.url()) as response:
                return await response.read()

    assert asyncio.run(main()) == b"ok"
    assert current() is None
