"""`glmbench serve`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from glmbench.errors import UsageError

if TYPE_CHECKING:
    from glmbench.server.script import Dialect


@click.command()
@click.option(
    "--emulate",
    type=click.Choice(["chatglm", "completions"]),
    required=True,
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
    "--script",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="YAML script of answers; without it a short built-in one.",
)
@click.option(
    "--truth",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Append the instant of every write to this JSONL file.",
)
def serve(emulate: Dialect, port: int, script: Path | None, truth: Path | None) -> int:
    """Stand in for a service on 127.0.0.1, speaking from a script."""
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
    return 128 + stopped_by
