"""`glmbench run` and `glmbench record`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from glmbench.cli.output import check_writable, print_text, write_whole

if TYPE_CHECKING:
    from collections.abc import Callable

    from glmbench.results.model import RunResult, TrialResult
    from glmbench.running.plan import Plan
    from glmbench.running.runner import Settings

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
    return _run(mode="record", **options)


def _run(
    *,
    suites: tuple[str, ...],
    cases: tuple[str, ...],
    mode: str,
    timing: str,
    connect_to: str | None,
    output: Path | None,
) -> int:
    from glmbench.report.tables import render_run
    from glmbench.results.judge import decide
    from glmbench.running.plan import load_plan, select
    from glmbench.running.runner import run_suites

    settings = _settings(mode, timing, connect_to)
    _check_output(output)
    plan = select(load_plan([Path(suite) for suite in suites]), cases)
    environment = _environment(mode, timing, connect_to)
    progress = _progress(plan) if mode != "replay" else _silence
    result = run_suites(plan.suites, settings, environment, progress)
    written = output is None or _write(output, result)
    print_text(render_run(result))
    return int(decide(result)) if written else USAGE


def _settings(mode: Any, timing: str, connect_to: str | None) -> Settings:
    from glmbench.cassettes.context import parse_timing
    from glmbench.running.runner import Settings

    parse_timing(timing)
    if connect_to is not None and mode == "replay":
        raise click.UsageError("--connect-to needs --mode record, refresh or live")
    return Settings(mode=mode, timing=timing, connect_to=_host_and_port(connect_to))


def _host_and_port(text: str | None) -> tuple[str, int] | None:
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


def _environment(mode: str, timing: str, connect_to: str | None) -> dict[str, Any]:
    from glmbench.running.environment import describe_environment

    return describe_environment(mode=mode, timing=timing, connect_to=connect_to)


def _progress(plan: Plan) -> Callable[[TrialResult], None]:
    """Say on standard error what is finished: live answers take their time."""
    total = sum(len(suite.trials) for suite in plan.suites)
    done = 0

    def say(trial: TrialResult) -> None:
        nonlocal done
        done += 1
        print_text(f"[{done}/{total}] {trial.id} {trial.status}\n", err=True)

    return say


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
