"""Whether a stream gets colours and a line that is drawn anew, from what the environment says."""

from __future__ import annotations

from typing import IO, TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


def decide_colour(stream: IO[Any] | None, environ: Mapping[str, str], *, plain: bool) -> bool:
    """Tell whether to paint what goes to the stream.

    `--plain` goes before NO_COLOR, that before FORCE_COLOR, and both before what the stream is;
    a variable counts when it is not empty. FORCE_COLOR=0 forces nothing.
    """
    if plain or environ.get("NO_COLOR"):
        return False
    if environ.get("FORCE_COLOR", "") not in {"", "0"}:
        return True
    return is_terminal(stream, environ)


def is_terminal(stream: IO[Any] | None, environ: Mapping[str, str]) -> bool:
    """Tell whether the stream is a terminal that can do more than print."""
    if environ.get("TERM", "dumb") == "dumb" or stream is None:
        return False
    try:
        return stream.isatty()
    except ValueError:  # it is closed
        return False


def in_ci(environ: Mapping[str, str]) -> bool:
    """Tell whether a build server runs us: what is read there is the log."""
    return environ.get("CI", "").lower() not in {"", "0", "false"}
