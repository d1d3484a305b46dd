"""What does a replay cost: 100 long ChatGLM answers, and files of many requests?

1. 100 cassettes of snapshot frames (300 chunks each, at least 200 kB on average) run through the
   real runner, provider and response parser, paced `recorded` and `instant`, which must give the
   same trials to the byte.
2. The time of one request by the number of interactions in its file, beside stock vcrpy's.
"""

from __future__ import annotations

import asyncio
import cProfile
import pstats
import tempfile
import time
from pathlib import Path
from statistics import mean, median
from typing import TYPE_CHECKING, Any

import aiohttp
import msgspec
import yaml
from harness import arguments, chatglm_requests, in_turn, ratio, snapshot_answer, wall

from glmbench import run_virtual, use_cassette
from glmbench.cassettes.interaction import Interaction
from glmbench.cassettes.matching import RequestShape
from glmbench.cassettes.store import load, save
from glmbench.running.plan import load_plan
from glmbench.running.runner import Settings, run_suites

if TYPE_CHECKING:
    from collections.abc import Callable

    from glmbench.results.model import TrialResult
    from glmbench.running.plan import Plan

CHUNKS = 300
VCRPY_REQUESTS = 300
URL = "https://api.example.com/ask"


def write_suite(folder: Path, cases: int) -> Path:
    """Write a suite and one cassette for each of its cases."""
    prompts = [f"请介绍长江，第 {number} 次。" for number in range(cases)]
    sizes = []
    for number, request in enumerate(chatglm_requests(prompts)):
        name = f"case-{number:03}"
        answer = snapshot_answer(request, name, chunks=CHUNKS, piece=1 + number % 2)
        save(folder / "cassettes" / f"{name}@glm-4@1.yaml", [answer])
        sizes.append(len(answer.body))
    assert mean(sizes) >= 200_000
    print(f"\n{cases} cassettes, {CHUNKS} chunks each, body {mean(sizes) / 1000:.0f} kB on average")
    suite = {
        "version": 1,
        "name": "bench",
        "provider": {"name": "chatglm"},
        "cassettes": {"dir": "cassettes"},
        "cases": [
            {"id": f"case-{number:03}", "prompt": prompt} for number, prompt in enumerate(prompts)
        ],
    }
    path = folder / "bench.yaml"
    path.write_text(yaml.safe_dump(suite, allow_unicode=True), encoding="utf-8")
    return path


def play(plan: Plan, timing: str) -> tuple[TrialResult, ...]:
    trials = run_suites(plan.suites, Settings(timing=timing), {}).trials
    assert all(t.status == "passed" and t.cassette.verdict == "HIT" for t in trials)
    return trials


def measure_trials(folder: Path, *, cases: int, rounds: int, profile: bool) -> None:
    plan = load_plan([write_suite(folder, cases)])
    files = sorted((folder / "cassettes").iterdir())
    texts = [file.read_text(encoding="utf-8") for file in files]

    def each(action: Callable[[Any], Any], things: list[Any]) -> float:
        return wall(lambda: [action(thing) for thing in things]) / cases

    recorded, instant = play(plan, "recorded"), play(plan, "instant")
    assert msgspec.json.encode(recorded) == msgspec.json.encode(instant)
    print("recorded and instant: equal trials, byte for byte")
    jobs = {
        "recorded, a trial in all": lambda: wall(lambda: play(plan, "recorded")) / cases,
        "instant, a trial in all": lambda: wall(lambda: play(plan, "instant")) / cases,
        "of it: load (YAML and verify)": lambda: each(load, files),
        "of that: YAML alone": lambda: each(lambda t: yaml.load(t, Loader=yaml.CSafeLoader), texts),
    }
    figures = in_turn(jobs, rounds)
    whole, at_once, loading, _ = figures
    left = [t - part for t, part in zip(figures[whole], figures[loading], strict=True)]
    for name, values in figures.items():
        print(f"  {name:32} {median(values) * 1e3:7.2f} ms")
    print(f"  {'the rest: play, decode, judge':32} {median(left) * 1e3:7.2f} ms")
    print(f"  {'a chunk of the rest':32} {median(left) / CHUNKS * 1e6:7.1f} us")
    print(f"  instant / recorded {ratio(figures, at_once, whole):.2f}")
    if profile:
        profiler = cProfile.Profile()
        profiler.runcall(play, plan, "recorded")
        pstats.Stats(profiler).sort_stats("tottime").print_stats(10)


def write_many(path: Path, count: int) -> None:
    """Write a file of small interactions without a track, which stock vcrpy plays alike."""
    save(
        path,
        [
            Interaction(
                request=RequestShape(
                    method="POST",
                    url=URL,
                    headers=(("Content-Type", "application/json"),),
                    body=msgspec.json.encode({"question": number}),
                ),
                status=200,
                reason="OK",
                headers=(("Content-Type", "application/json"),),
                body=b'{"answer": %d}' % number,
                track=None,
            )
            for number in range(count)
        ],
    )


async def ask_in_order(count: int) -> float:
    """Ask and read every answer; return the seconds a request took, the file's load left out."""
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
        started = time.perf_counter()
        for number in range(count):
            # As bytes: vcrpy stores and compares what is given as `json=` unserialized.
            body = msgspec.json.encode({"question": number})
            async with session.post(
                URL, data=body, headers={"Content-Type": "application/json"}
            ) as response:
                assert (await response.json())["answer"] == number
        return (time.perf_counter() - started) / count


def with_glmbench(path: Path, count: int) -> float:
    async def asking() -> float:
        async with use_cassette(path):
            return await ask_in_order(count)

    # Small files are played again and again, so that each figure is the mean of many requests.
    return mean(run_virtual(asking()) for _ in range(max(1, 200 // count)))


def with_vcrpy(path: Path, count: int) -> float:
    import vcr

    count = min(count, VCRPY_REQUESTS)
    player = vcr.VCR(record_mode="none", match_on=("method", "uri", "body"))

    def once() -> float:
        with player.use_cassette(str(path)):
            return asyncio.run(ask_in_order(count))

    return mean(once() for _ in range(max(1, 50 // count)))


def measure_requests(folder: Path, *, counts: list[int], rounds: int) -> None:
    print("\nms a request, by the number of interactions in its file, played in order")
    print(f"(load left out; vcrpy matches method, uri and body, at most {VCRPY_REQUESTS} requests)")
    jobs: dict[str, Callable[[], float]] = {}
    for count in counts:
        path = folder / f"many-{count}.yaml"
        write_many(path, count)
        jobs[f"glmbench {count}"] = lambda path=path, count=count: with_glmbench(path, count)
        jobs[f"vcrpy {count}"] = lambda path=path, count=count: with_vcrpy(path, count)
    figures = in_turn(jobs, rounds)
    print(f"  {'interactions':>12} {'glmbench':>9} {'to 10':>6} {'vcrpy':>9} {'to 10':>6}")
    for count in counts:
        row = f"  {count:12}"
        for tool in ("glmbench", "vcrpy"):
            name = f"{tool} {count}"
            row += f" {median(figures[name]) * 1e3:9.3f} {ratio(figures, name, f'{tool} 10'):6.2f}"
        print(row)


def main() -> None:
    flags = arguments(__doc__, profile="also show where the CPU time goes (cProfile, top 10)")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        cases, rounds = (5, 2) if flags.quick else (100, 5)
        measure_trials(folder, cases=cases, rounds=rounds, profile=flags.profile)
        counts = [1, 10, 100] if flags.quick else [1, 10, 100, 1000]
        measure_requests(folder, counts=counts, rounds=rounds)


if __name__ == "__main__":
    main()
