"""How true this machine measures: an emulator is asked as a service is, and its log compared.

Nothing goes further than 127.0.0.1. The emulator is a process of its own, as a service is: in a
thread it would take turns with the client at the interpreter's lock, up to 5 ms at a time, and the
figures would be those of the lock. Instants of two processes compare because both stamp with
`time.perf_counter`, which is one monotonic clock for all processes on Linux and on macOS.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import signal
import subprocess
import sys
import threading
import time
from bisect import bisect_left
from dataclasses import dataclass
from itertools import accumulate, pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, TypeAlias

import glmbench
from glmbench.cassettes.context import activate
from glmbench.cassettes.recording_tape import RecordingTape
from glmbench.errors import ProviderError
from glmbench.measure.stats import Summary, summarize
from glmbench.measure.timing import measure_timing
from glmbench.providers.chatglm import ChatGLM
from glmbench.running.eventloop import run_live
from glmbench.running.observe import Yielded, observe
from glmbench.server.listening import LOOPBACK

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

# 50 events a second is what a fast service writes, and a quarter of a second holds ten gaps of it.
FIRST_DELAY_S, DELAY_S, FRAGMENTS = 0.05, 0.02, 11

# An idle loopback answers within milliseconds; a firewall may swallow what it is sent.
PATIENCE_S = 10.0

# The length of each timer, and how often it is set.
TIMERS = ((0.001, 100), (0.01, 20))

_WARM_UP = "warm-up"


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """So many streams at once, so many times one after the other."""

    streams: int
    times: int

    @property
    def rounds(self) -> list[list[str]]:
        """Name every stream; the emulator's log tells them apart by that."""
        return [
            [f"{self.streams}-{turn}-{number}" for number in range(self.streams)]
            for turn in range(self.times)
        ]


BATCHES = (Batch(streams=1, times=3), Batch(streams=20, times=1))


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """One stream as it was measured: instants of `perf_counter`, and the bytes each one ends."""

    zero: float
    ttft_s: float
    arrivals: tuple[float, ...]
    ends: tuple[int, ...]
    lags_s: tuple[float, ...]

    def arrival(self, offset: int) -> float:
        """Return when the body byte before `offset` had come."""
        return self.arrivals[bisect_left(self.ends, offset)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """One write of the emulator: the instant before it, and its body bytes."""

    at: float
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """Seconds between measured and true at so many streams at once; gaps without their sign."""

    streams: int
    ttft_error: Summary
    gap_error: Summary
    client_lag: Summary

    @property
    def noise_s(self) -> float:
        """How large a difference must be to say something of a service.

        One TTFT in two and 19 gaps in 20 were measured better than that.
        """
        return max(self.ttft_error.p50 or 0.0, self.gap_error.p95 or self.gap_error.max or 0.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Uncalibrated:
    """Why there are no figures."""

    reason: str


Calibration: TypeAlias = tuple[Load, ...] | Uncalibrated


@dataclass(frozen=True, slots=True, kw_only=True)
class TimerLag:
    """How late timers of one length fired, in seconds."""

    delay_s: float
    late: Summary


@dataclass(frozen=True, slots=True, kw_only=True)
class LoopLag:
    """The event loop that runs live trials, by its package, and its timers when it has no work."""

    loop: str
    timers: tuple[TimerLag, ...]


class _NoAnswerError(Exception):
    """The emulator did not start, or did not answer as its script says."""


def calibrate(batches: Sequence[Batch] = BATCHES) -> Calibration:
    """Ask an emulator of our own on loopback, and compare what was measured with what it wrote."""
    try:
        with TemporaryDirectory(prefix="glmbench-doctor-") as name:
            truth = Path(name, "truth.jsonl")
            with _emulator(Path(name), truth, batches) as port:
                heard = run_live(_ask_all(port, batches))
            # A frame's line is there before the end of its body is sent: nothing to wait for.
            written = read_truth(truth.read_text(encoding="utf-8"))
        return tuple(_load(batch, heard, written) for batch in batches)
    except (_NoAnswerError, ProviderError) as problem:
        return Uncalibrated(reason=str(problem))
    except OSError as problem:
        return Uncalibrated(reason=problem.strerror or str(problem))


def measure_loop() -> LoopLag:
    """Measure how late timers fire on a loop that has nothing else to do."""
    return run_live(_measure_loop())


async def _measure_loop() -> LoopLag:
    timers = []
    for delay_s, times in TIMERS:
        late = []
        for _ in range(times):
            before = time.perf_counter()
            await asyncio.sleep(delay_s)
            late.append(time.perf_counter() - before - delay_s)
        timers.append(TimerLag(delay_s=delay_s, late=summarize(late)))
    loop = type(asyncio.get_running_loop()).__module__.partition(".")[0]
    return LoopLag(loop=loop, timers=tuple(timers))


def write_script(batches: Sequence[Batch]) -> str:
    """Write the emulator's script, one answer for each stream. JSON is YAML too."""
    names = [_WARM_UP, *(name for batch in batches for row in batch.rounds for name in row)]
    text = [f"{number} of {FRAGMENTS}. " for number in range(1, FRAGMENTS + 1)]
    script = {
        "version": 1,
        "defaults": {"first_delay": FIRST_DELAY_S, "delay": DELAY_S},
        "answers": [{"name": name, "prompt": name, "text": text} for name in names],
    }
    return json.dumps(script)


@contextlib.contextmanager
def _emulator(folder: Path, truth: Path, batches: Sequence[Batch]) -> Iterator[int]:
    """Run the emulator, and give its port."""
    script = folder / "script.yaml"
    script.write_text(write_script(batches), encoding="utf-8")
    command = [sys.executable, "-m", "glmbench", "serve", "--emulate", "chatglm"]
    with subprocess.Popen(  # noqa: S603 -- our own program
        [*command, "--script", str(script), "--truth", str(truth)],
        # `-m` looks in the current folder first, and the user's may hold modules of any name.
        cwd=Path(glmbench.__file__).parents[1],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
    ) as process:
        try:
            yield _port(process)
        finally:
            # Its log is flushed line by line, so there is nothing that it could still save.
            process.kill()


def _port(process: subprocess.Popen[str]) -> int:
    """Wait until the emulator says where it listens."""
    assert process.stdout is not None
    assert process.stderr is not None
    patience = threading.Timer(PATIENCE_S, process.kill)
    patience.start()
    try:
        said = process.stdout.readline()
    finally:
        patience.cancel()
    _, found, place = said.partition(f"{LOOPBACK}:")
    if found:
        return int(place.split()[0])
    complaint = process.stderr.read().strip().rpartition("\n")[2]
    raise _NoAnswerError(f"the emulator did not start: {complaint or _end_of(process)}")


def _end_of(process: subprocess.Popen[str]) -> str:
    code = process.wait()
    return f"not within {PATIENCE_S:g} s" if code == -signal.SIGKILL else f"exit code {code}"


async def _ask_all(port: int, batches: Sequence[Batch]) -> dict[str, Heard]:
    """Ask for every stream, those of a round at once; the first of a process is cold, and lost."""
    heard: dict[str, Heard] = {}
    for names in [[_WARM_UP], *(names for batch in batches for names in batch.rounds)]:
        try:
            async with asyncio.timeout(PATIENCE_S):
                streams = await asyncio.gather(*(_ask(port, name) for name in names))
        except TimeoutError:
            message = f"the emulator did not answer within {PATIENCE_S:g} s"
            raise _NoAnswerError(message) from None
        heard |= zip(names, streams, strict=True)
    return heard


async def _ask(port: int, name: str) -> Heard:
    """Measure one stream as a live trial does: tape, provider, observation, timing."""
    tape = RecordingTape(None, connect_to=(LOOPBACK, port))
    messages = [{"role": "user", "content": name}]
    with activate(tape):
        yielded = [
            Yielded(part=part, position=tape.position(), consumer_us=0)
            async for part in ChatGLM.create_async_generator(ChatGLM.default_model, messages)
        ]
    observation = observe(tape, yielded, None)
    ttft_s = measure_timing(observation).ttft_s
    ((exchange, _),) = tape.served()
    assert ttft_s is not None
    reads = observation.reads
    return Heard(
        zero=exchange.zero,
        ttft_s=ttft_s,
        arrivals=tuple(exchange.zero + read.at_us / 1e6 for read in reads),
        ends=tuple(accumulate(read.size for read in reads)),
        lags_s=tuple(lag_us / 1e6 for lag_us in observation.client_lag_us or ()),
    )


def read_truth(text: str) -> dict[str, tuple[Written, ...]]:
    """Read the emulator's log: the writes of frames, by the name of the answer."""
    written: dict[str, tuple[Written, ...]] = {}
    for line in map(json.loads, text.splitlines()):
        if line["what"] == "frame":
            write = Written(at=line["at"], size=line["bytes"])
            written[line["case"]] = (*written.get(line["case"], ()), write)
    return written


def ttft_error(heard: Heard, written: Sequence[Written]) -> float:
    """Return measured minus true seconds; the opening frame, which is first, holds no text."""
    return heard.ttft_s - (written[1].at - heard.zero)


def gap_errors(heard: Heard, written: Sequence[Written]) -> list[float]:
    """Return how far the gaps between the fragments are from those between their writes."""
    ends = list(accumulate(write.size for write in written))
    # After them come the frames that complete the part and the answer.
    fragments = range(1, 1 + FRAGMENTS)
    arrived = [heard.arrival(ends[index]) for index in fragments]
    wrote = [written[index].at for index in fragments]
    pairs = zip(pairwise(arrived), pairwise(wrote), strict=True)
    return [abs((b - a) - (d - c)) for (a, b), (c, d) in pairs]


def _load(
    batch: Batch, heard: Mapping[str, Heard], written: Mapping[str, tuple[Written, ...]]
) -> Load:
    pairs = [(heard[name], written[name]) for names in batch.rounds for name in names]
    return Load(
        streams=batch.streams,
        ttft_error=summarize(ttft_error(stream, writes) for stream, writes in pairs),
        gap_error=summarize(gap for stream, writes in pairs for gap in gap_errors(stream, writes)),
        client_lag=summarize(lag for stream, _ in pairs for lag in stream.lags_s),
    )
