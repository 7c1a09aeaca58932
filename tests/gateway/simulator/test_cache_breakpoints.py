"""OpenAI's prompt cache since GPT-5.6, rule by rule, on a clock that stands still."""

from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.simulator.cache_breakpoints import WINDOW, BreakpointCache
from gateway.simulator.clock import StillClock
from gateway.simulator.prompt import Prompt, Refused
from gateway.simulator.read_chat import read
from gateway.simulator.read_responses import read as read_response
from tests.gateway.simulator.rig import kinds, part

MODEL = "gpt-6-sol"
HERE = {"prompt_cache_breakpoint": {}}
EXPLICIT = {"prompt_cache_options": {"mode": "explicit"}}


@pytest.fixture
def clock() -> StillClock:
    return StillClock()


@pytest.fixture
def cache(clock: StillClock) -> BreakpointCache:
    return BreakpointCache(clock, Random(0), afterlife_s=0.0)


def chat(*messages: tuple[str, object], **members: Any) -> Prompt:
    """A chat of messages given as role and parts."""
    turns = [
        {"role": role, "content": list(parts) if isinstance(parts, tuple | list) else [parts]} for role, parts in messages
    ]
    return read({"model": MODEL, "messages": turns, **members})


def test_the_newest_user_message_is_an_implicit_breakpoint(cache):
    first = chat(("user", part(1200, "a")))
    assert kinds(cache, first) == {"cache_write_30m": 1200}
    assert kinds(cache, first) == {"cache_read": 1200}
    grown = chat(("user", part(1200, "a")), ("assistant", part(100, "b")), ("user", part(50, "c")))
    assert kinds(cache, grown) == {"cache_read": 1200, "cache_write_30m": 150}


def test_a_tool_result_is_one_too(cache):
    items = [
        {"role": "user", "content": "x" * 5000},
        {"type": "function_call", "name": "f", "arguments": "{}", "call_id": "c"},
        {"type": "function_call_output", "call_id": "c", "output": "y" * 400},
    ]
    prompt = read_response({"model": MODEL, "input": items})
    assert kinds(cache, prompt) == {"cache_write_30m": prompt.total_tokens}


def test_what_the_assistant_said_last_is_not(cache):
    prompt = chat(("user", part(1200)), ("assistant", part(300)))
    assert kinds(cache, prompt) == {"cache_write_30m": 1200, "input_uncached": 300}


def test_counts_are_exact_and_not_in_blocks(cache):
    prompt = chat(("user", part(1031)))
    kinds(cache, prompt)
    assert kinds(cache, prompt) == {"cache_read": 1031}


@pytest.mark.parametrize(("tokens", "kind"), [(1023, "input_uncached"), (1024, "cache_write_30m")])
def test_shorter_than_1024_tokens_is_not_cached(cache, tokens, kind):
    assert kinds(cache, chat(("user", part(tokens)))) == {kind: tokens}


def test_a_breakpoint_before_the_minimum_writes_nothing(cache):
    prompt = chat(("developer", part(500, **HERE)), ("user", part(1000, "a")))
    kinds(cache, prompt)
    assert len(cache) == 1
    assert "cache_read" not in kinds(cache, chat(("developer", part(500, **HERE)), ("user", part(1000, "b"))))


def test_nothing_shorter_than_a_breakpoint_is_found(cache):
    kinds(cache, chat(("developer", part(2000, "rules")), ("user", part(1000, "a"))))
    assert kinds(cache, chat(("developer", part(2000, "rules")), ("user", part(1000, "b")))) == {"cache_write_30m": 3000}


def test_an_explicit_breakpoint_is_shared_by_what_follows_it(cache):
    kinds(cache, chat(("developer", part(2000, "rules", **HERE)), ("user", part(1000, "a"))))
    other = chat(("developer", part(2000, "rules", **HERE)), ("user", part(1000, "b")))
    assert kinds(cache, other) == {"cache_read": 2000, "cache_write_30m": 1000}


def test_one_implicit_and_the_latest_three_explicit_are_written(cache):
    marked = [("developer", part(1100, str(place), **HERE)) for place in range(5)]
    kinds(cache, chat(*marked, ("user", part(100, "now"))))
    assert len(cache) == 4
    found = [cache.look(chat(*marked[:count], **EXPLICIT), "me").read for count in range(1, 6)]
    assert found == [0, 0, 3300, 4400, 5500]


def test_explicit_mode_writes_the_latest_four_and_nothing_without_any(cache):
    marked = [("developer", part(1100, str(place), **HERE)) for place in range(5)]
    kinds(cache, chat(*marked, ("user", part(100, "now")), **EXPLICIT))
    assert len(cache) == 4
    plain = chat(("user", part(3000)), **EXPLICIT)
    assert kinds(cache, plain) == kinds(cache, plain) == {"input_uncached": 3000}


def test_explicit_mode_does_not_read_at_turns_either(cache):
    turn = ("user", part(3000, "a"))
    kinds(cache, chat(turn))
    assert kinds(cache, chat(turn, **EXPLICIT)) == {"input_uncached": 3000}


@pytest.mark.parametrize(("turns_since", "read_tokens"), [(WINDOW - 1, 1100), (WINDOW, 0)])
def test_only_the_latest_eighty_breakpoints_are_looked_at(cache, turns_since, read_tokens):
    first = ("user", part(1100, "first"))
    kinds(cache, chat(first))
    later = [("user", part(20, str(place))) for place in range(turns_since)]
    assert kinds(cache, chat(first, *later)).get("cache_read", 0) == read_tokens


@pytest.mark.parametrize(("ttl", "lifetime_s"), [("30m", 1800), ("12h", 43_200)])
def test_an_entry_lives_its_minimum_and_each_read_renews_it(cache, clock, ttl, lifetime_s):
    prompt = chat(("user", part(1200)), prompt_cache_options={"ttl": ttl})
    assert kinds(cache, prompt) == {f"cache_write_{ttl}": 1200}
    for _ in range(3):
        clock.advance(lifetime_s - 1)
        assert kinds(cache, prompt) == {"cache_read": 1200}
    clock.advance(lifetime_s)
    assert kinds(cache, prompt) == {f"cache_write_{ttl}": 1200}


def test_the_minimum_is_one_and_an_entry_may_live_longer(clock):
    """An exponential afterlife of an hour: after half an hour more, 61 of 100 entries are still there."""
    cache, prompts = BreakpointCache(clock, Random(1)), [chat(("user", part(1200, str(place)))) for place in range(300)]
    for prompt in prompts:
        kinds(cache, prompt)
    clock.advance(1800)
    assert all(cache.look(prompt, "me").read for prompt in prompts)
    clock.advance(1800)
    assert 0.5 < sum(cache.look(prompt, "me").read > 0 for prompt in prompts) / 300 < 0.7


@pytest.mark.parametrize(
    "change",
    [
        {"model": "gpt-6.1-sol"},
        {"tools": [{"type": "function", "function": {"name": "f"}}]},
        {"response_format": {"type": "json_object"}},
        {"reasoning_effort": "high"},
        {"verbosity": "low"},
        {"service_tier": "flex"},
        {"prompt_cache_key": "other"},
    ],
)
def test_what_an_entry_is_bound_to(cache, change):
    turn = ("user", part(1200))
    kinds(cache, chat(turn))
    assert "cache_read" not in kinds(cache, chat(turn, **change))


def test_accounts_share_nothing(cache):
    prompt = chat(("user", part(1200)))
    kinds(cache, prompt, owner="one")
    assert "cache_read" not in kinds(cache, prompt, owner="two")


def test_an_entry_is_there_only_once_the_answer_begins(cache):
    prompt = chat(("user", part(1200)))
    first, second = cache.look(prompt, "me"), cache.look(prompt, "me")
    assert first.kinds == second.kinds == {"cache_write_30m": 1200}
    first.commit()
    assert cache.look(prompt, "me").kinds == {"cache_read": 1200}


def test_a_prewarm_fills_the_cache(cache):
    body = {"model": MODEL, "input": "x" * 8000}
    warm = read_response({**body, "prompt_cache_options": {"prewarm": True}})
    assert warm.prewarm
    assert kinds(cache, warm) == {"cache_write_30m": warm.total_tokens}
    assert kinds(cache, read_response(body)) == {"cache_read": warm.total_tokens}


@pytest.mark.parametrize(
    ("member", "words"),
    [
        ({"prompt_cache_options": {"ttl": "24h"}}, "'30m' and '12h'"),
        ({"prompt_cache_options": {"mode": "magic"}}, "mode"),
        ({"prompt_cache_retention": "24h"}, "prompt_cache_retention"),
    ],
)
def test_what_this_generation_does_not_take(cache, member, words):
    with pytest.raises(Refused, match=words) as refused:
        cache.look(chat(("user", part(1200)), **member), "me")
    assert refused.value.status == 400


def test_gpt_5_6_still_takes_the_old_field(cache):
    prompt = chat(("user", part(1200)), model="gpt-5.6-sol", prompt_cache_retention="24h")
    assert kinds(cache, prompt) == {"cache_write_30m": 1200}


@given(st.lists(st.lists(st.tuples(st.sampled_from(("user", "assistant", "developer")), st.integers(200, 900),
       st.sampled_from("ab"), st.booleans()), min_size=1, max_size=8), max_size=10), st.booleans())  # fmt: skip
def test_whatever_is_asked_every_read_was_paid_for(requests, explicit):
    cache = BreakpointCache(StillClock(), Random(0), afterlife_s=0.0)
    paid: set[tuple[object, ...]] = set()
    for messages in requests:
        turns = [(role, part(tokens, tag, **(HERE if mark else {}))) for role, tokens, tag, mark in messages]
        split = kinds(cache, chat(*turns, **(EXPLICIT if explicit else {})))
        path = [message[:3] for message in messages]
        until = {sum(one[1] for one in path[: end + 1]): tuple(path[: end + 1]) for end in range(len(path))}
        read_tokens = split.get("cache_read", 0)
        assert read_tokens == 0 or until[read_tokens] in paid
        end = read_tokens + split.get("cache_write_30m", 0)
        paid |= {until[tokens] for tokens in until if tokens <= end}
