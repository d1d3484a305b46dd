"""What does `kill -9` leave of a recording?

Each round starts `glmbench record` in a fresh folder, kills it at a random instant and looks at
what is there: only whole cassettes, among them all that were reported as finished; a second run
plays those and records the rest. The answers come from the emulator, in this process.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import re
import sys
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import yaml

from glmbench.cassettes.store import load
from glmbench.server.emulator import Emulator
from glmbench.server.script_file import load_script

FINISHED = re.compile(rb"\[\d+/\d+\] (case-\d+)\S* passed\b.*\n")
TEXT = "长江发源于青藏高原的唐古拉山脉，穿过峡谷与平原，在上海以北注入东海。" * 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """What one killed recording left."""

    reported: int
    whole: int
    temporary: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    """A run of `glmbench record`: which cases it reported, and when after its start (seconds)."""

    reported: list[str]
    times: list[float]
    exit_code: int


def write_suite(folder: Path, cases: int) -> Path:
    """Write a suite and the emulator's script for it; both name the prompts by number."""
    names = [f"case-{number:03}" for number in range(cases)]
    answers = [{"name": name, "prompt": f"问题 {name}", "text": TEXT} for name in names]
    pace = {"head_delay": "0ms", "opening_delay": "0ms", "first_delay": "1ms", "delay": "0ms"}
    script = {"version": 1, "defaults": {**pace, "piece": 4}, "answers": answers}
    suite = {
        "version": 1,
        "name": "killed",
        "provider": {"name": "chatglm"},
        "cassettes": {"dir": "cassettes"},
        "cases": [{"id": name, "prompt": f"问题 {name}"} for name in names],
    }
    for name, document in (("script", script), ("suite", suite)):
        text = yaml.safe_dump(document, allow_unicode=True)
        (folder / f"{name}.yaml").write_text(text, encoding="utf-8")
    return folder / "suite.yaml"


async def record(
    suite: Path, emulator: Emulator, *options: str, kill_at: float | None = None
) -> Recording:
    """Run `glmbench record`; kill it that many seconds after its start, if it is not over."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "glmbench", "record", str(suite), *options),
        *("--connect-to", f"{emulator.host}:{emulator.port}"),
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )
    started = time.perf_counter()
    reported: list[str] = []
    times: list[float] = []

    async def listen() -> None:
        assert process.stderr is not None
        async for line in process.stderr:
            found = FINISHED.fullmatch(line)
            if found:
                reported.append(found[1].decode())
                times.append(time.perf_counter() - started)

    listening = asyncio.create_task(listen())
    if kill_at is not None:
        await asyncio.wait([listening], timeout=kill_at)
        with suppress(ProcessLookupError):
            process.kill()
    await listening
    return Recording(reported=reported, times=times, exit_code=await process.wait())


def whole_cassettes(folder: Path) -> set[str]:
    """Load every cassette of a folder, which verifies it; return the cases that they are of."""
    return {path.name.partition("@")[0] for path in folder.glob("*.yaml") if load(path)}


async def survive(folder: Path, emulator: Emulator, *, cases: int, kill_at: float) -> Round | None:
    """Kill one recording and check what is left, and that a second run completes it.

    None: it was over before.
    """
    suite = write_suite(folder, cases)
    cassettes = folder / "cassettes"
    first = await record(suite, emulator, kill_at=kill_at)
    whole = whole_cassettes(cassettes)
    temporary = len(list(cassettes.glob(".*.tmp")))
    assert whole.issuperset(first.reported), (whole, first.reported)
    second = await record(suite, emulator, "-o", str(folder / "result.json"))
    assert second.exit_code == 0, second
    result = json.loads((folder / "result.json").read_text(encoding="utf-8"))
    verdicts = {trial["case"]: trial["cassette"]["verdict"] for trial in result["trials"]}
    assert {case for case, verdict in verdicts.items() if verdict == "HIT"} == whole
    assert set(verdicts.values()) <= {"HIT", "RECORDED"}, verdicts
    assert whole_cassettes(cassettes) == set(verdicts)
    assert len(verdicts) == cases
    if first.exit_code >= 0:
        return None
    return Round(reported=len(first.reported), whole=len(whole), temporary=temporary)


async def survive_all(folder: Path, *, rounds: int, cases: int, seed: int) -> list[Round]:
    """Kill that many recordings, each at a random instant between first and last trial."""
    chance = random.Random(seed)
    suite = write_suite(folder, cases)
    done: list[Round] = []
    async with Emulator(load_script(folder / "script.yaml")) as emulator:
        unharmed = await record(suite, emulator)
        assert len(unharmed.reported) == cases
        # A little before the first is finished, and up to the last.
        earliest = unharmed.times[0] - 2 * (unharmed.times[1] - unharmed.times[0])
        latest = unharmed.times[-1]
        while len(done) < rounds:
            with tempfile.TemporaryDirectory(dir=folder) as fresh:
                kill_at = chance.uniform(earliest, latest)
                killed = await survive(Path(fresh), emulator, cases=cases, kill_at=kill_at)
            if killed is None:
                # It was faster than the first; what is over cannot be killed.
                earliest, latest = 0.9 * earliest, 0.9 * latest
            else:
                done.append(killed)
    return done


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=50)
    parser.add_argument("--cases", type=int, default=40)
    parser.add_argument("--seed", type=int, default=1)
    flags = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        rounds = asyncio.run(
            survive_all(Path(name), rounds=flags.rounds, cases=flags.cases, seed=flags.seed)
        )
    print(f"{len(rounds)} recordings of {flags.cases} trials, killed in their midst")
    print(f"  trials reported: median {median(each.reported for each in rounds):g}")
    print(f"  whole, but not yet reported: {sum(e.whole > e.reported for e in rounds)} times")
    print(f"  temporary files left: {sum(each.temporary for each in rounds)}")
    print("  no cassette damaged, none that was reported missing, every second run complete")


if __name__ == "__main__":
    main()
