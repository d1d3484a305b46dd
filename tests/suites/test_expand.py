from __future__ import annotations

from pathlib import Path
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from glmbench.suites.expand import (
    AS_WRITTEN,
    Choices,
    count_trials,
    encoded_model,
    fill_in,
    find_collisions,
    longest_axes,
    longest_name,
)
from glmbench.suites.expand import expand as expand_suite
from glmbench.suites.expect import Expect
from glmbench.suites.model import Case, CassetteSettings, ProviderSpec, Suite, Text, Turn

STOP = Expect(finish_reason=("stop",))


def case(case_id, model=None, *, prompt="hi", template=True, **changes):
    said = Text(prompt, ("cases", 0, "prompt"), template)
    turn = Turn(messages=(("user", said),), expect=STOP)
    return Case(id=case_id, turns=(turn,), model=model, **changes)


def suite(*cases, **changes):
    return Suite(
        version=1,
        name="s",
        path=Path("prompts/s.yaml"),
        provider=ProviderSpec(name="chatglm"),
        cassettes=CassetteSettings(dir="cassettes/s"),
        cases=cases,
        **changes,
    )


def expand(a_suite, default_model="glm-4", *, variables=None, choices=AS_WRITTEN, **chosen):
    choices = Choices(**chosen) if chosen else choices
    return expand_suite(a_suite, default_model, variables=variables or {}, choices=choices)


def trials_of(*args, **kwargs):
    expansion = expand(*args, **kwargs)
    assert expansion.problems == ()
    return expansion.trials


def prompts(trials):
    return {trial.id: trial.prompt for trial in trials}


def test_trials_come_in_suite_order_with_repeats_together():
    trials = trials_of(suite(case("b"), case("a", "glm-4-plus")), repeat=2)
    assert [(trial.case.id, trial.model, trial.repeat, trial.cassette) for trial in trials] == [
        ("b", "glm-4", 1, "b@glm-4@1.yaml"),
        ("b", "glm-4", 2, "b@glm-4@2.yaml"),
        ("a", "glm-4-plus", 1, "a@glm-4-plus@1.yaml"),
        ("a", "glm-4-plus", 2, "a@glm-4-plus@2.yaml"),
    ]


def test_the_command_line_goes_before_the_case():
    repeated = suite(case("a", repeat=3, min_pass=2, timeout=9.0))
    assert [(t.min_pass, t.timeout) for t in trials_of(repeated)] == [(2, 9.0)] * 3
    (once,) = trials_of(repeated, repeat=1, timeout=2.0)
    # How many must pass was said of three.
    assert (once.min_pass, once.timeout) == (None, 2.0)


def test_every_row_of_a_dataset_is_a_case_of_its_own():
    facts = case(
        "facts",
        prompt="{{ question }} in {{ language }}",
        vars={"language": "en"},
        rows=({"question": "{{ x }}"}, {"question": "why", "language": "zh"}),
    )
    assert prompts(trials_of(suite(facts))) == {
        # What a dataset holds is never a template.
        "facts.1@glm-4@1": "{{ x }} in en",
        "facts.2@glm-4@1": "why in zh",
    }


def test_axes_are_part_of_the_name_and_known_to_templates():
    matrix = {"model": ("m1", "org/m2"), "lang": ("zh", "en us")}
    trials = trials_of(suite(case("a", prompt="{{ lang }} {{ model }}"), matrix=matrix))
    assert prompts(trials) == {
        "a.lang-zh@m1@1": "zh m1",
        "a.lang-zh@org/m2@1": "zh org/m2",
        "a.lang-en%20us@m1@1": "en us m1",
        "a.lang-en%20us@org/m2@1": "en us org/m2",
    }
    assert trials[3].cassette == "a.lang-en%20us@org%2Fm2@1.yaml"


def test_a_case_with_a_model_of_its_own_is_not_multiplied_by_models():
    trials = trials_of(suite(case("a", "own"), matrix={"model": ("m1", "m2")}))
    assert [trial.model for trial in trials] == ["own"]


def test_values_of_the_command_line_go_before_all_others():
    shown = case("a", prompt="{{ x }}", vars={"x": 1}, rows=({"x": 2},))
    assert prompts(trials_of(suite(shown), vars={"x": "3"})) == {"a.1@glm-4@1": "3"}


def test_what_is_no_template_is_said_as_it_is():
    assert prompts(trials_of(suite(case("a", prompt="{{ x", template=False)))) == {
        "a@glm-4@1": "{{ x"
    }


def test_the_environment_is_seen_as_far_as_it_is_given():
    shown = suite(case("a", prompt="{{ env.CITY }}"))
    assert prompts(trials_of(shown, variables={"CITY": "Suzhou"})) == {"a@glm-4@1": "Suzhou"}
    assert expand(shown).problems == (
        (
            ("cases", 0, "prompt"),
            "the environment variable CITY is not set (in the trial a@glm-4)",
        ),
    )


def test_a_template_that_fails_for_one_row_names_the_trial():
    rows = ({"n": 1}, {"n": 0})
    expansion = expand(suite(case("a", prompt="{{ 1 / n }}", rows=rows)))
    ((path, message),) = expansion.problems
    assert path == ("cases", 0, "prompt")
    assert message.endswith("(in the trial a.2@glm-4)")


def test_the_options_of_a_provider_are_filled_in_at_any_depth():
    spec = ProviderSpec(
        name="glm", kwargs={"headers": {"X": "k={{ env.KEY }}"}, "n": 3, "list": ["{{ env.KEY }}"]}
    )
    assert fill_in(spec, {"KEY": "v"}) == (
        {"headers": {"X": "k=v"}, "n": 3, "list": ["v"]},
        (),
    )
    _, problems = fill_in(spec, {})
    assert [path for path, _ in problems] == [
        ("provider", "kwargs", "headers", "X"),
        ("provider", "kwargs", "list", 0),
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
    trials = trials_of(
        suite(*(case(case_id, model or None) for case_id, model in pairs)), "m", repeat=2
    )
    named = {(trial.case.id, trial.model, trial.repeat): trial.cassette for trial in trials}
    assert len(set(named.values())) == len(named)


def test_file_names_that_differ_only_in_case_collide():
    trials = trials_of(suite(case("a"), case("b"), case("A"), case("a", "GLM-4")))
    assert [(one.cassette, other.cassette) for one, other in find_collisions(trials)] == [
        ("a@glm-4@1.yaml", "A@glm-4@1.yaml"),
        ("a@glm-4@1.yaml", "a@GLM-4@1.yaml"),
    ]


def test_repeats_of_a_case_do_not_collide():
    assert find_collisions(trials_of(suite(case("a")), repeat=12)) == []


@given(
    matrix=st.dictionaries(
        st.sampled_from(["model", "lang", "n"]),
        st.lists(st.sampled_from(["zh", "en us", "7", "智"]), min_size=1, max_size=3, unique=True),
    ),
    model=st.none() | st.just("own"),
    rows=st.none() | st.integers(1, 11),
    repeat=st.none() | st.integers(1, 3),
)
def test_what_is_counted_and_measured_beforehand_is_what_comes(matrix, model, rows, repeat):
    some = case("a", model, rows=None if rows is None else ({},) * rows, repeat=repeat)
    axes = {axis: tuple(values) for axis, values in matrix.items()}
    trials = trials_of(suite(some, matrix=axes))
    assert count_trials(some, axes) == len(trials)
    assert longest_name(some, longest_axes(axes)) == max(len(trial.name) for trial in trials)
