"""What runs is what was asked for, in the order of the suite."""

from __future__ import annotations

import pytest

from glmbench.errors import UsageError
from glmbench.running.plan import Request, load_plan
from glmbench.running.selection import Selection, parse_expression, parse_shard, select

SUITE = """
version: 1
name: small
provider: chatglm
matrix: {model: [m1, m2]}
cases:
  - {id: hello, prompt: hi, tags: [zh, short]}
  - {id: poem, prompt: hi, tags: [zh, long]}
  - {id: facts, prompt: "{{ n }}", dataset: facts.json, tags: [en]}
"""


@pytest.fixture
def plan(tmp_path):
    (tmp_path / "facts.json").write_text('[{"n": 1}, {"n": 2}]', encoding="utf-8")
    path = tmp_path / "small.yaml"
    path.write_text(SUITE, encoding="utf-8")
    return load_plan([path])


def ids(plan, **asked):
    return [t.id for suite in select(plan, Selection(**asked)).suites for t in suite.trials]


ALL = [
    "hello@m1@1",
    "hello@m2@1",
    "poem@m1@1",
    "poem@m2@1",
    "facts.1@m1@1",
    "facts.1@m2@1",
    "facts.2@m1@1",
    "facts.2@m2@1",
]


@pytest.mark.parametrize(
    ("asked", "chosen"),
    [
        ({}, ALL),
        ({"cases": ("hello",)}, ALL[:2]),
        ({"cases": ("facts",)}, ALL[4:]),
        ({"cases": ("facts.2", "hello")}, [*ALL[:2], *ALL[6:]]),
        ({"tags": ("zh",)}, ALL[:4]),
        ({"tags": ("long", "en")}, ALL[2:]),
        ({"not_tags": ("zh",)}, ALL[4:]),
        ({"tags": ("zh",), "not_tags": ("long",)}, ALL[:2]),
        ({"models": ("m2",)}, ALL[1::2]),
        ({"expression": "zh and not long"}, ALL[:2]),
        ({"failed": frozenset({"small/poem@m1@1", "other/hello@m1@1"})}, ["poem@m1@1"]),
        ({"shard": (1, 3)}, [ALL[0], ALL[3], ALL[6]]),
        ({"shard": (3, 3)}, [ALL[2], ALL[5]]),
        # A shard is one of what else was chosen.
        ({"models": ("m2",), "shard": (2, 2)}, [ALL[3], ALL[7]]),
    ],
)
def test_the_trials_that_were_asked_for_are_kept(plan, asked, chosen):
    assert ids(plan, **asked) == chosen


def test_shards_are_a_partition(plan):
    shards = [ids(plan, shard=(n, 3)) for n in (1, 2, 3)]
    assert sorted(trial for shard in shards for trial in shard) == sorted(ALL)


def test_the_repeats_of_a_case_are_in_one_shard(tmp_path):
    (tmp_path / "facts.json").write_text('[{"n": 1}]', encoding="utf-8")
    path = tmp_path / "small.yaml"
    path.write_text(SUITE.replace("tags: [zh, short]", "repeat: 3, min_pass: 2"), encoding="utf-8")
    first, second = (ids(load_plan([path]), shard=(n, 2)) for n in (1, 2))
    assert first[:3] == ["hello@m1@1", "hello@m1@2", "hello@m1@3"]
    assert second[:3] == ["hello@m2@1", "hello@m2@2", "hello@m2@3"]


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"cases": ("hullo",)}, 'no case "hullo"; did you mean "hello"?'),
        ({"tags": ("sort",)}, 'no tag "sort"; did you mean "short"?'),
        ({"not_tags": ("none",)}, 'no tag "none"'),
        ({"models": ("glm",)}, 'no model "glm"'),
    ],
)
def test_what_the_plan_does_not_have_cannot_be_asked_for(plan, asked, message):
    with pytest.raises(UsageError) as caught:
        ids(plan, **asked)
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("expression", "chosen"),
    [
        ("poem", ALL[2:4]),
        ("ZH", ALL[:4]),
        ("m2 and zh", [ALL[1], ALL[3]]),
        ("hello or facts.2", [*ALL[:2], *ALL[6:]]),
        ("not zh", ALL[4:]),
        ("not zh and m1 or poem", [ALL[2], ALL[3], ALL[4], ALL[6]]),
        ("not (zh or m1)", [ALL[5], ALL[7]]),
        ("not not zh", ALL[:4]),
        ("nothing", []),
    ],
)
def test_an_expression_chooses_by_name_model_and_tag(plan, expression, chosen):
    assert ids(plan, expression=expression) == chosen


@pytest.mark.parametrize(
    ("expression", "why"),
    [
        ("zh and", "something is missing at its end"),
        ("(zh", 'a ")" is missing'),
        ("zh)", '")" is too much'),
        ("or zh", 'a word is missing before "or"'),
        ("zh long", '"long" is too much'),
        (" ", "something is missing at its end"),
    ],
)
def test_what_is_no_expression_is_refused(expression, why):
    with pytest.raises(UsageError) as caught:
        parse_expression(expression)
    assert f"is no expression: {why};" in str(caught.value)


@pytest.mark.parametrize("text", ["0/3", "4/3", "1", "1/0", "a/b", "1/3/5", "-1/3"])
def test_what_is_no_shard_is_refused(text):
    with pytest.raises(UsageError, match="is no shard: write 1/3 for the first of three"):
        parse_shard(text)


def test_a_shard_is_a_number_and_of_how_many():
    assert parse_shard("2/5") == (2, 5)


PROFILES = """
profiles:
  short: {tags: [short]}
  no_english: {not_tags: en}
"""


@pytest.mark.parametrize(
    ("profile", "asked", "chosen"),
    [
        ("short", {}, ALL[:2]),
        ("no_english", {}, ALL[:4]),
        # The command line goes first, key by key.
        ("short", {"tags": ("long",)}, ALL[2:4]),
        ("no_english", {"not_tags": ("long",)}, [*ALL[:2], *ALL[4:]]),
        ("no_english", {"tags": ("short", "en")}, ALL[:2]),
    ],
)
def test_a_profile_chooses_tags_where_the_command_line_does_not(
    tmp_path, plan, profile, asked, chosen
):
    path = tmp_path / "small.yaml"
    path.write_text(SUITE + PROFILES, encoding="utf-8")
    assert ids(load_plan([path], Request(profile=profile)), **asked) == chosen


@pytest.mark.parametrize("text", ["(" * 9000, "not " * 9000 + "zh", " or ".join(["zh"] * 9000)])
def test_an_expression_that_is_far_too_long_is_refused(text):
    with pytest.raises(UsageError, match="is no expression: it has more than 100 words; write"):
        parse_expression(text)


def test_an_expression_of_the_greatest_length_can_be_asked(plan):
    assert ids(plan, expression="not " * 98 + "zh") == ALL[:4]
