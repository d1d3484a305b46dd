"""What becomes of a recording: saved, or refused with the reason.

A cassette is what later runs are judged by. So an answer that broke off is not kept unless the case
is about that, and a recording that is there is not replaced by one that is worse.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from glmbench.cassettes.playing_tape import PlayingTape
from glmbench.cassettes.scrub import remaining
from glmbench.cassettes.store import save
from glmbench.cassettes.verdict import Finding
from glmbench.errors import CassetteError
from glmbench.running.outcome import make_outcome
from glmbench.running.take import confirm

if TYPE_CHECKING:
    from glmbench.cassettes.interaction import Interaction
    from glmbench.cassettes.recording_tape import RecordingTape
    from glmbench.measure.observation import Observation
    from glmbench.results.journal import Outcome
    from glmbench.results.model import Status
    from glmbench.running.stage import Stage
    from glmbench.running.take import Take
    from glmbench.suites.expand import Trial

BROKEN_OFF = frozenset({"IncompleteStreamError", "EmptyAnswerError"})


def keep(stage: Stage, trial: Trial, tape: RecordingTape, took: Take) -> Outcome:
    """Save what was recorded, if it may be, and give the trial its row.

    When what is saved is not what came (a secret was taken out, or the case has a fault), the row
    is that of its replay: what everybody will see from now on.
    """
    interactions = tape.recorded()
    shown = took
    if stage.playback(trial).edits or _was_scrubbed(tape, interactions):
        shown = _replayed(stage, trial, interactions, took)
    status = make_outcome(stage, trial, shown).result.status
    finding = _secrets_left(stage, interactions, shown)
    if finding is None and not stage.settings.force and stage.playback(trial).fault is not None:
        finding = _no_ground(took.decisive)
    if finding is None and not stage.settings.force:
        replaces = tape.path is not None and tape.path.exists()
        finding = objection(
            status,
            took.decisive,
            interactions,
            replay=None if shown.finding is took.finding else shown.finding,
            replaces=replaces,
        )
    if finding is None:
        name = stage.plan.cassette_name(trial)
        finding = _saved(tape, interactions, shown.finding, name)
    return make_outcome(stage, trial, replace(shown, finding=finding))


def _was_scrubbed(tape: RecordingTape, interactions: tuple[Interaction, ...]) -> bool:
    came = [served.interaction.body for _, served in tape.served()]
    return came != [interaction.body for interaction in interactions]


def _replayed(
    stage: Stage, trial: Trial, interactions: tuple[Interaction, ...], took: Take
) -> Take:
    name = stage.plan.cassette_name(trial)
    try:
        tape = PlayingTape(name, interactions, stage.playback(trial), redactor=stage.redactor)
    except CassetteError as problem:
        return replace(took, finding=Finding(verdict="STALE", reason=str(problem)))
    replayed = confirm(stage, trial, tape)
    if replayed.finding is not None and replayed.finding.verdict == "HIT":
        return replace(replayed, finding=took.finding)
    return replayed


def _secrets_left(
    stage: Stage, interactions: tuple[Interaction, ...], shown: Take
) -> Finding | None:
    """Refuse what holds a secret in a way that cannot be taken out."""
    redactor = stage.redactor
    names = {name for interaction in interactions for name in remaining(interaction, redactor)}
    for turn in shown.turns:
        for text in (turn.observation.text, turn.observation.reasoning):
            names.update(redactor.found_in(text))
    if not names:
        return None
    reason = f"the value of {', '.join(sorted(names))} is in it in a form that cannot be taken out."
    return Finding(verdict="MISS", reason=f"Not saved: {reason}")


def _no_ground(observation: Observation) -> Finding | None:
    """Refuse to put a fault on an answer that has one of its own."""
    if observation.failure is None:
        return None
    reason = f"without its fault the answer ended in {observation.failure.type} all the same."
    return Finding(verdict="MISS", reason=f"Not saved: {reason} --force saves it.")


def objection(
    status: Status,
    observation: Observation,
    interactions: tuple[Interaction, ...],
    *,
    replay: Finding | None = None,
    replaces: bool,
) -> Finding | None:
    """Say why a recording should not be kept; None when it should.

    Args:
        status: of the trial, as it will be seen in replay.
        observation: of the recording itself.
        interactions: what would be saved.
        replay: what is wrong with the replay that was made of them, if anything is.
        replaces: whether there is a recording already.
    """
    if status == "passed":
        return None
    broken = _broken(observation, interactions)
    if broken is not None:
        reason = f"Not saved: the recording is {broken}, and the case does not expect that."
        return Finding(verdict="MISS", reason=f"{reason} --force saves it all the same.")
    if replay is not None:
        return replace(replay, reason=f"Not saved, it cannot be replayed: {replay.reason}")
    if status == "error":
        reason = "Not saved: it ended in an error that the case does not expect."
        return Finding(verdict="LIVE", reason=f"{reason} --force saves it all the same.")
    if replaces:
        reason = "The old recording was kept: the trial did not end as its case expects."
        return Finding(verdict="LIVE", reason=f"{reason} --force replaces it.")
    return None


def _broken(observation: Observation, interactions: tuple[Interaction, ...]) -> str | None:
    # After its answer a provider may tidy up, and such requests are answered with nothing.
    last = next((i for i in reversed(interactions) if i.body), interactions[-1])
    if last.status < 300 and not last.body:
        return "empty"
    failed = observation.failure is not None and observation.failure.type in BROKEN_OFF
    ended = last.track is None or last.track.end.kind == "eof" or observation.finish is not None
    return "incomplete" if failed or not ended else None


def _saved(
    tape: RecordingTape,
    interactions: tuple[Interaction, ...],
    finding: Finding | None,
    name: str,
) -> Finding | None:
    """Write the recording; one that cannot be written is a row, and the run goes on."""
    assert tape.path is not None
    try:
        # What was judged is what is written: the tape would take the secrets out once more.
        save(tape.path, interactions)
    except OSError as problem:
        reason = f"{name} could not be written: {problem.strerror or problem}."
        return Finding(verdict="MISS", reason=reason)
    except CassetteError as problem:
        return Finding(verdict="MISS", reason=str(problem))
    return finding
