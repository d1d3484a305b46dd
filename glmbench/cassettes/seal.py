"""No way to the network while a replay run is on, whoever tries and however.

Two gates: every aiohttp connect without a tape, and every connect and look-up of any socket of this
process, by Python's audit events. What was refused is kept, for a provider may swallow the
exception. Other processes that a provider starts are out of reach.
"""

from __future__ import annotations

import sys
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from glmbench.errors import NetworkBlockedError

if TYPE_CHECKING:
    from collections.abc import Iterator

_WATCHED_EVENTS = frozenset(
    {
        "socket.connect",
        "socket.getaddrinfo",
        "socket.gethostbyaddr",
        "socket.gethostbyname",
        "socket.getnameinfo",
        "socket.sendmsg",
        "socket.sendto",
    }
)
_NAME_EVENTS = frozenset(e for e in _WATCHED_EVENTS if e.startswith("socket.get"))


_mine: ContextVar[list[str] | None] = ContextVar("glmbench_refused", default=None)


class Seal:
    """What was refused while the network was sealed, as texts for a message.

    `refused` has what no task notes for itself: a thread of a provider's own belongs to nobody.
    """

    def __init__(self) -> None:
        self.refused: list[str] = []

    def refuse(self, what: str) -> NetworkBlockedError:
        """Note an attempt and return the exception to raise."""
        mine = _mine.get()
        (self.refused if mine is None else mine).append(what)
        return NetworkBlockedError(f"{what} was refused: replay never goes to the network")


_seals: list[Seal] = []
_audited = False


def current() -> Seal | None:
    """Return the seal in force in this process, whatever the task or thread."""
    return _seals[-1] if _seals else None


def _audit(event: str, args: tuple[Any, ...]) -> None:
    if _seals and event in _WATCHED_EVENTS:
        target = args[:2] if event in _NAME_EVENTS else args[1:]
        raise _seals[-1].refuse(f"{event}{target!r}")


@contextmanager
def noting() -> Iterator[list[str]]:
    """Note what this task is refused, apart from what happens to others beside it."""
    refused: list[str] = []
    token = _mine.set(refused)
    try:
        yield refused
    finally:
        _mine.reset(token)


@contextmanager
def sealed() -> Iterator[Seal]:
    """Refuse every connection of this process for as long as the context lasts."""
    global _audited  # noqa: PLW0603 -- an audit hook can be added, but never taken away
    if not _audited:
        sys.addaudithook(_audit)
        _audited = True
    seal = Seal()
    _seals.append(seal)
    try:
        yield seal
    finally:
        _seals.remove(seal)
