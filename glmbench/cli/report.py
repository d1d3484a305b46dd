"""`glmbench report`."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from glmbench.cli.files import check_outputs, output_option, write_outputs
from glmbench.cli.github import tell_github
from glmbench.cli.options import add, display_options, read_style
from glmbench.cli.output import print_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from glmbench.results.model import RunResult

USAGE = 2


@click.command()
@click.argument(
    "results",
    nargs=-1,
    required=True,
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="RESULT.json...",
)
@add(output_option(), *display_options)
def report(results: tuple[Path, ...], outputs: tuple[Path, ...], **display: Any) -> int:
    """Show results again, in any form; several are parts of one run.

    The shards of a run become one result, whose thresholds are judged over all of them. The exit
    code is that of the run.
    """
    from glmbench.report.tables import render_run
    from glmbench.results.judge import decide

    check_outputs(outputs)
    result = _read(results)
    _warn_of_a_lone_shard(results, result)
    written = write_outputs(outputs, result)
    print_text(render_run(result, read_style(display)))
    tell_github(os.environ, result)
    return int(decide(result)) if written else USAGE


def _warn_of_a_lone_shard(paths: Sequence[Path], result: RunResult) -> None:
    """Say that a part is not the whole: a pattern may have found one file only."""
    shard = result.environment.get("shard")
    if len(paths) == 1 and shard is not None:
        print_text(f"Warning: {paths[0]} is the shard {shard} alone.\n", err=True)


def _read(paths: Sequence[Path]) -> RunResult:
    from dataclasses import replace

    from glmbench.errors import UsageError
    from glmbench.gates import judge_again
    from glmbench.results.merge import merge
    from glmbench.results.read import read_result
    from glmbench.suites.bounds import BoundError

    merged = merge([(str(path), read_result(path)) for path in paths])
    if len(paths) == 1:
        return merged
    try:
        return replace(merged, gates=judge_again(merged))
    except BoundError as error:
        raise UsageError(f"the thresholds cannot be judged again: {error}") from None
