"""What the benchmarks share: versions, runs taken in turn, and recorded-looking streams to replay.

Machines are noisy, and the noise comes in stretches of seconds. So whatever is compared is run in
turn, round by round, and the ratio shown is the median of the rounds' own ratios.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import os
import platform
import time
from dataclasses import replace
from importlib.metadata import version
from itertools import accumulate
from statistics import median
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from glmbench.cassettes.interaction import Interaction
    from glmbench.cassettes.matching import RequestShape
    from glmbench.server.script import Options

RECORDED_AT = "2026-11-22T10:00:00Z"
PROSE = "长江发源于青藏高原的唐古拉山脉，穿过峡谷与平原，在上海以北注入东海。"


def arguments(question: str | None, **flags: str) -> argparse.Namespace:
    """Parse the command line and print what was asked of what."""
    parser = argparse.ArgumentParser(description=question)
    parser.add_argument("--quick", action="store_true", help="few and small runs: does it work?")
    for name, text in flags.items():
        parser.add_argument(f"--{name}", action="store_true", help=text)
    parsed = parser.parse_args()
    libraries = ", ".join(f"{name} {version(name)}" for name in ("aiohttp", "vcrpy", "msgspec"))
    print((question or "").partition("\n")[0])
    print(
        f"Python {platform.python_version()}, {libraries}; {platform.system()} "
        f"{platform.machine()}, {os.cpu_count()} CPUs{'; --quick' if parsed.quick else ''}"
    )
    return parsed


Rounds = dict[str, list[float]]


def in_turn(
    jobs: Mapping[str, Callable[[], float]], rounds: int, *, warm_up: bool = True
) -> Rounds:
    """Run every job once a round; a job returns its own figure."""
    figures: Rounds = {name: [] for name in jobs}
    for number in range(rounds + warm_up):
        for name, job in jobs.items():
            gc.collect()
            figure = job()
            if number or not warm_up:
                figures[name].append(figure)
    return figures


def ratio(figures: Rounds, name: str, to: str) -> float:
    """Return the median of the ratios that two jobs had in the same round."""
    return median(one / other for one, other in zip(figures[name], figures[to], strict=True))


def wall(job: Callable[[], Any]) -> float:
    """Return how many seconds a job takes."""
    started = time.perf_counter()
    job()
    return time.perf_counter() - started


def cpu(job: Callable[[], Any]) -> float:
    """Return how many seconds of this process's CPU time a job takes."""
    started = time.process_time()
    job()
    return time.process_time() - started


class _RequestSeenError(Exception):
    """Carries the request that a provider was about to send."""

    def __init__(self, shape: RequestShape) -> None:
        super().__init__()
        self.shape = shape


def chatglm_requests(prompts: list[str]) -> list[RequestShape]:
    """Return what the ChatGLM provider really sends for each prompt; nothing is sent."""
    return requests_of("chatglm", "glm-4", prompts)


def requests_of(
    provider: str, model: str, prompts: list[str], **options: Any
) -> list[RequestShape]:
    """Return what a built-in provider really sends for each prompt; nothing is sent."""
    from glmbench.cassettes.context import activate
    from glmbench.cassettes.playing_tape import PlayingTape
    from glmbench.providers.registry import resolve

    create: Any = resolve(provider)

    class Catcher(PlayingTape):
        def find(self, shape: RequestShape) -> Interaction:
            raise _RequestSeenError(shape)

    async def ask(prompt: str) -> RequestShape:
        messages = [{"role": "user", "content": prompt}]
        with activate(Catcher("nothing is recorded", None)):
            parts = create.create_async_generator(model, messages, **options)
            try:
                await anext(parts)
            except _RequestSeenError as seen:
                return seen.shape
            finally:
                await parts.aclose()
        raise AssertionError("the provider answered without a recording")

    async def ask_all() -> list[RequestShape]:
        return [await ask(prompt) for prompt in prompts]

    return asyncio.run(ask_all())


def snapshot_answer(request: RequestShape, name: str, *, chunks: int, piece: int) -> Interaction:
    """Build a recorded-looking ChatGLM answer of that many frames, each a read of its own."""
    from glmbench.server.script import Options

    # The opening frame, the one that completes the part, and the finish frame are no fragments.
    answer = recorded_answer(request, name, Options(piece=piece), length=(chunks - 3) * piece)
    assert answer.track is not None
    assert len(answer.track.chunks) == chunks
    return answer


def recorded_answer(
    request: RequestShape, name: str, style: Options, *, length: int
) -> Interaction:
    """Build a recorded-looking answer of that many characters, each frame a read of its own."""
    from glmbench.cassettes.interaction import Interaction
    from glmbench.cassettes.track import Chunk, End, Track
    from glmbench.server.composition import compose
    from glmbench.server.frames import Identity
    from glmbench.server.script import Speech, TextPart

    text = (f"{name}：" + PROSE * (length // len(PROSE) + 1))[:length]
    paced = replace(style, head_delay_s=0.08, opening_delay_s=0.02, first_delay_s=0.4, delay_s=0.04)
    speech = Speech(parts=(TextPart(kind="text", text=text),), options=paced)
    performance = compose(speech, Identity(name=name), "")
    body = b"".join(write.data for write in performance.writes)
    # A little late and not evenly so, as on a network; never before what was sent first.
    late = (
        round(write.at_s * 1e6) + 600 + 37 * number % 400
        for number, write in enumerate(performance.writes)
    )
    instants = list(accumulate(late, lambda before, at: max(before + 1, at)))
    track = Track(
        origin="emulator",
        recorded_at=RECORDED_AT,
        by="glmbench benchmarks",
        seq=1,
        started_us=0,
        connected_us=1_200,
        reused=False,
        headers_us=80_300,
        framing="chunked",
        dropped=(("Transfer-Encoding", "chunked"),),
        chunks=tuple(
            Chunk(at_us=at_us, size=len(write.data))
            for at_us, write in zip(instants, performance.writes, strict=True)
        ),
        end=End(kind="eof", at_us=round(performance.end_at_s * 1e6) + 2_000),
    )
    return Interaction(
        request=request,
        status=200,
        reason="OK",
        headers=(("Content-Type", "text/event-stream; charset=utf-8"),),
        body=body,
        track=track,
    )
