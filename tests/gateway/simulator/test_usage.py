"""Usage as vendors write it adds up the way each of them adds up."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.simulator import usage

KINDS = ("input_uncached", "cache_read", "cache_write_30m", "cache_write_12h", "output", "reasoning")
amounts = st.integers(0, 10**6)
kinds = st.fixed_dictionaries({name: amounts for name in KINDS})


@given(kinds)
def test_openai_counts_the_cache_inside_the_input(split):
    given_ = sum(split[name] for name in KINDS[:4])
    made = split["output"] + split["reasoning"]
    chat, responses = usage.chat(split, True), usage.responses(split, True)
    assert (chat["prompt_tokens"], chat["completion_tokens"], chat["total_tokens"]) == (given_, made, given_ + made)
    assert (responses["input_tokens"], responses["output_tokens"], responses["total_tokens"]) == (given_, made, given_ + made)
    details = responses["input_tokens_details"]
    assert details["cache_write_tokens"] == sum(details["cache_write_tokens_details"].values())
    assert details["cached_tokens"] == chat["prompt_tokens_details"]["cached_tokens"] == split["cache_read"]


def test_models_before_5_6_know_no_writes():
    assert "cache_write_tokens" not in usage.chat({}, False)["prompt_tokens_details"]
    assert "cache_write_tokens" not in usage.responses({}, False)["input_tokens_details"]


@given(amounts, amounts, amounts, amounts)
def test_anthropic_s_three_inputs_add_up(fresh, read, five, hour):
    split = {"input_uncached": fresh, "cache_read": read, "cache_write_5m": five, "cache_write_1h": hour}
    counts = usage.messages(split, 7)
    names = ("input_tokens", "cache_read_input_tokens", "cache_creation_input_tokens")
    assert [counts[name] for name in names] == [fresh, read, five + hour]
    assert sum(counts["cache_creation"].values()) == counts["cache_creation_input_tokens"]
    assert "output_tokens_details" not in counts


def test_thinking_is_named_where_there_was_any():
    assert usage.messages({}, 70, 30)["output_tokens_details"] == {"thinking_tokens": 30}


@pytest.mark.parametrize("counts", [usage.chat({}, True), usage.responses({}, True), usage.messages({}, 3)])
def test_without_cache_nothing_tells_of_it(counts):
    bare = usage.without_cache(counts)
    assert "cache" not in str(bare)
    assert any(name in bare for name in ("prompt_tokens", "input_tokens"))
