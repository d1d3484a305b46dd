"""Recorded-replay testing and evaluation of streaming chat providers.

Names are loaded when they are first used, so that `import glmbench.wire.sse` pulls in neither
aiohttp nor vcrpy.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from glmbench.about import __version__

if TYPE_CHECKING:
    from glmbench.cassettes.context import use_cassette as use_cassette
    from glmbench.cassettes.virtual_time import run as run_virtual  # noqa: F401 -- exported
    from glmbench.parts import Conversation as Conversation
    from glmbench.parts import FinishReason as FinishReason
    from glmbench.parts import ImageResponse as ImageResponse
    from glmbench.parts import Reasoning as Reasoning
    from glmbench.parts import Sources as Sources
    from glmbench.parts import ToolCalls as ToolCalls
    from glmbench.parts import Usage as Usage
    from glmbench.providers.chatglm import ChatGLM as ChatGLM
    from glmbench.providers.completions import GLM as GLM
    from glmbench.providers.completions import ChatCompletions as ChatCompletions

_HOME = {
    "GLM": ("glmbench.providers.completions", "GLM"),
    "ChatCompletions": ("glmbench.providers.completions", "ChatCompletions"),
    "ChatGLM": ("glmbench.providers.chatglm", "ChatGLM"),
    "Conversation": ("glmbench.parts", "Conversation"),
    "FinishReason": ("glmbench.parts", "FinishReason"),
    "ImageResponse": ("glmbench.parts", "ImageResponse"),
    "Reasoning": ("glmbench.parts", "Reasoning"),
    "Sources": ("glmbench.parts", "Sources"),
    "ToolCalls": ("glmbench.parts", "ToolCalls"),
    "Usage": ("glmbench.parts", "Usage"),
    "run_virtual": ("glmbench.cassettes.virtual_time", "run"),
    "use_cassette": ("glmbench.cassettes.context", "use_cassette"),
}

__all__ = [  # noqa: PLE0604 -- the table above is the list; a test compares it with the docs
    *sorted(_HOME),
    "__version__",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module, attribute = _HOME[name]
    return getattr(import_module(module), attribute)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
