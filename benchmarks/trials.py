"""What do 5,000 small trials cost, in time and in memory?

Suites of 5,000 cases, each with a small recording of its own, of both built-in formats. The parts
of a run are timed in a fresh process, where the memory is looked at as the trials go by: what grows
with them may be their rows in the result and nothing else. So too at a speed on the real clock,
where many are under way at once. Then `glmbench run` as people start it.
"""

from __future__ import annotations

import cProfile
import multiprocessing
import os
import pstats
import resource
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from statistics import mean
from typing import TYPE_CHECKING, Any, TypeVar, TypeVarTuple

import yaml
from harness import arguments, recorded_answer, requests_of

from glmbench.cassettes.store import save
from glmbench.inspection.scan import scan_run
from glmbench.report.tables import render_run
from glmbench.results.document import to_json
from glmbench.running.plan import load_plan
from glmbench.running.runner import Settings, run_suites
from glmbench.server.script import Options

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from glmbench.results.model import RunResult, TrialResult
    from glmbench.running.plan import Plan

PROMPT = "请介绍长江，第 {{ number }} 次。"
CHARACTERS = 40
PIECE = 2
SPEED = "20x"
AT_ONCE = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """A suite: its provider, and how its recorded answers are spelled."""

    provider: str
    model: str
    options: Mapping[str, Any]
    style: Options


KINDS = (
    Kind(provider="chatglm", model="glm-4", options={}, style=Options(piece=PIECE)),
    Kind(
        provider="completions",
        model="example-large",
        options={"base_url": "https://api.example.com/v1", "api_key": ""},
        style=Options(dialect="completions", done=True, piece=PIECE),
    ),
)


def write_suite(folder: Path, kind: Kind, cases: int) -> Path:
    """Write a suite, and a cassette for each of its cases."""
    names = [f"case-{number}" for number in range(cases)]
    prompts = [PROMPT.replace("{{ number }}", str(number)) for number in range(cases)]
    sizes = []
    requests = requests_of(kind.provider, kind.model, prompts, **kind.options)
    for name, request in zip(names, requests, strict=True):
        answer = recorded_answer(request, name, kind.style, length=CHARACTERS)
        save(folder / "cassettes" / f"{name}@{kind.model}@1.yaml", [answer])
        sizes.append(len(answer.body))
    print(f"\n{kind.provider}: {cases} cassettes, body {mean(sizes) / 1000:.1f} kB on average")
    suite = {
        "version": 1,
        "name": f"many-{kind.provider}",
        "provider": {"name": kind.provider, "kwargs": dict(kind.options)},
        "cassettes": {"dir": "cassettes"},
        "defaults": {"model": kind.model, "timeout": "30s"},
        "cases": [
            {
                "id": name,
                "prompt": PROMPT,
                "vars": {"number": number},
                "expect": {"text": {"contains": name}},
            }
            for number, name in enumerate(names)
        ],
    }
    path = folder / f"{kind.provider}.yaml"
    path.write_text(yaml.safe_dump(suite, allow_unicode=True, sort_keys=False), encoding="utf-8")
    return path


# --- the parts of a run, in a process of their own --------------------------------------------


class Watch:
    """Looks at this process's memory before the first trial and after so many."""

    def __init__(self, marks: tuple[int, ...]) -> None:
        self.resident = {0: resident_bytes()}
        self._marks = marks
        self._done = 0

    def see(self, trial: TrialResult) -> None:
        assert (trial.status, trial.cassette and trial.cassette.verdict) == ("passed", "HIT")
        self._done += 1
        if self._done in self._marks:
            self.resident[self._done] = resident_bytes()


def resident_bytes() -> int:
    """Return what this process holds now; Linux says it in pages."""
    pages = Path("/proc/self/statm").read_text(encoding="ascii").split()[1]
    return int(pages) * resource.getpagesize()


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """Seconds of each part, resident bytes after so many trials, and what came out."""

    seconds: Mapping[str, float]
    resident: Mapping[int, int]
    json_bytes: int
    lines: int


def run_in_parts(suite: Path, marks: tuple[int, ...]) -> Parts:
    """Do what `glmbench run` does, a part after the other."""
    seconds: dict[str, float] = {}

    def timed(part: str, job: Callable[[], Any]) -> Any:
        started = time.perf_counter()
        came = job()
        seconds[part] = time.perf_counter() - started
        return came

    plan: Plan = timed("load and expand", lambda: load_plan([suite]))
    watch = Watch(marks)
    ran: RunResult = timed("replay", lambda: run_suites(plan.suites, Settings(), {}, watch.see))
    result: RunResult = timed("search for secrets", lambda: scan_run(plan, ran))
    encoded: bytes = timed("encode the result", lambda: to_json(result))
    text: str = timed("draw the report", lambda: render_run(result))
    return Parts(
        seconds=seconds,
        resident=watch.resident,
        json_bytes=len(encoded),
        lines=text.count("\n"),
    )


def replay_paced(suite: Path, marks: tuple[int, ...]) -> Mapping[int, int]:
    """Replay on the real clock, many at once; return the resident bytes after so many trials."""
    plan = load_plan([suite])
    watch = Watch(marks)
    run_suites(plan.suites, Settings(timing=SPEED, concurrency=AT_ONCE), {}, watch.see)
    return watch.resident


T = TypeVar("T")
Ts = TypeVarTuple("Ts")


def in_fresh_process(job: Callable[[*Ts], T], *given: *Ts) -> T:
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=context) as process:
        return process.submit(job, *given).result()


def measure_parts(suite: Path, cases: int) -> None:
    marks = (1, *(cases * share // 5 for share in (1, 3, 5)))
    parts = in_fresh_process(run_in_parts, suite, marks)
    for name, seconds in parts.seconds.items():
        print(f"  {name:18} {seconds:7.2f} s {seconds / cases * 1e3:7.2f} ms a trial")
    size = parts.json_bytes
    print(f"  result {size / 1e6:.1f} MB, {size / cases / 1e3:.1f} kB a trial; {parts.lines} lines")
    print(f"  {'MB resident after':22}{''.join(f'{n:8}' for n in parts.resident)}  kB a trial")
    print(f"  {'one after the other':22}{_by_trials(parts.resident)}")
    paced = in_fresh_process(replay_paced, suite, marks)
    print(f"  {f'at {SPEED}, {AT_ONCE} at once':22}{_by_trials(paced)}")


def _by_trials(resident: Mapping[int, int]) -> str:
    """Show the memory at each mark, and by how much it grew a trial between the later ones."""
    *_, (first, before), _, (last, after) = resident.items()
    held = "".join(f"{size / 1e6:8.1f}" for size in resident.values())
    return f"{held}{(after - before) / (last - first) / 1e3:12.1f}"


# --- the process that people start ------------------------------------------------------------


def measure_process(suite: Path) -> None:
    output = suite.with_suffix(".json")
    command = [sys.executable, "-m", "glmbench", "run", str(suite), "-o", str(output)]
    started = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.perf_counter() - started
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0
    cpu = usage.ru_utime + usage.ru_stime
    peak = usage.ru_maxrss * 1024  # the kernel's kB
    print(f"  glmbench run -o   {wall:.1f} s, CPU {cpu:.1f} s, peak {peak / 1e6:.0f} MB")


def show_profile(suite: Path) -> None:
    with cProfile.Profile() as profile:
        run_in_parts(suite, ())
    pstats.Stats(profile).sort_stats("tottime").print_stats(25)


def main() -> None:
    flags = arguments(__doc__, profile="also show where the time goes")
    cases = 50 if flags.quick else 5_000
    with tempfile.TemporaryDirectory() as name:
        for kind in KINDS:
            suite = write_suite(Path(name) / kind.provider, kind, cases)
            measure_parts(suite, cases)
            measure_process(suite)
            if flags.profile:
                show_profile(suite)


if __name__ == "__main__":
    main()
