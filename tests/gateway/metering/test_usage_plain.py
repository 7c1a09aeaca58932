"""The short way of reading an answer gives what the long way gives, or nothing at all."""

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from gateway.metering.tally import OpenAITally
from gateway.metering.usage_counts import COUNT_MAX
from gateway.metering.usage_openai import openai_usage
from gateway.metering.usage_plain import plain_usage

COUNTS = st.one_of(st.integers(0, 3000), st.sampled_from([-1, COUNT_MAX, COUNT_MAX + 1, None, 2.0, 2.5, "7", True]))
DETAILS = st.dictionaries(
    st.sampled_from(
        ["cached_tokens", "cache_write_tokens", "audio_tokens", "reasoning_tokens", "image_tokens",
         "accepted_prediction_tokens", "cache_read_tokens"]
    ),
    COUNTS,
    max_size=3,
)  # fmt: skip
MODELS = st.sampled_from(["gpt-5.2", "gpt-4o-2024-08-06", "claude-sonnet-5", "gemini-3-pro", "qwen3", ""])


@st.composite
def answers(draw: st.DrawFn) -> dict[str, object]:
    """Answers from the plain form, now and then bent."""
    made, asked = draw(st.integers(0, 3000)), draw(st.integers(0, 3000))
    usage: dict[str, object] = {"prompt_tokens": asked, "completion_tokens": made, "total_tokens": asked + made}
    if draw(st.booleans()):
        usage["prompt_tokens_details"] = draw(st.one_of(DETAILS, st.just({"cached_tokens": asked // 2, "audio_tokens": 0})))
    if draw(st.booleans()):
        usage["completion_tokens_details"] = draw(st.one_of(DETAILS, st.just({"reasoning_tokens": made // 2})))
    bent = draw(
        st.dictionaries(
            st.sampled_from(["prompt_tokens", "total_tokens", "input_tokens", "cached_tokens", "prompt_tokens_details"]),
            COUNTS,
            max_size=1,
        )
    )
    answer: dict[str, object] = {"id": "chatcmpl-1", "object": "chat.completion", "usage": usage | bent}
    if model := draw(MODELS):
        answer["model"] = model
    answer |= draw(st.dictionaries(st.just("service_tier"), st.sampled_from(["default", "flex", "priority", None, 3])))
    return answer


@given(answers())
def test_the_short_way_agrees_with_the_long_way(answer: dict[str, object]) -> None:
    short = plain_usage(msgspec.json.encode(answer))
    if short is None:
        return
    usage = answer["usage"]
    assert isinstance(usage, dict)
    assert short == openai_usage(usage, str(answer.get("model", "")), answer.get("service_tier"), answer["id"])


def test_an_answer_as_openai_writes_it_takes_the_short_way() -> None:
    body = (
        b'{"id":"chatcmpl-B9","object":"chat.completion","created":1741570283,"model":"gpt-4o-2024-08-06","choices":[],'
        b'"usage":{"prompt_tokens":1117,"completion_tokens":46,"total_tokens":1163,"prompt_tokens_details":'
        b'{"cached_tokens":1024,"audio_tokens":0},"completion_tokens_details":{"reasoning_tokens":6,"audio_tokens":0,'
        b'"accepted_prediction_tokens":0,"rejected_prediction_tokens":0}},"service_tier":"flex"}'
    )
    found = plain_usage(body)
    assert found is not None
    assert found.kinds == {"input_uncached": 93, "cache_read": 1024, "output": 40, "reasoning": 6}
    assert (found.model, found.tier, found.response_id, found.exact) == ("gpt-4o-2024-08-06", "flex", "chatcmpl-B9", True)


def test_a_total_that_differs_is_left_to_the_long_way() -> None:
    body = b'{"object":"chat.completion","usage":{"prompt_tokens":5,"completion_tokens":4,"total_tokens":11}}'
    assert plain_usage(body) is None
    tally = OpenAITally()
    tally.body(body)
    usage = tally.usage()
    assert usage is not None
    assert usage.problem == "total_differs"
