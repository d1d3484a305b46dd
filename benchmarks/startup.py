"""How long does a whole `glmbench` process take, and does the length of an answer matter?

1. Wall and CPU time of the commands that people and CI wait for, beside Python's own start.
2. The quickstart suite with every instant of its recordings multiplied by 100, beside the same
   suite as it was recorded: virtual time must cost nothing.
"""

from __future__ import annotations

import atexit
import os
import resource
import shutil
import subprocess
import sys
import tempfile
from dataclasses import replace
from functools import cache
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

import msgspec
import yaml
from harness import Rounds, arguments, in_turn, ratio, wall

from glmbench.cassettes.store import load, save
from glmbench.cassettes.track import Chunk, End

if TYPE_CHECKING:
    from collections.abc import Callable

    from glmbench.cassettes.interaction import Interaction

REPOSITORY = Path(__file__).parent.parent
SUITE = REPOSITORY / "prompts" / "quickstart.yaml"
CASSETTES = REPOSITORY / "cassettes" / "quickstart"
SLOWER = 100
PATIENT_S = 20_000


def glmbench(*arguments: object) -> list[str]:
    return [str(Path(sys.executable).parent / "glmbench"), *map(str, arguments)]


def runs(command: list[str]) -> float:
    """Run a command to its end; it must succeed."""
    return wall(
        lambda: subprocess.run(
            command, check=True, capture_output=True, cwd=REPOSITORY, env=environment()
        )
    )


@cache
def environment() -> dict[str, str]:
    """Let modules be compiled once, by the warm-up, as in an installed package."""
    compiled = tempfile.mkdtemp(prefix="glmbench-pycache-")
    atexit.register(shutil.rmtree, compiled)
    kept = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    return {**kept, "PYTHONPYCACHEPREFIX": compiled}


def child_cpu(command: list[str]) -> float:
    """Return the CPU seconds of a command, as the kernel counts them."""

    def used() -> float:
        usage = resource.getrusage(resource.RUSAGE_CHILDREN)
        return usage.ru_utime + usage.ru_stime

    before = used()
    runs(command)
    return used() - before


def measure_commands(rounds: int) -> None:
    commands = {
        "python -c pass": [sys.executable, "-c", "pass"],
        "glmbench --version": glmbench("--version"),
        "glmbench --help": glmbench("--help"),
        "glmbench list prompts/quickstart.yaml": glmbench("list", SUITE),
        "glmbench run prompts/quickstart.yaml": glmbench("run", SUITE),
    }
    walls = in_turn({n: lambda c=c: runs(c) for n, c in commands.items()}, rounds)
    cpus = in_turn({n: lambda c=c: child_cpu(c) for n, c in commands.items()}, max(2, rounds // 3))
    print(f"\n{'whole processes':40} {'wall ms':>8} {'fastest':>8} {'CPU ms':>7}   n={rounds}")
    for name, values in walls.items():
        times = f"{median(values) * 1e3:8.0f} {min(values) * 1e3:8.0f}"
        print(f"  {name:38} {times} {median(cpus[name]) * 1e3:7.0f}")


def stretched(interaction: Interaction, factor: int) -> Interaction:
    """Return the recording with every instant of its track multiplied."""
    track = interaction.track
    assert track is not None
    slower = replace(
        track,
        started_us=track.started_us * factor,
        connected_us=track.connected_us * factor,
        headers_us=track.headers_us * factor,
        chunks=tuple(Chunk(at_us=c.at_us * factor, size=c.size) for c in track.chunks),
        end=End(kind=track.end.kind, at_us=track.end.at_us * factor, limit=track.end.limit),
    )
    return replace(interaction, track=slower)


def patient_suite() -> dict[str, Any]:
    """Return the quickstart suite without limits that a slow answer would run into."""
    suite: dict[str, Any] = yaml.safe_load(SUITE.read_text(encoding="utf-8"))
    limits = dict.fromkeys(("connect", "first_byte", "idle", "total"), PATIENT_S)
    suite["provider"].setdefault("kwargs", {})["timeout"] = limits
    suite["defaults"]["timeout"] = PATIENT_S
    suite["cassettes"] = {"dir": "cassettes"}
    for case in suite["cases"]:
        case.pop("timeout", None)
        case.get("expect", {}).pop("latency", None)
    return suite


def write_copy(folder: Path, factor: int) -> Path:
    """Write the quickstart suite with its recordings slowed down."""
    for cassette in sorted(CASSETTES.iterdir()):
        slower = [stretched(interaction, factor) for interaction in load(cassette)]
        save(folder / "cassettes" / cassette.name, slower)
    path = folder / "quickstart.yaml"
    path.write_text(yaml.safe_dump(patient_suite(), allow_unicode=True), encoding="utf-8")
    return path


def recorded_seconds(suite: Path) -> float:
    """Return how long the answers of a suite take together, as its results say."""
    result = suite.with_suffix(".json")
    subprocess.run(glmbench("run", suite, "-o", result), check=True, capture_output=True)
    trials = msgspec.json.decode(result.read_bytes())["trials"]
    assert all(trial["status"] == "passed" for trial in trials)
    return sum(trial["timing"]["total_s"] for trial in trials)


def measure_lengths(rounds: int) -> None:
    with tempfile.TemporaryDirectory() as name:
        jobs: dict[str, Callable[[], float]] = {}
        print("\nglmbench run on copies of the quickstart suite")
        for factor in (1, SLOWER):
            suite = write_copy(Path(name) / str(factor), factor)
            seconds = recorded_seconds(suite)
            print(f"  instants x{factor}: the answers last {seconds:.1f} s together")
            jobs[f"x{factor}"] = lambda suite=suite: runs(glmbench("run", suite))
        figures: Rounds = in_turn(jobs, rounds)
        for label, values in figures.items():
            print(f"  {label:5} wall {median(values) * 1e3:5.0f} ms")
        print(f"  x{SLOWER} / x1: {ratio(figures, f'x{SLOWER}', 'x1'):.3f}")


def main() -> None:
    flags = arguments(__doc__)
    rounds = 3 if flags.quick else 15
    measure_commands(rounds)
    measure_lengths(rounds)


if __name__ == "__main__":
    main()
