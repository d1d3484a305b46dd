"""What a credential looks like in all that is written, and its replacement. Pure.

One place for cassettes, results, reports and messages. It knows two kinds: values that somebody
named as secrets, found wherever they stand, and values in places where credentials stand, whatever
they are. It reads no environment and no file.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING
from urllib.parse import unquote_plus

import msgspec

from glmbench.redaction.bodystrings import BodyStrings, field_texts
from glmbench.redaction.escapes import View, unescaped
from glmbench.redaction.search import SHORTEST_PART, Cut, SecretSearch, merged

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

PLACEHOLDER = "[redacted]"

# Header names of the services we speak to and of the proxies before them. Matched without case.
SECRET_HEADERS = frozenset(
    {
        "authorization",
        "proxy-authorization",
        "cookie",
        "set-cookie",
        "x-api-key",
        "api-key",
        "x-auth-token",
        "x-access-token",
        "x-goog-api-key",
        "x-sign",
    }
)

# Their values are URLs, which may carry what the URL of a request may.
URL_HEADERS = frozenset({"location", "content-location", "referer"})

# Fields of JSON and of forms. Fewer than in URLs: there `token` and `key` are credentials, here
# they count tokens and name keyboards.
SECRET_FIELDS = frozenset(
    {
        "access_token",
        "api_key",
        "apikey",
        "auth_token",
        "authorization",
        "client_secret",
        "id_token",
        "password",
        "refresh_token",
        "secret_key",
        "session_token",
    }
)

# Parameters of URLs, besides the fields above.
SECRET_KEYS = frozenset(
    {
        "access_token",
        "api_key",
        "apikey",
        "auth",
        "authorization",
        "key",
        "password",
        "refresh_token",
        "secret",
        "sign",
        "signature",
        "token",
    }
)

# What RFC 6265 and browsers let follow a cookie in Set-Cookie. Anything else is taken for a value.
_COOKIE_ATTRIBUTES = frozenset(
    {"domain", "expires", "httponly", "max-age", "partitioned", "path", "priority", "samesite"}
    | {"comment", "secure", "version"}
)

# The characters of a number in JSON; no service writes one with more digits.
_NUMBER = b"+-.0123456789eE"
_LONGEST_NUMBER = 64

_FORM = "application/x-www-form-urlencoded"
_ANY_PLACEHOLDER = re.compile(r"\[(?:redacted|secret:[^\[\]]+)\]")
_USER = re.compile(r"\A([^/?#]*//)[^/?#]*@")
_PARAMETER = re.compile(r"([?&#]([^=&#]*)=)([^&#]*)")
# A URL in a sentence, without its scheme: any word could be the begin of one.
_URL = re.compile(r"""://[^\s'"<>]+""")
_FORM_FIELD = re.compile(rb"(?:\A|&)([^&=]*)=([^&]+)")


def _squeezed(names: frozenset[str]) -> frozenset[str]:
    return frozenset(name.replace("_", "") for name in names)


_FIELDS = _squeezed(SECRET_FIELDS)
_PARAMETERS = _squeezed(SECRET_FIELDS | SECRET_KEYS)
_SPELLINGS = sorted({name.replace("_", mark).encode() for name in SECRET_FIELDS for mark in "_-"})
_SPELLINGS += sorted(name.encode() for name in _FIELDS)


@lru_cache(maxsize=1024)
def _squeeze(name: str) -> str:
    """Read `accessToken`, `Access-Token` and `access_token` as one name."""
    return name.replace("_", "").replace("-", "").lower()


def is_credential_key(name: str) -> bool:
    """Tell whether a field of this name holds a credential."""
    return _squeeze(name) in _FIELDS


def _may_name_credentials(body: bytes) -> bool:
    """Look at the bytes only: in nearly every answer there is nothing to read for."""
    lowered = body.lower()
    return any(name in lowered for name in _SPELLINGS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Secret:
    """A value that must not be written; the caller sees to it that it is no ordinary word.

    In a replay it may be its own placeholder, or "": nobody knows it, and nobody needs it.
    """

    name: str
    value: str

    @property
    def placeholder(self) -> str:
        return f"[secret:{self.name}]"


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """A range of a body, not empty, and the bytes that take its place.

    Several are sorted and never overlap.
    """

    start: int
    end: int
    replacement: bytes


def apply_edits(body: bytes, edits: Iterable[Edit]) -> bytes:
    pieces = []
    position = 0
    for edit in edits:
        pieces += [body[position : edit.start], edit.replacement]
        position = edit.end
    return b"".join([*pieces, body[position:]])


class Redactor:
    """One function for everything that is written. Doing it twice changes nothing more."""

    def __init__(self, secrets: Iterable[Secret] = ()) -> None:
        secrets = tuple(secrets)
        self._names = {secret.placeholder.encode(): secret.name for secret in secrets}
        self._search = SecretSearch(
            [(secret.placeholder, _as_sent(secret.value)) for secret in secrets],
            untouchable=[PLACEHOLDER],
        )

    def text(self, text: str, *, unfinished: bool = False) -> str:
        """Replace the known secrets, however they are escaped.

        An unfinished text may end inside a secret: then the begin of one counts there.
        """
        if not self._search:
            return text
        data = text.encode("utf-8", "surrogatepass")
        cuts = self._search.cuts(data, unfinished=unfinished)
        if not cuts:
            return text
        return apply_edits(data, _edits(cuts)).decode("utf-8", "surrogatepass")

    def message(self, text: str) -> str:
        """Replace in what is said of a failure: it names URLs, and quotes what it cut off."""
        quoted = _URL.sub(lambda url: self._without_named(url[0]), text)
        shown = quoted.rstrip("…")
        return self.text(shown, unfinished=True) + quoted[len(shown) :]

    def _withheld(self, value: str) -> str:
        """Return the placeholder of a value that is a credential: its own one, if it has one."""
        clean = self.text(value)
        return clean if _ANY_PLACEHOLDER.fullmatch(clean) else PLACEHOLDER

    def headers(self, headers: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
        """Replace the credentials in headers; names and order stay."""
        return [(name, self._header(name.lower(), value)) for name, value in headers]

    def _header(self, name: str, value: str) -> str:
        if name == "cookie":
            return ";".join(self._cookie(piece) for piece in value.split(";"))
        if name == "set-cookie":
            cookie, *attributes = value.split(";")
            return ";".join([self._cookie(cookie), *map(self._attribute, attributes)])
        if name in SECRET_HEADERS:
            return PLACEHOLDER
        return self.url(value) if name in URL_HEADERS else self.text(value)

    def _cookie(self, piece: str) -> str:
        """Withhold the value of one cookie; without a name all of it is the value."""
        name, equals, value = piece.rpartition("=") if "=" not in piece else piece.partition("=")
        if value.strip() in {"", '""'}:
            return piece
        blanks = value[: len(value) - len(value.lstrip())]
        return f"{self.text(name)}{equals}{blanks}{self._withheld(value.strip())}"

    def _attribute(self, piece: str) -> str:
        known = piece.partition("=")[0].strip().lower() in _COOKIE_ATTRIBUTES
        return self.text(piece) if known else self._cookie(piece)

    def url(self, url: str) -> str:
        """Drop user and password, and withhold the values of parameters named like secrets."""
        return self.text(self._without_named(url))

    def _without_named(self, url: str) -> str:
        return _PARAMETER.sub(self._parameter, _USER.sub(r"\1", url))

    def _parameter(self, match: re.Match[str]) -> str:
        if _squeeze(unquote_plus(match[2])) not in _PARAMETERS:
            return match[0]
        return match[1] + self._withheld(match[3])

    def body(self, body: bytes, content_type: str) -> bytes:
        return apply_edits(body, self.body_edits(body, content_type))

    def body_edits(self, body: bytes, content_type: str) -> tuple[Edit, ...]:
        """Return what to replace in a body: known secrets and the values of secret fields.

        In JSON and in event streams only the contents of strings change, and a secret is found
        across the events of a stream. JSON inside a string is searched for known secrets only.
        """
        if not self._search and not _may_name_credentials(body):
            return ()
        kind = _kind(content_type)
        if kind == _FORM and body.lstrip()[:1] not in {b"{", b"["}:
            cuts = [*self._form_cuts(body), *self._search.cuts(body)]
        else:
            strings = BodyStrings(body, kind, is_credential_key)
            cuts = [*self._named_cuts(body, strings)]
            if self._search:
                cuts += self._string_cuts(body, strings)
                cuts += self._other_cuts(body, strings)
        changes = [cut for cut in merged(cuts) if body[cut.start : cut.end] != cut.replacement]
        return tuple(_edits(changes))

    def _form_cuts(self, body: bytes) -> Iterator[Cut]:
        for match in _FORM_FIELD.finditer(body):
            if is_credential_key(unquote_plus(match[1].decode("latin-1"))):
                shown = self._withheld(match[2].decode("latin-1"))
                yield Cut(*match.span(2), shown.encode())

    def _named_cuts(self, body: bytes, strings: BodyStrings) -> Iterator[Cut]:
        for index in strings.named:
            value = _read(body, strings, index).data.decode("utf-8", "replace")
            if value:
                shown = _quoted(self._withheld(value).encode())
                yield Cut(strings.starts[index], strings.ends[index], shown)

    def _string_cuts(self, body: bytes, strings: BodyStrings) -> Iterator[Cut]:
        found: dict[int, list[Cut]] = {}
        for indexes in strings.fields.values():
            values = [_read(body, strings, index).data for index in indexes]
            for at, cut in self._search.sequence_cuts(values):
                found.setdefault(indexes[at], []).append(cut)
        for index, cuts in found.items():
            # Read once: a view keeps the places of its escapes.
            view = _read(body, strings, index)
            yield from (_placed(cut, view, strings.starts[index]) for cut in cuts)
        for content, indexes in strings.keys.items():
            key = unescaped(View(content))
            for cut in self._search.cuts(key.data):
                yield from (_placed(cut, key, strings.starts[index]) for index in indexes)

    def _other_cuts(self, body: bytes, strings: BodyStrings) -> Iterator[Cut]:
        """Find what is in no string, or is larger than one: a secret can be a JSON text itself."""
        for cut in self._search.cuts(body, escaped=False):
            touched = strings.touched(cut.start, cut.end)
            if len(touched) == 1:
                # Inside the string it is known already. The quotes and what is beyond them are
                # the document's, even where they read as the rest of the secret.
                first, last = strings.starts[touched[0]], strings.ends[touched[0]]
                if cut.start < first or last < cut.end:
                    start, end = max(cut.start, first), min(cut.end, last)
                    yield Cut(start, end, _quoted(cut.replacement))
            else:
                yield _as_value(body, cut) if strings.starts else cut
        for start, end in strings.gaps(body):
            for cut in self._search.cuts(body[start:end], unfinished=end == len(body)):
                yield Cut(start + cut.start, start + cut.end, cut.replacement)

    def found_in(self, text: str) -> tuple[str, ...]:
        """Return the names of the known secrets that a text holds."""
        return self._named(self._search.placeholders_of(text.encode("utf-8", "surrogatepass")))

    def found_in_body(self, body: bytes, content_type: str) -> tuple[str, ...]:
        """Return the names of the known secrets in a body, or in what a field says over events."""
        if not self._search:
            return ()
        found = self._search.placeholders_of(body)
        for text in field_texts(body, _kind(content_type)):
            found |= self._search.placeholders_of(text)
        return self._named(found)

    def _named(self, placeholders: set[bytes]) -> tuple[str, ...]:
        return tuple(sorted(self._names[placeholder] for placeholder in placeholders))


NOTHING_SECRET = Redactor()


def _as_sent(value: str) -> str:
    """Drop the blanks around a value, as those do who send it; a file ends with a newline."""
    stripped = value.strip()
    return stripped if len(stripped) >= SHORTEST_PART else value


def _kind(content_type: str) -> str:
    return content_type.partition(";")[0].strip().lower()


def _edits(cuts: Sequence[Cut]) -> list[Edit]:
    return [Edit(start=cut.start, end=cut.end, replacement=cut.replacement) for cut in cuts]


def _read(body: bytes, strings: BodyStrings, index: int) -> View:
    return unescaped(View(strings.content(body, index)))


def _placed(cut: Cut, view: View, start: int) -> Cut:
    """Turn a cut of what a string says into one of the body that the string starts in."""
    first, last = view.origin(cut.start, cut.end)
    return Cut(start + first, start + last, _quoted(cut.replacement))


def _as_value(body: bytes, cut: Cut) -> Cut:
    """Put a string in the place of a number, an object or a list of a JSON text."""
    text = body[cut.start : cut.end]
    if text.strip(_NUMBER):
        whole = text[:1] + text[-1:] in {b"{}", b"[]"}
        return cut._replace(replacement=b'"%b"' % _quoted(cut.replacement)) if whole else cut
    before = body[max(0, cut.start - _LONGEST_NUMBER) : cut.start]
    after = body[cut.end : cut.end + _LONGEST_NUMBER]
    start = cut.start - len(before) + len(before.rstrip(_NUMBER))
    end = cut.end + len(after) - len(after.lstrip(_NUMBER))
    return Cut(start, end, b'"%b"' % _quoted(cut.replacement))


def _quoted(text: bytes) -> bytes:
    return msgspec.json.encode(text.decode("utf-8", "replace"))[1:-1]


def redact_headers(headers: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """Replace the credentials in headers, where no value is known to be secret."""
    return NOTHING_SECRET.headers(headers)


def redact_url(url: str) -> str:
    """Replace the credentials in a URL, where no value is known to be secret."""
    return NOTHING_SECRET.url(url)
