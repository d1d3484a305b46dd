from __future__ import annotations

import copy
import re

import pytest

from glmbench.errors import UsageError
from glmbench.messages import flatten_messages, normalise_messages

HISTORY = [
    {"role": "system", "content": "Be brief."},
    {"role": "user", "content": "Hello"},
    {"role": "assistant", "content": "Hi!"},
    {
        "role": "user",
        "content": [{"type": "text", "text": "And "}, {"type": "text", "text": "now?"}],
    },
]


def test_text_items_are_joined_and_none_is_the_empty_string():
    assert normalise_messages([*HISTORY, {"role": "assistant", "content": None}]) == [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "Hello"},
        {"role": "assistant", "content": "Hi!"},
        {"role": "user", "content": "And now?"},
        {"role": "assistant", "content": ""},
    ]


def test_other_keys_of_a_message_are_left_out():
    message = {"role": "user", "content": "x", "name": "Ann", "tool_call_id": "1"}
    assert normalise_messages([message]) == [{"role": "user", "content": "x"}]


def test_a_single_user_message_is_passed_as_it_is():
    assert flatten_messages([{"role": "user", "content": "  User: x\n"}]) == "  User: x\n"


def test_a_history_becomes_labelled_turns():
    assert flatten_messages(HISTORY) == (
        "System: Be brief.\n\nUser: Hello\n\nAssistant: Hi!\n\nUser: And now?"
    )


def test_a_single_message_of_another_role_is_labelled():
    assert flatten_messages([{"role": "system", "content": "Speak."}]) == "System: Speak."


def test_a_turn_without_text_leaves_no_label():
    messages = [
        {"role": "user", "content": "weather?"},
        {"role": "assistant", "content": None, "tool_calls": [{"id": "1"}]},
        {"role": "tool", "content": "sunny"},
    ]
    assert flatten_messages(messages) == "User: weather?\n\nTool: sunny"


def test_the_callers_list_is_not_changed():
    messages = copy.deepcopy(HISTORY)
    normalise_messages(messages)
    flatten_messages(messages)
    assert messages == HISTORY


@pytest.mark.parametrize(
    ("messages", "sentence"),
    [
        ([], "messages is empty: there is nothing to send"),
        ("hello", "messages must be a list of dicts, not str"),
        ({"role": "user", "content": "x"}, "messages must be a list of dicts, not dict"),
        (None, "messages must be a list of dicts, not NoneType"),
        (["hello"], "messages[0] must be a dict, not str"),
        ([{"content": "x"}], 'messages[0] needs a "role" such as "user", "assistant" or "system"'),
        (
            [{"role": 1, "content": "x"}],
            'messages[0] needs a "role" such as "user", "assistant" or "system"',
        ),
        ([{"role": "user"}], 'messages[0] has no "content"'),
        (
            [{"role": "user", "content": 5}],
            "messages[0].content must be a string, a list of text items or None",
        ),
        (
            [HISTORY[0], {"role": "user", "content": [{"type": "image_url", "image_url": {}}]}],
            'messages[1].content[0] must be {"type": "text", "text": "..."}, not \'image_url\'',
        ),
        (
            [{"role": "user", "content": ["x"]}],
            'messages[0].content[0] must be {"type": "text", "text": "..."}, not \'str\'',
        ),
        (
            [{"role": "user", "content": [{"type": "text", "text": None}]}],
            'messages[0].content[0] must be {"type": "text", "text": "..."}, not \'text\'',
        ),
    ],
)
def test_what_cannot_be_sent_is_named(messages, sentence):
    with pytest.raises(UsageError, match=f"^{re.escape(sentence)}$"):
        flatten_messages(messages)
