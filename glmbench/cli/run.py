"""`glmbench run` and `glmbench record`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from glmbench.cli.output import check_writable, print_text, progress_of, write_whole

if TYPE_CHECKING:
    from collections.abc import Callable

    from glmbench.results.model import RunResult, TrialResult
    from glmbench.running.stage import Settings

USAGE = 2

MODES = ("replay", "record", "refresh", "live")

_Command = Any


def _options(command: Callable[..., Any]) -> _Command:
    """Add what `run` and `record` share."""
    decorators = (
        click.argument("suites", nargs=-1, required=True, metavar="SUITE..."),
        click.option(
            "--case", "cases", multiple=True, metavar="ID", help="Run only this case; repeatable."
        ),
        click.option(
            "--timing",
            default="recorded",
            show_default=True,
            metavar="PACE",
            help="Pace of a replay: recorded (in virtual time), instant, or a speed on the real "
            "clock such as 1x or 4x. The figures are the recorded ones in any case.",
        ),
        click.option(
            "--connect-to",
            metavar="HOST:PORT",
            help="Send live and recorded requests there in plain HTTP, whatever their URL says.",
        ),
        click.option(
            "--force",
            is_flag=True,
            help="Save a recording also when the trial did not end as its case expects.",
        ),
        click.option(
            "--strict", is_flag=True, help="Let warnings, such as old recordings, fail the run."
        ),
        click.option(
            "-o",
            "--output",
            type=click.Path(dir_okay=False, path_type=Path),
            metavar="FILE.json",
            help="Write the result as JSON.",
        ),
    )
    for decorator in reversed(decorators):
        command = decorator(command)
    return command


@click.command()
@_options
@click.option(
    "--fault",
    metavar="FAULT",
    help="Put a fault into every recording, as in a suite: '{cut_after: 3, kind: reset}' (or eof, "
    "stall), '{refuse: true}', '{status: 429, retry_after: 2s}', '{delay_first: 10s}', "
    "'{corrupt: {chunk: 5}}'.",
)
@click.option(
    "--reframe",
    metavar="HOW",
    help="Replay the same bytes in other chunks: whole, event, byte or random:SEED.",
)
@click.option(
    "--mode",
    type=click.Choice(MODES),
    default="replay",
    show_default=True,
    help="replay: cassettes only, never the network. record: record what has no cassette, replay "
    "the rest. refresh: record everything again. live: no cassettes.",
)
def run(**options: Any) -> int:
    """Run suites and print what came of every case."""
    return _run(**options)


@click.command()
@_options
def record(**options: Any) -> int:
    """Record what has no cassette yet; the same as run --mode record."""
    return _run(mode="record", fault=None, reframe=None, **options)


def _run(
    *, suites: tuple[str, ...], cases: tuple[str, ...], output: Path | None, **how: Any
) -> int:
    from glmbench.inspection.scan import scan_run
    from glmbench.report.tables import render_run
    from glmbench.results.judge import decide
    from glmbench.running.plan import load_plan, select
    from glmbench.running.runner import run_suites

    settings = _settings(**how)
    _check_output(output)
    plan = select(load_plan([Path(suite) for suite in suites]), cases)
    progress = progress_of(plan) if settings.mode != "replay" else _silence
    result = run_suites(plan.suites, settings, _environment(**how), progress)
    result = scan_run(plan, result)
    written = output is None or _write(output, result)
    print_text(render_run(result))
    return int(decide(result)) if written else USAGE


def _settings(
    *,
    mode: Any,
    timing: str,
    connect_to: str | None,
    fault: str | None,
    reframe: str | None,
    force: bool,
    strict: bool,
) -> Settings:
    from glmbench.cassettes.context import parse_timing
    from glmbench.cassettes.reframe import parse_reframe
    from glmbench.running.stage import Settings
    from glmbench.suites.faults import parse_fault

    parse_timing(timing)
    if connect_to is not None and mode == "replay":
        raise click.UsageError("--connect-to needs --mode record, refresh or live")
    if mode != "replay" and not (fault is None and reframe is None):
        raise click.UsageError("--fault and --reframe need recordings: leave --mode away")
    if force and mode not in {"record", "refresh"}:
        raise click.UsageError("--force needs --mode record or refresh")
    return Settings(
        mode=mode,
        timing=timing,
        connect_to=host_and_port(connect_to),
        fault=None if fault is None else parse_fault(fault),
        reframe=None if reframe is None else parse_reframe(reframe),
        force=force,
        strict=strict,
    )


def host_and_port(text: str | None) -> tuple[str, int] | None:
    if text is None:
        return None
    host, colon, port = text.rpartition(":")
    if not (colon and host and port.isdecimal() and 0 < int(port) < 65536):
        raise click.BadParameter(f"{text!r} is not HOST:PORT", param_hint="--connect-to")
    return host.strip("[]"), int(port)


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


def _environment(**settings: Any) -> dict[str, Any]:
    from glmbench.running.environment import describe_environment

    return describe_environment(**settings)


def _silence(_: TrialResult) -> None:
    """A replay is over before a progress line could be read."""


def _write(output: Path, result: RunResult) -> bool:
    from glmbench.results.serialize import to_json

    try:
        write_whole(output, to_json(result))
    except OSError as error:
        print_text(f"{output} could not be written: {error.strerror}\n", err=True)
        return False
    return True
