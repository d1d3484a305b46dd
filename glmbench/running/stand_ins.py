"""Secrets as their placeholders in the environment, for as long as a replay lasts.

So a replay asks the same whether a secret is there or not, and CI needs none.
"""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

from glmbench.redaction.redactor import Secret

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def stand_in(names: tuple[str, ...]) -> Iterator[None]:
    """Let these variables be placeholders, set or not; of the whole process."""
    before = {name: os.environ.get(name) for name in names}
    os.environ.update({name: Secret(name=name, value="").placeholder for name in names})
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
