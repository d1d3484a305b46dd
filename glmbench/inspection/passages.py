"""The texts of a recorded interaction, each with its place and the name it stands under. Pure.

For whoever searches recordings. Texts come decoded: what JSON, a URL or a form escapes is plain
here, and what a stream brought in pieces is put together. Judges nothing.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING, TypeAlias
from urllib.parse import parse_qsl, urlsplit

from glmbench.redaction.jsontext import string_values
from glmbench.wire.sse import SseDecoder

if TYPE_CHECKING:
    from collections.abc import Iterator

    from glmbench.cassettes.interaction import Headers, Interaction

Path: TypeAlias = tuple[str | int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Passage:
    """A text and where it stands; `key` is the name that it is the value of.

    A `whole` passage repeats, as it was sent, what other passages may have shown decoded.
    """

    where: str
    text: str
    key: str | None = None
    whole: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Joined:
    """What one field of a stream's events brought in pieces, put together.

    `starts` are the offsets of the pieces in the text, `events` the numbers of their events.
    """

    stream: str
    path: str
    text: str
    starts: tuple[int, ...]
    events: tuple[int, ...]

    def is_split(self, start: int, end: int) -> bool:
        """Tell whether a range of the text came in more than one piece."""
        return bisect_right(self.starts, start) != bisect_right(self.starts, end - 1)

    def pieces(self, start: int, end: int) -> Iterator[str]:
        """Yield the pieces that a range of the text touches."""
        first, last = bisect_right(self.starts, start) - 1, bisect_right(self.starts, end - 1)
        edges = self.starts[first : last + 1]
        if last == len(self.starts):
            edges = (*edges, len(self.text))
        for begin, finish in pairwise(edges):
            yield self.text[begin:finish]

    def where(self, start: int, end: int) -> str:
        first = self.events[bisect_right(self.starts, start) - 1]
        last = self.events[bisect_right(self.starts, end - 1) - 1]
        return f"{self.stream}, events {first} to {last}, {self.path}"


def passages(interaction: Interaction) -> Iterator[Passage | Joined]:
    """Yield every text that a cassette keeps of the interaction."""
    request = interaction.request
    yield from _of_url(request.url)
    yield from _of_headers("request", request.headers)
    yield from of_body("request body", request.body, _content_type(request.headers))
    yield Passage(where="reason phrase", text=interaction.reason)
    yield from _of_headers("response", interaction.all_headers)
    yield from of_body("response body", interaction.body, _content_type(interaction.headers))


def _content_type(headers: Headers) -> str:
    return next((value.lower() for name, value in headers if name.lower() == "content-type"), "")


def _of_url(url: str) -> Iterator[Passage]:
    try:
        query = urlsplit(url).query
    except ValueError:
        query = ""
    for name, value in parse_qsl(query):
        yield Passage(where=f"url query {name}", text=value, key=name)
    yield Passage(where="url", text=url, whole=True)


def _of_headers(side: str, headers: Headers) -> Iterator[Passage]:
    for name, value in headers:
        yield Passage(where=f"{side} header {name}", text=value, key=name)


# --- bodies ---------------------------------------------------------------------------------

_EVENT_LINE = re.compile(rb"(?:\A|[\r\n])data:")


def of_body(where: str, body: bytes, content_type: str) -> Iterator[Passage | Joined]:
    """Yield the texts of a body: its fields by what it is, and then the body as it was sent."""
    if not body:
        return
    if content_type.startswith("application/x-www-form-urlencoded"):
        fields = parse_qsl(body.decode("utf-8", "replace"))
        for name, value in fields:
            yield Passage(where=f"{where} field {name}", text=value, key=name)
    elif content_type.startswith("text/event-stream") or _EVENT_LINE.search(body):
        yield from _of_stream(where, body)
    else:
        yield from of_json(where, body)
    yield Passage(where=where, text=body.decode("utf-8", "replace"), whole=True)


def of_json(where: str, data: bytes) -> Iterator[Passage]:
    """Yield the texts in a JSON document, of a broken one what can be read of it."""
    for path, text in string_values(data):
        yield Passage(where=f"{where} {shown_path(path)}", text=text, key=_key(path))


def _key(path: Path) -> str | None:
    """Return the key that a value, or the list it is in, stands under."""
    return next((step for step in reversed(path) if isinstance(step, str)), None)


_PLAIN_NAME = re.compile(r"[^.\[\]\"'\s]+")


def shown_path(path: Path) -> str:
    """Write a path as `$.choices[0].delta["odd.name"]`."""
    return "$" + "".join(map(_shown_step, path))


def _shown_step(step: str | int) -> str:
    if isinstance(step, int):
        return f"[{step}]"
    return f".{step}" if _PLAIN_NAME.fullmatch(step) else f'["{step}"]'


# --- streams --------------------------------------------------------------------------------


@dataclass(slots=True, kw_only=True)
class _Field:
    """One field over the events of a stream: its texts in order and the events they came in."""

    key: str | None
    texts: list[str]
    events: list[int]


def _of_stream(where: str, body: bytes) -> Iterator[Passage | Joined]:
    fields: dict[Path, _Field] = {}
    for number, data in enumerate(_events(body), start=1):
        found = string_values(data)
        if not found:
            text = data.decode("utf-8", "replace")
            yield Passage(where=f"{where}, event {number}", text=text)
        for path, text in found:
            field = fields.get(path)
            if field is None:
                field = fields[path] = _Field(key=_key(path), texts=[], events=[])
            # Most fields say the same in every event, and one text for all takes less room.
            repeated = field.texts and field.texts[-1] == text
            field.texts.append(field.texts[-1] if repeated else text)
            field.events.append(number)
    for path, field in fields.items():
        yield from _of_field(where, shown_path(path), field)


def _events(body: bytes) -> list[bytes]:
    # No event is too long here: the body is in memory already.
    decoder = SseDecoder(limit=len(body) + 1)
    events = decoder.feed(body)
    last = decoder.finish()
    return [event.data for event in [*events, *([last] if last else [])]]


def _of_field(where: str, path: str, field: _Field) -> Iterator[Passage | Joined]:
    """Yield what the pieces of a field say together, and then each of them."""
    texts, growing = field.texts, _grows(field.texts)
    if not growing and len(set(texts)) > 1:
        starts = tuple(accumulate(map(len, texts[:-1]), initial=0))
        events = tuple(field.events)
        yield Joined(stream=where, path=path, text="".join(texts), starts=starts, events=events)
    seen: set[str] = set()
    for index, text in enumerate(texts):
        # Of a growing answer only the longest is looked at: the others are parts of it.
        grows_on = growing and index + 1 < len(texts) and texts[index + 1].startswith(text)
        if not grows_on and text not in seen:
            seen.add(text)
            place = f"{where}, event {field.events[index]}, {path}"
            yield Passage(where=place, text=text, key=field.key)


def _grows(texts: list[str]) -> bool:
    """Tell whether each text repeats the one before and goes on, as a ChatGLM answer does."""
    changes = [(before, after) for before, after in pairwise(texts) if before and before != after]
    growing = sum(after.startswith(before) for before, after in changes)
    return growing * 2 > len(changes)
