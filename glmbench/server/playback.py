"""Recordings over real HTTP on loopback: the recorded bytes at the recorded instants.

aiohttp reads the requests. The answers are written past its responses: the plan of a replay already
holds the bytes that each read brought, in their framing, so they go out as they are, one write for
each recorded read, and the client sees the recorded edges.

Nothing is invented: where a recording ends in silence, or its consumer walked away, the client gets
what came until then and after that nothing, until it leaves.
"""

from __future__ import annotations

import contextlib
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING
from urllib.parse import urlsplit, urlunsplit

import msgspec
from aiohttp import web

from glmbench.cassettes.exchange import EMULATOR_SERVER
from glmbench.cassettes.matching import RequestShape
from glmbench.cassettes.plan import BODILESS_STATUSES, plan_response
from glmbench.cassettes.player import INSTANT
from glmbench.problems import printable
from glmbench.server.connection import keep_silent, reset, transport_of, wait_until
from glmbench.server.listening import LOOPBACK, MAX_REQUEST_BYTES, listening, until_stopped
from glmbench.server.recordings import Recording, Shelf, edited, load_recordings, local
from glmbench.suites.faults import Refuse

if TYPE_CHECKING:
    import signal
    from collections.abc import AsyncIterator, Callable, Iterator
    from pathlib import Path

    from glmbench.cassettes.interaction import Headers, Interaction
    from glmbench.cassettes.plan import Plan
    from glmbench.cassettes.reframe import Reframe
    from glmbench.suites.faults import Fault

RECORDING_HEADER = "X-Glmbench-Recording"

# About the recorded connection, or replaced by words of our own.
_NOT_PASSED_ON = frozenset(
    {
        "connection",
        "keep-alive",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
        "server",
        RECORDING_HEADER.lower(),
    }
)
# The plan frames a body as it is stored: unpacked. Without a body they say what it would be.
_ABOUT_THE_BODY = frozenset({"content-encoding", "content-length"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Repertoire:
    """What is played and how. `tell` gets a line for every request that cannot be answered.

    `speed` is as in `parse_timing`; with `refuse` every request meets a reset connection.
    """

    shelf: Shelf
    tell: Callable[[str], None]
    speed: float = 1.0
    refuse: bool = False


def open_repertoire(
    path: Path,
    *,
    speed: float = 1.0,
    how: Reframe | None = None,
    fault: Fault | None = None,
    tell: Callable[[str], None],
) -> Repertoire:
    """Load the recordings of a cassette or a folder and put into them what they shall show.

    Raises:
        UsageError: there is nothing to play, or nothing that could show it.
        CassetteDamagedError: a cassette cannot be trusted.
    """
    recordings = load_recordings(path)
    if isinstance(fault, Refuse):
        return Repertoire(shelf=Shelf(recordings), tell=tell, refuse=True)
    recordings = edited(recordings, how, fault)
    for recording in recordings:
        if recording.misfit is not None:
            tell(f"Warning: {recording.name}: {recording.misfit}; it will not be played")
    return Repertoire(shelf=Shelf(recordings), tell=tell, speed=speed)


@contextlib.asynccontextmanager
async def playing(
    repertoire: Repertoire, host: str = LOOPBACK, port: int = 0
) -> AsyncIterator[int]:
    """Answer requests while the context is open, and give the port.

    Raises:
        UsageError: on entry, when it cannot listen.
    """

    async def answer(request: web.Request) -> web.StreamResponse:
        arrived = time.perf_counter()
        # A client that leaves shows as cancellation, or here at the next write.
        with contextlib.suppress(ConnectionError):
            refusal = await _answer(request, repertoire, arrived)
            if refusal is not None:
                return refusal
        # Of no effect, for the connection is closed; but aiohttp wants one.
        return web.Response()

    application = web.Application(client_max_size=MAX_REQUEST_BYTES)
    application.router.add_route("*", "/{path:.*}", answer)
    async with listening(application, host, port) as bound:
        yield bound


async def serve_recordings(
    repertoire: Repertoire, *, port: int, on_ready: Callable[[str, int], None]
) -> signal.Signals:
    """Play until SIGINT or SIGTERM, which is returned; `on_ready` gets the address once."""
    async with playing(repertoire, port=port) as bound:
        return await until_stopped(lambda: on_ready(LOOPBACK, bound))


async def _answer(
    request: web.Request, repertoire: Repertoire, arrived: float
) -> web.Response | None:
    """Play what was asked for, or return what is said instead."""
    if repertoire.refuse:
        reset(transport_of(request))
        return None
    shape = _shape_of(request, await request.read())
    recording = repertoire.shelf.find(shape)
    if recording is None:
        message = repertoire.shelf.explain_miss(shape)
        repertoire.tell(message)
        return _refusal(404, "no_recording", message)
    if recording.misfit is not None:
        message = f"{recording.name}: {recording.misfit}"
        repertoire.tell(message)
        return _refusal(500, "fault_does_not_fit", message)
    await _play(request, recording, arrived, repertoire.speed)
    return None


def _shape_of(request: web.Request, body: bytes) -> RequestShape:
    asked = request.raw_path  # a whole URL, where a client takes this server for its proxy
    shape = RequestShape(
        method=request.method,
        url=f"http://{LOOPBACK}{asked}" if asked.startswith("/") else asked,
        headers=tuple(request.headers.items()),
        body=body,
    )
    return local(shape)


def _refusal(status: int, code: str, message: str) -> web.Response:
    body = msgspec.json.encode({"error": {"code": code, "message": message}})
    return web.Response(status=status, body=body, content_type="application/json", charset="utf-8")


# --- one answer -----------------------------------------------------------------------------


async def _play(request: web.Request, recording: Recording, arrived: float, speed: float) -> None:
    """Write a recording to its end, or until the client leaves."""
    plan = _plan(recording.interaction)
    first, *others = plan.deliveries
    headers = b"".join(_header_lines(recording))
    first = replace(first, data=_insert_headers(first.data, headers))

    def due(at_us: int) -> float:
        # The set-up of the recorded connection is in it, as that to loopback takes no time: so
        # the client waits for its first byte as long as the recorded one did.
        return arrived + ((at_us - plan.started_us) / 1e6 / speed if speed != INSTANT else 0.0)

    for delivery in (first, *others):
        await wait_until(due(delivery.at_us))
        await request.writer.write(delivery.data)
    await wait_until(due(plan.end.at_us))
    await _end(request, plan)


def _plan(interaction: Interaction) -> Plan:
    return plan_response(
        interaction.track,
        status=interaction.status,
        reason=interaction.reason,
        headers=interaction.headers,
        body=interaction.body,
        method=interaction.request.method.upper(),
    )


async def _end(request: web.Request, plan: Plan) -> None:
    match plan.end.kind:
        case "eof" | "truncated" | "undecodable":
            transport_of(request).close()
        case "reset":
            reset(transport_of(request))
        case "timeout" | "closed-by-client":
            await keep_silent()


def _insert_headers(data: bytes, headers: bytes) -> bytes:
    status_line, line_end, rest = data.partition(b"\r\n")
    return b"".join((status_line, line_end, headers, rest))


def _header_lines(recording: Recording) -> Iterator[bytes]:
    for name, value in _headers(recording):
        yield f"{name}: {value}\r\n".encode("utf-8", "surrogateescape")


def _headers(recording: Recording) -> Headers:
    interaction = recording.interaction
    bodiless = (
        interaction.request.method.upper() == "HEAD" or interaction.status in BODILESS_STATUSES
    )
    left_out = _NOT_PASSED_ON if bodiless else _NOT_PASSED_ON | _ABOUT_THE_BODY
    passed_on = tuple(
        (name, _without_host(value) if name.lower() == "location" else value)
        for name, value in interaction.all_headers
        if name.lower() not in left_out
    )
    name = printable(recording.name)
    return (*passed_on, ("Server", _server(interaction, name)), (RECORDING_HEADER, name))


def _server(interaction: Interaction, name: str) -> str:
    """Return the recorded `Server` of the emulator, else one that begins as its does.

    By it a recorder knows what did not come from the service: a cassette made of what is played
    here must not say that it is live.
    """
    recorded = next((v for n, v in interaction.all_headers if n.lower() == "server"), "")
    if recorded.startswith(EMULATOR_SERVER):
        return recorded
    return f"{EMULATOR_SERVER} (replaying {name})"


def _without_host(location: str) -> str:
    """Keep a client that follows a redirect here: the recorded host would be the real one."""
    parts = urlsplit(location)
    return urlunsplit(("", "", parts.path or "/", parts.query, parts.fragment))
