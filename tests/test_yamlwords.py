from __future__ import annotations

import math

import pytest

from glmbench.yamlwords import Fault, resolve, reword


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("", None),
        ("~", None),
        ("null", None),
        ("true", True),
        ("False", False),
        ("010", 10),
        ("0o17", 15),
        ("0x1F", 31),
        ("+12", 12),
        ("-0", 0),
        ("1.", 1.0),
        (".5", 0.5),
        ("1e3", 1000.0),
        ("-.inf", -math.inf),
    ],
)
def test_plain_scalars_have_the_types_of_the_core_schema(written, value):
    resolved = resolve(written)
    assert (resolved, type(resolved)) == (value, type(value))


def test_nan_is_a_float():
    assert math.isnan(resolve(".nan"))


@pytest.mark.parametrize(
    "written",
    [
        "on",
        "yes",
        "No",
        "y",
        "1:30",
        "2024-01-01",
        "1_000",
        "0b11",
        "0x",
        "-0x1",
        "+",
        ".",
        "1e",
        "nan",
        "tRue",
        "<<",
        "=",
        "１",
    ],
)
def test_what_yaml_1_1_or_python_would_convert_stays_text(written):
    assert resolve(written) == written


def test_an_error_without_words_of_ours_keeps_those_of_libyaml():
    assert reword("something new", "while musing", "x", 1) == Fault(
        message="not valid YAML: something new (while musing)"
    )
