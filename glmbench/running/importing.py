"""A stream that somebody saved as text, made the cassette of a trial.

The provider itself makes the request that goes into the cassette: so the recording is found again
when the trial is replayed.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from glmbench.about import __version__
from glmbench.cassettes.playing_tape import PlayingTape
from glmbench.cassettes.raw import RawError, as_interaction, read_raw
from glmbench.cassettes.scrub import remaining, scrub
from glmbench.cassettes.store import save
from glmbench.errors import CassetteError, CassetteMissError, UsageError
from glmbench.running.outcome import make_outcome
from glmbench.running.take import take

if TYPE_CHECKING:
    from pathlib import Path

    from glmbench.cassettes.interaction import Interaction
    from glmbench.cassettes.matching import RequestShape
    from glmbench.cassettes.raw import RawStream
    from glmbench.results.model import TrialResult
    from glmbench.running.stage import Stage
    from glmbench.suites.expand import Trial


class ImportingTape(PlayingTape):
    """Answers the first request, whatever it asks, with a saved stream; there is no second."""

    def __init__(self, name: str, stream: RawStream) -> None:
        super().__init__(name, ())
        self.imported: Interaction | None = None
        self._stream = stream

    def find(self, shape: RequestShape) -> Interaction:
        if self.imported is not None:
            raise CassetteMissError("the provider makes a second request, and one can be imported")
        recorded_at = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        by = f"glmbench {__version__}"
        self.imported = as_interaction(self._stream, shape, recorded_at=recorded_at, by=by)
        return self.imported


def import_stream(stage: Stage, trial: Trial, path: Path, raw: bytes) -> TrialResult:
    """Save a stream as the trial's cassette; returns what a replay of it gives.

    Raises:
        UsageError: the text is no stream, or there is a cassette already.
        CassetteError: the provider asks for nothing, or for more than one answer; or a secret is
            in the stream in a form that cannot be taken out.
    """
    name = stage.plan.cassette_name(trial)
    try:
        there = path.exists()
    except OSError as problem:
        raise UsageError(f"{name} cannot be written: {problem.strerror}") from None
    if there:
        raise UsageError(f"{name} is there already: delete it first")
    try:
        tape = ImportingTape(name, read_raw(raw))
    except RawError as problem:
        raise UsageError(f"this is no stream that can be imported: {problem}") from None
    take(stage, trial, tape)
    if tape.problem() is not None:
        raise CassetteError(f"Nothing was imported: {tape.problem()}.")
    if tape.imported is None:
        raise CassetteError("Nothing was imported: the provider makes no request.")
    interaction = scrub(tape.imported, stage.redactor)
    names = remaining(interaction, stage.redactor)
    if names:
        raise CassetteError(f"Nothing was imported: it holds the value of {', '.join(names)}.")
    replayed = PlayingTape(name, (interaction,), stage.playback(trial), redactor=stage.redactor)
    row = make_outcome(stage, trial, take(stage, trial, replayed)).result
    save(path, (interaction,))
    return row
