"""`glmbench run`, `glmbench record` and `glmbench smoke`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from glmbench.cli.files import output_option
from glmbench.cli.options import (
    MODES,
    add,
    control_options,
    display_options,
    edit_options,
    fail_on_option,
    selection_options,
    suites_argument,
)

_RESULT = click.Path(dir_okay=False, path_type=Path)

_dry_run = click.option("--dry-run", is_flag=True, help="List what would run, and run nothing.")
_mode = click.option(
    "--mode",
    type=click.Choice(MODES),
    help="replay (the default): cassettes only, never the network. record: record what has no "
    "cassette, replay the rest. refresh: record everything again. live: no cassettes.",
)
_baseline_options = (
    click.option(
        "--baseline",
        type=_RESULT,
        metavar="RESULT.json",
        help="Compare with an earlier result; one that is missing is a warning.",
    ),
    fail_on_option,
)
_resume = click.option(
    "--resume",
    type=_RESULT,
    metavar="RESULT.json",
    help="Go on with the run that was to write this result: run what is missing. Implies -o.",
)


@click.command()
@add(
    suites_argument(),
    *selection_options,
    _mode,
    *control_options,
    *edit_options,
    _dry_run,
    output_option(),
    _resume,
    *_baseline_options,
    *display_options,
)
def run(**options: Any) -> int:
    """Run suites and print what came of every case.

    The command line goes before the profile, the profile before the suite.
    """
    return _carry_out(options)


@click.command()
@add(
    suites_argument(),
    *selection_options,
    *control_options,
    _dry_run,
    output_option(),
    *display_options,
)
def record(**options: Any) -> int:
    """Record what has no cassette yet; the same as run --mode record."""
    return _carry_out({**options, "mode": "record"})


@click.command()
@add(suites_argument(), *selection_options, *control_options, output_option(), *display_options)
@click.option("--yes", is_flag=True, help="Do not ask.")
def smoke(*, yes: bool, **options: Any) -> int:
    """Make a few live calls: run with the profile "smoke", or carefully without one.

    Without such a profile: live, one call at a time, at most 10 a minute and 20 in all. Says how
    many requests it will make and asks, on a terminal; elsewhere it needs --yes.
    """
    from glmbench.cli.careful import ask, with_careful_profile

    options = with_careful_profile({**options, "mode": None})
    return _carry_out(options, lambda plan, settings: ask(plan, settings, yes=yes))


def _carry_out(options: dict[str, Any], ask: Any = None) -> int:
    from glmbench.cli.carry_out import carry_out

    return carry_out(options, ask)
