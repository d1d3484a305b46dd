"""Request bodies, as the service reads them."""

from __future__ import annotations

import json
import re

import pytest

from glmbench.server.questions import Question, parse_question, validation_error

# The body of the last public client, typed from its source.
BODY = (
    b'{"assistant_id": "65940acff94777010aa6b796", "conversation_id": "", "meta_data": '
    b'{"if_plus_model": false, "is_test": false, "input_question_type": "xxxx", "channel": "", '
    b'"draft_id": "", "quote_log_id": "", "platform": "pc"}, "messages": [{"role": "user", '
    b'"content": [{"type": "text", "text": "Hello"}]}]}'
)


def test_the_body_of_the_public_client_is_understood():
    assert parse_question(BODY) == Question(
        prompt="Hello", conversation_id="", assistant_id="65940acff94777010aa6b796"
    )


def test_only_the_first_message_is_read_and_its_texts_are_joined():
    messages = [
        {
            "role": "user",
            "content": [
                {"type": "text", "text": "a"},
                {"type": "image_url", "image_url": {}},
                {"type": "text", "text": "b"},
            ],
        },
        {"role": "user", "content": [{"type": "text", "text": "never read"}]},
    ]
    body = json.dumps({"messages": messages, "conversation_id": "c"}).encode()
    assert parse_question(body) == Question(
        prompt="ab", conversation_id="c", assistant_id="65940acff94777010aa6b796"
    )


@pytest.mark.parametrize(
    ("body", "location", "message"),
    [
        (b"{", ["body"], "Input data was truncated"),
        (b"[]", ["body"], "Expected `object`, got `array`"),
        (b"{}", ["body"], "Object missing required field `messages`"),
        (b'{"messages": []}', ["messages"], "Expected at least one message"),
        (
            b'{"messages": [{"role": "user", "content": "text"}]}',
            ["messages[0]", "content"],
            "Expected `array`, got `str`",
        ),
        (
            b'{"messages": [{"role": "user", "content": [{"type": "text", "text": " "}]}]}',
            ["messages[0]", "content"],
            "Expected a text that is not blank",
        ),
    ],
)
def test_a_body_that_does_not_fit_is_refused_with_its_place(body, location, message):
    with pytest.raises(ValueError, match=re.escape(message)) as caught:
        parse_question(body)
    assert validation_error(str(caught.value)) == {
        "validation_error": {
            "body_params": [{"loc": location, "msg": message, "type": "value_error"}]
        }
    }
