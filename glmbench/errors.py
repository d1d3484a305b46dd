"""The exceptions of glmbench, by whose fault they are.

GlmbenchError
├── SuiteError                   the suite or configuration: nothing was run
├── UsageError                   the caller of an API passed something that cannot work
│   └── ModelNotFoundError
├── CassetteError                the recording; no provider may mistake it for its own trouble
│   ├── CassetteMissError        nothing recorded for this request
│   ├── CassetteStaleError       recorded, but the request differs
│   ├── CassetteDamagedError     the file cannot be trusted
│   ├── RecordingEndsError       the consumer reads on where the recorded one stopped
│   └── NetworkBlockedError      a connection was tried in replay, outside any tape
├── VirtualTimeError             the virtual clock cannot go on
├── DeadlineExceededError        a case's own time limit passed
└── ProviderError                the service, or the way to it
    ├── AuthError                no or bad credentials, a refused signature
    ├── RateLimitedError         too fast, or one at a time
    ├── QuotaExceededError       spent: waiting does not help
    ├── ContentRefusedError      the request itself was refused by moderation
    ├── BadRequestError          the service did not understand the request
    ├── ServerFailedError        5xx, overload, an in-band error
    ├── IncompleteStreamError    the stream ended without its terminal signal
    ├── EmptyAnswerError         no bytes, or a normal end with nothing in it
    ├── ProtocolError            bytes that break the format
    ├── ProviderTimeoutError     connect, first byte, idle or total
    └── ConnectFailedError       DNS, refused, TLS, proxy

No class here derives from OSError, TimeoutError or an aiohttp class, so that code which
swallows those does not swallow a missing cassette with them.
"""

from __future__ import annotations


class GlmbenchError(Exception):
    """Root of everything that glmbench raises on purpose."""


class SuiteError(GlmbenchError):
    """A suite or its configuration is invalid; the message lists every problem, one per line."""


class UsageError(GlmbenchError, ValueError):
    """An argument cannot work, whatever the service answers."""


class ModelNotFoundError(UsageError):
    """The provider does not have this model; the message names those it has."""


class CassetteError(GlmbenchError):
    """Root of what can be wrong with a recording."""


class CassetteMissError(CassetteError):
    """Nothing is recorded for this request, or it was played already."""


class CassetteStaleError(CassetteError):
    """The same method and URL are recorded, but with another request body."""


class CassetteDamagedError(CassetteError):
    """The cassette cannot be read, or its body does not fit its stream track."""


class RecordingEndsError(CassetteError):
    """The consumer reads on after the point where the recorded consumer walked away."""


class NetworkBlockedError(CassetteError):
    """Something tried to reach the network while replaying."""


class VirtualTimeError(GlmbenchError):
    """Nothing can happen any more on the virtual clock, or it ran away."""


class DeadlineExceededError(GlmbenchError):
    """The `timeout` of a case passed and its provider was stopped."""


class ProviderError(GlmbenchError):
    """Root of what a service, or the way to it, can do wrong.

    Every field is None where the wire did not say; `retry_after` is in seconds.
    """

    def __init__(
        self,
        message: str = "",
        *,
        provider: str | None = None,
        status: int | None = None,
        code: str | None = None,
        request_id: str | None = None,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.provider = provider
        self.status = status
        self.code = code
        self.request_id = request_id
        self.retry_after = retry_after

    def __str__(self) -> str:
        details = [
            f"HTTP {self.status}" if self.status is not None else "",
            f"code {self.code}" if self.code is not None else "",
            f"request {self.request_id}" if self.request_id is not None else "",
        ]
        where = ", ".join(detail for detail in details if detail)
        head = f"{self.provider}: " if self.provider else ""
        return f"{head}{self.message or type(self).__name__}" + (f" ({where})" if where else "")


class AuthError(ProviderError):
    """No or bad credentials, a refused signature, a bot wall."""


class RateLimitedError(ProviderError):
    """Too fast, or one at a time; `retry_after` when the service said."""


class QuotaExceededError(ProviderError):
    """The allowance is spent: waiting does not help."""


class ContentRefusedError(ProviderError):
    """The request itself was refused by moderation."""


class BadRequestError(ProviderError):
    """The service did not understand the request."""


class ServerFailedError(ProviderError):
    """5xx, overload, or an error inside the stream."""


class IncompleteStreamError(ProviderError):
    """The stream ended without its terminal signal; `text` keeps what came."""

    text: str = ""


class EmptyAnswerError(ProviderError):
    """The answer has no bytes, or it ended normally with nothing in it."""


class ProtocolError(ProviderError):
    """Bytes that break the format; `offset` counts body bytes from its start, where known."""

    offset: int | None = None


class ProviderTimeoutError(ProviderError):
    """A time limit passed; `phase` is connect, first_byte, idle or total."""

    phase: str | None = None


class ConnectFailedError(ProviderError):
    """No connection: DNS, refused, TLS, proxy."""


def short_name(class_name: str) -> str:
    """Name an exception as suites do: one of ours without its `Error`, any other as it is."""
    ours = isinstance(globals().get(class_name), type)
    return class_name.removesuffix("Error") if ours else class_name
