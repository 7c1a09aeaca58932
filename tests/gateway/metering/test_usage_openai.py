"""Chat and Responses usage: whatever the split, the kinds are disjoint and add up to what is billed."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from gateway.metering.types import INPUT_KINDS
from gateway.metering.usage_openai import openai_usage, service_tier

tokens = st.integers(0, 2_000_000)
anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | tokens,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
NAMES = (
    "prompt_tokens", "completion_tokens", "input_tokens", "output_tokens", "total_tokens", "cached_tokens",
    "prompt_cache_hit_tokens", "prompt_cache_miss_tokens", "cache_creation_input_tokens",
)  # fmt: skip
DETAILS = (
    "cached_tokens", "cache_write_tokens", "audio_tokens", "image_tokens", "reasoning_tokens", "text_tokens",
    "cache_write_tokens_details", "cached_tokens_details", "ttl_30m_tokens",
)  # fmt: skip
objects = st.fixed_dictionaries(
    {},
    optional={name: anything for name in NAMES}
    | {
        name: anything | st.dictionaries(st.sampled_from(DETAILS), anything, max_size=5)
        for name in ("prompt_tokens_details", "completion_tokens_details", "input_tokens_details")
    },
)


@given(fresh=tokens, read=tokens, half_hour=tokens, half_day=tokens, rest=tokens, text=tokens, reasoning=tokens)
def test_every_token_is_in_exactly_one_kind(
    fresh: int, read: int, half_hour: int, half_day: int, rest: int, text: int, reasoning: int
) -> None:
    written = half_hour + half_day + rest
    given_, made = fresh + read + written, text + reasoning
    usage = openai_usage(
        {
            "input_tokens": given_,
            "input_tokens_details": {
                "cached_tokens": read,
                "cache_write_tokens": written,
                "cache_write_tokens_details": {"ttl_30m_tokens": half_hour, "ttl_12h_tokens": half_day},
            },
            "output_tokens": made,
            "output_tokens_details": {"reasoning_tokens": reasoning},
            "total_tokens": given_ + made,
        }
    )
    assert usage is not None
    assert not usage.problem
    assert usage.exact
    expected = {
        "input_uncached": fresh,
        "cache_read": read,
        "cache_write_30m": half_hour + rest,
        "cache_write_12h": half_day,
        "output": text,
        "reasoning": reasoning,
    }
    assert dict(usage.kinds) == {kind: count for kind, count in expected.items() if count}
    assert usage.input_tokens == given_


@given(text=tokens, audio=tokens, image=tokens, read=st.integers(0, 6_000_000), made=tokens, spoken=tokens)
def test_media_overlapping_the_cache_is_counted_once(
    text: int, audio: int, image: int, read: int, made: int, spoken: int
) -> None:
    total = text + audio + image
    read = min(read, total)
    usage = openai_usage(
        {
            "prompt_tokens": total,
            "completion_tokens": made + spoken,
            "prompt_tokens_details": {"cached_tokens": read, "audio_tokens": audio, "image_tokens": image},
            "completion_tokens_details": {"audio_tokens": spoken},
        }
    )
    assert usage is not None
    assert usage.input_tokens == total
    assert sum(usage.kinds.values()) == total + made + spoken
    assert usage.kinds.get("cache_read", 0) == read
    assert usage.kinds.get("output_audio", 0) == spoken
    assert usage.kinds.get("input_audio", 0) == min(audio, total - read)


@given(objects)
def test_nothing_raises_and_nothing_is_negative(usage: dict[str, Any]) -> None:
    found = openai_usage(usage)
    if found is None:
        return
    assert all(type(count) is int and count > 0 for count in found.kinds.values())
    if not found.problem:
        billed = sum(found.kinds.get(kind, 0) for kind in INPUT_KINDS)
        reported = [usage[name] for name in ("prompt_tokens", "input_tokens") if usage.get(name) is not None]
        if reported:
            assert billed == max(reported)
        if usage.get("total_tokens") is not None:
            assert sum(found.kinds.values()) == usage["total_tokens"]


def test_reasoning_outside_the_output_is_added_only_where_the_total_says_so() -> None:
    counts = {"prompt_tokens": 10, "completion_tokens": 50, "completion_tokens_details": {"reasoning_tokens": 40}}
    inside = openai_usage({**counts, "total_tokens": 60})
    outside = openai_usage({**counts, "total_tokens": 100})
    neither = openai_usage({**counts, "total_tokens": 70})
    assert inside is not None
    assert outside is not None
    assert neither is not None
    assert dict(inside.kinds) == {"input_uncached": 10, "output": 10, "reasoning": 40}
    assert dict(outside.kinds) == {"input_uncached": 10, "output": 50, "reasoning": 40}
    assert neither.problem == "total_differs"


def test_cached_media_has_a_price_of_its_own_that_is_not_known() -> None:
    details = {"cached_tokens": 60, "audio_tokens": 80, "cached_tokens_details": {"audio_tokens": 50}}
    usage = openai_usage({"prompt_tokens": 100, "completion_tokens": 0, "prompt_tokens_details": details})
    assert usage is not None
    assert dict(usage.kinds) == {"input_uncached": 10, "cache_read": 60, "input_audio": 30}
    assert usage.problem == "cached_media"


def test_the_standard_tier_has_no_name() -> None:
    assert [service_tier(name) for name in ("default", "auto", "on_demand", None, 7)] == [""] * 5
    assert service_tier("flex") == "flex"
