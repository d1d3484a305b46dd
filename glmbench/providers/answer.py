"""One request and its answer as parts: the same course for every provider."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from glmbench.errors import GlmbenchError, ProviderError
from glmbench.providers.credentials import remove_secrets, secrets_of, without_secrets
from glmbench.providers.http import AnswerBody, open_exchange, read_error_body
from glmbench.providers.outcome import complete_error, is_event_stream

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable

    import aiohttp

    from glmbench.parts import Part
    from glmbench.providers.http import StreamDecoder


async def stream_answer(
    provider: str,
    *,
    decoder: StreamDecoder,
    error_from_body: Callable[[int, str, bytes], ProviderError],
    headers: dict[str, str],
    **request: Any,
) -> AsyncGenerator[Part, None]:
    """Ask, check what comes back, and yield the parts of the answer.

    `request` goes to `open_exchange`. Whatever is raised says what the exchange knows of it, and
    nothing of the credentials in `headers`.
    """
    secrets = secrets_of(headers)
    response: aiohttp.ClientResponse | None = None
    try:
        async with open_exchange(headers=headers, **request) as (exchange, response):
            if not is_event_stream(response):
                # Before it is cut to a snippet: half a key could not be told from other words.
                error_body = without_secrets(await read_error_body(response), secrets)
                raise error_from_body(response.status, response.content_type, error_body)
            answer = AnswerBody(exchange, response, decoder)
            while (parts := await answer.next_parts()) is not None:
                for part in parts:
                    yield part
    except GlmbenchError as error:
        if isinstance(error, ProviderError):
            complete_error(error, provider, response, decoder.text)
        remove_secrets(error, secrets)
        raise
