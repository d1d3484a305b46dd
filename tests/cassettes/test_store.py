"""What is saved reads back byte for byte, in glmbench and in stock vcrpy; nothing half-written."""

from __future__ import annotations

import asyncio
import gzip
import json
import os
import re
import stat
import tracemalloc
from pathlib import Path

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
from glmbench.cassettes import store
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
    "empty": (lambda _: b"", r"it is empty"),
    "not YAML": (lambda _: b"{", r"it is not YAML"),
    "another document": (lambda _: b"just: this\n", r"it is not a vcrpy cassette"),
    "no interaction": (lambda _: b"version: 1\ninteractions: []\n", r"it holds no interaction"),
    "cut in the middle": (
        lambda t: t.encode()[: len(t) // 2],
        r"is damaged: interaction 1 .*malformed",
    ),
    "an edited body": (
        lambda t: t.replace("two", "2wo").encode(),
        r"does not fit its stream track",
    ),
    "no status": (
        lambda t: t.replace("      code: 200\n", "").encode(),
        r"interaction 1 .* malformed",
    ),
    "a conflict marker": (
        lambda t: f"<<<<<<< HEAD\n{t}".encode(),
        r"it has git conflict markers at line 1: resolve them",
    ),
    "interactions that are no list": (
        lambda _: b"version: 1\ninteractions: {a: 1}\n",
        r"it is not a vcrpy cassette: it has no list of interactions",
    ),
    "an interaction that is no mapping": (
        lambda _: b"version: 1\ninteractions:\n- 1\n",
        r"interaction 1 is malformed: it is no mapping",
    ),
    "an interaction without a request": (
        lambda _: b"version: 1\ninteractions:\n- response: {}\n",
        r"interaction 1 is malformed: it has no 'request'",
    ),
    "an address that is none": (
        lambda t: t.replace("https://h/p", "http://[").encode(),
        r"interaction 1 is malformed: .*Invalid IPv6 URL",
    ),
    "a header that is a list of lists": (
        lambda t: t.replace("- text/event-stream", "- [text]").encode(),
        r"interaction 1 \(POST https://h/p\) is malformed: a header or its reason is not text",
    ),
    "a header without a value": (
        lambda t: t.replace("      Accept:\n      - '*/*'", "      Accept: []").encode(),
        r"interaction 1 is malformed",
    ),
    "a body that is a number": (
        lambda t: t.replace("one two three", "123").encode(),
        r"malformed: its body is neither text nor bytes",
    ),
    "a version of the future": (
        lambda t: t.replace("version: 1\nint", "version: 2\nint").encode(),
        r"it is not a vcrpy cassette of version 1, or its end is missing",
    ),
    "a track that is empty": (
        lambda t: (t[: t.index("x-stream:")] + "x-stream:\n").encode(),
        r"its stream track is malformed",
    ),
    "100,000 brackets": (lambda _: b"[" * 100_000, r"it is nested more than 100 deep"),
    "a method that is a number": (lambda t: t.replace("POST", "5").encode(), r"malformed"),
    "a status that is none": (
        lambda t: t.replace("code: 200", "code: 99999").encode(),
        r"malformed",
    ),
    "no mark at the end": (
        lambda t: t.removesuffix("...\n").encode(),
        r"is damaged: its end is missing: after interaction 1 there is no line of three dots",
    ),
    "a mark at the end that is cut": (lambda t: t[:-2].encode(), r"it is not YAML: .* at line"),
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


def test_two_recordings_in_one_file_are_no_recording(tmp_path):
    save(tmp_path / "c.yaml", [interaction(), interaction()])
    message = r"interaction 2 \(POST https://h/p\): there is another one of seq 1; two recordings"
    with pytest.raises(CassetteDamagedError, match=message):
        load(tmp_path / "c.yaml")


def test_an_interaction_that_was_taken_out_is_missed(tmp_path):
    save(tmp_path / "c.yaml", [interaction(), interaction(track=make_track(seq=3))])
    message = r"is damaged: the interaction of seq 2 is missing; the file was edited\."
    with pytest.raises(CassetteDamagedError, match=message):
        load(tmp_path / "c.yaml")


def assert_every_cut_is_noticed(path):
    """End the file early, at every fiftieth of it."""
    text = path.read_bytes()
    for part in range(50):
        path.write_bytes(text[: len(text) * part // 50])
        with pytest.raises(CassetteDamagedError, match=f"^{re.escape(str(path))} is damaged: "):
            load(path)


def test_a_track_that_is_missing_beside_others_is_noticed(tmp_path):
    save(tmp_path / "c.yaml", [interaction(), interaction(track=None)])
    message = r"interaction 2 \(POST https://h/p\): its stream track is missing"
    with pytest.raises(CassetteDamagedError, match=message):
        load(tmp_path / "c.yaml")


BODIES = [b"data: one\n\n" * 30, "data: 二\n\n".encode() * 30, b"bytes \xff" * 30, b"{}"]


@pytest.mark.parametrize("body", BODIES, ids=["ASCII", "Chinese", "bytes", "short"])
def test_a_file_that_was_cut_anywhere_is_damaged(tmp_path, body):
    path = tmp_path / "c.yaml"
    save(path, [interaction(body)])
    assert_every_cut_is_noticed(path)


@settings(max_examples=400, deadline=None)
@given(st.data())
def test_an_edit_anywhere_is_noticed_or_leaves_the_body_alone(tmp_path_factory, data):
    path = tmp_path_factory.mktemp("edited") / "c.yaml"
    save(path, [interaction(BODIES[1])])
    text = path.read_bytes()
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, min(start + 60, len(text))))
    words = st.sampled_from([b"", b"-", b": ", b"[", b"{", b"&a ", b"*a", b"!!int ", b"9" * 5000])
    path.write_bytes(text[:start] + data.draw(words | st.binary(max_size=4)) + text[end:])
    try:
        loaded = load(path)
    except CassetteDamagedError:
        return
    assert [each.body for each in loaded] == [BODIES[1]]


def test_a_file_of_stock_vcrpy_that_was_cut_anywhere_is_damaged(tmp_path):
    path = tmp_path / "c.yaml"
    save(path, [interaction(body, track=None) for body in BODIES])
    requests, responses = FilesystemPersister.load_cassette(str(path), yamlserializer)
    cassette = {"requests": requests, "responses": responses}
    FilesystemPersister.save_cassette(str(path), cassette, yamlserializer)
    assert_every_cut_is_noticed(path)


def test_a_cut_between_two_interactions_is_noticed_by_the_missing_end(tmp_path):
    path = tmp_path / "c.yaml"
    tracks = [make_track(seq=seq, chunks=(Chunk(at_us=101300, size=13),)) for seq in (1, 2)]
    save(path, [interaction(track=track) for track in tracks])
    text = path.read_bytes()
    edge = text.index(b"- request:", text.index(b"- request:") + 1)
    assert_every_cut_is_noticed(path)
    path.write_bytes(text[:edge])
    with pytest.raises(CassetteDamagedError, match="its end is missing: after interaction 1 "):
        load(path)


def test_interactions_without_a_track_come_before_the_version_as_in_stock_files(tmp_path):
    path = tmp_path / "c.yaml"
    save(path, [interaction(track=None)])
    assert list(yaml.safe_load(path.read_text())) == ["interactions", "version"]
    assert load(path) == (interaction(track=None),)


def test_a_cassette_in_json_may_begin_with_its_version(tmp_path):
    path = tmp_path / "c.json"
    save(path, [interaction(track=None)])
    document = yaml.safe_load(path.read_text())
    path.write_text(json.dumps({"version": 1, **document}))
    assert load(path) == (interaction(track=None),)


def test_shipped_cassettes_are_written_again_as_they_are(tmp_path):
    shipped = sorted((Path(__file__).parents[2] / "cassettes").rglob("*.yaml"))
    assert len(shipped) > 30
    for path in shipped:
        save(tmp_path / "again.yaml", load(path))
        assert (tmp_path / "again.yaml").read_bytes() == path.read_bytes(), path


@pytest.mark.parametrize("kind", ["text", "quoted", "bytes"])
def test_loading_takes_a_few_times_the_body(tmp_path, kind):
    unit = {"text": b"data: some words\n\n", "quoted": b"data: x\r\n\r\n", "bytes": b"\xff\x00"}
    body = unit[kind] * ((2 << 20) // len(unit[kind]))
    save(tmp_path / "c.yaml", [interaction(body)])
    tracemalloc.start()
    try:
        load(tmp_path / "c.yaml")
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    # Beside what libyaml allocates; `benchmarks/store.py` sees all of it.
    assert peak < 5 * len(body)


def test_line_ends_that_git_turned_into_those_of_windows_do_no_harm(tmp_path):
    save(tmp_path / "c.yaml", [interaction(b"data: x\n\n")])
    text = (tmp_path / "c.yaml").read_bytes()
    (tmp_path / "c.yaml").write_bytes(text.replace(b"\n", b"\r\n"))
    assert load(tmp_path / "c.yaml") == (interaction(b"data: x\n\n"),)


def test_a_packed_bomb_is_no_body(tmp_path, monkeypatch):
    monkeypatch.setattr(store, "LONGEST_UNPACKED", 1000)
    packed = gzip.compress(b"x" * 1001)
    headers = (("Content-Encoding", "gzip"),)
    save(tmp_path / "c.yaml", [interaction(packed, headers=headers, track=None)])
    with pytest.raises(CassetteDamagedError, match="its gzip body is cut, or longer than 1000"):
        load(tmp_path / "c.yaml")


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


def test_a_response_that_a_stock_cassette_holds_once_for_two_requests_is_both_of_theirs(tmp_path):
    path = tmp_path / "c.yaml"
    request = {"method": "GET", "uri": "http://h/", "body": None, "headers": {}}
    response = {"status": {"code": 200, "message": "OK"}, "headers": {}, "body": {"string": "x"}}
    twice = [{"request": request, "response": response}] * 2
    path.write_text(yaml.dump({"version": 1, "interactions": twice}))
    assert "&id001" in path.read_text()
    assert [each.body for each in load(path)] == [b"x", b"x"]


def test_request_bodies_that_stock_vcrpy_kept_unserialized_are_read(tmp_path):
    path = tmp_path / "c.yaml"
    stored = {
        "{q: [1]}": b'{"q":[1]}',
        "[a, b]": b'["a","b"]',
        "!!python/tuple [a, b]": b"ab",
        "text": b"text",
        "null": b"",
    }
    for text, body in stored.items():
        path.write_text(
            "interactions:\n- request: {method: POST, uri: http://h/, headers: {}, body: "
            + text
            + "}\n  response: {status: {code: 200, message: OK}, headers: {}, body: {string: x}}\n"
            "version: 1\n"
        )
        assert [each.request.body for each in load(path)] == [body]


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
