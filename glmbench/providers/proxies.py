"""Proxies: which can be spoken to, and SOCKS through the optional aiohttp-socks."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from glmbench.errors import ConnectFailedError, UsageError

if TYPE_CHECKING:
    import asyncio

    import aiohttp
    from aiohttp.client import ClientTimeout
    from aiohttp.client_proto import ResponseHandler

_HTTP = frozenset({"http", "https"})
_SOCKS = frozenset({"socks4", "socks5", "socks5h"})


def check_proxy(proxy: str | None) -> str | None:
    """Return a proxy that can be spoken to, or None for none.

    Raises:
        UsageError: it has no scheme or no host, the scheme is unknown, or it is a SOCKS proxy and
            the optional package is not installed.
    """
    if not proxy:
        return None
    scheme, separator, rest = proxy.partition("://")
    scheme = scheme.lower()
    shown = _without_login(proxy)
    if not separator:
        raise UsageError(f'proxy "{shown}" has no scheme: write "http://..." or "socks5://..."')
    if scheme not in _HTTP | _SOCKS:
        known = ", ".join(sorted(_HTTP | _SOCKS))
        raise UsageError(f'proxy "{shown}" has an unknown scheme; known are {known}')
    if not rest.rpartition("@")[2].strip("/"):
        raise UsageError(f'proxy "{shown}" must look like "{scheme}://host:port"')
    if scheme in _SOCKS:
        _require_socks()
    return proxy


def is_socks(proxy: str | None) -> bool:
    """Tell whether a checked proxy speaks SOCKS; aiohttp by itself would speak HTTP to it."""
    return proxy is not None and proxy.partition("://")[0].lower() in _SOCKS


def _without_login(address: str) -> str:
    scheme, separator, rest = address.rpartition("://")
    return f"{scheme}{separator}{rest.rpartition('@')[2]}"


def _require_socks() -> Any:
    try:
        import aiohttp_socks
    except ImportError:
        raise UsageError(
            'SOCKS proxies need an optional package: pip install "glmbench[socks]"'
        ) from None
    return aiohttp_socks


def socks_connector(proxy: str) -> aiohttp.BaseConnector:
    """Make a connector that goes through a SOCKS proxy; to be made and closed on the loop.

    `socks5h` leaves the look-up of host names to the proxy, `socks4` and `socks5` do it here.
    """
    from yarl import URL

    aiohttp_socks = _require_socks()
    url = URL(proxy)
    kinds = aiohttp_socks.ProxyType
    connector: aiohttp.BaseConnector = _connector_class(aiohttp_socks)(
        host=url.host or "",
        port=url.port or 1080,
        proxy_type=kinds.SOCKS4 if url.scheme == "socks4" else kinds.SOCKS5,
        username=url.user,
        password=url.password,
        rdns=url.scheme == "socks5h",
        limit=0,
        timeout_ceil_threshold=math.inf,
    )
    return connector


def _connector_class(aiohttp_socks: Any) -> Any:
    import python_socks
    from python_socks.async_.asyncio import Proxy

    class SocksConnector(aiohttp_socks.ProxyConnector):  # type: ignore[misc]
        """aiohttp-socks' connector, but with connections from aiohttp's own factory.

        It makes a protocol of its own, which a cassette could not record.
        """

        async def _wrap_create_connection(
            self,
            *factory: Any,
            addr_infos: Any,
            timeout: ClientTimeout,
            req: object,  # noqa: ARG002 -- aiohttp's call
            client_error: object = None,  # noqa: ARG002 -- aiohttp's call
            **tls: Any,
        ) -> tuple[asyncio.Transport, ResponseHandler]:
            host, port = addr_infos[0][4][:2]
            proxy = Proxy(
                proxy_type=self._proxy_type,
                host=self._proxy_host,
                port=self._proxy_port,
                username=self._proxy_username,
                password=self._proxy_password,
                rdns=self._rdns,
            )
            try:
                sock = await proxy.connect(host, port, timeout=timeout.connect)
            except python_socks.ProxyTimeoutError as error:
                raise TimeoutError from error
            except (python_socks.ProxyError, python_socks.ProxyConnectionError) as error:
                raise ConnectFailedError(f"the proxy refused: {error}") from error
            made: tuple[asyncio.Transport, ResponseHandler] = await self._loop.create_connection(
                *factory, **tls, sock=sock
            )
            return made

    return SocksConnector
