"""`glmbench show`."""

from __future__ import annotations

from pathlib import Path

import click

from glmbench.cli.output import print_text


@click.command()
@click.argument("file", type=click.Path(path_type=Path), metavar="CASSETTE|RESULT.json")
@click.argument("trial", required=False, metavar="[TRIAL]")
@click.option(
    "--request",
    "number",
    type=click.IntRange(min=1),
    metavar="N",
    help="Draw only this request of a cassette; they count from 1.",
)
def show(file: Path, trial: str | None, number: int | None) -> None:
    """Draw a recorded stream, or that of a trial in a result, read by read.

    A line has the time, the gap and the bytes of one network read, and what was made of it. TRIAL
    is its id, such as ping@glm-4@1, or a case that has one trial only.
    """
    if file.suffix == ".json":
        print_text(_trial(file, trial, number))
        return
    if trial is not None:
        raise click.BadParameter(f"{file} is no result, and has no trials", param_hint="TRIAL")
    print_text(_cassette(file, number))


def _cassette(cassette: Path, number: int | None) -> str:
    from glmbench.inspection.inventory import open_cassette
    from glmbench.inspection.reading import read_stream
    from glmbench.report.stream import render_stream

    interactions = open_cassette(cassette, str(cassette))
    if number is not None and number > len(interactions):
        raise click.BadParameter(f"{cassette} holds {len(interactions)}", param_hint="--request")
    numbered = list(enumerate(interactions, start=1))
    chosen = numbered if number is None else [numbered[number - 1]]
    return "\n".join(render_stream(n, i, read_stream(i)) for n, i in chosen)


def _trial(file: Path, name: str | None, number: int | None) -> str:
    from glmbench.problems import did_you_mean
    from glmbench.report.trial import find_trials, render_trial
    from glmbench.results.read import read_result

    if number is not None:
        raise click.BadParameter("it is for cassettes", param_hint="--request")
    result = read_result(file)
    known = [trial.id for trial in result.trials]
    if name is None:
        shown = ", ".join(known[:3]) + (" ..." if len(known) > 3 else "")
        raise click.UsageError(f"which trial? {file} has {shown or 'none'}")
    found = find_trials(result, name)
    if not found:
        near = did_you_mean(name, [*known, *(trial.case for trial in result.trials)])
        message = f'{file} has no trial "{name}"' + (f"; {near}" if near else "")
        raise click.BadParameter(message, param_hint="TRIAL")
    if len(found) > 1:
        ids = ", ".join(trial.full_id for trial in found[:5]) + (" ..." if found[5:] else "")
        raise click.BadParameter(f'"{name}" is several trials: {ids}', param_hint="TRIAL")
    return render_trial(result, found[0])
