"""How true are the measured latencies, and does a replay repeat them exactly?

The emulator runs in a process of its own and logs the instant before each write. glmbench's live
measurement and a bare aiohttp client that stamps what `iter_any` gives it are compared with that
log, in turn, with a consumer that keeps up and with one that is slow.

Both processes stamp with time.perf_counter, which is CLOCK_MONOTONIC on Linux (and one clock for
all processes on macOS too), so that instants of the two compare directly.
"""

from __future__ import annotations

import asyncio
import gc
import json
import subprocess
import sys
import tempfile
import time
from bisect import bisect_left
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from itertools import accumulate, pairwise
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

import aiohttp
import yaml
from harness import PROSE, arguments

from glmbench import ChatGLM
from glmbench.cassettes.context import activate, open_tape
from glmbench.measure.stats import percentile
from glmbench.measure.timing import measure_timing
from glmbench.running.observe import Yielded, observe
from glmbench.running.plan import load_plan
from glmbench.running.runner import Settings, run_suites

if TYPE_CHECKING:
    from collections.abc import Iterator

    from glmbench.measure.timing import Timing

FIRST_TOKEN, DELAY, FRAGMENTS = "100ms", "10ms", 50
PAUSE_S = 0.025
PROMPT = "How long is the river?"
PATH = "/chatglm/mainchat-api/guest/stream"


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What a client measured: instants of `perf_counter`, and the body bytes each one ends."""

    zero: float
    ttft_s: float
    arrivals: list[float]
    ends: list[int]

    def arrival(self, offset: int) -> float:
        """Return when the body byte before `offset` had come."""
        return self.arrivals[bisect_left(self.ends, offset)]


@dataclass(frozen=True, slots=True)
class Emulated:
    """The emulator's process, as its clients and its judge need it."""

    port: int
    truth: Path

    def writes(self) -> list[dict[str, Any]]:
        """Return the frame writes of the last request, once it is over."""
        for _ in range(400):
            lines = [json.loads(line) for line in self.truth.read_text("utf-8").splitlines()]
            last = [line for line in lines if line["request"] == lines[-1]["request"]]
            if last[-1]["what"] == "end":
                return [line for line in last if line["what"] == "frame"]
            time.sleep(0.005)
        raise AssertionError("the emulator logged no end")


@contextmanager
def emulator(folder: Path) -> Iterator[Emulated]:
    fragments = [PROSE[number % len(PROSE)] for number in range(FRAGMENTS)]
    script = {
        "version": 1,
        "defaults": {"first_delay": FIRST_TOKEN, "delay": DELAY},
        "answers": [{"name": "river", "prompt": PROMPT, "text": fragments}],
    }
    (folder / "script.yaml").write_text(yaml.safe_dump(script, allow_unicode=True), "utf-8")
    command = [sys.executable, "-m", "glmbench", "serve", "--emulate", "chatglm"]
    command += ["--script", str(folder / "script.yaml"), "--truth", str(folder / "truth.jsonl")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            port = int(process.stdout.readline().split("127.0.0.1:")[1].split()[0])
            yield Emulated(port, folder / "truth.jsonl")
        finally:
            process.terminate()


async def with_glmbench(port: int, pause_s: float) -> Run:
    """Measure as the runner does in a live run: tape, provider, observation, timing."""
    tape = open_tape(Path("unused"), "live", connect_to=("127.0.0.1", port))
    yielded = []
    with activate(tape):
        messages = [{"role": "user", "content": PROMPT}]
        async for part in ChatGLM.create_async_generator("glm-4", messages):
            yielded.append(Yielded(part=part, position=tape.position(), consumer_us=0))
            await asyncio.sleep(pause_s)
    timing = measure_timing(observe(tape, yielded, None))
    ((exchange, served),) = tape.served()
    track = served.interaction.track
    assert timing.source == "live"
    assert timing.ttft_s is not None
    assert track is not None
    return Run(
        zero=exchange.zero,
        ttft_s=timing.ttft_s,
        arrivals=[exchange.zero + chunk.at_us / 1e6 for chunk in track.chunks],
        ends=list(accumulate(chunk.size for chunk in track.chunks)),
    )


async def with_aiohttp(port: int, pause_s: float) -> Run:
    """Measure as one does without glmbench: a clock beside the loop over the chunks."""
    body = {"assistant_id": "", "messages": [{"role": "user", "content": [text_item()]}]}
    arrivals, sizes, ttft_s = [], [], None
    async with aiohttp.ClientSession() as session:
        zero = time.perf_counter()
        async with session.post(f"http://127.0.0.1:{port}{PATH}", json=body) as response:
            async for chunk in response.content.iter_any():
                arrivals.append(time.perf_counter())
                sizes.append(len(chunk))
                if ttft_s is None and b'"text":"' in chunk:
                    ttft_s = arrivals[-1] - zero
                await asyncio.sleep(pause_s)
    assert ttft_s is not None
    return Run(zero=zero, ttft_s=ttft_s, arrivals=arrivals, ends=list(accumulate(sizes)))


def text_item() -> dict[str, str]:
    return {"type": "text", "text": PROMPT}


@dataclass(frozen=True, slots=True)
class Errors:
    """Measured minus true, in seconds."""

    ttft: float
    gaps: list[float]


def compare(run: Run, writes: list[dict[str, Any]]) -> Errors:
    ends = list(accumulate(write["bytes"] for write in writes))
    assert run.ends[-1] == ends[-1]
    # The opening frame holds no text; the fragments are the next ones.
    fragments = range(1, 1 + FRAGMENTS)
    arrived = [run.arrival(ends[index]) for index in fragments]
    written = [writes[index]["at"] for index in fragments]
    pairs = zip(pairwise(arrived), pairwise(written), strict=True)
    return Errors(
        ttft=run.ttft_s - (written[0] - run.zero),
        gaps=[abs((b - a) - (d - c)) for (a, b), (c, d) in pairs],
    )


def measure(emulated: Emulated, rounds: int) -> None:
    clients = {"glmbench": with_glmbench, "bare aiohttp": with_aiohttp}
    consumers = {"keeps up": 0.0, f"pauses {PAUSE_S * 1e3:.0f} ms": PAUSE_S}
    found: dict[tuple[str, str], list[Errors]] = {}
    for number in range(rounds + 1):
        for consumer, pause_s in consumers.items():
            for client, ask in clients.items():
                gc.collect()
                run = asyncio.run(ask(emulated.port, pause_s))
                if number:  # the first round warms up
                    errors = compare(run, emulated.writes())
                    found.setdefault((client, consumer), []).append(errors)
    print(f"\n{FIRST_TOKEN} to the first token, then {FRAGMENTS - 1} gaps of {DELAY}; n={rounds}")
    print("us between measured and true          TTFT error          |gap error|")
    print("  client        consumer          median     max    median     p95     max")
    for (client, consumer), errors in found.items():
        ttft = [error.ttft for error in errors]
        gaps = [gap for error in errors for gap in error.gaps]
        values = (median(ttft), max(ttft), median(gaps), percentile(gaps, 95), max(gaps))
        print(
            f"  {client:13} {consumer:14} "
            + " ".join(f"{(value or 0.0) * 1e6:8.0f}" for value in values)
        )


def figures(timing: Timing) -> dict[str, Any]:
    """Return what a replay must repeat: all but where it comes from and how late a consumer was."""
    live_only = ("source", "client_lag_p50_s", "client_lag_max_s")
    return {name: value for name, value in asdict(timing).items() if name not in live_only}


def assert_replay_repeats(folder: Path, emulated: Emulated, rounds: int) -> None:
    """Record through the real runner, replay, and compare every figure."""
    suite = {
        "version": 1,
        "name": "rivers",
        "provider": {"name": "chatglm"},
        "cases": [{"id": "river", "prompt": PROMPT}],
    }
    path = folder / "rivers.yaml"
    path.write_text(yaml.safe_dump(suite), encoding="utf-8")
    plan = load_plan([path])
    recording = Settings(mode="refresh", connect_to=("127.0.0.1", emulated.port))
    for _ in range(rounds):
        (recorded,) = run_suites(plan.suites, recording, {}).trials
        assert recorded.status == "passed"
        assert recorded.cassette.verdict == "RECORDED"
        for timing in ("recorded", "instant"):
            (replayed,) = run_suites(plan.suites, Settings(timing=timing), {}).trials
            assert replayed.cassette.verdict == "HIT"
            assert figures(replayed.timing) == figures(recorded.timing)
            assert replayed.throughput == recorded.throughput
            assert replayed.text == recorded.text
    print(f"\nrecording and replay (recorded, instant): every figure equal, {rounds} recordings")


def main() -> None:
    flags = arguments(__doc__)
    print("instants: time.perf_counter, one monotonic clock for both processes")
    rounds = 3 if flags.quick else 15
    with tempfile.TemporaryDirectory() as name, emulator(Path(name)) as emulated:
        measure(emulated, rounds)
        assert_replay_repeats(Path(name), emulated, max(3, rounds // 3))


if __name__ == "__main__":
    main()
