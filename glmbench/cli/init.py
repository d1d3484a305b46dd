"""`glmbench init`."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

import click

from glmbench.cli.output import print_text
from glmbench.errors import UsageError

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable

SCHEMA = "prompts/suite.schema.json"

# What is in the package under `starter`, and where it goes.
PLACES = {
    "suite.yaml": "prompts/hello.yaml",
    "cassette.yaml": "cassettes/hello/hello@glm-4@1.yaml",
    "workflow.yaml": ".github/workflows/glmbench.yml",
    "gitignore": ".gitignore",
}


@click.command()
@click.argument(
    "folder", type=click.Path(file_okay=False, path_type=Path), default=".", metavar="[DIR]"
)
def init(folder: Path) -> None:
    """Start a project: a suite, a cassette that replays, a CI workflow, a .gitignore.

    Nothing that is there is overwritten.
    """
    import json

    from glmbench.suites.schema import suite_schema

    texts = {place: _text(files("glmbench") / "starter" / name) for name, place in PLACES.items()}
    texts[SCHEMA] = json.dumps(suite_schema(), indent=2, ensure_ascii=False) + "\n"
    # Nearly every repository has one, and only its owner knows what belongs into it.
    if (folder / PLACES["gitignore"]).exists():
        del texts[PLACES["gitignore"]]
    there = [place for place in texts if (folder / place).exists()]
    if there:
        raise UsageError(f"there is already {', '.join(there)} in {folder}: nothing was written")
    try:
        for place, text in texts.items():
            path = folder / place
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise UsageError(f"{error.filename} cannot be written: {error.strerror}") from None
    print_text("".join(f"wrote {folder / place}\n" for place in texts))
    run = f"glmbench run {folder / PLACES['suite.yaml']}"
    print_text(f"Replay it without a network: {run}\n")


def _text(resource: Traversable) -> str:
    return resource.read_text(encoding="utf-8")
