"""The options of the verbs that run trials, and what they mean."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from glmbench.errors import UsageError
from glmbench.report.style import TABLE_FORMATS, Style

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from glmbench.running.asked import Asked
    from glmbench.running.plan import Request
    from glmbench.running.selection import Selection

MODES = ("replay", "record", "refresh", "live")

_Decorated = Any
_Option = Any


def suites_argument() -> _Option:
    return click.argument("suites", nargs=-1, required=True, metavar="SUITE...")


def add(*options: _Option) -> Callable[[Callable[..., Any]], _Decorated]:
    """Add options to a command, in the order in which they are given."""

    def decorate(command: Callable[..., Any]) -> _Decorated:
        for option in reversed(options):
            command = option(command)
        return command

    return decorate


case_option = click.option(
    "--case", "cases", multiple=True, metavar="ID", help="Only this case; repeatable."
)
connect_to_option = click.option(
    "--connect-to",
    metavar="HOST:PORT",
    help="Send live and recorded requests there in plain HTTP, whatever their URL says.",
)

# Which trials.
selection_options = (
    case_option,
    click.option("--tag", "tags", multiple=True, metavar="TAG", help="Only cases with this tag."),
    click.option(
        "--not-tag", "not_tags", multiple=True, metavar="TAG", help="No cases with this tag."
    ),
    click.option("--model", "models", multiple=True, metavar="NAME", help="Only this model."),
    click.option(
        "-k",
        "expression",
        metavar="EXPR",
        help="Only trials whose name, model or tags match: 'zh and not (long or slow)'.",
    ),
    click.option(
        "--failed",
        type=click.Path(dir_okay=False, path_type=Path),
        metavar="RESULT.json",
        help="Only what did not pass in an earlier result.",
    ),
    click.option("--shard", metavar="I/N", help="Only the i-th of n parts of what is selected."),
    click.option("--var", "variables", multiple=True, metavar="K=V", help="A value for templates."),
    click.option("--repeat", type=click.IntRange(1), metavar="N", help="Run each case N times."),
)

# How they are run.
control_options = (
    click.option("--profile", metavar="NAME", help="A profile of the suite."),
    click.option(
        "--timing",
        metavar="PACE",
        help="Pace of a replay: recorded (in virtual time, the default), instant, or a speed on "
        "the real clock such as 1x or 4x. The figures are the recorded ones in any case.",
    ),
    click.option(
        "-j", "--concurrency", type=click.IntRange(1), metavar="N", help="Live trials at once."
    ),
    click.option("--rate", metavar="N/UNIT", help="Live trials that start: 2/s, 10/m or 100/h."),
    click.option(
        "--max-requests", type=click.IntRange(1), metavar="N", help="Skip what would ask for more."
    ),
    click.option("--max-time", metavar="TIME", help="Start nothing after this time: 10min."),
    click.option("--timeout", metavar="TIME", help="Deadline of each trial: 90s."),
    click.option(
        "--retries",
        type=click.IntRange(0),
        metavar="N",
        help="Ask again after an error that can pass.",
    ),
    click.option(
        "--warmup", type=click.IntRange(0), metavar="N", help="Runs before those that count."
    ),
    click.option(
        "-x", "--fail-fast", is_flag=True, default=None, help="Stop at the first failure."
    ),
    click.option(
        "--strict",
        is_flag=True,
        default=None,
        help="Let warnings, such as old recordings, fail the run.",
    ),
    connect_to_option,
    click.option(
        "--force",
        is_flag=True,
        help="Save a recording also when the trial did not end as its case expects.",
    ),
)

edit_options = (
    click.option(
        "--fault",
        metavar="FAULT",
        help="Put a fault into every recording, as in a suite: '{cut_after: 3, kind: reset}' (or "
        "eof, stall), '{refuse: true}', '{status: 429, retry_after: 2s}', '{delay_first: 10s}', "
        "'{corrupt: {chunk: 5}}'.",
    ),
    click.option(
        "--reframe",
        metavar="HOW",
        help="Replay the same bytes in other chunks: whole, event, byte or random:SEED.",
    ),
)


# What is shown.
fail_on_option = click.option(
    "--fail-on",
    type=click.Choice(["regression"]),
    help="Exit with 4 when a figure regressed or a case no longer passes.",
)

display_options = (
    click.option("-q", "--quiet", is_flag=True, help="Show only what is wrong, and the count."),
    click.option("-v", "--verbose", is_flag=True, help="Show every check and every list in full."),
    click.option("--plain", is_flag=True, help="No colours, and no line that is drawn anew."),
    click.option(
        "--table-format",
        type=click.Choice(TABLE_FORMATS),
        default="simple",
        metavar="NAME",
        help="The frames of tables: any format of tabulate, such as github or fancy_grid.",
    ),
)


def read_style(options: Mapping[str, Any]) -> Style:
    """Say how the options want reports to look on standard output."""
    import os
    import sys

    from glmbench.cli.painting import decide_colour

    if options["quiet"] and options["verbose"]:
        raise UsageError("--quiet and --verbose exclude each other")
    return Style(
        table_format=options["table_format"],
        verbosity=int(options["verbose"]) - int(options["quiet"]),
        colour=decide_colour(sys.stdout, os.environ, plain=options["plain"]),
    )


def read_selection(options: Mapping[str, Any]) -> Selection:
    """Say which trials the options choose."""
    from glmbench.results.read import read_failed
    from glmbench.running.selection import Selection, parse_shard

    failed = options["failed"]
    return Selection(
        cases=options["cases"],
        tags=options["tags"],
        not_tags=options["not_tags"],
        models=options["models"],
        expression=options["expression"],
        failed=read_failed(failed) if failed is not None else None,
        shard=parse_shard(options["shard"]) if options["shard"] is not None else None,
    )


def read_request(options: Mapping[str, Any]) -> Request:
    """Say what the options put in place of the suites' own words."""
    import os

    from glmbench.running.plan import Request
    from glmbench.suites.expand import Choices

    choices = Choices(
        repeat=options["repeat"],
        timeout=_duration(options["timeout"], "--timeout"),
        vars=dict(map(_variable, options["variables"])),
    )
    return Request(
        profile=options["profile"], mode=options["mode"], choices=choices, environ=os.environ
    )


def _variable(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise UsageError(f'--var "{text}" is no value for a template: write --var city=Suzhou')
    return name, value


def read_asked(options: Mapping[str, Any]) -> Asked:
    """Say how the options want it run."""
    from glmbench.cassettes.context import parse_timing
    from glmbench.cassettes.reframe import parse_reframe
    from glmbench.running.asked import Asked
    from glmbench.suites.faults import parse_fault

    fault, reframe = options.get("fault"), options.get("reframe")
    if options["timing"] is not None:
        parse_timing(options["timing"])
    return Asked(
        mode=options["mode"],
        timing=options["timing"],
        connect_to=host_and_port(options["connect_to"]),
        fault=parse_fault(fault) if fault is not None else None,
        reframe=parse_reframe(reframe) if reframe is not None else None,
        force=options["force"],
        strict=options["strict"],
        concurrency=options["concurrency"],
        rate=_rate(options["rate"]),
        max_requests=options["max_requests"],
        max_time_s=_duration(options["max_time"], "--max-time"),
        retries=options["retries"],
        warmup=options["warmup"],
        fail_fast=options["fail_fast"],
    )


def host_and_port(text: str | None) -> tuple[str, int] | None:
    """Parse HOST:PORT."""
    if text is None:
        return None
    host, colon, port = text.rpartition(":")
    if not (colon and host and port.isdecimal() and 0 < int(port) < 65536):
        raise click.BadParameter(f"{text!r} is not HOST:PORT", param_hint="--connect-to")
    return host.strip("[]"), int(port)


def _duration(text: str | None, option: str) -> float | None:
    from glmbench.suites.bounds import BoundError, parse_duration

    if text is None:
        return None
    try:
        seconds = parse_duration(text)
    except BoundError as error:
        raise UsageError(f"{option}: {error}; {error.hint}") from None
    if seconds <= 0:
        raise UsageError(f"{option} must be longer than nothing")
    return seconds


def _rate(text: str | None) -> Any:
    from glmbench.suites.bounds import BoundError
    from glmbench.suites.rates import parse_rate

    if text is None:
        return None
    try:
        return parse_rate(text)
    except BoundError as error:
        raise UsageError(f"--rate: {error}; {error.hint}") from None
