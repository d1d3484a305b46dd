"""How true is a measurement whose consumer is slow, and does a replay repeat it exactly?

The emulator runs in a process of its own and logs the instant before each write. glmbench's live
measurement and a bare aiohttp client that stamps what `iter_any` gives it are compared with that
log, in turn, with a consumer that pauses after every chunk. `accuracy.py` has those that keep up,
one or many.
"""

from __future__ import annotations

import asyncio
import gc
import tempfile
import time
from dataclasses import asdict
from itertools import accumulate
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

import aiohttp
import yaml
from harness import PROSE, Seen, arguments, emulator, errors_of, seen_on

from glmbench import ChatGLM
from glmbench.cassettes.context import activate
from glmbench.cassettes.recording_tape import RecordingTape
from glmbench.measure.stats import percentile
from glmbench.running.plan import load_plan
from glmbench.running.runner import Settings, run_suites

if TYPE_CHECKING:
    from harness import Emulated, Errors

    from glmbench.measure.timing import Timing

FIRST_TOKEN, DELAY, FRAGMENTS = "100ms", "10ms", 50
PAUSE_S = 0.025
PROMPT = "How long is the river?"
PATH = "/chatglm/mainchat-api/guest/stream"


SCRIPT = {
    "defaults": {"first_delay": FIRST_TOKEN, "delay": DELAY},
    "answers": [
        {
            "name": "river",
            "prompt": PROMPT,
            "text": [PROSE[number % len(PROSE)] for number in range(FRAGMENTS)],
        }
    ],
}
# The opening frame holds no text; the fragments are the next ones.
CONTENT = range(1, 1 + FRAGMENTS)


async def with_glmbench(port: int) -> Seen:
    """Measure as the runner does in a live run: under a tape."""
    tape = RecordingTape(None, connect_to=("127.0.0.1", port))
    with activate(tape):
        messages = [{"role": "user", "content": PROMPT}]
        async for _ in ChatGLM.create_async_generator("glm-4", messages):
            await asyncio.sleep(PAUSE_S)
    return seen_on(tape)


async def with_aiohttp(port: int) -> Seen:
    """Measure as one does without glmbench: a clock beside the loop over the chunks."""
    body = {"assistant_id": "", "messages": [{"role": "user", "content": [text_item()]}]}
    arrivals, sizes = [], []
    async with aiohttp.ClientSession() as session:
        zero = time.perf_counter()
        async with session.post(f"http://127.0.0.1:{port}{PATH}", json=body) as response:
            async for chunk in response.content.iter_any():
                arrivals.append(time.perf_counter())
                sizes.append(len(chunk))
                await asyncio.sleep(PAUSE_S)
    return Seen(zero=zero, arrivals=arrivals, ends=list(accumulate(sizes)))


def text_item() -> dict[str, str]:
    return {"type": "text", "text": PROMPT}


def measure(emulated: Emulated, rounds: int) -> None:
    clients = {"glmbench": with_glmbench, "bare aiohttp": with_aiohttp}
    found: dict[str, list[Errors]] = {client: [] for client in clients}
    for number in range(rounds + 1):
        for client, ask in clients.items():
            gc.collect()
            seen = asyncio.run(ask(emulated.port))
            told = emulated.told(1)["river"]
            if number:  # the first round warms up
                found[client].append(errors_of(seen, told, CONTENT))
    print(
        f"\n{FIRST_TOKEN} to the first token, then {FRAGMENTS - 1} gaps of {DELAY}; the consumer "
        f"pauses {PAUSE_S * 1e3:.0f} ms a chunk; n={rounds}"
        "\nus between measured and true    TTFT error          |gap error|"
        "\n  client                     median     max    median     p95     max"
    )
    for client, errors in found.items():
        ttft = [error.ways[0] for error in errors]
        gaps = [gap for error in errors for gap in error.gaps]
        values = (median(ttft), max(ttft), median(gaps), percentile(gaps, 95), max(gaps))
        print(f"  {client:26}", *(f"{(value or 0.0) * 1e6:8.0f}" for value in values))


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
    with tempfile.TemporaryDirectory() as name, emulator(Path(name), "chatglm", SCRIPT) as emulated:
        measure(emulated, rounds)
        assert_replay_repeats(Path(name), emulated, max(3, rounds // 3))


if __name__ == "__main__":
    main()
