"""Every kind of figures says where it comes from."""

from __future__ import annotations

from typing import get_args

import pytest

from glmbench.measure.observation import TimingSource
from glmbench.measure.tokens import TokenSource
from glmbench.report.sources import source_words, token_words
from glmbench.results.statistics import StatisticsGroup


def group(**changes):
    usual = {"source": "live", "origin": "live", "connection_reused": False, "token_source": None}
    return StatisticsGroup(**{**usual, "trials": 1, "failed": 0, "statistics": (), **changes})


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({}, "measured live"),
        ({"origin": "emulator"}, "measured on the emulator"),
        ({"connection_reused": True}, "measured live, reused connections"),
        ({"source": "recorded"}, "recorded, not measured now"),
        (
            {"source": "recorded", "origin": "emulator"},
            "recorded from the emulator, not measured now",
        ),
        ({"source": "edited"}, "of recordings in other chunks"),
        ({"source": "consumer", "origin": None}, "stamped where the provider yields"),
        ({"source": "none", "origin": None}, "without timing"),
    ],
)
def test_who_stamped_and_who_answered_is_said(changes, words):
    assert source_words(group(**changes)) == words


def test_no_two_sources_have_the_same_words():
    sources = get_args(TimingSource)
    assert len({source_words(group(source=source)) for source in sources}) == len(sources)


def test_every_count_of_tokens_says_whose_it_is():
    assert [token_words(group(token_source=source)) for source in get_args(TokenSource)] == [
        "the service's tokens",
        "tokens estimated",
        "no tokens",
    ]
