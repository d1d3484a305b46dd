"""What became of the cassettes of a run, in a line or as a table. Pure."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, get_args

from glmbench.cassettes.verdict import Verdict
from glmbench.report.grid import draw_table
from glmbench.report.numbers import NOTHING
from glmbench.report.style import PLAIN, Style

if TYPE_CHECKING:
    from collections.abc import Sequence

    from glmbench.measure.observation import Origin
    from glmbench.results.model import TrialResult

_MEANING: dict[Verdict, str] = {
    "HIT": "played as it was recorded",
    "MISS": "there is no recording",
    "STALE": "the request is not the recorded one",
    "UNUSED": "not all of it was asked for",
    "DAMAGED": "cannot be played",
    "RECORDED": "recorded in this run",
    "LIVE": "asked live, nothing saved",
}
_ORIGINS: dict[Origin, str] = {
    "live": "a service",
    "emulator": "the emulator",
    "import": "an import",
}


def render_verdicts(trials: Sequence[TrialResult], style: Style = PLAIN) -> str:
    """Count the verdicts; nothing where all are alike, which `verdict_line` says."""
    found = Counter(
        (trial.cassette.verdict, trial.origin) for trial in trials if trial.cassette is not None
    )
    dull = {verdict for verdict, _ in found} in ({"HIT"}, {"LIVE"})
    if not found or (dull and not style.verbose):
        return ""
    order = get_args(Verdict)
    rows = [
        [verdict, str(n), _ORIGINS[origin] if origin else NOTHING, _MEANING[verdict]]
        for (verdict, origin), n in sorted(
            found.items(), key=lambda item: (order.index(item[0][0]), item[0][1] or "")
        )
    ]
    return draw_table("Cassettes", ["verdict", "trials", "answered by", ""], rows, "srll", style)


def verdict_line(trials: Sequence[TrialResult]) -> str:
    """Say that every cassette was played as it was recorded; nothing where that is not so."""
    verdicts = [trial.cassette.verdict for trial in trials if trial.cassette is not None]
    return f"Cassettes: {len(verdicts)} HIT" if set(verdicts) == {"HIT"} else ""
