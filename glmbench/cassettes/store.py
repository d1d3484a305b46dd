"""Read and write cassettes: vcrpy's format and serializer, UTF-8, whole files only.

vcrpy is used as a library: its `Request` and its (de)serialization. Not its `Cassette.load`, which
returns an empty cassette for a file that cannot be decoded, and opens in the locale's encoding.
vcrpy is imported inside functions: it takes about half a second, and `--help` needs none of it.
"""

from __future__ import annotations

import os
import zlib
from typing import TYPE_CHECKING, Any

import msgspec
import yaml

from glmbench.cassettes import track as tracks
from glmbench.cassettes.interaction import Headers, Interaction
from glmbench.cassettes.matching import RequestShape
from glmbench.errors import CassetteDamagedError, CassetteError
from glmbench.redaction import redact_headers, redact_url

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

# Line ends other than LF do not survive a literal block, so such bodies are quoted.
OTHER_LINE_ENDS = ("\r", "\x85", "\u2028", "\u2029")


def load(path: Path, *, name: str | None = None) -> tuple[Interaction, ...]:
    """Read a cassette and verify every body against its track; messages call it `name`.

    Raises:
        CassetteDamagedError: the file cannot be read, or an interaction cannot be trusted; the
            message names it and says what to do.
    """
    from vcr.serialize import deserialize
    from vcr.serializers import yamlserializer

    name = name or str(path)
    try:
        if not path.is_file():
            # A pipe would be waited for, a folder has its own words.
            raise _damaged(name, "it is no regular file")
        text = path.read_text(encoding="utf-8")
    except OSError as problem:
        raise _damaged(name, f"it cannot be read: {problem.strerror}") from None
    except UnicodeDecodeError as problem:
        raise _damaged(name, f"it is not UTF-8 at byte {problem.start}") from None
    try:
        requests, responses, *_ = deserialize(text, yamlserializer)
    except yaml.YAMLError as problem:
        raise _damaged(name, f"it is not YAML: {_one_line(problem)}") from None
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as problem:
        raise _damaged(name, f"it is not a vcrpy cassette: {_one_line(problem)}") from None
    if not requests:
        raise _damaged(name, "it holds no interaction")
    interactions = [
        _interaction(name, number, request, response)
        for number, (request, response) in enumerate(zip(requests, responses, strict=True), 1)
    ]
    # A stable sort: files of stock vcrpy have no order but their own.
    interactions.sort(key=lambda i: i.track.seq if i.track else 0)
    return tuple(interactions)


def _damaged(name: str, reason: str) -> CassetteDamagedError:
    return CassetteDamagedError(
        f"{name} is damaged: {reason}. Restore it, or record it again with --mode refresh."
    )


def _one_line(problem: Exception) -> str:
    return " ".join(str(problem).split())


def _interaction(name: str, number: int, request: Any, response: Any) -> Interaction:
    where = f"interaction {number} ({request.method} {request.uri})"
    try:
        status = response["status"]["code"]
        reason = _loaded(response["status"].get("message") or "")
        headers = _headers(response.get("headers") or {})
        body = (response.get("body") or {}).get("string") or b""
        if not (isinstance(status, int) and 100 <= status <= 599 and isinstance(body, bytes)):
            raise TypeError("its status or body is not of its type")
        stored = response.get(tracks.KEY)
        if stored is None:
            headers, body = _unpacked(headers, body)
            track = None
        else:
            track = tracks.decode(stored, body)
        return Interaction(
            request=_request_shape(request),
            status=status,
            reason=reason,
            headers=headers,
            body=body,
            track=track,
        )
    except tracks.TrackError as problem:
        raise _damaged(name, f"{where}: {problem}") from None
    except (KeyError, TypeError, AttributeError, ValueError, zlib.error) as problem:
        raise _damaged(name, f"{where} is malformed: {_one_line(problem)}") from None


def _request_shape(request: Any) -> RequestShape:
    if not (isinstance(request.method, str) and isinstance(request.uri, str)):
        raise TypeError("its method or URI is not text")
    body = request.body
    if isinstance(body, dict | list):
        # vcrpy's aiohttp stub stores what was given as `json=` unserialized.
        body = msgspec.json.encode(body)
    elif body is not None and not isinstance(body, bytes):
        # It keeps files and iterators as such.
        body = body.read() if hasattr(body, "read") else b"".join(body)
    return RequestShape(
        method=request.method,
        url=request.uri,
        headers=tuple((str(name), str(value)) for name, value in request.headers.items()),
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
        return headers, zlib.decompress(body, wbits=31)
    return headers, body


def save(path: Path, interactions: Iterable[Interaction]) -> None:
    """Write a cassette so that the file is at every instant the old one or the new one, whole.

    Raises:
        CassetteError: what would be written does not read back as it was.
    """
    interactions = tuple(interactions)
    text = _serialize(interactions, block=True)
    if not _reads_back(text, interactions):
        text = _serialize(interactions, block=False)
        if not _reads_back(text, interactions):
            raise CassetteError(f"{path} was not written: it would not read back as recorded")
    path.parent.mkdir(parents=True, exist_ok=True)
    _replace(path, text.encode("utf-8"))


def _serialize(interactions: tuple[Interaction, ...], *, block: bool) -> str:
    from vcr.serialize import serialize

    cassette = {
        "requests": [_vcr_request(interaction.request) for interaction in interactions],
        "responses": [_vcr_response(interaction) for interaction in interactions],
    }
    return str(serialize(cassette, _Writer(block=block)))


def _vcr_request(request: RequestShape) -> Any:
    from vcr.request import Request

    return Request(
        method=request.method,
        uri=redact_url(request.url),
        body=request.body or None,
        headers=dict(redact_headers(request.headers)),
    )


def _vcr_response(interaction: Interaction) -> dict[str, Any]:
    headers: dict[str, list[str]] = {}
    for name, value in redact_headers(interaction.headers):
        headers.setdefault(name, []).append(_storable(value))
    response: dict[str, Any] = {
        "status": {"code": interaction.status, "message": _storable(interaction.reason)},
        "headers": headers,
        "body": {"string": interaction.body},
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
    return str(stored)


class _Writer:
    """A serializer as vcrpy's `serialize` wants it, for people: blocks, UTF-8, natural order."""

    def __init__(self, *, block: bool) -> None:
        self._dumper = _BlockDumper if block else yaml.CSafeDumper

    def serialize(self, cassette: dict[str, Any]) -> str:
        text: str = yaml.dump(
            cassette, Dumper=self._dumper, allow_unicode=True, sort_keys=False, width=100
        )
        return text


class _BlockDumper(yaml.CSafeDumper):
    """Writes text of several lines as literal blocks, where they read back as they were."""


def _represent_text(dumper: yaml.CSafeDumper, text: str) -> yaml.ScalarNode:
    literal = "\n" in text and not any(end in text for end in OTHER_LINE_ENDS)
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if literal else None)


_BlockDumper.add_representer(str, _represent_text)


def _reads_back(text: str, interactions: tuple[Interaction, ...]) -> bool:
    from vcr.serialize import deserialize
    from vcr.serializers import yamlserializer

    try:
        requests, responses = deserialize(text, yamlserializer)
    except yaml.YAMLError:
        return False
    expected = [_vcr_response(interaction) for interaction in interactions]
    bodies = [interaction.request.body for interaction in interactions]
    return responses == expected and [request.body or b"" for request in requests] == bodies


def _replace(path: Path, data: bytes) -> None:
    """Replace a file at once: temporary file beside it, fsync, rename, fsync of the folder."""
    # Opened in the ordinary way, so that the file has the mode that the umask gives it.
    temporary = path.with_name(f".{path.name}.{os.getpid()}.{os.urandom(4).hex()}.tmp")
    try:
        with temporary.open("xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
