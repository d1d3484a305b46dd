"""`glmbench compare`."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import click

from glmbench.cli.files import check_outputs, output_option, write_outputs
from glmbench.cli.options import add, display_options, fail_on_option, read_style
from glmbench.cli.output import print_text

USAGE, GATE, UNMEASURED = 2, 4, 7

# Those that show a comparison.
FORMS = (".md", ".html")

_RESULT = click.Path(dir_okay=False, path_type=Path)


@click.command()
@click.argument("base", type=_RESULT, metavar="BASE.json")
@click.argument("head", type=_RESULT, metavar="HEAD.json")
@add(fail_on_option, output_option(FORMS), *display_options)
def compare(
    *, base: Path, head: Path, fail_on: str | None, outputs: tuple[Path, ...], **display: Any
) -> int:
    """Compare two results: what improved, what regressed, what is noise.

    Cases are paired by suite, case and model. A change counts when it is significant and at
    least 10% and 10 ms, or 10% and 1 token/s. A BASE that does not exist is a warning: the first
    run has none.
    """
    from glmbench.comparison.compare import compare as compare_results
    from glmbench.report.comparison import render_comparison, what_follows
    from glmbench.results.read import read_result

    check_outputs(outputs, FORMS)
    style = read_style(display)
    after = read_result(head)
    if not os.path.lexists(base):
        words = f"Warning: there is no {base} to compare with. A copy of {head} would be one.\n"
        print_text(words, err=True)
        # Whoever asked for a file goes on with it.
        return 0 if write_outputs(outputs, after) else USAGE
    before = read_result(base)
    comparison = compare_results(before, after)
    written = write_outputs(outputs, after, before)
    fails = fail_on is not None
    print_text(render_comparison(comparison, style) + what_follows(comparison, fails=fails))
    if not written:
        return USAGE
    if fails and not comparison.pairs:
        # A gate that had nothing to look at is not green.
        return UNMEASURED
    return GATE if fails and comparison.regressions else 0
