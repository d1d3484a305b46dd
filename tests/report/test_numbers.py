"""Every rule of number to text."""

from __future__ import annotations

import pytest

from glmbench.report.numbers import count, duration, rate


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (None, "-"),
        (0.0, "0.00 ms"),
        (0.000123, "0.12 ms"),
        (0.0015, "1.5 ms"),
        (0.0123, "12 ms"),
        (0.412, "412 ms"),
        (0.9994, "999 ms"),
        (0.9996, "1.00 s"),
        (1.236, "1.24 s"),
        (9.99, "9.99 s"),
        (9.996, "10.0 s"),
        (45.67, "45.7 s"),
        (99.96, "1:40 min"),
        (125, "2:05 min"),
        (3599.9, "60:00 min"),
    ],
)
def test_durations_show_three_digits_that_matter(seconds, text):
    assert duration(seconds) == text


@pytest.mark.parametrize(
    ("per_second", "text"),
    [
        (None, "-"),
        (0.0, "0.00"),
        (1.914, "1.91"),
        (12.66, "12.7"),
        (999.94, "999.9"),
        (1234.5, "1234"),
    ],
)
def test_rates_show_what_matters(per_second, text):
    assert rate(per_second) == text


@pytest.mark.parametrize(("number", "text"), [(0, "0 trials"), (1, "1 trial"), (2, "2 trials")])
def test_nouns_agree_with_their_number(number, text):
    assert count(number, "trial") == text
