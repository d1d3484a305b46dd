from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from suites.broken import HEAD, broken_suites

from glmbench.suites.bounds import Bound
from glmbench.suites.expect import ErrorExpect, Expect, TextExpect
from glmbench.suites.load import load_suite, option_path
from glmbench.suites.model import (
    Case,
    CassetteSettings,
    ProviderSpec,
    SecretSettings,
    Suite,
    Text,
    Turn,
)
from glmbench.suites.profiles import Profile
from glmbench.suites.rates import Rate
from glmbench.suites.thresholds import Threshold
from glmbench.yamlsource import Position

BROKEN = list(broken_suites())


# --- good suites ----------------------------------------------------------------------------

FULL = """\
version: 1
name: 快速
description: What the provider must do.
provider:
  name: chatglm
  kwargs: {timeout: 30}
secrets: {env: [GLM_KEY], allow: [sk-example]}
env: CITY
cassettes: {dir: ../cassettes/quick, timing: 4x, max_age: 90d}
matrix: {model: [glm-4, glm-4-plus], lang: [zh, en]}
defaults:
  options: {temperature: 0.5, seed: 1}
  tags: [fast]
  timeout: 90s
  expect: {latency: {ttft: "< 3s"}, text: {contains: 你}}
cases:
  - id: hello
    description: A greeting.
    prompt: 你好
  - id: chat.2
    messages:
      - {role: system, content: Be brief.}
      - {role: user, content: Hi}
    model: glm-4-plus
    options: {seed: 2}
    tags: [slow, fast]
    timeout: 5
    expect:
      finish_reason: [stop, length]
      text: {equals: Hi, matches: "^H"}
      latency: {total: 1s..4s}
  - id: quota
    prompt: x
    expect: {error: {type: QuotaExceeded, status: 200, code: 500, message: 登录}}
profiles:
  ci: {mode: replay, concurrency: 8}
  smoke: {mode: live, tags: [slow], repeat: 3, rate: 10/m, max_requests: 20}
thresholds:
  - p50(ttft) < 2s
  - {check: rate(passed) == 100%, where: {tag: slow}, when: replay, severity: warn}
"""
TTFT = Bound(text="< 3s", high=3.0, high_strict=True)


def said(source, *path):
    return Text(source, ("cases", *path))


def of_defaults(**changes):
    """A case of FULL that says nothing about what its defaults say."""
    given = {"options": {"temperature": 0.5, "seed": 1}, "tags": ("fast",), "timeout": 90.0}
    return Case(**{**given, **changes})


def test_the_cases_are_loaded_with_every_default_filled_in(load):
    loaded = load(FULL)
    assert loaded.problems == ()
    hello = Turn(
        messages=(("user", said("你好", 0, "prompt")),),
        expect=Expect(
            finish_reason=("stop",), text=TextExpect(contains=("你",)), latency={"ttft": TTFT}
        ),
    )
    chat = Turn(
        messages=(
            ("system", said("Be brief.", 1, "messages", 0, "content")),
            ("user", said("Hi", 1, "messages", 1, "content")),
        ),
        expect=Expect(
            finish_reason=("stop", "length"),
            text=TextExpect(contains=("你",), equals="Hi", matches="^H"),
            latency={"ttft": TTFT, "total": Bound(text="1s..4s", low=1.0, high=4.0)},
        ),
    )
    quota = Turn(
        messages=(("user", said("x", 2, "prompt")),),
        expect=Expect(
            text=TextExpect(contains=("你",)),
            error=ErrorExpect(type="QuotaExceededError", status=200, code="500", message="登录"),
            latency={"ttft": TTFT},
        ),
    )
    assert loaded.suite.cases == (
        of_defaults(id="hello", description="A greeting.", turns=(hello,)),
        of_defaults(
            id="chat.2",
            turns=(chat,),
            model="glm-4-plus",
            options={"temperature": 0.5, "seed": 2},
            tags=("fast", "slow"),
            timeout=5.0,
        ),
        of_defaults(id="quota", turns=(quota,)),
    )


def test_all_that_a_suite_says_besides_its_cases_is_loaded(load, tmp_path):
    suite = load(FULL).suite
    assert suite == Suite(
        version=1,
        name="快速",
        path=tmp_path / "quick.yaml",
        description="What the provider must do.",
        provider=ProviderSpec(name="chatglm", kwargs={"timeout": 30}),
        secrets=SecretSettings(env=("GLM_KEY",), allow=("sk-example",)),
        env=("CITY",),
        cassettes=CassetteSettings(dir="../cassettes/quick", timing="4x", max_age_s=90 * 86400.0),
        matrix={"model": ("glm-4", "glm-4-plus"), "lang": ("zh", "en")},
        cases=suite.cases,
        profiles={
            "ci": Profile(mode="replay", concurrency=8),
            "smoke": Profile(
                mode="live",
                tags=("slow",),
                repeat=3,
                rate=Rate(count=10, per_s=60),
                max_requests=20,
            ),
        },
        thresholds=(
            Threshold(
                text="p50(ttft) < 2s",
                statistic="p50",
                metric="ttft",
                bound=Bound(text="< 2s", high=2.0, high_strict=True),
            ),
            Threshold(
                text="rate(passed) == 100%",
                statistic="rate",
                metric="passed",
                bound=Bound(text="== 100%", low=100.0, high=100.0),
                tag="slow",
                when="replay",
                severity="warn",
            ),
        ),
    )


def test_the_least_suite_takes_its_name_from_the_file(load):
    suite = load(HEAD + "cases: [{id: a, prompt: hi}]\n").suite
    assert (suite.name, suite.cassettes) == ("quick", CassetteSettings(dir="cassettes/quick"))
    assert suite.provider == ProviderSpec(name="chatglm")
    assert suite.cases == (
        Case(
            id="a",
            turns=(
                Turn(
                    messages=(("user", said("hi", 0, "prompt")),),
                    expect=Expect(finish_reason=("stop",)),
                ),
            ),
        ),
    )


def test_the_options_of_a_provider_may_be_templates_or_not(load):
    provider = "provider: {name: chatglm, kwargs: {proxy: '{{ env.CITY }}'}%s}\n"
    rest = "version: 1\nenv: [CITY]\ncases: [{id: a, prompt: hi}]\n"
    kwargs = {"proxy": "{{ env.CITY }}"}
    assert load(rest + provider % "").suite.provider == ProviderSpec(name="chatglm", kwargs=kwargs)
    assert load(rest + provider % ", template: false").suite.provider == ProviderSpec(
        name="chatglm", kwargs=kwargs, template=False
    )


def test_a_variable_may_be_named_among_the_secrets_or_in_env(load):
    case = "cases: [{id: a, prompt: '{{ env.A }}{{ env[\"B\"] }}'}]\n"
    suite = load(HEAD + "secrets: A\nenv: B\n" + case).suite
    assert (suite.secrets.env, suite.env) == (("A",), ("B",))


def test_a_provider_may_be_imported(load):
    suite = load(
        "version: 1\nprovider: {import: 'pkg.mod:Outer.Class', kwargs: {n: [1]}}\n"
        "cases: [{id: a, prompt: hi}]\n"
    ).suite
    assert suite.provider == ProviderSpec(import_path="pkg.mod:Outer.Class", kwargs={"n": [1]})


def test_every_case_can_be_found_in_the_file(load):
    positions = load(FULL).positions
    assert positions == {
        "hello": Position(17, 5),
        "chat.2": Position(20, 5),
        "quota": Position(32, 5),
    }


def test_cases_are_found_in_a_bad_suite_too(load):
    loaded = load(HEAD + "cases:\n- id: a\n- 3\n- id: a\n- id: b\n  prompt: x\n")
    assert loaded.positions == {"a": Position(4, 3), "b": Position(7, 3)}


def test_an_option_is_found_where_it_was_written(load):
    document = load(FULL).document
    assert document.position(option_path(document, 1, "seed")) == Position(25, 21)
    assert document.position(option_path(document, 1, "temperature")) == Position(12, 26)


def test_a_case_may_come_from_an_anchor(load):
    suite = load(
        HEAD + "cases:\n  - &a {id: a, prompt: hi, tags: [x]}\n  - {<<: *a, id: b}\n"
    ).suite
    assert [(case.id, case.tags) for case in suite.cases] == [("a", ("x",)), ("b", ("x",))]


# --- bad suites -------------------------------------------------------------


@pytest.mark.parametrize("broken", BROKEN, ids=lambda broken: broken.problems[0][:60])
def test_a_fault_is_told_with_its_place_and_cure(complaints, broken):
    assert complaints(broken.text) == broken.problems


def test_faults_of_every_kind_are_tried():
    kinds = Counter(broken.kind for broken in BROKEN)
    assert (len(BROKEN) >= 40, len(kinds) >= 12, min(kinds.values()) >= 1) == (True, True, True)
    several = [broken for broken in BROKEN if len(broken.problems) >= 4]
    assert sum(broken.kind == "many faults" for broken in several) >= 5
    assert sum(broken.kind == "anchors and merge keys" for broken in several) >= 2


def test_control_characters_in_values_do_not_reach_the_terminal(complaints):
    assert complaints(HEAD + 'cases: [{id: "a\\e[2J", prompt: x}]\n')[0].startswith(
        '3:14: "a\\x1b[2J" is no case id'
    )


# --- files ----------------------------------------------------------------------------------


def test_a_missing_suite_suggests_its_neighbour(tmp_path):
    (tmp_path / "quickstart.yaml").touch()
    (tmp_path / "quickstar.txt").touch()
    [problem] = load_suite(tmp_path / "quickstrat.yaml", name="q.yaml").problems
    assert problem.render() == (
        'q.yaml: there is no such file\n   = hint: did you mean "quickstart.yaml"?'
    )


def test_a_missing_folder_is_named(tmp_path):
    path = tmp_path / "prompt" / "q.yaml"
    [problem] = load_suite(path).problems
    assert str(problem) == f"{path}: there is no such file"
    assert problem.hint == f"nor is there a folder {path.parent}"


def test_a_file_name_that_cannot_name_a_folder_asks_for_a_name(tmp_path):
    path = tmp_path / "a:b.yaml"
    path.write_text(HEAD + "cases: [{id: a, prompt: x}]\n")
    [problem] = load_suite(path, name="s").problems
    assert str(problem) == 's:1:1: the file name "a:b" cannot name the suite\'s cassettes'
    path.write_text(HEAD + "name: ab\ncases: [{id: a, prompt: x}]\n")
    assert load_suite(path).suite.name == "ab"


def test_a_suite_is_found_by_a_relative_path_without_a_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "s.yaml").write_text(HEAD + "cases: [{id: a, prompt: x}]\n")
    assert load_suite(Path("s.yaml")).suite.path == Path("s.yaml")
    assert load_suite(Path("x.yaml")).problems[0].file == "x.yaml"
