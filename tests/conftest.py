"""For all tests: no network but loopback, and the way to a scripted server."""

from __future__ import annotations

import os
import sys

import pytest

# What a build server says of itself changes what a run prints; a test that wants it says so.
for name in ("CI", "GITHUB_ACTIONS", "GITHUB_STEP_SUMMARY", "NO_COLOR", "FORCE_COLOR"):
    os.environ.pop(name, None)

LOOPBACK = {"127.0.0.1", "::1", "localhost", ""}
_blocking = False


class NetworkUsedError(BaseException):
    """A test tried to leave this machine. A BaseException, so that no `except` hides it."""


def _audit(event, args):
    if not _blocking:
        return
    if event == "socket.connect":
        address = args[1]
        if isinstance(address, tuple) and address[0] not in LOOPBACK:
            raise NetworkUsedError(f"connect to {address}")
    elif event == "socket.getaddrinfo":
        host = args[0].decode() if isinstance(args[0], bytes) else args[0]
        if host not in LOOPBACK and host is not None:
            raise NetworkUsedError(f"look-up of {host}")


sys.addaudithook(_audit)


@pytest.fixture(autouse=True)
def _no_network():
    global _blocking
    _blocking = True
    yield
    _blocking = False
