"""`use_cassette`: modes, misuse, and the way in and out."""

from __future__ import annotations

import asyncio

import pytest
from cassettes.support import (
    FRAMES,
    WHOLE,
    consume,
    replay,
    three_ways,
)
from streamserver import head, stream_server

from glmbench import run_virtual, use_cassette
from glmbench.errors import (
    CassetteDamagedError,
    CassetteStaleError,
    UsageError,
)


def test_record_replays_a_file_that_is_there_and_refresh_replaces_it(tmp_path):
    path = tmp_path / "c.yaml"
    answers = [[head(framing="length=1") + b"%d" % n] for n in range(2)]

    async def main():
        bodies = []
        async with stream_server(*answers) as server:
            for mode in ("record", "record", "refresh", "replay"):
                async with use_cassette(path, mode=mode):
                    bodies.append((await consume(server.url())).body)
            return bodies, len(server.requests)

    assert asyncio.run(main()) == ([b"0", b"0", b"1", b"1"], 2)


def test_record_with_a_file_present_fails_closed(tmp_path):
    path = tmp_path / "c.yaml"

    async def main():
        async with stream_server([head(framing="length=1") + b"0"]) as server:
            async with use_cassette(path, mode="record"):
                await consume(server.url())
            with pytest.raises(CassetteStaleError):
                async with use_cassette(path, mode="record"):
                    await consume(server.url(), json={"other": 1})
            return len(server.requests)

    assert asyncio.run(main()) == 1


def test_live_writes_nothing(tmp_path):
    async def main():
        async with stream_server(WHOLE["chunked"]) as server:
            async with use_cassette(tmp_path / "c.yaml", mode="live") as tape:
                seen = await consume(server.url())
            return seen.chunks, tape.finding().verdict

    assert asyncio.run(main()) == (FRAMES, "LIVE")
    assert list(tmp_path.iterdir()) == []


def test_it_is_a_sync_context_manager_too(tmp_path):
    ways = three_ways(WHOLE["chunked"], tmp_path / "c.yaml")
    with use_cassette(tmp_path / "c.yaml") as tape:
        seen = run_virtual(consume(ways.url))
    assert seen == ways.recording
    assert tape.finding().verdict == "HIT"


def test_outside_the_context_the_network_is_as_it_was(tmp_path):
    async def main():
        async with stream_server(WHOLE["whole with its head"]) as server:
            async with use_cassette(tmp_path / "c.yaml", mode="record"):
                await consume(server.url())
            return (await consume(server.url())).chunks, len(server.requests)

    assert asyncio.run(main()) == (FRAMES[:1], 2)


@pytest.mark.parametrize("timing", ["fast", "0x", "x", "-1x", ""])
def test_an_unknown_timing_is_refused(tmp_path, timing):
    with pytest.raises(UsageError, match=f"^timing is '{timing}'; it is `recorded`, `instant`"):
        use_cassette(tmp_path / "c.yaml", timing=timing)


def test_an_unknown_mode_is_refused(tmp_path):
    with pytest.raises(UsageError, match="^mode is 'reply'; it is one of replay, record, refresh"):
        use_cassette(tmp_path / "c.yaml", mode="reply")


def test_a_damaged_file_is_refused_when_the_context_begins(tmp_path):
    path = tmp_path / "c.yaml"
    three_ways(WHOLE["chunked"], path)
    path.write_text(path.read_text().replace('"n": 3', '"n": 4'))
    with pytest.raises(CassetteDamagedError, match="interaction 1 .*does not fit its stream track"):
        run_virtual(replay(path, "http://127.0.0.1:1/stream"))
