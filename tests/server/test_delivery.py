"""What goes over the wire, when, and how it ends; over real loopback."""

from __future__ import annotations

import asyncio
import itertools
import socket
import time
import zlib

import aiohttp
import pytest
from server.exchange import (
    MS,
    body,
    chunks_of,
    connection,
    raw_answer,
    raw_request,
    script,
    speech,
    truth_of,
    truth_with,
)

from glmbench.server.composition import compose
from glmbench.server.emulator import Emulator
from glmbench.server.frames import Identity
from glmbench.server.script import Ending, HttpAnswer


def expected_writes(reply, name):
    return [write.data for write in compose(reply, Identity(name=name), name).writes]


@pytest.fixture
def sent(monkeypatch):
    """Record what is handed to the kernel: reads cannot tell one segment from two in a row."""
    segments = []
    send = socket.socket.send

    def recording(self, data, *flags):
        segments.append(bytes(data))
        return send(self, data, *flags)

    monkeypatch.setattr(socket.socket, "send", recording)
    return segments


async def test_each_write_is_a_chunk_of_its_own_and_the_body_ends_in_order():
    reply = speech("a", "b", delay_s=2 * MS, ending=Ending(kind="finish"))
    async with Emulator(script(x=reply)) as emulator, connection(emulator) as (reader, writer):
        writer.write(raw_request("x"))
        head = await reader.readuntil(b"\r\n\r\n")
        raw = await reader.readuntil(b"\r\n0\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 OK\r\n")
    assert b"Content-Type: text/event-stream; charset=utf-8\r\n" in head
    assert chunks_of(raw) == (expected_writes(reply, "x"), b"0\r\n\r\n")


async def test_a_cut_closes_in_the_middle_of_the_body_without_a_reset():
    reply = speech("a", "b", "c", ending=Ending(kind="cut", after=2, partial=10))
    async with Emulator(script(x=reply)) as emulator:
        _, raw = await raw_answer(emulator, "x")
    assert chunks_of(raw) == (expected_writes(reply, "x"), b"")
    assert raw.endswith(b'\r\na\r\ndata: {"id\r\n')


async def test_a_reset_is_a_reset():
    reply = speech("a", ending=Ending(kind="reset", delay_s=2 * MS))
    async with Emulator(script(x=reply)) as emulator:
        with pytest.raises(ConnectionResetError):
            await raw_answer(emulator, "x")


async def test_a_client_sees_a_cut_and_a_reset_as_errors_after_the_same_text():
    cut = speech("a", "b", ending=Ending(kind="cut", after=2, delay_s=5 * MS))
    reset = speech("a", "b", ending=Ending(kind="reset", after=2, delay_s=5 * MS))
    answers = script(cut=cut, reset=reset)
    async with Emulator(answers) as emulator, aiohttp.ClientSession() as session:
        for name, reply in (("cut", cut), ("reset", reset)):
            got = b""
            with pytest.raises(aiohttp.ClientError):
                async with session.post(emulator.url, json=body(name)) as response:
                    async for chunk in response.content.iter_any():
                        got += chunk
            assert got == b"".join(expected_writes(reply, name))


async def test_a_stall_keeps_the_connection_until_the_client_leaves(tmp_path):
    truth = tmp_path / "truth.jsonl"
    reply = speech("a", ending=Ending(kind="stall", after=2))
    async with Emulator(script(x=reply), truth=truth) as emulator:
        async with connection(emulator) as (reader, writer):
            writer.write(raw_request("x"))
            await reader.readuntil(b"\r\n\r\n")
            last = expected_writes(reply, "x")[-1]
            await reader.readuntil(last)
            await truth_with(truth, "end")
            assert not reader.at_eof()
        lines = await truth_with(truth, "left")
    assert [line["what"] for line in lines] == [
        "arrived",
        "head",
        "frame",
        "frame",
        "end",
        "left",
    ]
    assert lines[-2]["end"] == "stall"


async def test_a_stalled_answer_does_not_hold_up_the_end_of_the_emulator():
    reply = speech("a", ending=Ending(kind="stall"))
    async with asyncio.timeout(30):
        async with Emulator(script(x=reply)) as emulator:
            reader, writer = await asyncio.open_connection(emulator.host, emulator.port)
            writer.write(raw_request("x"))
            await reader.readuntil(b"\r\n\r\n")
        assert reader.exception() is None
        await reader.read()
        assert reader.at_eof()
        writer.close()


async def test_a_client_that_leaves_in_mid_answer_is_noted(tmp_path):
    truth = tmp_path / "truth.jsonl"
    reply = speech(*"abc", delay_s=3600.0)
    async with Emulator(script(x=reply), truth=truth) as emulator:
        async with connection(emulator) as (reader, writer):
            writer.write(raw_request("x"))
            await reader.readuntil(b"\r\n\r\n")
        lines = await truth_with(truth, "left")
    assert "end" not in {line["what"] for line in lines}


async def test_a_client_that_leaves_before_a_plain_answer_is_noted_too(tmp_path):
    truth = tmp_path / "truth.jsonl"
    async with Emulator(script(x=HttpAnswer(delay_s=3600.0)), truth=truth) as emulator:
        async with connection(emulator) as (_, writer):
            writer.write(raw_request("x"))
            await truth_with(truth, "arrived")
        lines = await truth_with(truth, "left")
    assert [line["what"] for line in lines] == ["arrived", "left"]


async def test_gzip_is_flushed_with_every_write():
    reply = speech("你", "好", gzip=True)
    async with Emulator(script(x=reply)) as emulator, connection(emulator) as (reader, writer):
        writer.write(raw_request("x"))
        head = await reader.readuntil(b"\r\n\r\n")
        raw = await reader.readuntil(b"\r\n0\r\n\r\n")
    assert b"Content-Encoding: gzip\r\n" in head
    *chunks, tail = chunks_of(raw)[0]
    unpacker = zlib.decompressobj(wbits=31)
    assert [unpacker.decompress(chunk) for chunk in chunks] == expected_writes(reply, "x")
    assert unpacker.decompress(tail) == b""
    assert unpacker.eof


async def test_a_client_reads_a_gzip_body_as_the_same_text():
    plain, packed = speech("你", "好"), speech("你", "好", gzip=True)
    async with Emulator(script(x=packed)) as emulator, aiohttp.ClientSession() as session:
        async with session.post(emulator.url, json=body("x")) as response:
            assert await response.read() == b"".join(expected_writes(plain, "x"))


@pytest.mark.parametrize("joined", [False, True])
async def test_the_head_goes_out_alone_unless_it_is_told_to_wait_for_the_first_frame(sent, joined):
    reply = speech("a", with_head=joined)
    async with Emulator(script(x=reply)) as emulator, connection(emulator) as (reader, writer):
        writer.write(raw_request("x"))
        await reader.readuntil(b"\r\n0\r\n\r\n")
    head, *rest = [data for data in sent if not data.startswith(b"POST")]
    opening = expected_writes(reply, "x")[0]
    chunk = b"%x\r\n%b\r\n" % (len(opening), opening)
    assert head.startswith(b"HTTP/1.1 200 OK\r\n")
    if joined:
        assert head.partition(b"\r\n\r\n")[2] == chunk
    else:
        assert head.endswith(b"\r\n\r\n")
        assert rest[0] == chunk


async def test_the_truth_tells_every_write_with_an_instant_before_the_client_had_it(tmp_path):
    truth = tmp_path / "truth.jsonl"
    reply = speech("a", "b", head_delay_s=2 * MS, opening_delay_s=3 * MS, delay_s=4 * MS)
    received = []
    before = time.perf_counter()
    async with Emulator(script(x=reply), truth=truth) as emulator:
        async with connection(emulator) as (reader, writer):
            writer.write(raw_request("x"))
            await reader.readuntil(b"\r\n\r\n")
            received.append(time.perf_counter())
            for data in expected_writes(reply, "x"):
                await reader.readuntil(data + b"\r\n")
                received.append(time.perf_counter())
            await reader.readuntil(b"0\r\n\r\n")
            received.append(time.perf_counter())
    arrived, *writes = truth_of(truth)
    assert (arrived["what"], arrived["request"], arrived["case"]) == ("arrived", 1, "x")
    assert [line["what"] for line in writes] == ["head", *["frame"] * 5, "end"]
    assert [line["index"] for line in writes] == list(range(7))
    assert {(line["request"], line["case"]) for line in writes} == {(1, "x")}
    sizes = [len(data) for data in expected_writes(reply, "x")]
    assert [line["bytes"] for line in writes] == [0, *sizes, 0]
    assert [line["sent"] for line in writes] == [0, *sizes, 0]
    assert writes[-1]["end"] == "eof"

    instants = [line["at"] for line in writes]
    assert before < arrived["at"] < instants[0]
    assert instants == sorted(instants)
    assert all(sent < got for sent, got in zip(instants, received, strict=True))


async def test_no_write_is_earlier_than_its_delays_say(tmp_path):
    truth = tmp_path / "truth.jsonl"
    reply = speech("a", "b", head_delay_s=2 * MS, first_delay_s=5 * MS, delay_s=3 * MS)
    due = [2 * MS] + [w.at_s for w in compose(reply, Identity(name="x"), "x").writes]
    async with Emulator(script(x=reply), truth=truth) as emulator:
        async with aiohttp.ClientSession() as session:
            await (await session.post(emulator.url, json=body("x"))).read()
    arrived, *writes = truth_of(truth)
    # A timer may fire one tick of the loop's clock early.
    tick = 1 * MS
    waited = [line["at"] - arrived["at"] for line in writes[:-1]]
    assert all(took > at - tick for took, at in zip(waited, due, strict=True))


async def test_a_late_write_does_not_push_the_rest(tmp_path):
    truth = tmp_path / "truth.jsonl"
    reply = speech(*"abcdef", delay_s=5 * MS)
    async with Emulator(script(x=reply), truth=truth) as emulator:
        async with connection(emulator) as (reader, writer):
            writer.write(raw_request("x"))
            await reader.readuntil(b"\r\n\r\n")
            # The whole loop is held, as by a busy machine, until every write is overdue.
            time.sleep(60 * MS)  # noqa: ASYNC251
            await reader.readuntil(b"0\r\n\r\n")
    instants = [line["at"] for line in truth_of(truth) if line["what"] == "frame"]
    gaps = [after - before for before, after in itertools.pairwise(instants)]
    # A schedule that counts from the write before could have no gap under its delay.
    assert min(gaps) < 5 * MS


async def test_a_plain_http_answer_is_one_head_and_one_end_in_the_truth(tmp_path):
    truth = tmp_path / "truth.jsonl"
    answer = HttpAnswer(status=403, content_type="text/html; charset=utf-8", body=b"<p>no</p>")
    async with Emulator(script(x=answer), truth=truth) as emulator:
        async with aiohttp.ClientSession() as session:
            async with session.post(emulator.url, json=body("x")) as response:
                assert (response.status, await response.read()) == (403, b"<p>no</p>")
                assert response.headers["Content-Type"] == "text/html; charset=utf-8"
    lines = truth_of(truth)
    assert [line["what"] for line in lines] == ["arrived", "head", "end"]
    assert lines[1]["bytes"] == 9


async def test_the_scripts_own_headers_win():
    answer = HttpAnswer(
        status=429,
        reason="Slow Down",
        headers={"Retry-After": "30", "content-type": "text/plain"},
        content_type="application/json; charset=utf-8",
        body=b"{}",
    )
    async with Emulator(script(x=answer)) as emulator, aiohttp.ClientSession() as session:
        async with session.post(emulator.url, json=body("x")) as response:
            assert (response.status, response.reason) == (429, "Slow Down")
            assert response.headers["Retry-After"] == "30"
            assert response.headers.getall("Content-Type") == ["text/plain"]
