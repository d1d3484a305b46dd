"""HTTP and SOCKS proxies carry a stream, and what cannot work is refused without its password."""

from __future__ import annotations

import re
import ssl
import sys

import aiohttp
import pytest
import trustme
from cassettes.support import spaced
from providers.support_http import HEAD, STOP, ask
from proxyservers import proxy_server
from streamserver import CUT, LAST, chunked, head, stream_server

from glmbench import run_virtual, use_cassette
from glmbench.cassettes.store import load
from glmbench.errors import ConnectFailedError, UsageError
from glmbench.providers.proxies import check_proxy, is_socks

SCRIPT = [HEAD, *spaced([chunked(b"a"), chunked(b"b"), chunked(b"c!")]), LAST]
ANSWER = (["a", "b", "c", ".", STOP], None)


@pytest.mark.parametrize(
    ("proxy", "checked"),
    [
        (None, None),
        ("", None),
        ("http://h:1", "http://h:1"),
        ("HTTPS://u:p@h", "HTTPS://u:p@h"),
        ("socks5h://u:p@h:1", "socks5h://u:p@h:1"),
    ],
)
def test_known_proxies_pass(proxy, checked):
    assert check_proxy(proxy) == checked


@pytest.mark.parametrize(
    ("proxy", "sentence"),
    [
        (
            "localhost:80",
            'proxy "localhost:80" has no scheme: write "http://..." or "socks5://..."',
        ),
        ("me:secret@h:80", 'proxy "h:80" has no scheme: write "http://..." or "socks5://..."'),
        (
            "ftp://me:secret@h",
            'proxy "ftp://h" has an unknown scheme; known are http, https, socks4, socks5, socks5h',
        ),
        (
            "SOCKS4A://h",
            (
                'proxy "SOCKS4A://h" has an unknown scheme; known are http, https, socks4, socks5, '
                "socks5h"
            ),
        ),
        ("http://", 'proxy "http://" must look like "http://host:port"'),
        ("socks5://me:secret@", 'proxy "socks5://" must look like "socks5://host:port"'),
    ],
)
def test_another_proxy_is_refused_without_its_password(proxy, sentence):
    with pytest.raises(UsageError, match=f"^{re.escape(sentence)}$"):
        check_proxy(proxy)


def test_a_missing_extra_is_said_with_its_cure(monkeypatch):
    monkeypatch.setitem(sys.modules, "aiohttp_socks", None)
    sentence = 'SOCKS proxies need an optional package: pip install "glmbench[socks]"'
    with pytest.raises(UsageError, match=f"^{re.escape(sentence)}$"):
        check_proxy("socks5://h:1")


@pytest.mark.parametrize(
    ("proxy", "socks"), [(None, False), ("http://h", False), ("SOCKS5H://h", True)]
)
def test_socks_is_told_by_its_scheme(proxy, socks):
    assert is_socks(proxy) is socks


async def test_an_http_proxy_carries_a_stream():
    async with stream_server(SCRIPT) as server, proxy_server() as proxy:
        got = await ask(f"http://service.invalid:{server.port}/p", proxy=proxy.url("http"))
        assert proxy.asked == [("http", "POST", f"http://service.invalid:{server.port}/p")]
    assert got == ANSWER


@pytest.mark.parametrize(
    ("scheme", "host", "asked"),
    [
        ("socks4", "127.0.0.1", ("socks4", "address", "127.0.0.1")),
        ("socks5", "127.0.0.1", ("socks5", "address", "127.0.0.1")),
        ("socks5h", "service.invalid", ("socks5", "name", "service.invalid")),
    ],
)
async def test_a_socks_proxy_carries_a_stream(scheme, host, asked):
    async with stream_server(SCRIPT) as server, proxy_server() as proxy:
        got = await ask(f"http://{host}:{server.port}/", proxy=proxy.url(scheme))
        assert proxy.asked == [asked]
    assert got == ANSWER


async def test_a_socks_proxy_is_given_its_login():
    async with stream_server(SCRIPT) as server, proxy_server(login=("me", "secret")) as proxy:
        got = await ask(server.url(), proxy=proxy.url("socks5", "me:secret@"))
        _, error = await ask(server.url(), proxy=proxy.url("socks5", "me:wrong@"))
    assert got == ANSWER
    assert type(error) is ConnectFailedError
    assert "wrong" not in str(error)


async def test_a_socks_proxy_that_refuses_is_a_failed_connect():
    async with proxy_server(refuse=True) as proxy:
        _, error = await ask("http://127.0.0.1:9/", proxy=proxy.url("socks5"))
    assert type(error) is ConnectFailedError
    assert str(error).startswith("the proxy refused: ")


async def test_a_proxy_that_is_not_there_is_a_failed_connect():
    _, error = await ask("http://127.0.0.1:9/", proxy="socks5://127.0.0.1:9")
    assert type(error) is ConnectFailedError


async def test_an_http_proxy_that_refuses_is_a_failed_connect():
    script = [head("Content-Length: 0", status="407 Login", framing="none"), CUT]
    async with stream_server(script) as server:
        _, error = await ask("https://service.invalid/", proxy=server.url())
    assert (type(error), error.status, str(error)) == (
        ConnectFailedError,
        407,
        "the proxy refused: Login (HTTP 407)",
    )


async def test_a_socks_proxy_needs_a_connector_of_its_own():
    async with aiohttp.TCPConnector() as connector:
        _, error = await ask("http://h/", proxy="socks5://127.0.0.1:9", connector=connector)
    assert type(error) is UsageError


@pytest.mark.parametrize("scheme", ["http", "socks5"])
async def test_a_stream_through_a_proxy_is_recorded_and_replayed(tmp_path, scheme):
    path = tmp_path / "c.yaml"
    async with stream_server(SCRIPT) as server, proxy_server() as proxy:
        url, through = server.url(), proxy.url(scheme)
        async with use_cassette(path, mode="record"):
            recorded = await ask(url, proxy=through)
    (interaction,) = load(path)
    assert [chunk.size for chunk in interaction.track.chunks] == [1, 1, 2]
    async with use_cassette(path, timing="instant"):
        assert await ask(url, proxy=through) == recorded == ANSWER


async def test_an_environments_proxy_is_used_only_when_asked_for(monkeypatch):
    async with stream_server(SCRIPT) as server, proxy_server() as proxy:
        monkeypatch.setenv("http_proxy", proxy.url("http"))
        url = f"http://localhost:{server.port}/"
        monkeypatch.setenv("no_proxy", "")
        assert await ask(url) == ANSWER
        assert proxy.asked == []
        assert await ask(url, trust_env=True) == ANSWER
        assert proxy.asked == [("http", "POST", url)]


async def test_tls_options_reach_the_connection():
    authority = trustme.CA()
    serving = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(serving)
    trusting = ssl.create_default_context()
    authority.configure_trust(trusting)
    async with (
        stream_server(SCRIPT, SCRIPT, SCRIPT, tls=serving) as server,
        proxy_server() as proxy,
    ):
        url = f"https://localhost:{server.port}/"
        _, error = await ask(url)
        assert type(error) is ConnectFailedError
        assert await ask(url, ssl=trusting) == ANSWER
        assert await ask(url, ssl=False) == ANSWER
        assert await ask(url, ssl=trusting, proxy=proxy.url("http")) == ANSWER
        assert await ask(url, ssl=trusting, proxy=proxy.url("socks5h")) == ANSWER
        assert [kind for kind, *_ in proxy.asked] == ["http", "socks5"]


async def test_a_session_of_the_caller_stays_open_and_its_timeouts_do_not_count():
    async with stream_server(SCRIPT) as server:
        timeout = aiohttp.ClientTimeout(total=0.001)
        async with aiohttp.ClientSession(timeout=timeout) as session:
            assert await ask(server.url(), session=session) == ANSWER
            assert not session.closed


def test_replay_needs_no_proxy(tmp_path):
    async def through_nothing():
        async with use_cassette(tmp_path / "absent.yaml"):
            await ask("http://h/", proxy="socks5://127.0.0.1:9")

    with pytest.raises(Exception, match="has no recording"):
        run_virtual(through_nothing())
