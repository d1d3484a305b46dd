"""What still looks like a credential in recordings and results, and its removal.

Reads files, and writes none: what `fixed` returns is for the store. Not found are tokens that are
split over different fields, packed (base64, gzip) or of no known shape under no telling name; nor,
in a stream, random text under a telling name that comes in pieces.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import msgspec

from glmbench.cassettes.scrub import scrub
from glmbench.cassettes.store import load
from glmbench.inspection.passages import Joined, Passage, of_json, passages
from glmbench.redaction.leaks import Suspicion, find_leaks
from glmbench.redaction.redactor import PLACEHOLDER, Redactor, Secret
from glmbench.results.model import Leak as ReportedLeak

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence
    from pathlib import Path

    from glmbench.cassettes.interaction import Interaction
    from glmbench.results.model import RunResult, TrialResult
    from glmbench.running.plan import Plan
    from glmbench.suites.model import Suite


@dataclass(frozen=True, slots=True, kw_only=True)
class Leak:
    """A suspicion and where it is. `text` is the credential itself and must not be shown."""

    where: str
    suspicion: Suspicion
    text: str = field(repr=False)

    def __str__(self) -> str:
        return f"{self.where}: {self.words}"

    @property
    def words(self) -> str:
        return f"looks like {_with_article(self.suspicion.kind)} ({self.suspicion.shown})"


def _with_article(kind: str) -> str:
    if kind.startswith(("random", "user")):
        return kind
    return f"{'an' if kind[0] in 'AO' else 'a'} {kind}"


def scan_interaction(interaction: Interaction, *, allow: Collection[str] = ()) -> list[Leak]:
    """Search everything that a cassette keeps of an interaction, a place once for each text."""
    return _leaks(passages(interaction), allow)


def scan_cassette(
    path: Path, allow: Collection[str] = (), *, name: str | None = None
) -> list[Leak]:
    """Search a cassette.

    Raises:
        CassetteDamagedError: it cannot be read or trusted.
    """
    return scan_interactions(load(path, name=name), allow)


def scan_interactions(
    interactions: Sequence[Interaction], allow: Collection[str] = ()
) -> list[Leak]:
    """Search the interactions of one cassette; places say which one."""
    return [
        replace(leak, where=f"interaction {number}, {leak.where}")
        for number, interaction in enumerate(interactions, start=1)
        for leak in scan_interaction(interaction, allow=allow)
    ]


def scan_text(label: str, text: str, allow: Collection[str] = ()) -> list[Leak]:
    """Search a text: a JSON document and JSON Lines by their fields, anything as it stands."""
    return _leaks(_of_text(label, text), allow)


def _of_text(label: str, text: str) -> Iterator[Passage]:
    lines = [(n, x) for n, x in enumerate(text.split("\n"), start=1) if x.startswith(("{", "["))]
    if len(lines) > 1:
        for number, line in lines:
            yield from of_json(f"{label}, line {number}", line.encode("utf-8", "replace"))
    else:
        yield from of_json(label, text.encode("utf-8", "replace"))
    yield Passage(where=label, text=text, whole=True)


def _leaks(found: Iterable[Passage | Joined], allow: Collection[str]) -> list[Leak]:
    leaks: list[Leak] = []
    split: list[Leak] = []
    for passage in found:
        if isinstance(passage, Joined):
            split = _split_leaks(passage, allow)
            leaks += split
        elif passage.whole:
            known = [leak.text for leak in leaks if leak.where.startswith(passage.where)]
            leaks += _unknown(_own_leaks(passage, allow), known)
            split = []
        else:
            own = _own_leaks(passage, allow)
            # A long piece of a token can look like one.
            leaks += [x for x in own if not any(x.text in whole.text for whole in split)]
    return leaks


def _own_leaks(passage: Passage, allow: Collection[str]) -> list[Leak]:
    found = find_leaks(passage.text, key=passage.key, allow=allow)
    return [
        Leak(where=passage.where, suspicion=one, text=passage.text[one.start : one.end])
        for one in found
    ]


def _split_leaks(joined: Joined, allow: Collection[str]) -> list[Leak]:
    """Find what only shows when the pieces are put together."""
    return [
        Leak(
            where=joined.where(one.start, one.end),
            suspicion=one,
            text=joined.text[one.start : one.end],
        )
        for one in find_leaks(joined.text, allow=allow)
        if joined.is_split(one.start, one.end)
        # Two tokens side by side look like one long one, and are found as two.
        and not _are_several(joined, one)
    ]


def _are_several(joined: Joined, one: Suspicion) -> bool:
    return sum(bool(find_leaks(piece)) for piece in joined.pieces(one.start, one.end)) > 1


def _unknown(leaks: list[Leak], known: list[str]) -> list[Leak]:
    """Leave out what was found decoded already, and the beginnings of it in a growing answer."""
    plain = {_without_escapes(text) for text in known}
    whole = "\n".join(plain)
    texts = [(leak, _without_escapes(leak.text)) for leak in leaks]
    return [leak for leak, text in texts if text not in plain and text not in whole]


_ESCAPE = re.compile(r"\\+(?:u[0-9A-Fa-f]{4}|.)|\s+")


def _without_escapes(text: str) -> str:
    return _ESCAPE.sub("", text)


# --- what a run wrote -----------------------------------------------------------------------


def scan_run(plan: Plan, result: RunResult) -> RunResult:
    """Search the cassettes that a run recorded and its result; return the result with findings."""
    suites = {one.suite.name: one.suite for one in plan.suites}
    leaks = [
        ReportedLeak(place=leak.where, words=leak.words)
        for trial in result.trials
        for leak in _trial_leaks(trial, result.details.get(trial.full_id), suites[trial.suite])
    ]
    return replace(result, leaks=tuple(leaks))


def _trial_leaks(trial: TrialResult, detail: str | None, suite: Suite) -> Iterator[Leak]:
    allow = suite.secrets.allow
    if trial.cassette is not None and trial.cassette.verdict == "RECORDED":
        name = trial.cassette.path
        for leak in scan_cassette(suite.path.parent / name, allow, name=name):
            yield replace(leak, where=f"{name}: {leak.where}")
    text = msgspec.json.encode(trial).decode("utf-8", "replace")
    yield from scan_text(f"the result of {trial.full_id},", text, allow)
    yield from scan_text(f"the details of {trial.full_id}", detail or "", allow)


# --- removal --------------------------------------------------------------------------------


class _Found(Secret):
    """A text that nobody named: in its place stands what stands for any credential."""

    __slots__ = ()

    @property
    def placeholder(self) -> str:
        return PLACEHOLDER


def fixed(interactions: Sequence[Interaction], leaks: Iterable[Leak]) -> tuple[Interaction, ...]:
    """Return the interactions with what was found replaced, wherever in them it stands."""
    texts = dict.fromkeys(leak.text for leak in leaks)
    redactor = Redactor([_Found(name="leak", value=text) for text in texts])
    return tuple(scrub(interaction, redactor) for interaction in interactions)
