"""chatglm.cn as a guest: the request, the checks of its response, the answer as parts."""

from __future__ import annotations

import uuid
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, ClassVar

from glmbench.errors import IncompleteStreamError, ProviderError, UsageError
from glmbench.messages import Messages, flatten_messages
from glmbench.providers.base import AsyncGeneratorProvider, ProviderModelMixin, suggestion
from glmbench.providers.http import (
    AnswerBody,
    check_proxy,
    open_exchange,
    read_error_body,
)
from glmbench.providers.timeouts import TimeoutOption, Timeouts, parse_timeouts
from glmbench.wire.chatglm import ChatGlmDecoder
from glmbench.wire.chatglm_errors import error_from_body

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Mapping

    import aiohttp

    from glmbench.parts import Part

# What the last public client of this endpoint sent (g4f 0.5.3.2).
_HEADERS = {
    "Accept": "text/event-stream",
    "Accept-Language": "en-US,en;q=0.9",
    "App-Name": "chatglm",
    "Authorization": "undefined",
    "Content-Type": "application/json",
    "Origin": "https://chatglm.cn",
    "User-Agent": (
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 "
        "(KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36"
    ),
    "X-App-Platform": "pc",
    "X-App-Version": "0.0.1",
}


class ChatGLM(AsyncGeneratorProvider, ProviderModelMixin):
    """The guest stream of chatglm.cn.

    The service reads one message only and has no system role: a history is flattened into one
    user text. `conversation_id` goes on with a conversation that the service gave an id to.
    """

    url: ClassVar[str] = "https://chatglm.cn"
    api_endpoint: ClassVar[str] = "https://chatglm.cn/chatglm/mainchat-api/guest/stream"
    working: ClassVar[bool] = True
    supports_stream: ClassVar[bool] = True
    supports_system_message: ClassVar[bool] = False
    supports_message_history: ClassVar[bool] = False
    refuses_unknown_options: ClassVar[bool] = True
    default_model: ClassVar[str] = "glm-4"
    models: ClassVar[list[str]] = ["glm-4"]

    @classmethod
    def create_async_generator(
        cls,
        model: str,
        messages: Messages,
        proxy: str | None = None,
        *,
        timeout: TimeoutOption = None,
        headers: Mapping[str, str] | None = None,
        api_endpoint: str | None = None,
        assistant_id: str = "65940acff94777010aa6b796",
        conversation_id: str = "",
        connector: aiohttp.BaseConnector | None = None,
        **unknown: Any,
    ) -> AsyncGenerator[Part, None]:
        """Ask, and return the parts of the answer as they come.

        What cannot work raises UsageError here, not at the first part. `timeout` is seconds in
        all, or a mapping with any of connect, first_byte, idle and total. `headers` are added
        to those of the request or replace them. `connector` is used and left open.
        """
        if unknown:
            raise _unknown_option(cls, next(iter(unknown)))
        cls.get_model(model)  # the model is checked but not sent: the assistant stands for it
        return cls._stream(
            api_endpoint or cls.api_endpoint,
            json=_body(flatten_messages(messages), assistant_id, conversation_id),
            headers=_merged_headers(headers),
            timeouts=parse_timeouts(timeout),
            proxy=check_proxy(proxy),
            connector=connector,
        )

    @classmethod
    async def _stream(
        cls,
        url: str,
        *,
        json: dict[str, Any],
        headers: dict[str, str],
        timeouts: Timeouts,
        proxy: str | None,
        connector: aiohttp.BaseConnector | None,
    ) -> AsyncGenerator[Part, None]:
        decoder = ChatGlmDecoder()
        response: aiohttp.ClientResponse | None = None
        try:
            async with open_exchange(
                url, json=json, headers=headers, timeouts=timeouts, proxy=proxy, connector=connector
            ) as (exchange, response):
                if not _is_event_stream(response):
                    body = await read_error_body(response)
                    raise error_from_body(response.status, response.content_type, body)
                answer = AnswerBody(exchange, response, decoder)
                while (parts := await answer.next_parts()) is not None:
                    for part in parts:
                        yield part
        except ProviderError as error:
            _complete(error, cls.__name__, response, decoder)
            raise


def _is_event_stream(response: aiohttp.ClientResponse) -> bool:
    return 200 <= response.status < 300 and response.content_type == "text/event-stream"


def _body(text: str, assistant_id: str, conversation_id: str) -> dict[str, Any]:
    return {
        "assistant_id": assistant_id,
        "conversation_id": conversation_id,
        "meta_data": {
            "if_plus_model": False,
            "is_test": False,
            "input_question_type": "xxxx",
            "channel": "",
            "draft_id": "",
            "quote_log_id": "",
            "platform": "pc",
        },
        "messages": [{"role": "user", "content": [{"type": "text", "text": text}]}],
    }


def _merged_headers(headers: Mapping[str, str] | None) -> dict[str, str]:
    headers = headers or {}
    for name, value in headers.items():
        if not all(isinstance(text, str) for text in (name, value)):
            raise UsageError(f"headers must map names to strings, and {name!r} does not")
        if any(mark in name + value for mark in "\r\n\0"):
            raise UsageError(f"header {name!r} must not hold a line break")
    own = {**_HEADERS, "X-Device-Id": uuid.uuid4().hex}
    replaced = {name.lower() for name in headers}
    kept = {name: value for name, value in own.items() if name.lower() not in replaced}
    return {**kept, **headers}


def _unknown_option(provider: type[ChatGLM], name: str) -> UsageError:
    known = list(provider.get_parameters())
    return UsageError(
        f'{provider.__name__} has no option "{name}"{suggestion(name, known)}; '
        f"it has: {', '.join(known)}"
    )


def _complete(
    error: ProviderError,
    provider: str,
    response: aiohttp.ClientResponse | None,
    decoder: ChatGlmDecoder,
) -> None:
    """Add to an error what only the exchange knows."""
    error.provider = provider
    if isinstance(error, IncompleteStreamError):
        error.text = decoder.text
    if response is not None:
        headers = response.headers
        error.status = response.status if error.status is None else error.status
        error.request_id = error.request_id or headers.get("X-Request-Id")
        error.retry_after = _seconds(headers.get("Retry-After"), headers.get("Date"))


def _seconds(retry_after: str | None, date: str | None) -> float | None:
    """Return Retry-After in seconds; a date there counts from the response's own Date."""
    if retry_after is None:
        return None
    if retry_after.isascii() and retry_after.isdecimal():
        return float(retry_after)
    try:
        until = parsedate_to_datetime(retry_after) - parsedate_to_datetime(date or "")
    except (TypeError, ValueError):
        return None
    return max(0.0, until.total_seconds())
