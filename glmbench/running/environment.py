"""Where a run happened: versions and platform, for the result file. No host name, no paths."""

from __future__ import annotations

import platform
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Any

from glmbench.about import __version__

_SHOWN_LIBRARIES = ("aiohttp", "vcrpy", "msgspec")


def describe_environment(**settings: Any) -> dict[str, Any]:
    """Return versions, platform and start time together with the run's settings."""
    return {
        "glmbench": __version__,
        "python": platform.python_version(),
        "platform": f"{platform.system()} {platform.machine()}",
        "libraries": {name: version(name) for name in _SHOWN_LIBRARIES},
        "started_at": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        **settings,
    }
