"""The interactions of one cassette, found by request, each given out once. Pure.

An index over hashes: a request costs the same however many are recorded.
"""

from __future__ import annotations

from collections import defaultdict, deque
from typing import TYPE_CHECKING

from glmbench.cassettes.matching import (
    departs_in_an_answer,
    describe_differences,
    nearest_request,
)
from glmbench.errors import CassetteError, CassetteMissError, CassetteStaleError
from glmbench.problems import nearest, shortened

if TYPE_CHECKING:
    from glmbench.cassettes.interaction import Interaction
    from glmbench.cassettes.matching import RequestShape
    from glmbench.jsonpath import JsonPath


# A query may hold a whole conversation.
SHOWN_URL = 200


class Library:
    """What is recorded and not yet played.

    Args:
        name: what messages call the file.
        interactions: what is recorded; None when there is no file.
        ignore: what does not count in JSON bodies.
    """

    def __init__(
        self,
        name: str,
        interactions: tuple[Interaction, ...] | None,
        *,
        ignore: tuple[JsonPath, ...] = (),
    ) -> None:
        self.name = name
        self.missing = interactions is None
        self._interactions = interactions or ()
        self._ignore = ignore
        self._waiting: dict[str, deque[Interaction]] = defaultdict(deque)
        self._unplayed: dict[tuple[str, str], dict[int, Interaction]] = defaultdict(dict)
        for interaction in self._interactions:
            self._waiting[interaction.request.fingerprint(ignore)].append(interaction)
            self._unplayed[interaction.request.place][id(interaction)] = interaction

    @property
    def size(self) -> int:
        return len(self._interactions)

    @property
    def left(self) -> int:
        """How many interactions were not played."""
        return sum(len(waiting) for waiting in self._unplayed.values())

    def take(self, shape: RequestShape) -> Interaction:
        """Give out the next interaction of this request, in the order of recording.

        Raises:
            CassetteMissError: nothing of this method and URL is left.
            CassetteStaleError: there is, but for another request.
        """
        waiting = self._waiting.get(shape.fingerprint(self._ignore))
        if not waiting:
            raise self._no_match(shape)
        interaction = waiting.popleft()
        del self._unplayed[interaction.request.place][id(interaction)]
        return interaction

    def _no_match(self, shape: RequestShape) -> CassetteError:
        method, url = shape.method.upper(), shortened(shape.place[1], SHOWN_URL)
        if self.missing:
            return CassetteMissError(
                f"{method} {url} has no recording: there is no file {self.name}. "
                "Record it with --mode record."
            )
        candidates = [i.request for i in self._unplayed.get(shape.place, {}).values()]
        if candidates:
            near = nearest_request(candidates, shape, self._ignore)
            bodies = (near.comparable, shape.comparable, self._ignore)
            where = " (in an earlier answer)" if departs_in_an_answer(*bodies) else ""
            difference = describe_differences(*bodies)
            return CassetteStaleError(
                f"{method} {url} is recorded in {self.name} with another request{where}: "
                f"{difference}. "
                "Record it again with --mode refresh if the new request is right."
            )
        return CassetteMissError(
            f"{method} {url} is not in {self.name} ({self.size} recorded, "
            f"{self.size - self.left} played). {self._nearest_place(shape)} "
            "Record it again with --mode refresh."
        )

    def _nearest_place(self, shape: RequestShape) -> str:
        left = {" ".join(place): waiting for place, waiting in self._unplayed.items() if waiting}
        if not left:
            return "Everything recorded was played already."
        words = nearest(" ".join(shape.place), left) or next(iter(left))
        near = next(iter(left[words].values())).request
        difference = describe_differences(near.comparable, shape.comparable, self._ignore)
        return f"The nearest that is left is {shortened(words, SHOWN_URL)}; {difference}."

    def describe_left(self) -> str:
        """Say what was recorded and not played."""
        method, url = next(place for place, waiting in self._unplayed.items() if waiting)
        return (
            f"{self.left} of {self.size} interactions in {self.name} were not played. "
            f"Next unplayed: {method} {shortened(url, SHOWN_URL)}."
        )
