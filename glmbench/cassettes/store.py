"""Read and write cassettes: vcrpy's format, UTF-8, whole files only.

vcrpy is used as a library: its `Request` and its conversions. Not its `Cassette.load`, which
returns an empty cassette for a file that cannot be decoded, and opens in the locale's encoding. Not
its reader of YAML, which knows no bounds and was unsafe before version 9.
vcrpy is imported inside functions: it takes about half a second, and `--help` needs none of it.
"""

from __future__ import annotations

import os
import zlib
from typing import IO, TYPE_CHECKING, Any, Literal, TypeAlias

import msgspec

from glmbench.cassettes import track as tracks
from glmbench.cassettes import yamltext
from glmbench.cassettes.interaction import Headers, Interaction
from glmbench.cassettes.matching import RequestShape
from glmbench.errors import CassetteDamagedError, CassetteError
from glmbench.problems import printable, shortened
from glmbench.redaction.redactor import redact_headers, redact_url

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

VERSION = 1

# Stock vcrpy sorts its keys, and a file of it that was cut has no version. A file that starts with
# the version would, cut before its last track, look like a whole one of stock vcrpy: it must have
# a track for each response.
FIRST_KEY = b"version"

# "cut": it starts as ours and lacks the mark that ends ours.
Layout: TypeAlias = Literal["ours", "cut", "stock"]

# What stock vcrpy stored packed may be a bomb; this is as much as a body may have when recorded.
LONGEST_UNPACKED = 64 << 20


def import_vcrpy() -> None:
    """Import what saving and loading import else when they need it first.

    For who saves in threads: vcrpy imports itself in a circle, so that two threads which import it
    at once deadlock; and its half second would be in the figures of streams that are under way.
    """
    import vcr.request
    import vcr.serializers.compat  # noqa: F401 -- to have it loaded is all


def load(path: Path, *, name: str | None = None) -> tuple[Interaction, ...]:
    """Read a cassette and verify every body against its track; messages call it `name`.

    Raises:
        CassetteDamagedError: the file cannot be read, or an interaction cannot be trusted; the
            message names it and says what to do.
    """
    name = name or str(path)
    records, layout = _read(path, name)
    interactions = [_interaction(name, number, each) for number, each in enumerate(records, 1)]
    _check_whole(name, interactions, layout)
    # A stable sort: files of stock vcrpy have no order but their own.
    interactions.sort(key=lambda i: i.track.seq if i.track else 0)
    return tuple(interactions)


def _damaged(name: str, reason: str) -> CassetteDamagedError:
    return CassetteDamagedError(
        f"{name} is damaged: {reason}. Restore it, or record it again with --mode refresh."
    )


def _one_line(problem: Exception) -> str:
    return shortened(printable(" ".join(str(problem).split())), 300)


def _read(path: Path, name: str) -> tuple[list[Any], Layout]:
    """Return the stored interactions, and how the file begins and ends."""
    try:
        if not path.is_file():
            # A pipe would be waited for, a folder has its own words.
            raise _damaged(name, "it is no regular file")
        with path.open("rb") as file:
            return _records(name, yamltext.read(file)), _layout(file)
    except OSError as problem:
        raise _damaged(name, f"it cannot be read: {problem.strerror}") from None
    except yamltext.YamlTextError as problem:
        raise _damaged(name, str(problem)) from None


def _layout(file: IO[bytes]) -> Layout:
    file.seek(0)
    if file.read(len(FIRST_KEY)) != FIRST_KEY:
        return "stock"
    file.seek(-min(file.seek(0, os.SEEK_END), 16), os.SEEK_END)
    return "ours" if file.read().rstrip().endswith(b"\n...") else "cut"


def _records(name: str, document: Any) -> list[Any]:
    if not isinstance(document, dict) or not isinstance(document.get("interactions"), list):
        raise _damaged(name, "it is not a vcrpy cassette: it has no list of interactions")
    records: list[Any] = document["interactions"]
    if not records:
        raise _damaged(name, "it holds no interaction")
    # Stock vcrpy writes the version last, so without it a file is not whole.
    if document.get("version") != VERSION:
        raise _damaged(
            name, f"it is not a vcrpy cassette of version {VERSION}, or its end is missing"
        )
    return records


def _check_whole(name: str, interactions: list[Interaction], layout: Layout) -> None:
    """Notice what a cut, an edit or a merge leaves well-formed."""
    tracked = layout != "stock" or any(interaction.track for interaction in interactions)
    seen = set()
    for number, interaction in enumerate(interactions, 1):
        where = _where(number, interaction.request)
        if interaction.track is None:
            if tracked:
                missing = "its stream track is missing; the file was cut, edited or merged"
                raise _damaged(name, f"{where}: {missing}")
        elif interaction.track.seq in seen:
            twice = f"there is another one of seq {interaction.track.seq}"
            raise _damaged(name, f"{where}: {twice}; two recordings were merged")
        else:
            seen.add(interaction.track.seq)
    if seen and seen != set(range(1, len(seen) + 1)):
        hole = min(set(range(1, len(seen) + 1)) - seen)
        raise _damaged(name, f"the interaction of seq {hole} is missing; the file was edited")
    if layout == "cut":
        after = f"after interaction {len(interactions)} there is no line of three dots"
        raise _damaged(name, f"its end is missing: {after}")


def _where(number: int, request: RequestShape) -> str:
    shown = printable(shortened(f"{request.method} {request.url}", 200))
    return f"interaction {number} ({shown})"


def _interaction(name: str, number: int, record: Any) -> Interaction:
    where = f"interaction {number}"
    try:
        if not isinstance(record, dict):
            raise TypeError("it is no mapping")
        request = _request_shape(record["request"])
        where = _where(number, request)
        response = record["response"]
        status = response["status"]["code"]
        reason = _loaded(response["status"].get("message") or "")
        headers = _headers(response.get("headers") or {})
        body = _body(response)
        if not (isinstance(status, int) and 100 <= status <= 599):
            raise TypeError("its status is none")
        stored = response.get(tracks.KEY)
        if tracks.KEY in response:
            track = tracks.decode(stored, body)
        else:
            headers, body = _unpacked(headers, body)
            track = None
        return Interaction(
            request=request,
            status=status,
            reason=reason,
            headers=headers,
            body=body,
            track=track,
        )
    except tracks.TrackError as problem:
        raise _damaged(name, f"{where}: {_one_line(problem)}") from None
    except KeyError as problem:
        raise _damaged(name, f"{where} is malformed: it has no {problem}") from None
    except (TypeError, AttributeError, LookupError, ValueError, zlib.error) as problem:
        raise _damaged(name, f"{where} is malformed: {_one_line(problem)}") from None


def _body(response: dict[str, Any]) -> bytes:
    stored = response.get("body") or {}
    body = _as_bytes(stored.get("string") or b"")
    # In the place of the text, so that a large body is not kept twice. Stock files may share it.
    stored["string"] = body
    return body


def _as_bytes(stored: Any) -> bytes:
    if isinstance(stored, str):
        return stored.encode("utf-8")
    if not isinstance(stored, bytes):
        raise TypeError("its body is neither text nor bytes")
    return stored


def _request_shape(stored: Any) -> RequestShape:
    from vcr.request import Request

    request = Request(**{key: stored[key] for key in ("method", "uri", "body", "headers")})
    if not (isinstance(request.method, str) and isinstance(request.uri, str)):
        raise TypeError("its method or URI is not text")
    body = request.body
    if isinstance(body, dict | list):
        # vcrpy's aiohttp stub stores what was given as `json=` unserialized.
        body = msgspec.json.encode(body)
    elif isinstance(body, tuple) or not isinstance(body, bytes | None):
        # It keeps iterators by their items.
        body = b"".join(map(_as_bytes, body))
    return RequestShape(
        method=request.method,
        url=request.uri,
        headers=tuple((str(name), _loaded(value)) for name, value in request.headers.items()),
        body=body or b"",
    )


def _headers(stored: Mapping[str, Any]) -> Headers:
    return tuple(
        (str(name), _loaded(value))
        for name, values in stored.items()
        for value in (values if isinstance(values, list) else [values])
    )


def _unpacked(headers: Headers, body: bytes) -> tuple[Headers, bytes]:
    """Undo what stock vcrpy stores packed: some of its stubs keep the bytes of the wire."""
    encoding = next((v.lower() for n, v in headers if n.lower() == "content-encoding"), "")
    if encoding == "gzip" and body.startswith(b"\x1f\x8b"):
        unpacker = zlib.decompressobj(wbits=31)
        unpacked = unpacker.decompress(body, LONGEST_UNPACKED)
        if not unpacker.eof:
            raise ValueError(f"its gzip body is cut, or longer than {LONGEST_UNPACKED} bytes")
        return headers, unpacked
    return headers, body


def save(path: Path, interactions: Iterable[Interaction]) -> None:
    """Write a cassette so that the file is at every instant the old one or the new one, whole.

    Raises:
        CassetteError: what would be written does not read back as it was.
    """
    interactions = tuple(interactions)
    document = _document(interactions)
    path.parent.mkdir(parents=True, exist_ok=True)
    # Opened in the ordinary way, so that the file has the mode that the umask gives it.
    temporary = path.with_name(f".{path.name}.{os.getpid()}.{os.urandom(4).hex()}.tmp")
    try:
        with temporary.open("xb+") as file:
            if not yamltext.write(file, document):
                file.seek(0)
                file.truncate()
                if not yamltext.write(file, document, blocks=False):
                    raise CassetteError(f"{path} was not written: it would not read back the same")
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    _sync_folder(path.parent)


def _document(interactions: tuple[Interaction, ...]) -> dict[str, Any]:
    records = [
        {"request": _stored_request(each.request), "response": _stored_response(each)}
        for each in interactions
    ]
    if all(interaction.track for interaction in interactions):
        return {"version": VERSION, "interactions": records}
    return {"interactions": records, "version": VERSION}


def _stored_request(request: RequestShape) -> dict[str, Any]:
    from vcr.request import Request
    from vcr.serializers.compat import convert_to_unicode

    stored: dict[str, Any] = Request(
        method=request.method,
        uri=redact_url(request.url),
        body=request.body or None,
        headers={name: _storable(value) for name, value in redact_headers(request.headers)},
    )._to_dict()
    convert_to_unicode(stored)
    return stored


def _stored_response(interaction: Interaction) -> dict[str, Any]:
    headers: dict[str, list[str]] = {}
    for name, value in redact_headers(interaction.headers):
        headers.setdefault(name, []).append(_storable(value))
    response: dict[str, Any] = {
        "status": {"code": interaction.status, "message": _storable(interaction.reason)},
        "headers": headers,
        "body": {"string": yamltext.Body(interaction.body)},
    }
    if interaction.track is not None:
        response[tracks.KEY] = tracks.encode(interaction.track, interaction.body)
    return response


def _storable(text: str) -> Any:
    """Return the text, or its bytes where it is none: YAML holds no half of a character.

    aiohttp gives header bytes that are not UTF-8 as surrogates.
    """
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogateescape")
    return text


def _loaded(stored: Any) -> str:
    if isinstance(stored, bytes):
        return stored.decode("utf-8", "surrogateescape")
    if not isinstance(stored, str | int | float):
        raise TypeError("a header or its reason is not text")
    return str(stored)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
