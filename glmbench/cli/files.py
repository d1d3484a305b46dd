"""The files that `-o` asks for: seen to before anything runs, and written whole or not at all."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from glmbench.cli.output import check_writable, print_text, write_whole

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from glmbench.results.model import RunResult

ENDINGS = (".json", ".csv", ".md", ".junit.xml", ".html")


def output_option(endings: Sequence[str] = ENDINGS) -> Callable[..., object]:
    """Make the option `-o`, for files with these endings."""
    from pathlib import Path

    return click.option(
        "-o",
        "--output",
        "outputs",
        multiple=True,
        type=click.Path(dir_okay=False, path_type=Path),
        metavar="FILE",
        help=f"Write a file, in the form of its ending: {', '.join(endings)}. Repeatable.",
    )


def check_outputs(outputs: Sequence[Path], endings: Sequence[str] = ENDINGS) -> None:
    """Refuse what could only fail after the run, when the result would be lost.

    Raises:
        click.BadParameter: a file has another ending, is asked for twice, or cannot be written.
    """
    for index, output in enumerate(outputs):
        if not output.name.endswith(tuple(endings)):
            message = f"{output} ends in none of {', '.join(endings)}"
            raise click.BadParameter(message, param_hint="-o")
        if output in outputs[:index]:
            raise click.BadParameter(f"{output} is asked for twice", param_hint="-o")
        if not output.parent.is_dir():
            raise click.BadParameter(f"there is no folder {output.parent}", param_hint="-o")
        try:
            check_writable(output)
        except OSError as error:
            message = f"{output} cannot be written: {error.strerror}"
            raise click.BadParameter(message, param_hint="-o") from None


def write_outputs(
    outputs: Sequence[Path], result: RunResult, base: RunResult | None = None
) -> bool:
    """Write every file, also after one that could not be written; tell whether all could.

    `base` is what the result was compared with, for the forms that show a comparison.
    """
    written = True
    for output in outputs:
        try:
            write_whole(output, _render(output, result, base))
        except OSError as error:
            print_text(f"{output} could not be written: {error.strerror}\n", err=True)
            written = False
    return written


def _render(output: Path, result: RunResult, base: RunResult | None) -> bytes:
    if output.name.endswith(".json"):
        from glmbench.results.document import to_json

        return to_json(result)
    if output.name.endswith(".csv"):
        from glmbench.report.csv import render_csv

        return render_csv(result).encode()
    if output.name.endswith(".md"):
        from glmbench.report.markdown import render_markdown

        return render_markdown(result, base).encode()
    if output.name.endswith(".xml"):
        from glmbench.report.junit import render_junit

        return render_junit(result).encode()
    from glmbench.report.html import render_html

    return render_html(result, base).encode()
