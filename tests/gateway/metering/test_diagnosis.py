"""The providers' reasons in our words, from whichever event or body carries them."""

import json

import pytest

from cache.types import Freshness
from gateway.metering import families
from gateway.metering.diagnosis import agreed, cause_in, of_messages, of_responses, our_word
from gateway.metering.tally import tally

OPENAI = (
    "model_changed", "prompt_cache_key_changed", "tools_changed", "text_format_changed", "reasoning_effort_changed",
    "verbosity_changed", "context_compacted", "input_changed", "service_tier_changed",
)  # fmt: skip
ANTHROPIC = ("model_changed", "system_changed", "tools_changed", "messages_changed", "previous_message_not_found")
USED = {"input_tokens": 5, "output_tokens": 2}


def test_every_reason_of_the_references_is_a_label():
    words = {of_responses({"type": "cache_miss", "reason": reason}) for reason in OPENAI}
    words |= {of_responses({"type": kind}) for kind in ("cache_hit", "comparison_response_not_found")}
    words |= {of_messages({"cache_miss_reason": {"type": reason}}) for reason in ANTHROPIC}
    assert "" not in words
    assert {agreed(word, "unchanged") for word in words} == set(families.THEIRS) - {"forked"}


@pytest.mark.parametrize("said", [None, [], "x", {}, {"type": "unavailable"}, {"type": "cache_miss", "reason": "new"}, {"type": []}])
def test_what_openai_leaves_open_says_nothing(said):
    assert of_responses(said) == ""


@pytest.mark.parametrize("said", [[], {}, {"cache_miss_reason": None}, {"cache_miss_reason": {"type": "unavailable"}}])
def test_what_anthropic_leaves_open_says_nothing(said):
    assert of_messages(said) == ""
    assert of_messages(None) == "unchanged"


@pytest.mark.parametrize(
    ("theirs", "ours", "word"),
    [
        ("input_changed", "system_changed", "system_changed"),
        ("input_changed", "unchanged", "prefix_changed"),
        ("prefix_changed", "compacted", "compacted"),
        ("prefix_changed", "system_changed", "prefix_changed"),
        ("tools_changed", "prefix_changed", "tools_changed"),
        ("unchanged", "tools_changed", "unchanged"),
    ],
)
def test_the_finer_word_stands(theirs, ours, word):
    assert agreed(theirs, ours) == word


def test_only_a_change_is_a_cause():
    assert [cause_in(word) for word in ("tools_changed", "unchanged", "not_found", "")] == ["tools_changed", "", "", ""]


def test_our_own_word_is_of_structure_too():
    assert our_word(Freshness(state="broken", reason="tools_changed"), True) == "tools_changed"
    assert our_word(Freshness(state="cold", reason="model_changed"), False) == "model_changed"
    assert our_word(Freshness(state="cold", reason="past_lifetime"), True) == "unchanged"
    assert our_word(Freshness(state="cooling", reason="prefix_unseen"), False) == "unseen"


def test_responses_say_it_whole_and_in_the_last_event():
    said = {"type": "cache_miss", "reason": "tools_changed", "cache_missed_tokens": 9}
    answer = {"id": "resp_1", "object": "response", "usage": USED, "prompt_cache_diagnostics": said}
    whole, stream = tally("responses"), tally("responses")
    whole.body(json.dumps(answer).encode())
    stream.event(json.dumps({"type": "response.created", "response": {"id": "resp_1", "usage": None}}).encode())
    stream.event(json.dumps({"type": "response.completed", "response": answer}).encode())
    assert whole.usage() == stream.usage()
    assert whole.usage().diagnosis == "tools_changed"


def test_messages_say_it_whole_and_in_the_first_event():
    said = {"cache_miss_reason": {"type": "system_changed", "cache_missed_input_tokens": 9}}
    answer = {"id": "msg_1", "type": "message", "model": "m", "usage": USED, "diagnostics": said}
    whole, stream = tally("messages"), tally("messages")
    whole.body(json.dumps(answer).encode())
    stream.event(json.dumps({"type": "message_start", "message": answer}).encode())
    stream.event(json.dumps({"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": USED}).encode())
    assert whole.usage() == stream.usage()
    assert whole.usage().diagnosis == "system_changed"


def test_an_answer_without_it_says_nothing():
    found = tally("messages")
    found.body(json.dumps({"id": "msg_1", "type": "message", "model": "m", "usage": USED}).encode())
    assert found.usage().diagnosis == ""
