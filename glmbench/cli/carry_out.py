"""One run from the words of the command line to its exit code: `run`, `record` and `smoke`."""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from glmbench.cli.files import check_outputs, write_outputs
from glmbench.cli.options import read_asked, read_request, read_selection, read_style
from glmbench.cli.output import print_text
from glmbench.cli.progress import choose_progress, say_draining, show_progress
from glmbench.errors import UsageError
from glmbench.problems import whole_text

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path
    from typing import TypeAlias

    from glmbench.report.style import Style
    from glmbench.results.model import RunResult
    from glmbench.running.plan import Plan
    from glmbench.running.resuming import Journal
    from glmbench.running.stage import Settings

    Ask: TypeAlias = Callable[[Plan, Mapping[str, Settings]], None]

USAGE, NOTHING_TO_DO = 2, 7


def carry_out(options: Mapping[str, Any], ask: Ask | None = None) -> int:
    """Run what the options say and report it; return the exit code.

    Args:
        options: of the verb, by their names.
        ask: gets the plan and its settings before anything is run, and may refuse.
    """
    from glmbench.report.listing import render_plan
    from glmbench.results.judge import decide

    style = read_style(options)
    outputs = _outputs(options)
    base = _read_baseline(options)
    plan, settings = _plan(options)
    if options.get("failed") is not None and not any(suite.trials for suite in plan.suites):
        print_text(f"{options['failed']} has nothing to run again in these suites.\n", err=True)
    if options.get("dry_run"):
        print_text(render_plan(plan, trials=True))
        return 0 if any(suite.trials for suite in plan.suites) else NOTHING_TO_DO
    if ask is not None:
        ask(plan, settings)
    result, journal = _run_or_find(options, plan, settings, outputs)
    result, comparison = _compare(base, result, options, style)
    written = write_outputs(outputs, result, base)
    if journal is not None:
        # Not before: what could not be written can still be resumed.
        journal.finish(complete=written and not result.interrupted)
    _tell(result, base, comparison, style)
    return int(decide(result)) if written else USAGE


def _outputs(options: Mapping[str, Any]) -> tuple[Path, ...]:
    """Check what is to be written; what is resumed is written, too."""
    outputs: tuple[Path, ...] = options["outputs"]
    resumed: Path | None = options.get("resume")
    if resumed is not None and resumed not in outputs:
        if not resumed.name.endswith(".json"):
            raise UsageError(f"--resume {resumed}: what is resumed is a result, a .json file")
        outputs = (resumed, *outputs)
    check_outputs(outputs)
    return outputs


def _plan(options: Mapping[str, Any]) -> tuple[Plan, dict[str, Settings]]:
    from pathlib import Path

    from glmbench.running.asked import settle
    from glmbench.running.plan import load_plan
    from glmbench.running.selection import select

    asked = read_asked(options)
    selection = read_selection(options)
    whole = load_plan([Path(suite) for suite in options["suites"]], read_request(options))
    plan = select(whole, selection)
    return plan, {suite.suite.name: settle(asked, suite) for suite in plan.suites}


# --- the run itself -------------------------------------------------------------------------


def _run_or_find(
    options: Mapping[str, Any],
    plan: Plan,
    settings: Mapping[str, Settings],
    outputs: Sequence[Path],
) -> tuple[RunResult, Journal | None]:
    """Run, with a journal where a result is written; or find that it is finished."""
    from glmbench.inspection.scan import scan_run
    from glmbench.running.marks import describe_run, digest_of
    from glmbench.running.resuming import find_finished, open_journal
    from glmbench.running.runner import judge_run

    resumed: Path | None = options.get("resume")
    environment = _environment(options, settings)
    header = describe_run(plan.suites, settings, environment)
    environment["run"] = digest_of(header)
    if resumed is not None:
        finished = find_finished(resumed, environment["run"])
        if finished is not None:
            print_text(f"{resumed} is complete: nothing was run.\n", err=True)
            return judge_run(_before_comparing(finished), plan.suites, settings), None
    output = resumed or next((path for path in outputs if path.suffix == ".json"), None)
    journal = None
    if output is not None:
        again = resumed is not None
        journal = open_journal(output, header, resume=again, on_failure=_warn)
    return scan_run(plan, _run(options, plan, settings, environment, journal)), journal


def _run(
    options: Mapping[str, Any],
    plan: Plan,
    settings: Mapping[str, Settings],
    environment: dict[str, Any],
    journal: Journal | None,
) -> RunResult:
    from glmbench.cli.painting import decide_colour
    from glmbench.running.runner import run_suites

    live = any(own.mode != "replay" for own in settings.values())
    paced = any(own.timing not in {"recorded", "instant"} for own in settings.values())
    kind = choose_progress(
        sys.stderr,
        os.environ,
        takes_time=live or paced,
        verbosity=read_style(options).verbosity,
        plain=options["plain"],
    )
    total = sum(len(suite.trials) for suite in plan.suites) - len(journal.taken if journal else ())
    colour = decide_colour(sys.stderr, os.environ, plain=options["plain"])
    several = len(plan.suites) > 1
    with show_progress(kind, total, several_suites=several, colour=colour) as progress:
        return run_suites(
            plan.suites, settings, environment, progress, journal=journal, on_drain=say_draining
        )


def _warn(words: str) -> None:
    print_text(f"Warning: {words}.\n", err=True)


_SAID = ("profile", "connect_to", "fault", "reframe", "shard")


def _environment(options: Mapping[str, Any], settings: Mapping[str, Settings]) -> dict[str, Any]:
    """Describe where and how it is run; a setting is null where suites differ."""
    from glmbench.running.environment import describe_environment
    from glmbench.running.eventloop import loop_name

    shown = ("mode", "timing", "concurrency", "retries", "strict", "force")
    alike = {name: {getattr(own, name) for own in settings.values()} for name in shown}
    chosen = {name: values.pop() if len(values) == 1 else None for name, values in alike.items()}
    given = {name: options.get(name) for name in _SAID}
    said: dict[str, Any] = {name: text and whole_text(text) for name, text in given.items()}
    said["vars"] = [name.partition("=")[0] for name in options["variables"]] or None
    is_live = any(own.mode != "replay" for own in settings.values())
    return describe_environment(**chosen, **said, event_loop=loop_name() if is_live else None)


# --- beside a baseline ----------------------------------------------------------------------


_MISSING, _NOTHING = "there is no baseline", "nothing of the baseline"


def _before_comparing(result: RunResult) -> RunResult:
    """Forget what an earlier comparison said of a result that is shown again."""
    others = (each for each in result.warnings if not each.words.startswith((_MISSING, _NOTHING)))
    return replace(result, regressions=(), uncompared=False, warnings=tuple(others))


def _read_baseline(options: Mapping[str, Any]) -> RunResult | None:
    """Read the baseline before the run, so that a damaged one is known in time."""
    from glmbench.results.read import read_result

    path: Path | None = options.get("baseline")
    if path is None:
        if options.get("fail_on") is not None:
            raise UsageError("--fail-on regression needs --baseline FILE")
        return None
    return read_result(path) if os.path.lexists(path) else None


def _compare(
    base: RunResult | None, result: RunResult, options: Mapping[str, Any], style: Style
) -> tuple[RunResult, str]:
    """Compare the run with its baseline; one that is missing is a warning."""
    from glmbench.results.model import Caveat

    path: Path | None = options.get("baseline")
    if path is None:
        return result, ""
    if base is None:
        words = f"{_MISSING} {path}, so nothing was compared: a copy of a result is one"
        return replace(result, warnings=(*result.warnings, Caveat(trials=(), words=words))), ""
    from glmbench.comparison.compare import compare
    from glmbench.report.comparison import render_comparison, what_follows

    comparison = compare(base, result)
    fails = options["fail_on"] == "regression"
    if not comparison.pairs:
        words = f"{_NOTHING} {path} could be compared: it has other cases or models"
        warnings = (*result.warnings, Caveat(trials=(), words=words))
        # A gate that had nothing to look at is not green.
        return replace(result, warnings=warnings, uncompared=fails), ""
    text = render_comparison(comparison, style) + what_follows(comparison, fails=fails)
    return replace(result, regressions=comparison.regressions if fails else ()), text


# --- what is told ---------------------------------------------------------------------------


def _tell(result: RunResult, base: RunResult | None, comparison: str, style: Style) -> None:
    from glmbench.cli.github import tell_github
    from glmbench.report.tables import render_run

    print_text(render_run(result, style, comparison_text=comparison))
    tell_github(os.environ, result, base)
