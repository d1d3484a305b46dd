"""What is shown of a foreign body in a message: its first words, and no credential. Pure."""

from __future__ import annotations

import re

import msgspec

from glmbench.redaction.redactor import PLACEHOLDER

SNIPPET_CHARS = 200

# Services repeat a refused key in their message. What has the form of one is cut out here; the
# provider, which knows the key, cuts out that too.
_CREDENTIALS = re.compile(
    r"(?<=\bBearer )(?=\S*\d)\S{6,}"
    r"|\bsk-[\w*-]{6,}"
    r"|\b[0-9a-fA-F]{32}\.[\w*]{8,}"
    r"|\beyJ[\w-]{8,}\.[\w-]+\.[\w-]+"
)
_TAGS = re.compile(r"<(script|style)\b.*?</\1\s*>|<[^>]*>", re.DOTALL | re.IGNORECASE)


def scrubbed(text: str) -> str:
    """Replace what has the form of a credential."""
    return _CREDENTIALS.sub(PLACEHOLDER, text)


def first_words(body: bytes) -> str:
    """Return the first words of a body; tags say nothing to a person."""
    # A page in another encoding is only shown, never parsed, so replacement does no harm.
    # Credentials go before the cut: half a key has no form to be known by.
    text = scrubbed(_TAGS.sub(" ", body[:8192].decode("utf-8", "replace")))
    text = " ".join(text.split())
    if len(text) > SNIPPET_CHARS:
        return f"{text[:SNIPPET_CHARS]}…"
    return text or "no text in it"


def compact(value: object) -> str:
    """Return the beginning of a value as JSON."""
    return scrubbed(msgspec.json.encode(value).decode())[:SNIPPET_CHARS]
