"""`glmbench run`, `glmbench record` and `glmbench smoke`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from glmbench.cli.options import (
    MODES,
    add,
    control_options,
    edit_options,
    read_asked,
    read_request,
    read_selection,
    selection_options,
    suites_argument,
)
from glmbench.cli.output import check_writable, print_text, progress_of, write_whole

if TYPE_CHECKING:
    from collections.abc import Mapping

    from glmbench.results.model import RunResult, TrialResult
    from glmbench.running.stage import Settings

USAGE, NOTHING_TO_DO = 2, 7

_output = click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE.json",
    help="Write the result as JSON.",
)
_dry_run = click.option("--dry-run", is_flag=True, help="List what would run, and run nothing.")
_mode = click.option(
    "--mode",
    type=click.Choice(MODES),
    help="replay (the default): cassettes only, never the network. record: record what has no "
    "cassette, replay the rest. refresh: record everything again. live: no cassettes.",
)


@click.command()
@add(
    suites_argument(), *selection_options, _mode, *control_options, *edit_options, _dry_run, _output
)
def run(**options: Any) -> int:
    """Run suites and print what came of every case.

    The command line goes before the profile, the profile before the suite.
    """
    return _run(options)


@click.command()
@add(suites_argument(), *selection_options, *control_options, _dry_run, _output)
def record(**options: Any) -> int:
    """Record what has no cassette yet; the same as run --mode record."""
    return _run({**options, "mode": "record"})


@click.command()
@add(suites_argument(), *selection_options, *control_options, _output)
@click.option("--yes", is_flag=True, help="Do not ask.")
def smoke(*, yes: bool, **options: Any) -> int:
    """Make a few live calls: run with the profile "smoke", or carefully without one.

    Without such a profile: live, one call at a time, at most 10 a minute and 20 in all. Says how
    many requests it will make and asks, on a terminal; elsewhere it needs --yes.
    """
    from glmbench.cli.careful import ask, with_careful_profile

    options = with_careful_profile({**options, "mode": None})
    return _run(options, before=lambda plan, settings: ask(plan, settings, yes=yes))


def _run(options: Mapping[str, Any], before: Any = None) -> int:
    from glmbench.inspection.scan import scan_run
    from glmbench.report.listing import render_plan
    from glmbench.report.tables import render_run
    from glmbench.results.judge import decide
    from glmbench.running.asked import settle
    from glmbench.running.plan import load_plan
    from glmbench.running.runner import run_suites
    from glmbench.running.selection import select

    asked = read_asked(options)
    output: Path | None = options["output"]
    _check_output(output)
    selection = read_selection(options)
    whole = load_plan([Path(suite) for suite in options["suites"]], read_request(options))
    plan = select(whole, selection)
    settings = {suite.suite.name: settle(asked, suite) for suite in plan.suites}
    if options.get("dry_run"):
        print_text(render_plan(plan, trials=True))
        return 0 if any(suite.trials for suite in plan.suites) else NOTHING_TO_DO
    if before is not None:
        before(plan, settings)
    live = any(own.mode != "replay" for own in settings.values())
    progress = progress_of(plan) if live else _silence
    result = run_suites(plan.suites, settings, _environment(options, settings), progress)
    result = scan_run(plan, result)
    written = output is None or _write(output, result)
    print_text(render_run(result))
    return int(decide(result)) if written else USAGE


def _environment(options: Mapping[str, Any], settings: Mapping[str, Settings]) -> dict[str, Any]:
    """Describe where and how it is run; a setting is null where suites differ."""
    from glmbench.running.environment import describe_environment

    shown = ("mode", "timing", "concurrency", "retries", "strict", "force")
    alike = {name: {getattr(own, name) for own in settings.values()} for name in shown}
    chosen = {name: values.pop() if len(values) == 1 else None for name, values in alike.items()}
    said = ("profile", "connect_to", "fault", "reframe")
    return describe_environment(**chosen, **{name: options.get(name) for name in said})


def _check_output(output: Path | None) -> None:
    """Refuse what could only fail after the run, when the result would be lost."""
    if output is None:
        return
    if output.suffix != ".json":
        raise click.BadParameter(f"{output} does not end in .json", param_hint="-o")
    if not output.parent.is_dir():
        raise click.BadParameter(f"there is no folder {output.parent}", param_hint="-o")
    try:
        check_writable(output)
    except OSError as error:
        message = f"{output} cannot be written: {error.strerror}"
        raise click.BadParameter(message, param_hint="-o") from None


def _silence(_: TrialResult) -> None:
    """A replay is over before a progress line could be read."""


def _write(output: Path, result: RunResult) -> bool:
    from glmbench.results.document import to_json

    try:
        write_whole(output, to_json(result))
    except OSError as error:
        print_text(f"{output} could not be written: {error.strerror}\n", err=True)
        return False
    return True
