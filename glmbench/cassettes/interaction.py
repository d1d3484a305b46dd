"""One recorded request and its response, as plain data. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from glmbench.cassettes.matching import RequestShape
    from glmbench.cassettes.track import Track

Headers: TypeAlias = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Interaction:
    """A recorded exchange. `headers` are those stored, without the misfits.

    `track` is None for what stock vcrpy recorded: the body came whole, and nobody knows when.
    """

    request: RequestShape
    status: int
    reason: str
    headers: Headers
    body: bytes
    track: Track | None

    @property
    def all_headers(self) -> Headers:
        """The headers as the recorded caller saw them."""
        return self.headers + (self.track.dropped if self.track else ())


def misfits(headers: Headers, length: int) -> Headers:
    """Return the headers that do not describe the body as it is stored: decoded and whole."""
    names = {name.lower() for name, _ in headers}
    encoded = "content-encoding" in names
    return tuple(
        (name, value)
        for name, value in headers
        if name.lower() in {"content-encoding", "transfer-encoding"}
        or (name.lower() == "content-length" and (encoded or value != str(length)))
    )


def fitting_headers(headers: Headers, length: int) -> Headers:
    """Return the headers that still describe a body that is stored decoded and whole."""
    dropped = misfits(headers, length)
    return tuple(header for header in headers if header not in dropped)
