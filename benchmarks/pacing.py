"""How well does a replay on the real clock keep the recorded instants, alone and among others?

Streams are replayed with `timing="1x"`, one or 20 at a time in one event loop. The error is the
instant at which something happens, less the recorded one: seen by the consumer, and as the player
itself measures it at each delivery. A bare `loop.call_at` at the same instants shows what is the
loop's and the kernel's.
"""

from __future__ import annotations

import asyncio
import random
import tempfile
import time
from functools import partial
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

import aiohttp
from harness import PROSE, RECORDED_AT, arguments

from glmbench import use_cassette
from glmbench.cassettes.interaction import Interaction
from glmbench.cassettes.matching import RequestShape
from glmbench.cassettes.store import save
from glmbench.cassettes.track import Chunk, End, Track
from glmbench.measure.stats import percentile

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

URL = "https://api.example.com/stream"
STREAMS = (1, 20)
HEADERS_US = 50_000


def recorded_stream(seed: int, chunks: int) -> Interaction:
    """Build a recording with gaps of 5 to 60 ms, as of a chat service."""
    chance = random.Random(seed)
    instants = [HEADERS_US]
    for _ in range(chunks):
        instants.append(instants[-1] + chance.randint(5_000, 60_000))
    frames = [f'data: {{"text": "{PROSE[n % 30]}", "n": {n}}}\n\n'.encode() for n in range(chunks)]
    track = Track(
        origin="emulator",
        recorded_at=RECORDED_AT,
        by="glmbench benchmarks",
        seq=1,
        started_us=0,
        connected_us=1_200,
        reused=False,
        headers_us=HEADERS_US,
        framing="chunked",
        chunks=tuple(
            Chunk(at_us=at_us, size=len(frame))
            for at_us, frame in zip(instants[1:], frames, strict=True)
        ),
        end=End(kind="eof", at_us=instants[-1] + 1_000),
    )
    return Interaction(
        request=RequestShape(method="GET", url=URL),
        status=200,
        reason="OK",
        headers=(("Content-Type", "text/event-stream"),),
        body=b"".join(frames),
        track=track,
    )


class Errors:
    """Seconds of lateness, by who saw it."""

    def __init__(self) -> None:
        self.consumer: list[float] = []
        self.player: list[float] = []
        self.timer: list[float] = []


class StampedConnector(aiohttp.TCPConnector):
    """Keeps the instant of the tape's time zero: the entry of `connect()`."""

    zero = 0.0

    async def connect(self, *given: Any, **named: Any) -> Any:
        self.zero = time.perf_counter()
        return await super().connect(*given, **named)


async def consume(
    path: Path, instants: Sequence[int], errors: Errors, start: asyncio.Event
) -> None:
    connector = StampedConnector()
    async with (
        use_cassette(path, timing="1x") as tape,
        aiohttp.ClientSession(connector=connector) as session,
    ):
        await start.wait()
        async with session.get(URL) as response:
            seen = [time.perf_counter() async for _ in response.content.iter_any()]
    assert len(seen) == len(instants)
    errors.consumer += [
        at - connector.zero - us / 1e6 for at, us in zip(seen, instants, strict=True)
    ]
    errors.player += tape.offsets_s


async def bare_timers(instants: Sequence[int], errors: Errors, start: asyncio.Event) -> None:
    loop = asyncio.get_running_loop()
    await start.wait()
    zero = loop.time()
    for instant in instants:
        rung = asyncio.Event()

        def ring(at: float = zero + instant / 1e6, rung: asyncio.Event = rung) -> None:
            errors.timer.append(loop.time() - at)
            rung.set()

        loop.call_at(zero + instant / 1e6, ring)
        await rung.wait()


async def together(jobs: Sequence[Callable[[asyncio.Event], Awaitable[None]]]) -> None:
    """Run jobs in one loop that begin 7 ms after each other, once all are ready."""
    starts = [asyncio.Event() for _ in jobs]
    tasks = [asyncio.ensure_future(job(start)) for job, start in zip(jobs, starts, strict=True)]
    await asyncio.sleep(0.2)
    for start in starts:
        start.set()
        await asyncio.sleep(0.007)
    await asyncio.gather(*tasks)


def recorded(path: Path, seed: int, chunks: int) -> tuple[Path, list[int]]:
    interaction = recorded_stream(seed, chunks)
    assert interaction.track is not None
    save(path, [interaction])
    return path, [chunk.at_us for chunk in interaction.track.chunks]


def measure(recordings: Sequence[tuple[Path, Sequence[int]]], rounds: int) -> Errors:
    errors = Errors()
    for _ in range(rounds):
        for jobs in (
            [partial(consume, path, instants, errors) for path, instants in recordings],
            [partial(bare_timers, instants, errors) for _, instants in recordings],
        ):
            asyncio.run(together(jobs))
    return errors


def show(name: str, errors: list[float]) -> None:
    figures = (median(errors), percentile(sorted(errors), 95), max(errors), min(errors))
    print(f"  {name:24}", *(f"{seconds * 1e3:8.2f}" for seconds in figures), f"  n {len(errors)}")


def main() -> None:
    flags = arguments(__doc__)
    chunks, rounds = (20, 1) if flags.quick else (150, 3)
    with tempfile.TemporaryDirectory() as name:
        recordings = [
            recorded(Path(name) / f"{number}.yaml", number, chunks)
            for number in range(max(STREAMS))
        ]
        print("\nms late                    median      p95      max      min")
        for count in STREAMS:
            print(f"{count} at a time, {chunks} chunks each, {rounds} rounds")
            errors = measure(recordings[:count], rounds)
            show("at the consumer", errors.consumer)
            show("in the player", errors.player)
            show("bare call_at", errors.timer)


if __name__ == "__main__":
    main()
