"""What a run says to GitHub Actions: annotations at the lines of suites, and the step summary.

Pure. The runner reads standard output line by line for commands: a text in one must not end it, nor
begin another.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from glmbench.report.escaping import one_line
from glmbench.report.gfm import FOLD_END, join_blocks
from glmbench.report.markdown import blocks
from glmbench.report.numbers import count
from glmbench.report.outcomes import Item, list_items, red_items

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from glmbench.results.model import RunResult

# GitHub shows ten errors of a step and drops the others without a word.
MAX_ANNOTATIONS = 10

# GitHub refuses a summary of more bytes: https://docs.github.com/actions, "Step isolation and
# limits" of job summaries.
MAX_SUMMARY = 1024 * 1024

_CUT = (
    "*The summary ends here: GitHub takes no more than 1 MiB. The file that `-o report.md` "
    "writes has all of it.*"
)


def on_github(environ: Mapping[str, str]) -> bool:
    """Tell whether this is a step of GitHub Actions."""
    return environ.get("GITHUB_ACTIONS") == "true"


def render_annotations(result: RunResult) -> str:
    """Word a command for each of the first ten things that fail the run, and count the rest."""
    red = red_items(list_items(result))
    lines = [_error(item) for item in red[:MAX_ANNOTATIONS]]
    rest = len(red) - len(lines)
    if rest:
        lines.append(f"::notice title=glmbench::and {count(rest, 'more failure')}: see the log")
    return "".join(f"{line}\n" for line in lines)


def _error(item: Item) -> str:
    properties = {
        "file": item.path,
        "line": None if item.line is None else str(item.line),
        "title": f"{item.group}: {item.name}",
    }
    said = ",".join(f"{name}={_property(text)}" for name, text in properties.items() if text)
    outcome = item.outcome
    message = [outcome.words or outcome.kind]
    message += [f"again: {outcome.again}"] if outcome.again else []
    return f"::error {said}::{'%0A'.join(map(_data, message))}"


def _data(text: str) -> str:
    # The line ends are gone already: the runner would take them for the end of the command.
    return one_line(text).replace("%", "%25")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


def step_summary(result: RunResult, base: RunResult | None = None, limit: int = MAX_SUMMARY) -> str:
    """Write the Markdown of a run; past the limit in bytes it ends after a row, and says so."""
    whole = blocks(result, base)
    if _size(join_blocks(whole)) <= limit:
        return join_blocks(whole)
    kept: list[str] = []
    room = limit - _size(join_blocks(["", FOLD_END, _CUT]))
    for block in whole:
        if _size(block) > room:
            kept += _first_rows(block, room)
            break
        kept.append(block)
        room -= _size(f"{block}\n\n")
    return join_blocks([*kept, *_ends(kept), _CUT])


def _ends(kept: Sequence[str]) -> list[str]:
    """Close what is folded, where the cut is in it."""
    opened = sum(block.startswith("<details>") and not block.endswith(FOLD_END) for block in kept)
    return [FOLD_END] * (opened - kept.count(FOLD_END))


def _first_rows(block: str, room: int) -> Sequence[str]:
    """Cut a table to the rows that fit; what is no table goes as a whole."""
    lines = block.split("\n")
    while lines and _size("\n".join(lines)) > room:
        lines.pop()
    head = 2
    return ["\n".join(lines)] if block.startswith("|") and len(lines) > head else []


def _size(text: str) -> int:
    return len(text.encode())
