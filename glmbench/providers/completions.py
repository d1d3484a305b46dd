"""Chat completions, of the GLM API and of any OpenAI-style server: request and answer.

Both classes are neighbours that use the same functions: they differ in what they ask of a
caller, not in what they do with it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from glmbench.errors import AuthError, UsageError
from glmbench.providers.answer import stream_answer
from glmbench.providers.base import AsyncGeneratorProvider, ProviderModelMixin
from glmbench.providers.completions_request import body, endpoint, history
from glmbench.providers.credentials import find_api_key, has_credentials
from glmbench.providers.options import merged_headers, refuse_unknown
from glmbench.providers.proxies import check_proxy
from glmbench.providers.timeouts import TimeoutOption, parse_timeouts
from glmbench.wire.completions import ChatCompletionsDecoder
from glmbench.wire.completions_errors import error_from_body

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Mapping, Sequence

    import aiohttp

    from glmbench.messages import Messages
    from glmbench.parts import Part
    from glmbench.providers.http import SslOption


class ChatCompletions(AsyncGeneratorProvider, ProviderModelMixin):
    """Any endpoint of OpenAI's shape: vLLM, SGLang, Ollama, llama.cpp, OpenAI itself.

    Any model name is accepted. Servers that need no key get none.
    """

    working: ClassVar[bool] = True
    supports_stream: ClassVar[bool] = True
    supports_system_message: ClassVar[bool] = True
    supports_message_history: ClassVar[bool] = True
    refuses_unknown_options: ClassVar[bool] = True
    base_url: ClassVar[str] = ""
    api_key_variables: ClassVar[tuple[str, ...]] = ("OPENAI_API_KEY",)

    @classmethod
    def get_model(cls, model: str | None) -> str:
        """Return the model's name as it is sent; only the service knows which it has."""
        return _model(cls, model)

    @classmethod
    def create_async_generator(
        cls,
        model: str,
        messages: Messages,
        proxy: str | None = None,
        *,
        api_key: str | None = None,
        base_url: str | None = None,
        timeout: TimeoutOption = None,
        headers: Mapping[str, str] | None = None,
        connector: aiohttp.BaseConnector | None = None,
        session: aiohttp.ClientSession | None = None,
        ssl: SslOption = True,
        trust_env: bool = False,
        extra_body: Mapping[str, Any] | None = None,
        stream_options: Mapping[str, Any] | None = None,
        temperature: float | None = None,
        top_p: float | None = None,
        max_tokens: int | None = None,
        stop: str | Sequence[str] | None = None,
        seed: int | None = None,
        n: int | None = None,
        tools: Sequence[Mapping[str, Any]] | None = None,
        tool_choice: str | Mapping[str, Any] | None = None,
        response_format: Mapping[str, Any] | None = None,
        **unknown: Any,
    ) -> AsyncGenerator[Part, None]:
        """Ask, and return the parts of the answer as they come.

        What cannot work raises UsageError here, not at the first part. `base_url` is what
        stands before `/chat/completions`. `api_key` is taken from OPENAI_API_KEY when it is
        None, and "" sends none. Options that are None are not sent; `extra_body` is merged into
        the body over all others. Token counts come unasked from some servers only:
        `stream_options={"include_usage": True}` asks the others.
        """
        refuse_unknown(cls, unknown)
        return stream_answer(
            cls.__name__,
            decoder=ChatCompletionsDecoder(),
            error_from_body=error_from_body,
            headers=_headers(find_api_key(api_key, cls.api_key_variables), headers),
            url=endpoint(cls.__name__, base_url or cls.base_url),
            json=body(
                {
                    "model": cls.get_model(model),
                    "messages": history(messages),
                    "stream": True,
                    "stream_options": stream_options,
                    "temperature": temperature,
                    "top_p": top_p,
                    "max_tokens": max_tokens,
                    "stop": stop,
                    "seed": seed,
                    "n": n,
                    "tools": tools,
                    "tool_choice": tool_choice,
                    "response_format": response_format,
                },
                extra_body,
            ),
            timeouts=parse_timeouts(timeout),
            proxy=check_proxy(proxy),
            connector=connector,
            session=session,
            ssl=ssl,
            trust_env=trust_env,
        )


class GLM(AsyncGeneratorProvider, ProviderModelMixin):
    """The documented GLM API of open.bigmodel.cn; `base_url=` for api.z.ai.

    Any model name is accepted; `models` are examples.
    """

    url: ClassVar[str] = "https://open.bigmodel.cn"
    working: ClassVar[bool] = True
    needs_auth: ClassVar[bool] = True
    supports_stream: ClassVar[bool] = True
    supports_system_message: ClassVar[bool] = True
    supports_message_history: ClassVar[bool] = True
    refuses_unknown_options: ClassVar[bool] = True
    # Outside of China: https://api.z.ai/api/paas/v4
    base_url: ClassVar[str] = "https://open.bigmodel.cn/api/paas/v4"
    api_key_variables: ClassVar[tuple[str, ...]] = ("ZHIPUAI_API_KEY", "ZAI_API_KEY")
    default_model: ClassVar[str] = "glm-4.5"
    models: ClassVar[list[str]] = ["glm-4.5", "glm-4.5-air", "glm-4.5-flash", "glm-4.6"]

    @classmethod
    def get_model(cls, model: str | None) -> str:
        """Return the model's name as it is sent; only the service knows which it has."""
        return _model(cls, model)

    @classmethod
    def create_async_generator(
        cls,
        model: str,
        messages: Messages,
        proxy: str | None = None,
        *,
        api_key: str | None = None,
        base_url: str | None = None,
        timeout: TimeoutOption = None,
        headers: Mapping[str, str] | None = None,
        connector: aiohttp.BaseConnector | None = None,
        session: aiohttp.ClientSession | None = None,
        ssl: SslOption = True,
        trust_env: bool = False,
        extra_body: Mapping[str, Any] | None = None,
        stream_options: Mapping[str, Any] | None = None,
        temperature: float | None = None,
        top_p: float | None = None,
        max_tokens: int | None = None,
        stop: str | Sequence[str] | None = None,
        n: int | None = None,
        tools: Sequence[Mapping[str, Any]] | None = None,
        tool_choice: str | Mapping[str, Any] | None = None,
        response_format: Mapping[str, Any] | None = None,
        thinking: Mapping[str, Any] | None = None,
        do_sample: bool | None = None,
        request_id: str | None = None,
        user_id: str | None = None,
        **unknown: Any,
    ) -> AsyncGenerator[Part, None]:
        """Ask, and return the parts of the answer as they come.

        What cannot work raises here, not at the first part: UsageError, and AuthError without a
        key. `base_url` is what stands before `/chat/completions`. `api_key` is taken from
        ZHIPUAI_API_KEY or ZAI_API_KEY when it is None, and sent as it is. Options that are None
        are not sent; `extra_body` is merged into the body over all others.
        """
        refuse_unknown(cls, unknown)
        sent = _headers(find_api_key(api_key, cls.api_key_variables), headers)
        if not has_credentials(sent):
            variables = " or ".join(cls.api_key_variables)
            raise AuthError(f"no API key: set {variables}, or pass api_key=", provider=cls.__name__)
        return stream_answer(
            cls.__name__,
            decoder=ChatCompletionsDecoder(),
            error_from_body=error_from_body,
            headers=sent,
            url=endpoint(cls.__name__, base_url or cls.base_url),
            json=body(
                {
                    "model": cls.get_model(model),
                    "messages": history(messages),
                    "stream": True,
                    "stream_options": stream_options,
                    "temperature": temperature,
                    "top_p": top_p,
                    "max_tokens": max_tokens,
                    "stop": [stop] if isinstance(stop, str) else stop,
                    "n": n,
                    "tools": tools,
                    "tool_choice": tool_choice,
                    "response_format": response_format,
                    "thinking": thinking,
                    "do_sample": do_sample,
                    "request_id": request_id,
                    "user_id": user_id,
                },
                extra_body,
            ),
            timeouts=parse_timeouts(timeout),
            proxy=check_proxy(proxy),
            connector=connector,
            session=session,
            ssl=ssl,
            trust_env=trust_env,
        )


def _headers(api_key: str | None, headers: Mapping[str, str] | None) -> dict[str, str]:
    own = {"Accept": "text/event-stream", "Content-Type": "application/json"}
    if api_key is not None:
        own["Authorization"] = f"Bearer {api_key}"
    return merged_headers(own, headers)


def _model(provider: type[ProviderModelMixin], model: str | None) -> str:
    model = model or provider.default_model
    if not model:
        raise UsageError(f"{provider.__name__} has no default model: name one")
    return provider.model_aliases.get(model, model)
