"""Names of providers to classes: the built-in ones, and `package.module:Class` from elsewhere."""

from __future__ import annotations

import inspect
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from glmbench.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

_BUILT_IN = {
    "chatglm": ("glmbench.providers.chatglm", "ChatGLM"),
    "completions": ("glmbench.providers.completions", "ChatCompletions"),
    "glm": ("glmbench.providers.completions", "GLM"),
}


def resolve(name: str) -> type:
    """Return the built-in provider of this name."""
    if name not in _BUILT_IN:
        from glmbench.providers.base import suggestion

        raise UsageError(
            f'no provider is called "{name}"{suggestion(name, _BUILT_IN)}; '
            f"built in: {', '.join(sorted(_BUILT_IN))}; "
            'a class of your own is named as "package.module:Class"'
        )
    module, attribute = _BUILT_IN[name]
    return getattr(_load(module), attribute)  # type: ignore[no-any-return]


def import_provider(path: str) -> type:
    """Import `package.module:Class`, also from the current folder."""
    module, attribute = _import(path, "a provider", "package.module:Class")
    return _provider_class(module, attribute)


def import_function(path: str) -> Callable[..., Any]:
    """Import `package.module:function`, also from the current folder."""
    module, attribute = _import(path, "a check", "package.module:function")
    found = getattr(module, attribute, None)
    if not callable(found):
        from glmbench.providers.base import suggestion

        callables = [name for name, value in vars(module).items() if callable(value)]
        near = suggestion(attribute, callables)
        raise UsageError(f'module "{module.__name__}" has no function "{attribute}"{near}')
    return found  # type: ignore[no-any-return]


def _import(path: str, what: str, form: str) -> tuple[ModuleType, str]:
    module_name, colon, attribute = path.partition(":")
    if not colon or not module_name or not attribute:
        raise UsageError(f'{what} is named as "{form}", not "{path}"')
    try:
        return _load_from_here(module_name), attribute
    except ModuleNotFoundError as error:
        missing = error.name or module_name
        if module_name == missing or module_name.startswith(f"{missing}."):
            raise UsageError(
                f'there is no module "{module_name}", neither installed nor in the current folder'
            ) from error
        raise UsageError(f'"{module_name}" needs the module "{missing}"') from error
    except Exception as error:  # the code of others may fail at import in any way at all
        raise UsageError(
            f'"{module_name}" cannot be imported: {type(error).__name__}: {error}'
        ) from error


def option_names(provider: type) -> frozenset[str] | None:
    """Return the options that create_async_generator takes; None if it takes any."""
    create: Any = provider.create_async_generator  # type: ignore[attr-defined]
    parameters = inspect.signature(create).parameters.values()
    takes_any = any(p.kind is inspect.Parameter.VAR_KEYWORD for p in parameters)
    if takes_any and not getattr(provider, "refuses_unknown_options", False):
        return None
    named = {inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY}
    return frozenset(p.name for p in parameters if p.kind in named) - {"model", "messages"}


def _provider_class(module: ModuleType, attribute: str) -> type:
    name = f"{module.__name__}:{attribute}"
    try:
        provider = getattr(module, attribute)
    except AttributeError:
        from glmbench.providers.base import suggestion

        classes = [name for name, value in vars(module).items() if callable(value)]
        raise UsageError(
            f'module "{module.__name__}" has no "{attribute}"{suggestion(attribute, classes)}'
        ) from None
    if inspect.isasyncgenfunction(provider):
        return _provider_of(provider)
    if not isinstance(provider, type):
        raise UsageError(f'"{name}" is neither a class nor an async function that yields')
    if not callable(getattr(provider, "create_async_generator", None)):
        raise UsageError(f'"{name}" has no create_async_generator, so it is not a provider')
    return provider


def _provider_of(function: Callable[..., Any]) -> type:
    """Make a provider of a function `(model, messages, **options)` that yields the answer."""
    members = {"create_async_generator": staticmethod(function), "default_model": "default"}
    return type(function.__name__, (), members)


def _load(module_name: str) -> ModuleType:
    from importlib import import_module

    return import_module(module_name)


def _load_from_here(module_name: str) -> ModuleType:
    here = str(Path.cwd())
    sys.path.insert(0, here)
    try:
        return _load(module_name)
    finally:
        sys.path.remove(here)
