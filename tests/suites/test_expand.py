from __future__ import annotations

from pathlib import Path
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from glmbench.suites.expand import encoded_model, expand, find_collisions
from glmbench.suites.model import Case, CassetteSettings, Message, ProviderSpec, Suite


def case(case_id, model=None):
    return Case(id=case_id, messages=(Message(role="user", content="hi"),), model=model)


def suite(*cases):
    return Suite(
        version=1,
        name="s",
        path=Path("prompts/s.yaml"),
        provider=ProviderSpec(name="chatglm"),
        cassettes=CassetteSettings(dir="cassettes/s"),
        cases=cases,
    )


def test_trials_come_in_suite_order_with_repeats_together():
    trials = expand(suite(case("b"), case("a", "glm-4-plus")), "glm-4", repeat=2)
    assert [(trial.case.id, trial.model, trial.repeat, trial.cassette) for trial in trials] == [
        ("b", "glm-4", 1, "b@glm-4@1.yaml"),
        ("b", "glm-4", 2, "b@glm-4@2.yaml"),
        ("a", "glm-4-plus", 1, "a@glm-4-plus@1.yaml"),
        ("a", "glm-4-plus", 2, "a@glm-4-plus@2.yaml"),
    ]


@pytest.mark.parametrize(
    ("model", "encoded"),
    [
        ("glm-4.5_x", "glm-4.5_x"),
        ("org/model:latest", "org%2Fmodel%3Alatest"),
        ("a@b%c~d e", "a%40b%25c%7Ed%20e"),
        ("智谱", "%E6%99%BA%E8%B0%B1"),
    ],
)
def test_what_a_file_name_may_not_hold_is_percent_encoded_utf_8(model, encoded):
    assert encoded_model(model) == encoded


@given(st.text(st.characters(codec="utf-8")))
def test_an_encoded_model_is_safe_and_can_be_read_back(model):
    encoded = encoded_model(model)
    assert encoded.isascii()
    assert not set(encoded) & set("/\\@: ")
    assert unquote(encoded) == model


@given(
    st.lists(
        st.tuples(st.from_regex(r"[a-c][a-c._-]?", fullmatch=True), st.text("a@/%1")),
        unique=True,
        max_size=5,
    )
)
def test_different_trials_never_share_a_file_name(pairs):
    trials = expand(
        suite(*(case(case_id, model or None) for case_id, model in pairs)), "m", repeat=2
    )
    named = {(trial.case.id, trial.model, trial.repeat): trial.cassette for trial in trials}
    assert len(set(named.values())) == len(named)


def test_file_names_that_differ_only_in_case_collide():
    trials = expand(suite(case("a"), case("b"), case("A"), case("a", "GLM-4")), "glm-4")
    assert [(one.cassette, other.cassette) for one, other in find_collisions(trials)] == [
        ("a@glm-4@1.yaml", "A@glm-4@1.yaml"),
        ("a@glm-4@1.yaml", "a@GLM-4@1.yaml"),
    ]


def test_repeats_of_a_case_do_not_collide():
    assert find_collisions(expand(suite(case("a")), "glm-4", repeat=12)) == []
