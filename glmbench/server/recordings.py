"""The recordings of a folder, found again by request: what is played to whoever asks.

Here a request is what it is for the matching of cassettes, but for its host: the client talks to
loopback. Nothing here writes, and nothing knows of connections.
"""

from __future__ import annotations

from collections import defaultdict, deque
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from yarl import URL

from glmbench.cassettes.faults import FaultError
from glmbench.cassettes.files import cassettes_below, must_exist
from glmbench.cassettes.matching import RequestShape, describe_differences, nearest_request
from glmbench.cassettes.reframe import edit
from glmbench.cassettes.scrub import scrub_request
from glmbench.cassettes.store import load
from glmbench.errors import CassetteDamagedError, UsageError
from glmbench.problems import nearest, printable
from glmbench.redaction.redactor import NOTHING_SECRET

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from glmbench.cassettes.faults import EditingFault
    from glmbench.cassettes.interaction import Interaction
    from glmbench.cassettes.reframe import Reframe


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    """A recorded interaction that can be asked for.

    `name` is the file and the number of the interaction in it, `misfit` why it cannot be played as
    it is to be played.
    """

    name: str
    shape: RequestShape
    interaction: Interaction
    misfit: str | None = None


def load_recordings(path: Path) -> tuple[Recording, ...]:
    """Read a cassette, or all of a folder and the folders in it, in the order of their names.

    Raises:
        UsageError: there is no such file or folder, or no cassette in it.
        CassetteDamagedError: not all can be trusted; the message has a line for each that cannot.
    """
    damages: list[str] = []
    recordings: list[Recording] = []
    for file, name in _find_cassettes(path):
        try:
            interactions = load(file)
        except CassetteDamagedError as damage:
            damages.append(str(damage))
        else:
            recordings += [
                Recording(name=f"{name}#{number}", shape=local(i.request), interaction=i)
                for number, i in enumerate(interactions, start=1)
            ]
    if damages:
        raise CassetteDamagedError("\n".join(damages))
    return tuple(recordings)


def _find_cassettes(path: Path) -> list[tuple[Path, str]]:
    """List the files with their names below the path; a file that is named is taken as it is."""
    must_exist(path)
    if not path.is_dir():
        return [(path, path.name)]
    files = cassettes_below(path)
    if not files:
        raise UsageError(f"there is no cassette (*.yaml) in {path}")
    return [(file, file.relative_to(path).as_posix()) for file in files]


def edited(
    recordings: tuple[Recording, ...], how: Reframe | None, fault: EditingFault | None
) -> tuple[Recording, ...]:
    """Put a fault into every recording and cut it into other chunks.

    One that an edit does not fit says so in its `misfit`.

    Raises:
        UsageError: an edit fits none of them.
    """
    done = tuple(_edited(recording, how, fault) for recording in recordings)
    if all(recording.misfit for recording in done):
        raise UsageError(f"{done[0].name}: {done[0].misfit}")
    return done


def _edited(recording: Recording, how: Reframe | None, fault: EditingFault | None) -> Recording:
    try:
        return replace(recording, interaction=edit(recording.interaction, fault, how))
    except FaultError as error:
        return replace(recording, misfit=str(error))


def local(shape: RequestShape) -> RequestShape:
    """Take from a request what counts here: without its secrets, its host and its spelling."""
    shape = scrub_request(shape, NOTHING_SECRET)
    return replace(shape, url=URL(shape.url).raw_path_qs)


def _difference(recorded: RequestShape, sent: RequestShape) -> str:
    if recorded.body != sent.body:
        return describe_differences(recorded.comparable, sent.comparable)
    # `curl -d` says that a body is a form, and a form is compared by its fields.
    words = "the bodies are equal, but not what Content-Type says they are"
    return f"{words}: recorded {_content_type(recorded)}, sent {_content_type(sent)}"


def _content_type(shape: RequestShape) -> str:
    return next((value for name, value in shape.headers if name.lower() == "content-type"), "none")


class Shelf:
    """Hands out recordings; those of equal requests in turn, and again from the first."""

    def __init__(self, recordings: Iterable[Recording]) -> None:
        # Looked up by hash, so that a request costs the same however many are recorded.
        self._equal: dict[str, deque[Recording]] = defaultdict(deque)
        self._at: dict[tuple[str, str], list[Recording]] = defaultdict(list)
        for recording in recordings:
            self._equal[recording.shape.fingerprint()].append(recording)
            self._at[recording.shape.place].append(recording)

    def __len__(self) -> int:
        return sum(len(recordings) for recordings in self._at.values())

    def find(self, shape: RequestShape) -> Recording | None:
        """Find the recording whose turn it is; `shape` is a `local` one."""
        equal = self._equal.get(shape.fingerprint())
        if not equal:
            return None
        recording = equal[0]
        equal.rotate(-1)
        return recording

    def explain_miss(self, shape: RequestShape) -> str:
        """Name the recording that is nearest to a request that has none, and how it differs."""
        asked = " ".join(shape.place)
        here = self._at.get(shape.place)
        if not here:
            return printable(f"{asked} is not recorded. {self._nearest_place(asked)}")
        closest = nearest_request([recording.shape for recording in here], shape)
        name = next(recording.name for recording in here if recording.shape is closest)
        return printable(
            f"{asked} is recorded with other requests only. "
            f"The nearest is {name}: {_difference(closest, shape)}."
        )

    def _nearest_place(self, asked: str) -> str:
        names = {" ".join(place): there[0].name for place, there in self._at.items()}
        near = nearest(asked, names) or next(iter(names))
        return f"The nearest is {near}, {names[near]}."
