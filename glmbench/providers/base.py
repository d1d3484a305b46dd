"""The shape of a provider, the same as g4f's, so that either side can use the other's classes."""

from __future__ import annotations

import asyncio
import contextvars
import inspect
from abc import ABC, abstractmethod
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing, closing
from typing import TYPE_CHECKING, Any, ClassVar

from glmbench.errors import ModelNotFoundError
from glmbench.problems import did_you_mean

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Iterable, Iterator

    from glmbench.messages import Messages
    from glmbench.parts import Part

_NOT_OPTIONS = frozenset({"cls", "self", "model", "messages"})


class AsyncGeneratorProvider(ABC):
    """A service that answers messages with a stream of parts.

    A stream is text and parts, then exactly one FinishReason; or an exception, after the text
    that came.
    """

    # True when create_async_generator takes **kwargs only to refuse them with a better message.
    refuses_unknown_options: ClassVar[bool] = False

    @classmethod
    @abstractmethod
    def create_async_generator(
        cls, model: str, messages: Messages, proxy: str | None = None, **kwargs: Any
    ) -> AsyncGenerator[Part, None]:
        """Ask, and yield the answer as it comes. Closing the generator closes the connection."""

    @classmethod
    async def create_async(cls, model: str, messages: Messages, **kwargs: Any) -> str:
        """Return the whole answer as text."""
        async with aclosing(cls.create_async_generator(model, messages, **kwargs)) as parts:
            return "".join([str(part) async for part in parts])

    @classmethod
    def create_completion(
        cls,
        model: str,
        messages: Messages,
        stream: bool = True,  # noqa: FBT001, FBT002 -- as g4f has it
        **kwargs: Any,
    ) -> Iterator[Part]:
        """Iterate over the answer without async code.

        With `stream=False` the whole text comes first, as one `str`, and then the other parts.

        The stream has a private event loop, which runs only while the next part is asked for:
        in this thread, or in a worker thread where this one runs a loop already, which then
        stands still. Context variables of the caller hold in both.
        """
        parts = _iterate(cls.create_async_generator(model, messages, **kwargs))
        return parts if stream else _gathered(parts)

    @classmethod
    def get_parameters(cls) -> dict[str, Any]:
        """Return the options of create_async_generator with their defaults."""
        return {
            parameter.name: parameter.default
            for parameter in inspect.signature(cls.create_async_generator).parameters.values()
            if parameter.name not in _NOT_OPTIONS
            and parameter.default is not inspect.Parameter.empty
        }


class ProviderModelMixin:
    """The models that a provider has."""

    default_model: ClassVar[str] = ""
    models: ClassVar[list[str]] = []
    model_aliases: ClassVar[dict[str, str]] = {}

    @classmethod
    def get_models(cls) -> list[str]:
        return list(cls.models or ([cls.default_model] if cls.default_model else []))

    @classmethod
    def get_model(cls, model: str | None) -> str:
        """Return the service's own name of a model; "" or None is the default one."""
        if not model:
            return cls.default_model
        model = cls.model_aliases.get(model, model)
        models = cls.get_models()
        if models and model not in models:
            known = sorted({*models, *cls.model_aliases})
            raise ModelNotFoundError(
                f'{cls.__name__} has no model "{model}"{suggestion(model, known)}; '
                f"it has: {', '.join(known)}"
            )
        return model


def suggestion(word: str, known: Iterable[str]) -> str:
    """Return ` (did you mean "x"?)` when a known word is near, else nothing."""
    hint = did_you_mean(word, known)
    return f" ({hint})" if hint else ""


def _gathered(parts: Iterator[Part]) -> Iterator[Part]:
    whole = list(parts)
    text = "".join(part for part in whole if isinstance(part, str))
    if text:
        yield text
    yield from (part for part in whole if not isinstance(part, str))


def _iterate(parts: AsyncGenerator[Part, None]) -> Iterator[Part]:
    # A factory keeps the Runner from setting, and later unsetting, this thread's event loop.
    runner = asyncio.Runner(loop_factory=asyncio.new_event_loop)
    with runner, closing(_Steps(runner)) as steps:
        try:
            while True:
                try:
                    part = steps.run(parts.__anext__)
                except StopAsyncIteration:
                    return
                yield part
        finally:
            steps.run(parts.aclose)


class _Steps:
    """Run coroutines one by one on a private loop, wherever a loop may run."""

    def __init__(self, runner: asyncio.Runner) -> None:
        self._runner = runner
        self._context = contextvars.copy_context()
        self._thread = ThreadPoolExecutor(max_workers=1) if _loop_is_running() else None

    def run(self, step: Callable[[], Any]) -> Any:
        if self._thread is None:
            return self._run(step)
        return self._thread.submit(self._run, step).result()

    def _run(self, step: Callable[[], Any]) -> Any:
        async def awaited() -> Any:
            # Made on the loop: an async generator belongs to the loop that first steps it.
            return await step()

        return self._runner.run(awaited(), context=self._context)

    def close(self) -> None:
        if self._thread is not None:
            self._thread.submit(self._runner.close).result()
            self._thread.shutdown()


def _loop_is_running() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True
