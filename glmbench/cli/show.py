"""`glmbench show`."""

from __future__ import annotations

from pathlib import Path

import click

from glmbench.cli.output import print_text


@click.command()
@click.argument("cassette", type=click.Path(path_type=Path), metavar="CASSETTE")
@click.option(
    "--request",
    "number",
    type=click.IntRange(min=1),
    metavar="N",
    help="Draw only this request; they count from 1.",
)
def show(cassette: Path, number: int | None) -> None:
    """Draw a recorded stream, read by read.

    A line has the time, the gap and the bytes of one network read, and what the provider's decoder
    made of it.
    """
    from glmbench.inspection.inventory import open_cassette
    from glmbench.inspection.reading import read_stream
    from glmbench.report.stream import render_stream

    interactions = open_cassette(cassette, str(cassette))
    if number is not None and number > len(interactions):
        raise click.BadParameter(f"{cassette} holds {len(interactions)}", param_hint="--request")
    numbered = list(enumerate(interactions, start=1))
    chosen = numbered if number is None else [numbered[number - 1]]
    print_text("\n".join(render_stream(n, i, read_stream(i)) for n, i in chosen))
