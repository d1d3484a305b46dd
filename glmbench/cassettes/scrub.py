"""An interaction without its secrets, and what of them is still there. Pure.

Nothing is stored that did not go through `scrub`, and no request is compared that did not go
through `scrub_request`. What is to be redacted is known to the redactor alone.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from glmbench.cassettes.track import reanchor
from glmbench.redaction.redactor import apply_edits

if TYPE_CHECKING:
    from glmbench.cassettes.interaction import Headers, Interaction
    from glmbench.cassettes.matching import RequestShape
    from glmbench.redaction.redactor import Redactor


def scrub(interaction: Interaction, redactor: Redactor) -> Interaction:
    """Take the secrets out of an interaction; its track fits the body that is left."""
    edits = redactor.body_edits(interaction.body, _content_type(interaction.headers))
    body = apply_edits(interaction.body, edits)
    headers = tuple(redactor.headers(interaction.headers))
    track = interaction.track
    if track is None:
        headers = _with_length(headers, len(interaction.body), len(body))
    else:
        # The caller of a replay sees the recorded length, as it does of a packed body.
        moved = (
            _lengths(headers, len(interaction.body)) if len(body) != len(interaction.body) else ()
        )
        headers = tuple(header for header in headers if header not in moved)
        dropped = (*redactor.headers(track.dropped), *moved)
        track = replace(reanchor(track, edits), dropped=dropped)
    return replace(
        interaction,
        request=scrub_request(interaction.request, redactor),
        reason=redactor.text(interaction.reason),
        headers=headers,
        body=body,
        track=track,
    )


def scrub_request(shape: RequestShape, redactor: Redactor) -> RequestShape:
    """Take the secrets out of a request, before it is stored and before it is compared.

    A second time changes nothing, and a request made with a placeholder in the place of its
    secret becomes the same as one made with the secret.
    """
    body = redactor.body(shape.body, _content_type(shape.headers))
    headers = _with_length(tuple(redactor.headers(shape.headers)), len(shape.body), len(body))
    return replace(shape, url=redactor.url(shape.url), headers=headers, body=body)


def remaining(interaction: Interaction, redactor: Redactor) -> tuple[str, ...]:
    """Return the names of the secrets that are still there: such an interaction is not saved.

    A secret is not seen when it is packed or encoded otherwise than by JSON and URLs (base64, a
    hash), nor when it is spread over different fields.
    """
    request = interaction.request
    texts = [request.method, request.url, interaction.reason]
    for headers in (request.headers, interaction.all_headers):
        texts += [text for header in headers for text in header]
    found = {name for text in texts for name in redactor.found_in(text)}
    found.update(redactor.found_in_body(request.body, _content_type(request.headers)))
    found.update(redactor.found_in_body(interaction.body, _content_type(interaction.headers)))
    return tuple(sorted(found))


def _content_type(headers: Headers) -> str:
    return next((value for name, value in headers if name.lower() == "content-type"), "")


def _lengths(headers: Headers, length: int) -> Headers:
    """Return the headers that announce a body of this length."""
    return tuple(
        header
        for header in headers
        if header[0].lower() == "content-length" and header[1] == str(length)
    )


def _with_length(headers: Headers, before: int, after: int) -> Headers:
    """Let the headers that announce one length announce another."""
    announced = _lengths(headers, before)
    return tuple((n, str(after)) if (n, v) in announced else (n, v) for n, v in headers)
