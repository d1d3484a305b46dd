"""`glmbench serve`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from glmbench.cli.output import print_text
from glmbench.errors import CassetteDamagedError, UsageError

if TYPE_CHECKING:
    import signal

    from glmbench.server.script import Dialect

CASSETTE = 6

_WITH_EMULATE = ("script", "truth")
_WITH_CASSETTES = ("timing", "fault", "reframe")


@click.command()
@click.argument("cassettes", type=click.Path(path_type=Path), required=False, metavar="[CASSETTES]")
@click.option(
    "--emulate",
    type=click.Choice(["chatglm", "completions"]),
    help="Which service to stand in for.",
)
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=0,
    show_default=True,
    help="Port; 0 takes a free one.",
)
@click.option(
    "--timing",
    metavar="PACE",
    help="Pace of recordings: recorded (the default), instant, or a speed such as 0.5x or 4x.",
)
@click.option(
    "--fault",
    metavar="FAULT",
    help='Put a fault into every recording, written as in a suite: "{cut_after: 3, kind: reset}".',
)
@click.option(
    "--reframe",
    metavar="HOW",
    help="Cut the bodies of recordings anew: whole, event, byte or random:SEED.",
)
@click.option(
    "--script",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="YAML script of answers to emulate; without it a short built-in one.",
)
@click.option(
    "--truth",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Append the instant of every write of the emulator to this JSONL file.",
)
def serve(cassettes: Path | None, emulate: Dialect | None, port: int, **options: Any) -> int:
    """Answer on 127.0.0.1: with recordings, or for a service from a script.

    CASSETTES is a cassette, or a folder with cassettes in it and below. A request gets the
    recording of the same method, path, query and body, whatever its host.
    """
    if cassettes is not None and emulate is None:
        _refuse(options, _WITH_EMULATE, "--emulate")
        return _serve_recordings(cassettes, port, **_those(options, _WITH_CASSETTES))
    if emulate is not None and cassettes is None:
        _refuse(options, _WITH_CASSETTES, "CASSETTES")
        return _serve_emulator(emulate, port, **_those(options, _WITH_EMULATE))
    raise click.UsageError("serve needs either CASSETTES or --emulate SERVICE, and not both")


def _refuse(options: dict[str, Any], names: tuple[str, ...], partner: str) -> None:
    for name in names:
        if options[name] is not None:
            raise click.UsageError(f"--{name} goes with {partner} only")


def _those(options: dict[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    return {name: options[name] for name in names}


def _serve_emulator(emulate: Dialect, port: int, *, script: Path | None, truth: Path | None) -> int:
    import asyncio

    from glmbench.server.emulator import serve as serve_emulator
    from glmbench.server.script import echo_script
    from glmbench.server.script_file import load_script

    answers = load_script(script) if script else echo_script(emulate)
    if answers.dialect != emulate:
        raise UsageError(
            f'{script} is a script for "--emulate {answers.dialect}": '
            f'one for {emulate} says "emulate: {emulate}"'
        )

    def ready(host: str, port: int) -> None:
        click.echo(f"Emulating {emulate} at http://{host}:{port} (Ctrl-C stops it)")

    stopped_by = asyncio.run(serve_emulator(answers, port=port, truth=truth, on_ready=ready))
    return _exit_code(stopped_by)


def _serve_recordings(
    path: Path, port: int, *, timing: str | None, fault: str | None, reframe: str | None
) -> int:
    import asyncio

    from glmbench.cassettes.context import parse_timing
    from glmbench.cassettes.reframe import parse_reframe
    from glmbench.server.playback import open_repertoire, serve_recordings
    from glmbench.suites.faults import parse_fault

    speed = parse_timing(timing or "recorded")
    wrong = None if fault is None else parse_fault(fault)
    how = None if reframe is None else parse_reframe(reframe)
    try:
        repertoire = open_repertoire(path, speed=speed, how=how, fault=wrong, tell=_tell)
    except CassetteDamagedError as damage:
        _tell(str(damage))
        return CASSETTE

    fault_named = "" if wrong is None else f", with the fault {wrong}"
    how_named = "" if how is None else f", reframed: {how}"

    def ready(host: str, port: int) -> None:
        recordings = (
            "1 recording" if len(repertoire.shelf) == 1 else f"{len(repertoire.shelf)} recordings"
        )
        print_text(
            f"Serving {recordings} of {path} at http://{host}:{port} (Ctrl-C stops it)\n"
            f"These are recordings, not the service{fault_named}{how_named}.\n"
        )

    return _exit_code(asyncio.run(serve_recordings(repertoire, port=port, on_ready=ready)))


def _tell(message: str) -> None:
    print_text(f"{message}\n", err=True)


def _exit_code(stopped_by: signal.Signals) -> int:
    return 128 + stopped_by
