"""chatglm.cn as a guest: the request, the checks of its response, the answer as parts."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any, ClassVar

from glmbench.messages import Messages, flatten_messages
from glmbench.providers.answer import stream_answer
from glmbench.providers.base import AsyncGeneratorProvider, ProviderModelMixin
from glmbench.providers.options import merged_headers, refuse_unknown
from glmbench.providers.proxies import check_proxy
from glmbench.providers.timeouts import TimeoutOption, parse_timeouts
from glmbench.wire.chatglm import ChatGlmDecoder
from glmbench.wire.chatglm_errors import error_from_body

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Mapping

    import aiohttp

    from glmbench.parts import Part
    from glmbench.providers.http import SslOption

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
        session: aiohttp.ClientSession | None = None,
        ssl: SslOption = True,
        trust_env: bool = False,
        **unknown: Any,
    ) -> AsyncGenerator[Part, None]:
        """Ask, and return the parts of the answer as they come.

        What cannot work raises UsageError here, not at the first part. `timeout` is seconds in
        all, or a mapping with any of connect, first_byte, idle and total. `headers` are added
        to those of the request or replace them. `connector` or `session` is used and left open.
        The environment's proxies are used with `trust_env` only.
        """
        refuse_unknown(cls, unknown)
        cls.get_model(model)  # the model is checked but not sent: the assistant stands for it
        return stream_answer(
            cls.__name__,
            decoder=ChatGlmDecoder(),
            error_from_body=error_from_body,
            url=api_endpoint or cls.api_endpoint,
            json=_body(flatten_messages(messages), assistant_id, conversation_id),
            headers=merged_headers({**_HEADERS, "X-Device-Id": uuid.uuid4().hex}, headers),
            timeouts=parse_timeouts(timeout),
            proxy=check_proxy(proxy),
            connector=connector,
            session=session,
            ssl=ssl,
            trust_env=trust_env,
        )


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
