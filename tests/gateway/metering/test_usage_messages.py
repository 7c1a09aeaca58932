"""Anthropic's usage: three input counts that add up, cumulative streams, and answers made in several steps."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from gateway.metering.prices import PriceBook
from gateway.metering.usage_messages import messages_usage

tokens = st.integers(0, 2_000_000)
AT = 1_795_564_800.0
anything = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=4) | st.lists(tokens, max_size=2)
entry = st.dictionaries(
    st.sampled_from(
        ["input_tokens", "output_tokens", "cache_read_input_tokens", "cache_creation_input_tokens", "cache_creation",
         "output_tokens_details", "model", "server_tool_use", "service_tier"]
    ),
    anything | st.dictionaries(st.sampled_from(["ephemeral_1h_input_tokens", "thinking_tokens"]), anything),
    max_size=6,
)  # fmt: skip


@given(fresh=tokens, read=tokens, five=tokens, hour=tokens, rest=tokens, text=tokens, thought=tokens)
def test_every_token_is_in_exactly_one_kind(
    fresh: int, read: int, five: int, hour: int, rest: int, text: int, thought: int
) -> None:
    usage = messages_usage(
        {
            "input_tokens": fresh,
            "cache_read_input_tokens": read,
            "cache_creation_input_tokens": five + hour + rest,
            "cache_creation": {"ephemeral_5m_input_tokens": five, "ephemeral_1h_input_tokens": hour},
            "output_tokens": text + thought,
            "output_tokens_details": {"thinking_tokens": thought},
        }
    )
    assert usage is not None
    expected = {
        "input_uncached": fresh,
        "cache_read": read,
        "cache_write_5m": five + rest,
        "cache_write_1h": hour,
        "output": text,
        "reasoning": thought,
    }
    assert dict(usage.kinds) == {kind: count for kind, count in expected.items() if count}
    assert not usage.problem


@given(entry, st.lists(entry, max_size=3) | anything)
def test_nothing_raises_and_nothing_is_negative(usage: dict[str, Any], iterations: Any) -> None:
    found = messages_usage({**usage, "iterations": iterations})
    if found is not None:
        assert all(type(count) is int and count > 0 for count in found.kinds.values())
        assert found.exact is not bool(found.problem)


@given(st.lists(st.tuples(tokens, tokens, tokens), min_size=1, max_size=5))
def test_iterations_are_summed(steps: list[tuple[int, int, int]]) -> None:
    entries = [
        {"type": "message", "input_tokens": fresh, "cache_read_input_tokens": read, "output_tokens": made}
        for fresh, read, made in steps
    ]
    usage = messages_usage({"input_tokens": 1, "output_tokens": 1, "iterations": entries}, "claude-opus-5-5")
    assert usage is not None
    assert sum(usage.kinds.values()) == sum(map(sum, steps))
    assert len(usage.parts) == len(steps)


def test_each_step_is_priced_by_its_own_model_and_length() -> None:
    """Two prompts of 60,000 tokens are no prompt of 120,000, for which Haiku 5.5 asks five times as much."""
    step = {"type": "message", "input_tokens": 60_000, "output_tokens": 100}
    advisor = {"type": "advisor_message", "model": "claude-opus-5-5", "input_tokens": 1_000, "output_tokens": 10}
    counts = {"input_tokens": 120_000, "output_tokens": 200, "iterations": [step, advisor, step]}
    usage = messages_usage({**counts, "server_tool_use": {"web_search_requests": 1}}, "claude-haiku-5-5")
    assert usage is not None
    priced = PriceBook.load(()).price(usage, "anthropic", "claude-haiku-5-5", AT)
    haiku = 2 * (60_000 * 100_000 + 100 * 500_000)
    opus = 1_000 * 4_000_000 + 10 * 20_000_000
    assert (priced.status, priced.picos) == ("priced", haiku + opus + 10**10)
    assert sum(priced.by_kind.values()) == haiku + opus
    assert [row.rpartition("/")[2] for row in priced.rows] == ["claude-haiku-5-5", "claude-opus-5-5"]


def test_an_unknown_step_leaves_the_rest_priced_in_part() -> None:
    steps = [{"input_tokens": 5, "output_tokens": 1}, {"model": "claude-secret", "input_tokens": 5, "output_tokens": 1}]
    usage = messages_usage({"iterations": steps}, "claude-opus-5-5")
    assert usage is not None
    priced = PriceBook.load(()).price(usage, "anthropic", "claude-opus-5-5", AT)
    assert (priced.status, priced.reason) == ("partial", "unknown_model")
    assert priced.picos == 5 * 4_000_000 + 20_000_000


def test_openais_lifetimes_in_a_translated_answer_keep_their_kind() -> None:
    writes = {"ephemeral_5m_input_tokens": 0, "ttl_30m_tokens": 100, "ttl_12h_tokens": 10}
    usage = messages_usage({"input_tokens": 1, "cache_creation_input_tokens": 110, "cache_creation": writes, "output_tokens": 1})
    assert usage is not None
    assert usage.kinds == {"input_uncached": 1, "cache_write_30m": 100, "cache_write_12h": 10, "output": 1}
