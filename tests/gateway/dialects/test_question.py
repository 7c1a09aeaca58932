"""The question goes in where each API has it, and nothing else moves."""

import json

import pytest

from gateway.dialects.ask import read, splice
from gateway.dialects.edits import edits_for
from gateway.dialects.question import compares, question_edits


def asked(body, dialect="responses", endpoint=None, spaces=(",", ":")):
    raw = body if isinstance(body, bytes) else json.dumps(body, separators=spaces).encode()
    ask = read(raw, endpoint or dialect, dialect)
    edits = question_edits(ask, "id_1")
    return json.loads(splice(raw, edits)) if edits else None


@pytest.mark.parametrize("spaces", [(",", ":"), (" ,\n", " : ")])
@pytest.mark.parametrize(
    ("options", "becomes"),
    [
        (None, {"comparison_response_id": "id_1"}),
        ({}, {"comparison_response_id": "id_1"}),
        ({"mode": "explicit", "ttl": "12h"}, {"comparison_response_id": "id_1", "mode": "explicit", "ttl": "12h"}),
    ],
)
def test_responses_keep_their_options(options, becomes, spaces):
    body = {"model": "m", "prompt_cache_options": options, "input": "{"}
    assert asked(body, spaces=spaces) == {**body, "prompt_cache_options": becomes}


def test_where_there_is_no_such_member_it_comes_first():
    assert asked({"model": "m", "input": "x"}) == {
        "prompt_cache_options": {"comparison_response_id": "id_1"}, "model": "m", "input": "x",
    }  # fmt: skip
    body = {"model": "m", "messages": [], "max_tokens": 1}
    assert asked(b"  " + json.dumps(body).encode(), "messages") == {**body, "diagnostics": {"previous_message_id": "id_1"}}


@pytest.mark.parametrize(
    ("body", "dialect", "endpoint"),
    [
        ({"prompt_cache_options": {"comparison_response_id": "resp_9"}}, "responses", None),
        ({"prompt_cache_options": {"comparison_response_id": None}}, "responses", None),
        ({"prompt_cache_options": "odd"}, "responses", None),
        ({"diagnostics": {"previous_message_id": "msg_9"}}, "messages", None),
        ({"diagnostics": None}, "messages", None),
        ({}, "messages", "count_tokens"),
        ({}, "chat", None),
    ],
)
def test_what_the_client_says_of_it_stays(body, dialect, endpoint):
    assert asked({"model": "m", **body}, dialect, endpoint) is None


def test_it_goes_together_with_the_other_edits():
    body = json.dumps({"model": "auto", "input": "x", "prompt_cache_options": {"ttl": "30m"}}).encode()
    ask = read(body, "responses", "responses")
    edits, _ = edits_for(ask, "m-2", "openai", "high")
    assert json.loads(splice(body, edits + question_edits(ask, "id_1"))) == {
        "model": "m-2", "input": "x", "reasoning": {"effort": "high"},
        "prompt_cache_options": {"ttl": "30m", "comparison_response_id": "id_1"},
    }  # fmt: skip


@pytest.mark.parametrize(
    ("body", "dialect", "named"),
    [
        ({"diagnostics": {"previous_message_id": "msg_9"}}, "messages", True),
        ({"diagnostics": {"previous_message_id": None}}, "messages", False),
        ({"prompt_cache_options": {"comparison_response_id": "resp_9"}}, "responses", True),
        ({"prompt_cache_options": {}}, "responses", False),
        ({}, "messages", False),
        ({}, "chat", False),
    ],
)
def test_whether_a_client_compares(body, dialect, named):
    assert compares(read(json.dumps({"model": "m", **body}).encode(), dialect, dialect)) is named
