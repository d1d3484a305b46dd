"""The schema says of a suite what the loader says, as far as a schema can see."""

from __future__ import annotations

import copy
import json
import re

import pytest
from docs.pages import REFERENCE, ROOT, blocks
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from suites.broken import broken_suites, write_files
from suites.test_load import FULL

from glmbench.suites.load import load_suite
from glmbench.suites.schema import suite_schema
from glmbench.yamlsource import parse

SCHEMA = suite_schema()
VALIDATOR = Draft202012Validator(SCHEMA)
SEEN = {"unknown key", "wrong type", "missing key", "empty", "yaml 1.1"}
BROKEN = [broken for broken in broken_suites() if broken.kind in SEEN]
SUITES = sorted((ROOT / "prompts").glob("*.yaml"))
EXAMPLES = [
    block
    for block in blocks(REFERENCE / "suite-file.md", "yaml")
    if block.text.startswith("version:")
]


def faults(text):
    """What the schema finds wrong with a suite."""
    return [error.json_path for error in VALIDATOR.iter_errors(parse(text, "s").value)]


def test_the_schema_is_one_and_is_plain_json():
    Draft202012Validator.check_schema(SCHEMA)
    assert json.loads(json.dumps(SCHEMA)) == SCHEMA


# --- the same keys ----------------------------------------------------------------------------

# Every mapping that the loader reads strictly, each with a key that it does not know.
STRANGE = """\
version: 1
xxxxxxxx: 1
provider: {name: chatglm, xxxxxxxx: 1}
secrets: {xxxxxxxx: 1}
cassettes: {xxxxxxxx: 1}
defaults: {xxxxxxxx: 1}
cases:
  - {id: a, prompt: x, xxxxxxxx: 1, fault: {corrupt: {chunk: 1, xxxxxxxx: 1}}}
  - {id: b, messages: [{role: user, content: x, xxxxxxxx: 1}], fault: {refuse: true, xxxxxxxx: 1}}
  - {id: c, turns: [{prompt: x, xxxxxxxx: 1}]}
  - id: d
    prompt: x
    expect:
      xxxxxxxx: 1
      text: {xxxxxxxx: 1}
      reasoning: {xxxxxxxx: 1}
      json: {xxxxxxxx: 1}
      error: {xxxxxxxx: 1}
      tool_calls: [{name: f, xxxxxxxx: 1}]
      latency: {xxxxxxxx: 1}
      throughput: {xxxxxxxx: 1}
      tokens: {xxxxxxxx: 1}
      stream: {xxxxxxxx: 1}
profiles: {ci: {xxxxxxxx: 1}}
thresholds: [{check: p50(ttft) < 2s, where: {tag: x, xxxxxxxx: 1}, xxxxxxxx: 1}]
"""
_UNKNOWN = re.compile(r'unknown key "xxxxxxxx" in (.+) \| known here: (.+)')


def mappings(schema):
    """Every mapping with keys of its own that the schema describes, by its title."""
    found = {}
    if isinstance(schema, dict):
        if schema.get("additionalProperties") is False:
            found[schema["title"]] = schema
        for inner in schema.values():
            found |= mappings(inner)
    elif isinstance(schema, list):
        for inner in schema:
            found |= mappings(inner)
    return found


def test_the_schema_knows_the_keys_that_the_loader_knows(complaints):
    told = [_UNKNOWN.search(problem) for problem in complaints(STRANGE)]
    known = {match[1]: set(match[2].split(", ")) for match in told if match}
    described = {title: set(inner["properties"]) for title, inner in mappings(SCHEMA).items()}
    assert described == known


def test_every_mapping_that_is_read_strictly_is_among_those():
    package = ROOT / "glmbench" / "suites"
    source = "".join(path.read_text(encoding="utf-8") for path in sorted(package.glob("*.py")))
    read = set(re.findall(r'(?:Keys\(node, |_?group\(\s*|read_keys\(node, )"([^"]+)"', source))
    assert read == set(mappings(SCHEMA))


def test_every_key_of_the_schema_is_explained():
    unexplained = [
        f"{title}: {key}"
        for title, inner in mappings(SCHEMA).items()
        for key, value in inner["properties"].items()
        if not any("description" in part for part in parts(value))
    ]
    assert unexplained == []


def parts(schema):
    """A schema, what it points to, and its alternatives but the word `any`."""
    yield schema
    if "$ref" in schema:
        yield from parts(SCHEMA["$defs"][schema["$ref"].rpartition("/")[2]])
    if "items" in schema:
        yield from parts(schema["items"])
    for inner in schema.get("anyOf", ()):
        if inner.get("const") != "any":
            yield from parts(inner)


# --- any suite --------------------------------------------------------------------------------

WIDE = """\
version: 1
name: wide
description: Every key of a case.
provider: {name: chatglm, kwargs: {proxy: "{{ env.CITY }}"}, template: true}
secrets: {env: [KEY], allow: [x]}
env: CITY
cassettes: {dir: c, timing: 4x, max_age: 90d, ignore: $.id}
matrix: {model: m, lang: [zh, 1, true]}
defaults: {tags: d, vars: {v: 1}, timeout: 3s, repeat: 2, min_pass: 2, template: true, expect: none}
cases:
  - {id: a, description: d, tags: [t], vars: {w: [1]}, dataset: facts.csv, prompt: "{{ question }}"}
  - {id: b, messages: [{role: user, content: file://hello.txt}], model: m, options: {o: 1}}
  - {id: c, turns: [one, {prompt: two, expect: {}}], on_turn_failure: continue, skip: later}
  - {id: d, prompt: x, template: false, timeout: 5, repeat: 3, min_pass: 1, skip: true}
  - {id: e, prompt: x, fault: {cut_after: 3, kind: eof}}
  - {id: f, prompt: x, fault: {status: 429, retry_after: 0}}
  - {id: g, prompt: x, fault: {corrupt: {chunk: 1}}}
  - {id: h, prompt: x, fault: {delay_first: 2s}}
  - {id: i, prompt: x, fault: {refuse: true}}
  - id: j
    prompt: x
    expect:
      native_finish_reason: [eos]
      text: {contains: a, min_length: 1, not_matches: b}
      reasoning: any
      json: {schema: {type: object}, at: {"$.a": 1}}
      error: {type: Auth, status: 401, code: 1, message: m}
      tool_calls: [f, {name: g, arguments: {}}]
      latency: {ttft: any, stalls: <= 0}
      throughput: {decode_tps: ">= 15"}
      tokens: {input: 1..4}
      stream: {well_formed: true, events: "> 1"}
      python: a.b:c
profiles: {p: {mode: live, tags: t, rate: 2/s, max_time: 5, retries: 0, warmup: 1, strict: true}}
thresholds:
  - p50(ttft) < 2s
  - {check: rate(passed) == 100%, where: {tag: t}, when: live, severity: warn}
"""
VALUES = [
    None,
    True,
    False,
    0,
    1,
    -1,
    7,
    1.0,
    1.5,
    "",
    "x",
    "any",
    "none",
    "no",
    "< 3s",
    "3s",
    "1x",
]
VALUES += [
    [],
    ["x"],
    [1],
    [[]],
    {},
    {"x": 1},
    {"prompt": "x"},
    "file://",
    "{{ x }}",
    "a.b:c",
    "$.a",
]


def places(value):
    """The way to every mapping and list in the data, with every step that goes on from there."""
    steps = (
        value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    )
    for step in steps:
        yield value, step
        yield from places(value[step])


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("suites")
    write_files(folder)
    return folder


def problems(data, folder):
    path = folder / "s.yaml"
    path.write_text(json.dumps(data), encoding="utf-8")
    return load_suite(path).problems


def test_a_suite_with_every_key_is_taken_by_both(folder):
    assert problems(parse(WIDE, "s").value, folder) == ()
    assert faults(WIDE) == []


@given(st.data())
def test_what_the_loader_takes_the_schema_takes_and_nothing_makes_the_loader_stumble(folder, data):
    suite = copy.deepcopy(parse(WIDE, "s").value)
    around, step = data.draw(st.sampled_from(list(places(suite))))
    match data.draw(st.sampled_from(["replace", "remove", "rename"])):
        case "replace":
            around[step] = data.draw(st.sampled_from(VALUES))
        case "remove":
            del around[step]
        case _ if isinstance(around, dict):
            around[f"{step}s"] = around.pop(step)
    if problems(suite, folder) == ():
        assert [error.json_path for error in VALIDATOR.iter_errors(suite)] == []


# --- good suites and bad ones -----------------------------------------------------------------


@pytest.mark.parametrize("path", SUITES, ids=lambda path: path.name)
def test_a_suite_that_ships_fits(path):
    assert faults(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize("block", EXAMPLES, ids=lambda block: f"line {block.line}")
def test_a_whole_example_of_the_reference_fits(block):
    assert faults(block.text) == []


def test_a_suite_with_every_key_of_the_top_fits():
    assert faults(FULL) == []


@pytest.mark.parametrize("broken", BROKEN, ids=lambda broken: broken.problems[0][:60])
def test_what_a_schema_can_see_is_refused(broken):
    assert faults(broken.text) != []


def test_an_editor_gets_the_place_of_a_slip():
    text = FULL.replace("prompt: 你好", "promt: 你好")
    assert "$.cases[0]" in faults(text)


def test_there_are_enough_of_them_to_tell():
    assert (len(SUITES) >= 5, len(EXAMPLES) >= 2, len(BROKEN) >= 40) == (True, True, True)
