# ruff: noqa: E501 -- messages stand on one line as they are shown
from __future__ import annotations

import math
import re

import pytest

from glmbench.errors import UsageError
from glmbench.providers.timeouts import Timeouts, parse_timeouts


@pytest.mark.parametrize(
    ("option", "timeouts"),
    [
        (None, Timeouts(connect=10, first_byte=120, idle=120, total=900)),
        (30, Timeouts(total=30)),
        (0.5, Timeouts(total=0.5)),
        ({"idle": 5, "total": None}, Timeouts(idle=5, total=None)),
        (Timeouts(connect=1), Timeouts(connect=1)),
    ],
)
def test_a_timeout_is_seconds_in_all_or_a_mapping(option, timeouts):
    assert parse_timeouts(option) == timeouts


@pytest.mark.parametrize(
    ("option", "sentence"),
    [
        (0, "timeout total must be seconds above 0, not 0"),
        (True, "timeout total must be seconds above 0, not True"),
        ("5", "timeout total must be seconds above 0, not '5'"),
        (math.nan, "timeout total must be seconds above 0, not nan"),
        ({"idle": -1}, "timeout idle must be seconds above 0, not -1"),
        (
            {"conect": 1},
            'timeout has no "conect" (did you mean "connect"?); it has: connect, first_byte, idle, total',
        ),
    ],
)
def test_a_timeout_that_cannot_be_is_refused(option, sentence):
    with pytest.raises(UsageError, match=f"^{re.escape(sentence)}$"):
        parse_timeouts(option)
