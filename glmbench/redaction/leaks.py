"""What still looks like a credential in a text that was redacted by name and by value. Pure.

Redaction replaces what it was told of; this looks for what nobody told it. It decides nothing:
what to do about a suspicion is for the caller. A suspicion never shows the text it is about.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from glmbench.redaction.tokenshapes import MIN_ENTROPY, MIN_RANDOM_LENGTH, entropy, find_tokens

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

SHOWN_CHARS = 4
# Four characters of a short password would be much of it.
MIN_LENGTH_SHOWN = 16

# Of letters alone, words run together ("getElementById…") have up to 4.1; so have half of the
# random texts of 24, and only one key in sixty of that length has no digit.
MIN_ENTROPY_OF_LETTERS = 4.2


@dataclass(frozen=True, slots=True, kw_only=True)
class Suspicion:
    """A range of a text that looks like a credential; `shown` is all that may be printed of it."""

    kind: str
    start: int
    end: int
    shown: str


def find_leaks(
    text: str, *, key: str | None = None, allow: Collection[str] = ()
) -> list[Suspicion]:
    """Find what looks like a credential, in the order of the text.

    `key` is the name that the text is the value of: without a credential's name only known shapes
    of tokens count. A suspicion that is an allowed text, or lies within one, is left out. Linear
    in the text.
    """
    ranges = list(find_tokens(text))
    if key is not None and is_credential_name(key):
        ranges += [(start, end, f'random text under "{key}"') for start, end in _random(text)]
    return [
        Suspicion(kind=kind, start=start, end=end, shown=shown(text[start:end]))
        for start, end, kind in _apart(ranges)
        if not any(text[start:end] in allowed for allowed in allow)
    ]


def _apart(ranges: list[tuple[int, int, str]]) -> Iterator[tuple[int, int, str]]:
    """Keep the first of those that overlap; the order they were found in is their precedence."""
    done = 0
    for start, end, kind in sorted(ranges, key=lambda found: found[0]):
        if start >= done:
            yield start, end, kind
            done = end


def shown(credential: str) -> str:
    """Return as much of a credential as may be printed: its first characters and its length."""
    head = credential[:SHOWN_CHARS] if len(credential) >= MIN_LENGTH_SHOWN else ""
    # A key block has line ends, and a message is one line.
    return f"{head if head.isprintable() else ''}…, {len(credential)} characters"


# --- random text under a telling name -------------------------------------------------------

# How names of credentials end, without separators and case: "X-Auth-Token", "apiKey". Not "key"
# alone: that names the entries of maps, and in a URL it is redacted by name.
_NAME_ENDINGS = (
    "token",
    "secret",
    "apikey",
    "secretkey",
    "accesskey",
    "privatekey",
    "signingkey",
    "sessionkey",
    "authkey",
    "password",
    "passwd",
    "passphrase",
    "pwd",
    "credential",
    "credentials",
    "cookie",
    "session",
    "sessionid",
    "signature",
    "auth",
    "authorization",
)
# Too short to be an ending: "assign", "inside".
_WHOLE_NAMES = frozenset({"sign", "xsign", "sid", "jwt"})
# Cursors of paging and the marks of vocabularies.
_OTHER_TOKENS = (
    "pagetoken",
    "nexttoken",
    "continuationtoken",
    "synctoken",
    "eostoken",
    "bostoken",
    "padtoken",
    "stoptoken",
)


def is_credential_name(name: str) -> bool:
    """Tell whether a key, header, field or parameter of this name may hold a credential.

    Not what counts or classifies tokens: `max_tokens`, `token_type`.
    """
    plain = re.sub(r"[^a-z0-9]", "", name.lower())
    if plain.endswith(_OTHER_TOKENS):
        return False
    return plain in _WHOLE_NAMES or plain.endswith(_NAME_ENDINGS)


# A value, or one pair of a cookie, or what follows the scheme of an Authorization.
_VALUE = re.compile(
    r"(?:^|;)\s*+(?:[A-Za-z]{1,16} |[^\s;=]{1,64}=(?=[^\s;=]))?([^\s;]++)\s*+(?=;|$)"
)


def _random(text: str) -> Iterator[tuple[int, int]]:
    for match in _VALUE.finditer(text):
        if looks_random(match[1]):
            yield match.span(1)


_REPLACED = re.compile(r"\[redacted\]|\[secret:[^\]]*+\]")
_UUID = re.compile(r"[0-9a-f]{8}-?(?:[0-9a-f]{4}-){3}[0-9a-f]{12}", re.IGNORECASE)
_DATE = re.compile(r"\d{4}-\d\d-\d\d[T_]\d\d:?\d\d(?::?\d\d(?:[.,]\d+)?)?(?:Z|[+-]\d\d:?\d\d)?")
_PIECE = re.compile(r"[A-Za-z0-9]+")


def looks_random(value: str) -> bool:
    """Tell whether a value was made by chance and not by somebody: no word, id or date."""
    value = _REPLACED.sub("", value)
    if len(value) < MIN_RANDOM_LENGTH or not value.isascii() or "://" in value:
        return False
    if _UUID.fullmatch(value) or _DATE.fullmatch(value):
        return False
    pieces: list[str] = _PIECE.findall(value)
    mixed = [piece for piece in pieces if not piece.isalpha() and not piece.isdigit()]
    if mixed:
        return entropy(value) > MIN_ENTROPY and sum(map(len, mixed)) * 2 > len(value)
    letters = max((piece for piece in pieces if piece.isalpha()), key=len, default="")
    return len(letters) >= MIN_RANDOM_LENGTH and entropy(letters) > MIN_ENTROPY_OF_LETTERS
