"""How true are live figures while 1, 20 and 200 streams run?

The emulator runs in a process of its own and logs the instant before each write. glmbench runs a
suite against it as `glmbench run --mode live` does; a bare aiohttp client sends the same requests
and stamps what `iter_any` gives it. They are run in turn, both on uvloop where it is installed, as
live runs are. Each stream has an answer of its own, by which it is found in the log, with a length
and a count of tokens of its own.

Then 200 streams of 50 events a second: does one CPU keep up?

Both processes stamp with time.perf_counter, which is CLOCK_MONOTONIC on Linux (and one clock for
all processes on macOS too), so that instants of the two compare directly.
"""

from __future__ import annotations

import asyncio
import gc
import tempfile
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import accumulate
from pathlib import Path
from statistics import median
from textwrap import fill
from typing import TYPE_CHECKING, Any

import aiohttp
import yaml
from harness import (
    PROSE,
    Seen,
    arguments,
    emulator,
    errors_of,
    keep_apart,
    seen_on,
)

from glmbench.measure.stats import percentile
from glmbench.running.eventloop import loop_name, run_live
from glmbench.running.plan import load_plan
from glmbench.running.runner import run_suites
from glmbench.running.stage import Settings, Stage

if TYPE_CHECKING:
    from collections.abc import Iterator

    from harness import Told

    from glmbench.cassettes.recording_tape import RecordingTape
    from glmbench.results.model import TrialResult

CONCURRENCIES = (1, 20, 200)
MODEL = "model"
FIRST_S, DELAY_S, PIECE = 0.5, 0.02, 2  # after 0.5 s 50 events a second of 2 characters
TTFT_BOUND = 1.2  # times the bare client's
GAP_BOUND_S = 0.0002  # of the median, at up to GAP_STREAMS streams
GAP_STREAMS = 20
# Of the script's length, from the request's arrival at the emulator: before that it is the
# emulator that is busy, with laying out 200 answers. Who falls behind goes on doing so;
# a pause of this shared machine alone has made 1.016 of a bare client's 1.000.
KEEP_UP_BOUND = 1.02


@dataclass(frozen=True, slots=True)
class Asked:
    """One stream: its prompt, and what the emulator answers."""

    name: str
    text: str
    tokens: int

    @property
    def prompt(self) -> str:
        return f"Tell me about {self.name}."

    @property
    def content(self) -> range:
        """The frames with text; the one before them opens the answer."""
        return range(1, 1 + len(self.text) // PIECE)

    @property
    def length_s(self) -> float:
        """Seconds from the request's arrival to the end, by the script."""
        return FIRST_S + len(self.content) * DELAY_S

    def answer(self) -> dict[str, Any]:
        usage = {"input": 7, "output": self.tokens}
        return {"name": self.name, "prompt": self.prompt, "text": self.text, "usage": usage}


def streams(count: int, events: int) -> list[Asked]:
    """Make streams of about so many events, each of which differs from its neighbours."""
    prose = PROSE * (events * PIECE // len(PROSE) + 2)
    return [
        Asked(f"river-{number}", prose[: (events + number % 7) * PIECE], 1_000 + number)
        for number in range(count)
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """What is asked in one run, and how many streams are open at once."""

    concurrency: int
    asked: list[Asked]
    suite: Path

    def script(self) -> dict[str, Any]:
        defaults = {"first_delay": FIRST_S, "delay": DELAY_S, "piece": PIECE}
        return {"defaults": defaults, "answers": [each.answer() for each in self.asked]}


def make_load(folder: Path, concurrency: int, asked: list[Asked]) -> Load:
    suite = {
        "version": 1,
        "name": "accuracy",
        "provider": {"name": "completions", "kwargs": {"base_url": "http://service.invalid/v1"}},
        "cassettes": "none",
        "defaults": {"model": MODEL},
        "cases": [{"id": each.name, "prompt": each.prompt} for each in asked],
    }
    path = folder / "accuracy.yaml"
    path.write_text(yaml.safe_dump(suite), "utf-8")
    return Load(concurrency=concurrency, asked=asked, suite=path)


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What one client measured, by the stream's name, and what the whole run cost it."""

    seen: dict[str, Seen]
    ttft_s: dict[str, float]
    trials: dict[str, TrialResult]
    wall_s: float
    cpu_s: float


@contextmanager
def tapes_kept() -> Iterator[dict[str, RecordingTape]]:
    """Keep the tapes that a run opens: the result has its figures, they have its instants."""
    kept: dict[str, Any] = {}
    open_tape = Stage.open_tape

    def keep(stage: Stage, trial: Any) -> Any:
        kept[trial.name] = open_tape(stage, trial)
        return kept[trial.name]

    Stage.open_tape = keep
    try:
        yield kept
    finally:
        Stage.open_tape = open_tape


def with_glmbench(load: Load, port: int) -> Run:
    """Run the suite live."""
    plan = load_plan([load.suite])
    settings = Settings(mode="live", concurrency=load.concurrency, connect_to=("127.0.0.1", port))
    with tapes_kept() as tapes:
        wall, cpu = time.perf_counter(), time.process_time()
        trials = run_suites(plan.suites, settings, {}).trials
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    return Run(
        seen={name: seen_on(tape) for name, tape in tapes.items()},
        ttft_s={trial.case: trial.timing.ttft_s or 0.0 for trial in trials},
        trials={trial.case: trial for trial in trials},
        wall_s=wall,
        cpu_s=cpu,
    )


def with_aiohttp(load: Load, port: int) -> Run:
    """Measure as one does without glmbench: a clock beside the loop over what is read."""
    wall, cpu = time.perf_counter(), time.process_time()
    listened = run_live(listen_to_all(load, f"http://127.0.0.1:{port}/v1/chat/completions"))
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    pairs = list(zip(load.asked, listened, strict=True))
    return Run(
        seen={each.name: seen for each, (seen, _) in pairs},
        ttft_s={each.name: ttft_s for each, (_, ttft_s) in pairs},
        trials={},
        wall_s=wall,
        cpu_s=cpu,
    )


async def listen_to_all(load: Load, url: str) -> list[tuple[Seen, float]]:
    """Listen with one session without a limit, as a careful client would.

    That is cheaper than glmbench's way, a session for each request, and queues as little. A
    connection that is free again is used again, which glmbench never does: so it is closed.
    """
    free = asyncio.Semaphore(load.concurrency)
    connector = aiohttp.TCPConnector(limit=0, force_close=True)
    async with aiohttp.ClientSession(connector=connector) as session:

        async def in_turn(asked: Asked) -> tuple[Seen, float]:
            async with free:
                return await listen(session, url, asked)

        return await asyncio.gather(*(in_turn(asked) for asked in load.asked))


async def listen(session: aiohttp.ClientSession, url: str, asked: Asked) -> tuple[Seen, float]:
    messages = [{"role": "user", "content": asked.prompt}]
    body = {"model": MODEL, "messages": messages, "stream": True}
    arrivals, sizes, ttft_s = [], [], None
    zero = time.perf_counter()
    async with session.post(url, json=body) as response:
        async for chunk in response.content.iter_any():
            arrivals.append(time.perf_counter())
            sizes.append(len(chunk))
            if ttft_s is None and b'"content":"' in chunk:
                ttft_s = arrivals[-1] - zero
    assert ttft_s is not None
    return Seen(zero=zero, arrivals=arrivals, ends=list(accumulate(sizes))), ttft_s


def counts_are_exact(asked: Asked, told: Told, trial: TrialResult) -> bool:
    return (
        trial.status == "passed"
        and trial.text == asked.text
        and trial.throughput.output_chars == len(asked.text)
        and (trial.throughput.token_source, trial.throughput.output_tokens)
        == ("usage", asked.tokens)
        and trial.timing.events == told.frames
        and 0 < trial.timing.reads <= trial.timing.events
    )


@dataclass(slots=True)
class Found:
    """Seconds of error of one client at one load, over all rounds; and the rounds' own medians."""

    ttft: list[float] = field(default_factory=list)
    set_up: list[float] = field(default_factory=list)
    gaps: list[float] = field(default_factory=list)
    medians: list[tuple[float, float]] = field(default_factory=list)
    late: list[float] = field(default_factory=list)
    miscounted: int = 0

    def add(self, load: Load, run: Run, told: dict[str, Told]) -> None:
        ttft, set_up = [], []
        for each in load.asked:
            truth, seen, ttft_s = told[each.name], run.seen[each.name], run.ttft_s[each.name]
            written = truth.at[each.content[0]]
            ttft.append(ttft_s - (written - seen.zero))
            set_up.append(ttft_s - (written - truth.arrived))
            self.gaps += errors_of(seen, truth, each.content).gaps
            self.late += lateness(each, truth)
        self.ttft += ttft
        self.set_up += set_up
        self.medians.append((median(ttft), median(set_up)))
        self.miscounted += sum(
            not counts_are_exact(each, told[each.name], run.trials[each.name])
            for each in load.asked
            if run.trials
        )


def lateness(asked: Asked, told: Told) -> list[float]:
    """Return how long after they were due the emulator wrote the frames with text."""
    due = [told.arrived + FIRST_S + number * DELAY_S for number in range(len(asked.content))]
    return [told.at[index] - at for index, at in zip(asked.content, due, strict=True)]


# In the order of their turns; ratios are of the first to the second.
CLIENTS = {"glmbench": with_glmbench, "bare aiohttp": with_aiohttp}


def measure(folder: Path, load: Load, rounds: int) -> dict[str, Found]:
    """Let the clients take turns; the first round warms up."""
    found = {client: Found() for client in CLIENTS}
    with emulator(folder, "completions", load.script()) as emulated:
        for number in range(rounds + 1):
            for client, ask in CLIENTS.items():
                gc.collect()
                run = ask(load, emulated.port)
                told = emulated.told(len(load.asked))
                if number:
                    found[client].add(load, run, told)
    return found


@dataclass(frozen=True, slots=True)
class Claim:
    """One of the bounds, and whether it held."""

    text: str
    held: bool


def compare_errors(folder: Path, *, quick: bool) -> list[Claim]:
    rounds, events, alone = (1, 25, 3) if quick else (10, 50, 5)
    print(
        f"\n{FIRST_S * 1e3:.0f} ms to the first token, then {events - 1} to {events + 5} gaps of "
        f"{DELAY_S * 1e3:.0f} ms; {rounds} rounds"
        "\nms, measured - true        TTFT        with set-up           |gap|"
        "\n at once             median     p95  median     p95  median     p95     max"
    )
    claims = []
    for concurrency in CONCURRENCIES:
        load = make_load(folder, concurrency, streams(max(concurrency, alone), events))
        found = measure(folder, load, rounds)
        show_errors(concurrency, found)
        claims += claims_of(concurrency, found)
    return claims


def show_errors(concurrency: int, found: dict[str, Found]) -> None:
    for client, errors in found.items():
        figures = [
            *(percentile(errors.ttft, rank) for rank in (50, 95)),
            *(percentile(errors.set_up, rank) for rank in (50, 95)),
            *(percentile(errors.gaps, rank) for rank in (50, 95)),
            max(errors.gaps),
        ]
        print(f"{concurrency:>4} {client:12}", *(milliseconds(each) for each in figures))
    of_reads, with_set_up = ratios(found)
    late = [at for errors in found.values() for at in errors.late]
    print(
        f"     ratio of the TTFT medians {of_reads:.2f}, with set-up {with_set_up:.2f}; "
        f"miscounted answers: {found['glmbench'].miscounted}"
        f"\n     the emulator's own writes were late by {median(late) * 1e3:.2f} ms "
        f"(p95 {(percentile(late, 95) or 0) * 1e3:.2f}, max {max(late) * 1e3:.2f})",
        flush=True,
    )


def ratios(found: dict[str, Found]) -> tuple[float, float]:
    """Return glmbench's median TTFT error to the bare client's: of reads, and with set-up."""
    ours, bare = (found[client].medians for client in CLIENTS)
    pairs = list(zip(ours, bare, strict=True))
    return median(a / b for (a, _), (b, _) in pairs), median(a / b for (_, a), (_, b) in pairs)


def claims_of(concurrency: int, found: dict[str, Found]) -> list[Claim]:
    _, with_set_up = ratios(found)
    ours = found["glmbench"]
    claims = [
        Claim(f"counts at {concurrency} exact", ours.miscounted == 0),
        Claim(
            f"TTFT with set-up at {concurrency} <= {TTFT_BOUND} x bare", with_set_up <= TTFT_BOUND
        ),
    ]
    if concurrency <= GAP_STREAMS:
        bound = f"|gap error| at {concurrency} <= {GAP_BOUND_S * 1e3:.1f} ms"
        claims.append(Claim(bound, median(ours.gaps) <= GAP_BOUND_S))
    return claims


def milliseconds(seconds: float | None) -> str:
    return f"{'-' if seconds is None else format(seconds * 1e3, '.3f'):>7}"


def keep_up(folder: Path, *, quick: bool) -> list[Claim]:
    """Run both clients once at the full rate, for long enough to fall behind."""
    events, count = 100 if quick else 500, CONCURRENCIES[-1]
    load = make_load(folder, count, streams(count, events))
    with emulator(folder, "completions", load.script()) as emulated:
        place = "one CPU, the emulator on another" if keep_apart(emulated) else "not pinned"
        print(
            f"\n{count} streams at once of {1 / DELAY_S:.0f} events/s, {events} to {events + 6} "
            f"each, on {loop_name()},\n{place}"
            "\n              length to script's    CPU  CPU us  ms from write to read  late"
            "\n                median       max  share  an event  first event      last  write"
        )
        claims = []
        for client, ask in CLIENTS.items():
            gc.collect()
            run = ask(load, emulated.port)
            claims.append(show_pace(client, load, run, emulated.told(count)))
    # The bare client is there to tell what is the emulator's.
    return claims[:1]


def show_pace(client: str, load: Load, run: Run, told: dict[str, Told]) -> Claim:
    stretches, first, last, late = [], [], [], []
    for each in load.asked:
        seen, truth = run.seen[each.name], told[each.name]
        ways = errors_of(seen, truth, each.content).ways
        stretches.append((seen.arrivals[-1] - truth.arrived) / each.length_s)
        first.append(ways[0])
        last.append(ways[-1])
        late += lateness(each, truth)
    events = sum(told[each.name].frames for each in load.asked)
    print(
        f"{client:12} {median(stretches):9.3f} {max(stretches):9.3f} "
        f"{run.cpu_s / run.wall_s:6.0%} {run.cpu_s / events * 1e6:9.1f} "
        f"{median(first) * 1e3:12.2f} {median(last) * 1e3:9.2f} {median(late) * 1e3:6.2f}",
        flush=True,
    )
    claim = f"the longest of {len(load.asked)} streams on one CPU <= {KEEP_UP_BOUND} x its script"
    return Claim(claim, max(stretches) <= KEEP_UP_BOUND)


def main() -> None:
    flags = arguments(__doc__)
    print(f"event loop: {loop_name()}; time.perf_counter, one clock for both processes")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        claims = compare_errors(folder, quick=flags.quick)
        claims += keep_up(folder, quick=flags.quick)
    held = [claim.text for claim in claims if claim.held]
    broken = [claim.text for claim in claims if not claim.held]
    print(f"\n{fill('held: ' + ('; '.join(held) or 'none'), 80)}")
    print(fill("not held: " + ("; ".join(broken) or "none"), 80))


if __name__ == "__main__":
    main()
