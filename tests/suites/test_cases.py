"""What a case can say, and what comes of it."""

from __future__ import annotations

import pytest
from suites.broken import HEAD

from glmbench.suites.bounds import Bound
from glmbench.suites.expect import Expect, TextExpect
from glmbench.suites.faults import CutAfter
from glmbench.suites.model import Text, Turn

STOP = Expect(finish_reason=("stop",))


def text(source, *path, is_template=True):
    return Text(source, ("cases", 0, *path), is_template)


def user(said, expect=STOP):
    return Turn(messages=(("user", said),), expect=expect)


# --- what is said ---------------------------------------------------------------------------


def test_a_prompt_is_one_turn_of_one_user_message(only_case):
    assert only_case("prompt: hi").turns == (user(text("hi", "prompt")),)


def test_messages_are_all_said_in_one_turn(only_case):
    case = only_case("messages: [{role: assistant, content: A}, {role: user, content: B}]")
    assert case.turns == (
        Turn(
            messages=(
                ("assistant", text("A", "messages", 0, "content")),
                ("user", text("B", "messages", 1, "content")),
            ),
            expect=STOP,
        ),
    )


def test_every_turn_says_one_user_message_with_or_without_an_expectation_of_its_own(only_case):
    case = only_case("turns:\n  - one\n  - {prompt: two, expect: {finish_reason: length}}")
    assert case.turns == (
        user(text("one", "turns", 0)),
        user(text("two", "turns", 1, "prompt"), Expect(finish_reason=("length",))),
    )
    assert case.on_turn_failure == "stop"


def test_a_turn_lies_over_its_case_and_the_case_over_the_defaults(only_case):
    case = only_case(
        """\
turns: [one, {prompt: two, expect: {text: {contains: own}}}]
expect: {text: {matches: case}}
""",
        rest='defaults: {expect: {text: {contains: default}, latency: {ttft: "< 3s"}}}\n',
    )
    ttft = {"ttft": Bound(text="< 3s", high=3.0, high_strict=True)}
    stop = ("stop",)
    assert [turn.expect for turn in case.turns] == [
        Expect(
            finish_reason=stop,
            text=TextExpect(contains=("default",), matches="case"),
            latency=ttft,
        ),
        Expect(
            finish_reason=stop, text=TextExpect(contains=("own",), matches="case"), latency=ttft
        ),
    ]


def test_a_conversation_may_go_on_after_a_turn_that_fails(only_case):
    assert only_case("turns: [x]\non_turn_failure: continue").on_turn_failure == "continue"


# --- templates, files and values ------------------------------------------------------------


def test_template_false_leaves_a_text_alone(only_case):
    case = only_case("prompt: '{{ this is none'\ntemplate: false")
    assert case.turns == (user(text("{{ this is none", "prompt", is_template=False)),)


def test_templates_may_be_off_by_default_and_on_in_a_case(only_case):
    off = "defaults: {template: false}\n"
    (turn,) = only_case("prompt: '{{'", rest=off).turns
    assert turn == user(text("{{", "prompt", is_template=False))
    assert only_case("prompt: x\ntemplate: true", rest=off).turns == (user(text("x", "prompt")),)


def test_a_text_from_a_file_is_said_as_it_is(only_case):
    content = "你好 {{ word }}\n"
    (turn,) = only_case("prompt: file://hello.txt").turns
    assert turn == user(text(content, "prompt", is_template=False))
    (turn,) = only_case("turns: [file://hello.txt]").turns
    assert turn == user(text(content, "turns", 0, is_template=False))


def test_the_values_of_a_case_lie_over_those_of_the_defaults(only_case):
    case = only_case(
        "prompt: '{{ a }} {{ b }} {{ c.d }}'\nvars: {b: 3, c: {d: [x]}}",
        rest="defaults: {vars: {a: 1, b: 2}}\n",
    )
    assert case.vars == {"a": 1, "b": 3, "c": {"d": ["x"]}}


@pytest.mark.parametrize("written", ["facts.csv", "file://facts.csv", "./facts.csv"])
def test_the_columns_of_a_dataset_are_known_to_the_templates_of_its_case(only_case, written):
    case = only_case(f"dataset: {written}\nprompt: '{{{{ question }}}}'")
    assert case.rows == (
        {"question": "Where?", "answer": "{{ here }}"},
        {"question": "When?", "answer": "now"},
    )


def test_a_case_without_a_dataset_has_no_rows(only_case):
    assert only_case("prompt: x").rows is None


def test_templates_know_values_columns_axes_the_model_and_the_named_variables(load):
    known = "{{ word }} {{ question }} {{ lang }} {{ model }} {{ env.KEY }} {{ env.CITY }}"
    loaded = load(
        HEAD + "secrets: [KEY]\nenv: [CITY]\nmatrix: {lang: [zh]}\ndefaults: {vars: {word: x}}\n"
        f"cases: [{{id: a, dataset: facts.csv, prompt: '{known}'}}]\n"
    )
    assert loaded.problems == ()


def test_a_name_that_a_template_asks_about_need_not_be_given(only_case):
    source = "{{ word|default('x') }}{% if more is defined %}{{ more }}{% endif %}"
    assert only_case(f'prompt: "{source}"').turns == (user(text(source, "prompt")),)


# --- how often, how long, and whether at all ------------------------------------------------


def test_repeats_and_how_many_must_pass_come_from_the_case_or_the_defaults(only_case):
    rest = "defaults: {repeat: 5, min_pass: 4}\n"
    case = only_case("prompt: x", rest=rest)
    assert (case.repeat, case.min_pass) == (5, 4)
    case = only_case("prompt: x\nrepeat: 4\nmin_pass: 1", rest=rest)
    assert (case.repeat, case.min_pass) == (4, 1)
    assert only_case("prompt: x").repeat is None


@pytest.mark.parametrize(
    ("written", "reason"),
    [("true", "skipped by the suite"), ("false", None), ("no such model yet", "no such model yet")],
)
def test_a_case_is_skipped_with_or_without_a_reason(only_case, written, reason):
    assert only_case(f"prompt: x\nskip: {written}").skip == reason


@pytest.mark.parametrize("word", ["yes", "no", "On", "OFF"])
def test_a_word_that_older_yaml_takes_for_true_or_false_is_no_reason(complaints, word):
    meant = "true" if word.casefold() in {"yes", "on"} else "false"
    assert complaints(HEAD + f"cases: [{{id: a, prompt: x, skip: {word}}}]\n") == [
        f'3:34: "skip" must be true, false or a reason, found "{word}" | write {meant}'
    ]


@pytest.mark.parametrize(
    ("written", "seconds"), [("500ms", 0.5), ("1.5min", 90.0), ("7", 7.0), ("24", 24.0)]
)
def test_a_timeout_is_a_duration(only_case, written, seconds):
    assert only_case(f"prompt: x\ntimeout: {written}").timeout == seconds


def test_a_case_may_have_a_fault(only_case):
    fault = only_case("prompt: x\nfault: {cut_after: 3, kind: stall}").fault
    assert fault == CutAfter(chunks=3, kind="stall")


# --- what cannot be ------------------------------------------------------------------------


def test_the_longest_name_of_a_trial_must_be_a_file_name(load):
    matrix = "matrix: {n: [1, 22]}\n"  # ".n-22" is five characters

    def problems(case_id, more=""):
        return len(load(HEAD + matrix + f"cases: [{{id: {case_id}, prompt: x{more}}}]\n").problems)

    assert (problems("a" * 95), problems("a" * 96)) == (0, 1)
    # The second row is ".2".
    rows = ", dataset: facts.csv"
    assert (problems("a" * 93, rows), problems("a" * 94, rows)) == (0, 1)


def test_a_suite_has_at_most_a_hundred_thousand_trials(load):
    def problems(repeat, **more):
        said = "".join(f", {key}: {value}" for key, value in more.items())
        text = HEAD + "matrix: {model: [m, n]}\n"
        return len(load(text + f"cases: [{{id: a, prompt: x, repeat: {repeat}{said}}}]\n").problems)

    assert (problems(50_000), problems(50_001)) == (0, 1)
    # A case with a model of its own takes no part in that axis, and a dataset multiplies.
    assert (problems(100_000, model="m"), problems(100_001, model="m")) == (0, 1)
    assert (problems(25_000, dataset="facts.csv"), problems(25_001, dataset="facts.csv")) == (0, 1)


def test_files_are_read_in_the_folder_of_the_suite_and_below_it_only(tmp_path, load):
    (tmp_path / "more").mkdir()
    (tmp_path / "more" / "x.txt").write_text("x")
    case = HEAD + "cases: [{id: a, prompt: 'file://%s'}]\n"
    assert load(case % "more/x.txt").problems == ()
    assert len(load(case % "more/../hello.txt").problems) == 1
    assert len(load(case % (tmp_path / "hello.txt")).problems) == 1


def test_cases_share_the_rows_of_one_dataset(load):
    case = "{id: %s, dataset: facts.csv, prompt: x}"
    loaded = load(HEAD + f"cases: [{case % 'a'}, {case % 'b'}]\n")
    one, other = loaded.suite.cases
    assert one.rows is other.rows
