"""`use_cassette`: the tape that is current in this task, for anybody's aiohttp code."""

from __future__ import annotations

import re
from contextvars import ContextVar
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, get_args

from aiohttp import BaseConnector

from glmbench.cassettes import seal
from glmbench.cassettes.player import INSTANT
from glmbench.cassettes.playing_tape import AS_RECORDED, Playback, PlayingTape
from glmbench.cassettes.recording_tape import RecordingTape
from glmbench.cassettes.store import load
from glmbench.errors import UsageError
from glmbench.redaction.redactor import NOTHING_SECRET

if TYPE_CHECKING:
    import asyncio
    import os
    from contextvars import Token
    from types import TracebackType

    from aiohttp import ClientRequest
    from aiohttp.client import ClientTimeout
    from aiohttp.connector import Connection

    from glmbench.redaction.redactor import Redactor

Tape: TypeAlias = RecordingTape | PlayingTape

Mode: TypeAlias = Literal["replay", "record", "refresh", "live"]

_current: ContextVar[Tape | None] = ContextVar("glmbench_tape", default=None)
_original_connect = BaseConnector.connect


async def _connect(
    self: BaseConnector, req: ClientRequest, traces: list[Any], timeout: ClientTimeout
) -> Connection:
    """Ask the current tape for a connection; without one, aiohttp's own `connect`."""
    tape = _current.get()
    if isinstance(tape, PlayingTape):
        return await tape.connect(self, req, timeout)
    if tape is not None:
        _watch_factory(self)
        return await tape.connect(_original_connect, self, req, traces, timeout)
    sealed = seal.current()
    if sealed is not None:
        raise sealed.refuse(f"A connection to {req.url.origin()} outside any tape")
    return await _original_connect(self, req, traces, timeout)


class _HandlerFactory:
    """Makes a recording connection where a recording tape is current, else what was made before."""

    def __init__(self, before: Any, loop: asyncio.AbstractEventLoop) -> None:
        self._before = before
        self._loop = loop

    def __call__(self) -> Any:
        from glmbench.cassettes.recorder import RecordingHandler

        tape = _current.get()
        if isinstance(tape, RecordingTape):
            return RecordingHandler(self._loop, tape)
        return self._before()


def _watch_factory(connector: BaseConnector) -> None:
    # The factory is the one thing that every way to a connection goes through: direct, by proxy,
    # in a TLS tunnel. It asks for the tape when it is called, so it can stay.
    if not isinstance(connector._factory, _HandlerFactory):
        factory: Any = _HandlerFactory(connector._factory, connector._loop)
        connector._factory = factory


def install() -> None:
    """Put the hook into aiohttp, once. Without a tape and without a seal it changes nothing."""
    if BaseConnector.connect is not _connect:
        BaseConnector.connect = _connect  # type: ignore[method-assign]


def parse_timing(timing: str) -> float:
    """Turn `recorded`, `instant` or a speed such as `4x` into a speed; instant is 0.

    Raises:
        UsageError: it is none of these.
    """
    if timing == "recorded":
        return 1.0
    if timing == "instant":
        return INSTANT
    match = re.fullmatch(r"(\d+(?:\.\d+)?)x", timing)
    if not match or float(match[1]) == 0:
        raise UsageError(
            f"timing is {timing!r}; it is `recorded`, `instant`, or a speed such as `1x` or `4x`"
        )
    return float(match[1])


def open_tape(
    path: Path,
    mode: Mode,
    *,
    name: str | None = None,
    playback: Playback = AS_RECORDED,
    connect_to: tuple[str, int] | None = None,
    redactor: Redactor = NOTHING_SECRET,
) -> Tape:
    """Open the tape for a mode: `record` plays what is there and records what is not.

    Args:
        path: the cassette file.
        mode: what to do with it.
        name: what messages call the file; its path by default.
        playback: how a recording is played.
        connect_to: where recording and live requests go instead of their host, in plain HTTP.
        redactor: knows what may not be saved.

    Raises:
        CassetteDamagedError: the file to be played cannot be trusted.
        CassetteStaleError: it is none that the playback's fault or framing fits.
    """
    if mode == "live":
        return RecordingTape(None, connect_to=connect_to, redactor=redactor)
    if not plays(path, mode):
        return RecordingTape(path, connect_to=connect_to, redactor=redactor)
    shown = name or str(path)
    interactions = load(path, name=shown) if _is_there(path) else None
    return PlayingTape(shown, interactions, playback, redactor=redactor)


def plays(path: Path, mode: Mode) -> bool:
    """Tell, without reading it, whether `open_tape` will answer from a file, there or not."""
    return mode == "replay" or (mode == "record" and _is_there(path))


def _is_there(path: Path) -> bool:
    """Tell whether there is anything to load; what may not be looked at is for `load` to say."""
    try:
        path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError:
        return True
    return True


class activate:  # noqa: N801 -- used like a function, as contextlib's are
    """Make a tape the current one of this task, and of the tasks that it starts."""

    def __init__(self, tape: Tape) -> None:
        self._tape = tape
        self._token: Token[Tape | None] | None = None

    def __enter__(self) -> Tape:
        install()
        self._token = _current.set(self._tape)
        return self._tape

    def __exit__(self, *_: object) -> None:
        assert self._token is not None
        _current.reset(self._token)
        self._token = None


class use_cassette:  # noqa: N801 -- used like a function, as contextlib's are
    """Record or replay the aiohttp requests of this task; `with` or `async with`.

    Args:
        path: the cassette file.
        mode: `replay` never goes to the network; `record` replays a file that is there and
            records one that is not; `refresh` records again; `live` passes everything through.
        timing: pace of the replay: `recorded` follows the loop's clock (with `run_virtual` it
            takes no time), a speed such as `4x` scales it, `instant` never waits.

    The file is written when the context ends, also by an exception, but not by a cancellation or
    Ctrl-C. A request that found no recording is raised again at the end if it was swallowed.

    Raises:
        UsageError: mode or timing is unknown.
        CassetteDamagedError: the file cannot be trusted.
        CassetteMissError, CassetteStaleError: a request is not recorded, or recorded differently.
    """

    def __init__(
        self, path: str | os.PathLike[str], *, mode: Mode = "replay", timing: str = "recorded"
    ) -> None:
        if mode not in get_args(Mode):
            raise UsageError(f"mode is {mode!r}; it is one of {', '.join(get_args(Mode))}")
        self._path = Path(path)
        self._mode = mode
        self._playback = Playback(speed=parse_timing(timing))
        self._active: activate | None = None
        self._tape: Tape | None = None

    def __enter__(self) -> Tape:
        if self._active is not None:
            raise UsageError("this use_cassette is in use already; make one for each `with`")
        self._tape = open_tape(self._path, self._mode, playback=self._playback)
        self._active = activate(self._tape)
        return self._active.__enter__()

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        assert self._active is not None
        assert self._tape is not None
        self._active.__exit__()
        tape, self._active, self._tape = self._tape, None, None
        if exc is None or isinstance(exc, Exception):
            tape.save()
        problem = tape.problem()
        if problem is not None and exc is None:
            raise problem

    async def __aenter__(self) -> Tape:
        return self.__enter__()

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.__exit__(exc_type, exc, traceback)
