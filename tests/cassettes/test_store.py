"""What is saved reads back byte for byte, in glmbench and in stock vcrpy; nothing half-written."""

from __future__ import annotations

import asyncio
import gzip
import os
import stat

import aiohttp
import httpx
import pytest
import vcr
import yaml
from cassettes.support import consume, spaced, three_ways
from cassettes.test_track import make_track
from hypothesis import given, settings
from hypothesis import strategies as st
from streamserver import LAST, chunked, head, stream_server
from vcr.persisters.filesystem import FilesystemPersister
from vcr.serializers import yamlserializer

from glmbench import run_virtual, use_cassette
from glmbench.cassettes.interaction import Interaction
from glmbench.cassettes.matching import RequestShape
from glmbench.cassettes.store import load, save
from glmbench.cassettes.track import Chunk
from glmbench.errors import CassetteDamagedError

FRAMES = ['data: {"text": "你好"}\n\n'.encode(), b'data: {"text": "line: two # x"}\n\n']
SCRIPT = [head("Content-Type: text/event-stream"), *spaced(map(chunked, FRAMES)), LAST]


def interaction(body=b"one two three", *, request_body=b'{"q":1}', **changes):
    usual = {
        "request": RequestShape(
            method="POST", url="https://h/p", headers=(("Accept", "*/*"),), body=request_body
        ),
        "status": 200,
        "reason": "OK",
        "headers": (("Content-Type", "text/event-stream"),),
        "body": body,
        "track": make_track(chunks=(Chunk(at_us=101300, size=len(body)),) if body else ()),
    }
    return Interaction(**{**usual, **changes})


@settings(max_examples=150, deadline=None)
@given(
    st.one_of(st.binary(max_size=60), st.text(max_size=60).map(str.encode)),
    st.one_of(st.binary(max_size=30), st.text(max_size=30).map(str.encode)),
)
def test_any_body_survives(tmp_path_factory, body, request):
    path = tmp_path_factory.mktemp("any") / "c.yaml"
    written = interaction(body, request_body=request)
    save(path, [written])
    assert load(path) == (written,)


@pytest.mark.parametrize(
    "body",
    [
        b"data: x\n\n",
        b"data: x\r\n\r\n",
        b"data: x\r\r",
        b"\xef\xbb\xbfdata: x\n\n",
        b" leading\ntrailing \n",
        b"tab\there\nand there\t\n",
        "一行\n二行\n".encode(),
        "nel \x85 ls \u2028\n".encode(),
        "emoji 🎉\nand \x00 nul\n".encode(),
        b"\xff\xfe\n\x00",
        b"\n\n\n",
        b"---\n...\n%YAML\n",
    ],
)
def test_bodies_that_yaml_finds_hard_survive(tmp_path, body):
    save(tmp_path / "c.yaml", [interaction(body)])
    assert load(tmp_path / "c.yaml")[0].body == body


def test_a_body_of_frames_is_a_literal_block_that_a_person_can_read(tmp_path):
    body = b"".join(FRAMES)
    save(tmp_path / "c.yaml", [interaction(body)])
    text = (tmp_path / "c.yaml").read_text(encoding="utf-8")
    assert '      string: |+\n        data: {"text": "你好"}\n\n        data: {"text"' in text


def test_credentials_are_scrubbed_when_written(tmp_path):
    request = RequestShape(
        method="GET",
        url="https://h/p?token=hidden-value&x=1",
        headers=(("Authorization", "Bearer hidden-value"), ("Cookie", "a=hidden-value")),
    )
    headers = (("Set-Cookie", "sid=hidden-value"), ("X-Kept", "yes"))
    save(tmp_path / "c.yaml", [interaction(headers=headers, request=request)])
    text = (tmp_path / "c.yaml").read_text()
    assert "hidden-value" not in text
    assert text.count("[redacted]") == 4
    assert "X-Kept" in text


def test_the_file_has_the_mode_that_the_umask_gives(tmp_path):
    before = os.umask(0o027)
    try:
        save(tmp_path / "c.yaml", [interaction()])
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "c.yaml").stat().st_mode) == 0o640


def test_header_bytes_that_are_no_text_survive(tmp_path):
    odd = b"caf\xe9".decode("utf-8", "surrogateescape")
    written = interaction(headers=(("X-Odd", odd),), reason=odd)
    save(tmp_path / "c.yaml", [written])
    assert load(tmp_path / "c.yaml") == (written,)


def test_a_failed_save_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch):
    path = tmp_path / "c.yaml"
    save(path, [interaction()])
    before = path.read_bytes()

    def full(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        save(path, [interaction(b"other")])
    assert path.read_bytes() == before
    assert [file.name for file in tmp_path.iterdir()] == ["c.yaml"]


DAMAGES = {
    "not UTF-8": (lambda text: text.encode("utf-16"), r"it is not UTF-8 at byte 0"),
    "empty": (lambda _: b"", r"it is not a vcrpy cassette"),
    "not YAML": (lambda _: b"{", r"it is not YAML"),
    "another document": (lambda _: b"just: this\n", r"it is not a vcrpy cassette"),
    "no interaction": (lambda _: b"version: 1\ninteractions: []\n", r"it holds no interaction"),
    "cut in the middle": (
        lambda t: t.encode()[: len(t) // 2],
        r"is damaged: it is not a|malformed",
    ),
    "an edited body": (
        lambda t: t.replace("two", "2wo").encode(),
        r"does not fit its stream track",
    ),
    "no status": (
        lambda t: t.replace("      code: 200\n", "").encode(),
        r"interaction 1 .* malformed",
    ),
    "a conflict marker": (lambda t: f"<<<<<<< HEAD\n{t}".encode(), r"it is not YAML"),
    "a method that is a number": (lambda t: t.replace("POST", "5").encode(), r"malformed"),
    "a status that is none": (
        lambda t: t.replace("code: 200", "code: 99999").encode(),
        r"malformed",
    ),
    "another track version": (
        lambda t: t.replace("x-stream:\n      version: 1", "x-stream:\n      version: 9").encode(),
        r"version 9 and this glmbench reads version 1",
    ),
}


@pytest.mark.parametrize("name", DAMAGES)
def test_a_damaged_file_is_named_with_what_to_do(tmp_path, name):
    damage, message = DAMAGES[name]
    path = tmp_path / "c.yaml"
    save(path, [interaction()])
    path.write_bytes(damage(path.read_text()))
    with pytest.raises(CassetteDamagedError, match=message) as caught:
        load(path)
    assert str(caught.value).startswith(f"{path} is damaged: ")
    assert str(caught.value).endswith("Restore it, or record it again with --mode refresh.")


def test_interactions_come_in_the_order_of_their_seq(tmp_path):
    first, second = interaction(), interaction(track=make_track(seq=2))
    save(tmp_path / "c.yaml", [second, first])
    assert [i.track.seq for i in load(tmp_path / "c.yaml")] == [1, 2]


# --- stock vcrpy ----------------------------------------------------------------------------


async def test_stock_vcrpy_replays_what_glmbench_wrote_to_aiohttp(tmp_path):
    async with stream_server(SCRIPT) as server:
        async with use_cassette(tmp_path / "c.yaml", mode="record"):
            recorded = await consume(server.url())
        url = server.url()
    with vcr.use_cassette(str(tmp_path / "c.yaml"), record_mode="none"):
        async with aiohttp.ClientSession() as session:
            async with session.post(url, json={"q": 1}) as response:
                assert response.status == 200
                assert await response.read() == recorded.body == b"".join(FRAMES)


async def test_stock_vcrpy_replays_what_glmbench_wrote_to_httpx(tmp_path):
    packed = head("Content-Encoding: gzip", "Content-Type: text/event-stream")
    script = [packed, chunked(gzip.compress(b"".join(FRAMES))), LAST]
    async with stream_server(script) as server:
        async with use_cassette(tmp_path / "c.yaml", mode="record"):
            await consume(server.url())
        url = server.url()
    with vcr.use_cassette(str(tmp_path / "c.yaml"), record_mode="none"):
        async with httpx.AsyncClient() as client:
            response = await client.post(url, json={"q": 1})
            assert response.content == b"".join(FRAMES)


async def test_a_cassette_survives_being_loaded_and_saved_by_stock_vcrpy(tmp_path):
    path = tmp_path / "c.yaml"
    async with stream_server(SCRIPT) as server:
        async with use_cassette(path, mode="record"):
            await consume(server.url())
    before = load(path)
    requests, responses = FilesystemPersister.load_cassette(str(path), yamlserializer)
    again = {"requests": requests, "responses": responses}
    FilesystemPersister.save_cassette(str(path), again, yamlserializer)
    # vcrpy sorts the keys of what it writes; nothing else changes.
    (after,) = load(path)
    assert (after.body, after.track) == (before[0].body, before[0].track)
    assert sorted(after.headers) == sorted(before[0].headers)


async def test_glmbench_replays_a_cassette_of_stock_vcrpy_without_a_track(tmp_path):
    path = tmp_path / "c.yaml"
    async with stream_server(SCRIPT) as server:
        url = server.url()
        with vcr.use_cassette(str(path), record_mode="once"):
            async with aiohttp.ClientSession() as session:
                async with session.post(url, json={"q": 1}) as response:
                    await response.read()
    (interaction,) = load(path)
    assert interaction.track is None
    async with use_cassette(path) as tape:
        seen = await consume(url)
    assert seen.body == b"".join(FRAMES)
    assert tape.finding().verdict == "HIT"


def test_a_stock_cassette_that_kept_the_packed_body_is_unpacked(tmp_path):
    path = tmp_path / "c.yaml"
    document = {
        "version": 1,
        "interactions": [
            {
                "request": {"method": "GET", "uri": "http://h/", "body": None, "headers": {}},
                "response": {
                    "status": {"code": 200, "message": "OK"},
                    "headers": {"Content-Encoding": ["gzip"]},
                    "body": {"string": gzip.compress(b"hello")},
                },
            }
        ],
    }
    path.write_text(yaml.dump(document))

    async def main():
        async with use_cassette(path):
            return await consume("http://h/", method="GET", json=None)

    seen = run_virtual(main())
    assert seen.body == b"hello"
    assert seen.headers == {"Content-Encoding": "gzip"}


def test_the_recorded_ways_agree_after_a_stock_round_trip(tmp_path):
    ways = three_ways(SCRIPT, tmp_path / "c.yaml")
    assert ways.replay == ways.recording
    assert asyncio.run(consume_from(tmp_path / "c.yaml", ways.url)).chunks == FRAMES


async def consume_from(path, url):
    async with use_cassette(path, timing="instant"):
        return await consume(url)
