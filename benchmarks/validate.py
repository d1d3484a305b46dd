"""How long does it take to load and expand a suite of 5,000 cases?

A suite as people write them, with defaults, tags, expectations and templates; three forms of it:
texts that are no templates, a template in every case that is the same, and one that differs.
"""

from __future__ import annotations

import cProfile
import pstats
import tempfile
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

from harness import PROSE, arguments, in_turn, wall

from glmbench.suites.expand import AS_WRITTEN, expand
from glmbench.suites.load import load_suite
from glmbench.yamlsource import read

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from glmbench.suites.load import LoadedSuite

HEAD = """\
version: 1
provider: chatglm
defaults:
  timeout: 30s
  tags: [nightly]
  vars: {style: 一句话}
  expect:
    text: {matches: '\\S'}
    latency: {ttft: "< 5s", total: "< 60s"}
cases:
"""
CASE = """\
  - id: case-%(number)d
    description: Question number %(number)d.
    prompt: %(prompt)s
    vars: {city: 城市%(number)d}
    tags: [zh, group-%(group)d]
    options: {temperature: 0.5}
    expect:
      finish_reason: [stop, length]
      text: {contains: [长江, 上海], max_length: 2000}
      latency: {total: "< 20s"}
"""
PROMPTS: Mapping[str, str] = {
    "plain texts": PROSE,
    "one template": "'请用{{ style }}介绍{{ city }}。'",
    "many templates": "'%(number)d：请用{{ style }}介绍{{ city }}。'",
}


def suite_text(prompt: str, cases: int) -> str:
    return HEAD + "".join(
        CASE
        % {
            "number": number,
            "group": number % 20,
            "prompt": prompt.replace("%(number)d", str(number)),
        }
        for number in range(cases)
    )


def load(path: Path) -> LoadedSuite:
    loaded = load_suite(path)
    assert loaded.problems == ()
    return loaded


def expand_all(loaded: LoadedSuite, cases: int) -> None:
    assert loaded.suite is not None
    expansion = expand(loaded.suite, "glm-4", variables={}, choices=AS_WRITTEN)
    assert (len(expansion.trials), expansion.problems) == (cases, ())


def measure(folder: Path, *, rounds: int, cases: int) -> None:
    jobs: dict[str, Callable[[], float]] = {}
    for name, prompt in PROMPTS.items():
        path = folder / f"{name.replace(' ', '-')}.yaml"
        path.write_text(suite_text(prompt, cases), encoding="utf-8")
        loaded = load(path)
        jobs[f"{name}: YAML"] = lambda p=path: wall(lambda: read(p))
        jobs[f"{name}: load"] = lambda p=path: wall(lambda: load(p))
        jobs[f"{name}: expand"] = lambda s=loaded: wall(lambda: expand_all(s, cases))
    figures = in_turn(jobs, rounds)
    print(f"\n{cases} cases, seconds           YAML  load in all  expand     sum   n={rounds}")
    for name in PROMPTS:
        yaml, whole, trials = (median(figures[f"{name}: {step}"]) for step in STEPS)
        print(f"  {name:22} {yaml:8.2f} {whole:12.2f} {trials:7.2f} {whole + trials:7.2f}")


STEPS = ("YAML", "load", "expand")


def show_profile(folder: Path, cases: int) -> None:
    path = folder / "profiled.yaml"
    path.write_text(suite_text(PROMPTS["many templates"], cases), encoding="utf-8")
    with cProfile.Profile() as profile:
        expand_all(load(path), cases)
    pstats.Stats(profile).sort_stats("tottime").print_stats(25)


def main() -> None:
    flags = arguments(__doc__, profile="show where the time goes")
    cases = 200 if flags.quick else 5_000
    with tempfile.TemporaryDirectory() as name:
        measure(Path(name), rounds=2 if flags.quick else 3, cases=cases)
        if flags.profile:
            show_profile(Path(name), cases)


if __name__ == "__main__":
    main()
