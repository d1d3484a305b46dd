"""What the benchmarks share: versions, runs in turn, recorded-looking streams, the emulator.

Machines are noisy, and the noise comes in stretches of seconds. So whatever is compared is run in
turn, round by round, and the ratio shown is the median of the rounds' own ratios.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import os
import platform
import subprocess
import sys
import time
from bisect import bisect_left
from contextlib import contextmanager
from dataclasses import dataclass, replace
from importlib.metadata import version
from itertools import accumulate, pairwise
from statistics import median
from typing import TYPE_CHECKING, Any

import yaml

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from glmbench.cassettes.interaction import Interaction
    from glmbench.cassettes.matching import RequestShape
    from glmbench.cassettes.recording_tape import RecordingTape
    from glmbench.server.script import Options

RECORDED_AT = "2026-11-22T10:00:00Z"
# Those that this process may use; empty where the system does not say.
CPUS = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What the emulator logged of one answer. Instants are seconds of `time.perf_counter`.

    `at` and `ends` go together: when each frame was written, and the body bytes up to its end.
    """

    arrived: float
    at: list[float]
    ends: list[int]
    frames: int


class Emulated:
    """The emulator in a process of its own, and the truth log that it writes."""

    def __init__(self, process: subprocess.Popen[str], truth: Path) -> None:
        assert process.stdout is not None
        self.port = int(process.stdout.readline().split("127.0.0.1:")[1].split()[0])
        self.pid = process.pid
        self._truth = truth.open(encoding="utf-8")

    def told(self, count: int) -> dict[str, Told]:
        """Return what was logged since the last call, by the answer's name, once `count` are over.

        No answer may have been given twice in that time.
        """
        lines: dict[str, list[dict[str, Any]]] = {}
        over = 0
        for _ in range(400):
            for line in map(json.loads, self._truth):
                lines.setdefault(line["case"], []).append(line)
                over += line["what"] == "end"
            if over == count:
                return {name: _told(own) for name, own in lines.items()}
            time.sleep(0.005)
        raise AssertionError(f"the emulator logged {over} ends of {count}")


def _told(lines: list[dict[str, Any]]) -> Told:
    assert [line["what"] for line in (lines[0], lines[-1])] == ["arrived", "end"]
    frames = [line for line in lines if line["what"] == "frame"]
    return Told(
        arrived=lines[0]["at"],
        at=[line["at"] for line in frames],
        ends=list(accumulate(line["bytes"] for line in frames)),
        frames=sum(line["frames"] for line in frames),
    )


@contextmanager
def emulator(folder: Path, dialect: str, script: Mapping[str, Any]) -> Iterator[Emulated]:
    """Serve a script in a process of its own while the context is open."""
    path, truth = folder / "script.yaml", folder / "truth.jsonl"
    path.write_text(yaml.safe_dump({"version": 1, "emulate": dialect, **script}), "utf-8")
    truth.write_text("", "utf-8")
    command = [sys.executable, "-m", "glmbench", "serve", "--emulate", dialect]
    command += ["--script", str(path), "--truth", str(truth)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield Emulated(process, truth)
        finally:
            process.terminate()


def keep_apart(emulated: Emulated) -> bool:
    """Give client and emulator a CPU each, where the system has two and a way to say so."""
    if len(CPUS) < 2:
        return False
    os.sched_setaffinity(0, {CPUS[0]})
    os.sched_setaffinity(emulated.pid, {CPUS[1]})
    return True


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What a client measured of one answer: instants of reads, and the body bytes each one ends."""

    zero: float
    arrivals: list[float]
    ends: list[int]

    def arrival(self, offset: int) -> float:
        """Return when the body byte before `offset` had come."""
        return self.arrivals[bisect_left(self.ends, offset)]


def seen_on(tape: RecordingTape) -> Seen:
    """Read what a live run measured off its tape."""
    ((exchange, served),) = tape.served()
    track = served.interaction.track
    assert track is not None
    return Seen(
        zero=exchange.zero,
        arrivals=[exchange.zero + chunk.at_us / 1e6 for chunk in track.chunks],
        ends=list(accumulate(chunk.size for chunk in track.chunks)),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Errors:
    """Seconds between what a client measured of one answer and what the emulator did.

    `ways` are those of the content frames, from their write to the instant the client gave them;
    the first is the error of the TTFT. `gaps` are without their sign.
    """

    ways: list[float]
    gaps: list[float]


def errors_of(seen: Seen, told: Told, content: range) -> Errors:
    """Compare an answer with its truth; `content` names the frames that have text."""
    assert seen.ends[-1] == told.ends[-1]
    arrived = [seen.arrival(told.ends[index]) for index in content]
    written = [told.at[index] for index in content]
    pairs = zip(pairwise(arrived), pairwise(written), strict=True)
    return Errors(
        ways=[after - before for before, after in zip(written, arrived, strict=True)],
        gaps=[abs((b - a) - (d - c)) for (a, b), (c, d) in pairs],
    )


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
