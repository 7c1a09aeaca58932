"""Anthropic's prompt cache, rule by rule, on a clock that stands still."""

from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.simulator.cache_anthropic import LOOKBACK_BLOCKS, AnthropicCache, minimum_tokens
from gateway.simulator.clock import StillClock
from gateway.simulator.prompt import Prompt, Refused
from gateway.simulator.read_messages import read
from tests.gateway.simulator.rig import kinds, part

MODEL = "claude-opus-5-5"
FIVE = {"cache_control": {"type": "ephemeral"}}
HOUR = {"cache_control": {"type": "ephemeral", "ttl": "1h"}}
TOOL = {"name": "grep", "description": "x" * 4000, "input_schema": {"type": "object"}}


@pytest.fixture
def clock() -> StillClock:
    return StillClock()


@pytest.fixture
def cache(clock: StillClock) -> AnthropicCache:
    return AnthropicCache(clock, Random(0), slack_s=0.0)


def request(*parts: dict[str, object], **members: Any) -> Prompt:
    """One user message with these parts."""
    return read({"model": MODEL, "max_tokens": 9, "messages": [{"role": "user", "content": list(parts)}], **members})


def test_without_a_marker_nothing_is_cached(cache):
    for _ in range(2):
        assert kinds(cache, request(part(2000))) == {"input_uncached": 2000}
    assert len(cache) == 0


def test_a_marker_writes_once_and_is_read_after(cache):
    prompt = request(part(1000, **FIVE), part(30))
    assert kinds(cache, prompt) == {"cache_write_5m": 1000, "input_uncached": 30}
    assert kinds(cache, prompt) == {"cache_read": 1000, "input_uncached": 30}


def test_only_what_is_new_is_written(cache):
    kinds(cache, request(part(1000, "a", **FIVE)))
    grown = request(part(1000, "a"), part(500, "b", **FIVE), part(20))
    assert kinds(cache, grown) == {"cache_read": 1000, "cache_write_5m": 500, "input_uncached": 20}


@pytest.mark.parametrize(
    ("model", "tokens"),
    [("claude-opus-5", 512), ("claude-opus-5-5", 512), ("claude-sonnet-5-5", 512), ("claude-haiku-5-5", 512),
     ("claude-fable-5-1", 512), ("claude-mythos-5-1", 512), ("claude-opus-4-8", 1024), ("claude-sonnet-4-5", 1024),
     ("claude-sonnet-5", 1024), ("claude-opus-4-7", 2048), ("claude-opus-4-5", 4096), ("claude-opus-4-6", 4096),
     ("claude-haiku-4-5-20251001", 4096)],
)  # fmt: skip
def test_below_its_model_s_minimum_a_marker_does_nothing(cache, model, tokens):
    assert minimum_tokens(model) == tokens
    short, enough = (request(part(size, **FIVE), model=model) for size in (tokens - 1, tokens))
    assert kinds(cache, short) == kinds(cache, short) == {"input_uncached": tokens - 1}
    assert kinds(cache, enough) == {"cache_write_5m": tokens}
    assert kinds(cache, enough) == {"cache_read": tokens}


@pytest.mark.parametrize(
    "other", [{"model": "claude-sonnet-5-5"}, {"speed": "fast"}, {"tools": [TOOL]}, {"system": "be brief"}]
)
def test_another_model_speed_tool_or_system_reads_nothing(cache, other):
    kinds(cache, request(part(1000, **FIVE)))
    assert "cache_read" not in kinds(cache, request(part(1000, **FIVE), **other))


def test_another_account_reads_nothing(cache):
    prompt = request(part(1000, **FIVE))
    kinds(cache, prompt, owner="one workspace")
    assert kinds(cache, prompt, owner="another") == {"cache_write_5m": 1000}


def tiers(**members: Any) -> dict[str, Any]:
    """A request with a marker after tools, system and messages; the parts are 1000 tokens and more."""
    body: dict[str, Any] = {
        "model": MODEL,
        "max_tokens": 9,
        "tools": [{**TOOL, **FIVE}],
        "system": [part(1000, "system", **FIVE)],
        "messages": [{"role": "user", "content": [part(1000, "hello", **FIVE)]}],
    }
    return {**body, **members}


TOOLS_TOKENS = read({"model": MODEL, "tools": [TOOL], "messages": [{"role": "user", "content": []}]}).total_tokens
TO_SYSTEM = TOOLS_TOKENS + 1000


@pytest.mark.parametrize(
    ("change", "still_read"),
    [
        ({}, TO_SYSTEM + 1000),
        ({"tools": [{**TOOL, "name": "find", **FIVE}]}, 0),
        ({"tools": [{"input_schema": {"type": "object"}, "name": "grep", "description": "x" * 4000, **FIVE}]}, 0),
        ({"system": [part(1000, "System", **FIVE)]}, TOOLS_TOKENS),
        ({"messages": [{"role": "user", "content": [part(1000, "other", **FIVE)]}]}, TO_SYSTEM),
        ({"tool_choice": {"type": "any"}}, TO_SYSTEM),
        ({"thinking": {"type": "enabled", "budget_tokens": 2000}}, TO_SYSTEM),
        ({"output_config": {"effort": "low"}}, TO_SYSTEM),
        ({"output_config": {"format": {"type": "json_schema", "schema": {}}}}, TO_SYSTEM),
        ({"speed": "fast"}, 0),
    ],
    ids=["nothing", "tools", "key order", "system", "messages", "tool choice", "thinking", "effort", "format", "speed"],
)
def test_a_change_invalidates_its_own_tier_and_all_after_it(cache, change, still_read):
    kinds(cache, read(tiers()))
    assert kinds(cache, read(tiers(**change))).get("cache_read", 0) == still_read


def test_an_image_anywhere_invalidates_the_messages(cache):
    image = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "AAAA"}}
    kinds(cache, read(tiers()))
    pictured = [{"role": "user", "content": [part(1000, "hello", **FIVE), image]}]
    assert kinds(cache, read(tiers(messages=pictured)))["cache_read"] == TO_SYSTEM


def test_five_markers_are_refused_and_four_are_not(cache):
    marked = [part(600, str(place), **FIVE) for place in range(5)]
    assert kinds(cache, request(*marked[:4])) == {"cache_write_5m": 2400}
    with pytest.raises(Refused, match="maximum of 4"):
        request(*marked)


def test_an_hour_after_five_minutes_is_refused_wherever_it_stands():
    with pytest.raises(Refused, match="must not come after"):
        request(part(600, "a", **FIVE), part(600, "b", **HOUR))
    with pytest.raises(Refused, match="must not come after"):
        request(part(600, **HOUR), system=[part(600, **FIVE)])


def test_an_unknown_lifetime_is_refused():
    with pytest.raises(Refused, match="'5m' or '1h'"):
        request(part(600, cache_control={"type": "ephemeral", "ttl": "2h"}))


def test_a_marker_is_no_part_of_what_is_cached(cache):
    kinds(cache, request(part(1000, "a", **FIVE)))
    assert kinds(cache, request(part(1000, "a", **HOUR))) == {"cache_read": 1000}


@pytest.mark.parametrize(("distance", "found"), [(1, True), (LOOKBACK_BLOCKS - 1, True), (LOOKBACK_BLOCKS, False)])
def test_a_marker_looks_back_twenty_blocks_itself_included(cache, distance, found):
    first = part(1000, "first", **FIVE)
    kinds(cache, request(first))
    later = [part(10, str(place)) for place in range(distance - 1)]
    grown = kinds(cache, request({**first, "cache_control": None}, *later, part(10, "last", **FIVE)))
    assert grown.get("cache_read", 0) == (1000 if found else 0)
    assert grown["cache_write_5m"] == distance * 10 + (0 if found else 1000)


def test_every_marker_looks_back_for_itself_and_the_longest_counts(cache):
    first, middle = part(1000, "first", **FIVE), part(10, "middle", **FIVE)
    kinds(cache, request(first))
    between = [part(10, str(place)) for place in range(30)]
    assert kinds(cache, request(first, *between, middle))["cache_read"] == 1000
    assert kinds(cache, request(first, *between, middle, part(10)))["cache_read"] == 1310


def test_what_is_not_marked_is_not_found(cache):
    kinds(cache, request(part(1000, "a"), part(1000, "b", **FIVE)))
    assert "cache_read" not in kinds(cache, request(part(1000, "a", **FIVE)))


@pytest.mark.parametrize(("marker", "lifetime_s", "kind"), [(FIVE, 300, "cache_write_5m"), (HOUR, 3600, "cache_write_1h")])
def test_an_entry_lives_its_lifetime_and_each_read_renews_it(cache, clock, marker, lifetime_s, kind):
    prompt = request(part(1000, **marker))
    kinds(cache, prompt)
    for _ in range(3):
        clock.advance(lifetime_s - 1)
        assert kinds(cache, prompt) == {"cache_read": 1000}
    clock.advance(lifetime_s)
    assert kinds(cache, prompt) == {kind: 1000}


def test_a_read_keeps_the_lifetime_an_entry_was_written_with(cache, clock):
    kinds(cache, request(part(1000, **HOUR)))
    kinds(cache, request(part(1000, **FIVE)))
    clock.advance(3000)
    assert kinds(cache, request(part(1000, **FIVE))) == {"cache_read": 1000}


def test_slack_is_drawn_anew_up_to_its_bound(clock):
    prompt, lives = request(part(1000, **FIVE)), []
    for seed in range(40):
        cache = AnthropicCache(clock, Random(seed), slack_s=30.0)
        kinds(cache, prompt)
        clock.advance(300)
        lived = 0
        while cache.look(prompt, "me").read:
            clock.advance(1)
            lived += 1
        lives.append(lived)
    assert 0 < min(lives) < 10 < 20 < max(lives) <= 30


def test_mixed_lifetimes_are_billed_apart(cache):
    def grown(*tags: str) -> Prompt:
        return request(
            part(1000, "long"), part(600, tags[0], **HOUR), part(500, tags[1]), part(700, tags[2], **FIVE), part(40)
        )

    assert kinds(cache, grown("a", "b", "c")) == {"cache_write_1h": 1600, "cache_write_5m": 1200, "input_uncached": 40}
    assert kinds(cache, grown("a", "b", "c")) == {"cache_read": 2800, "input_uncached": 40}
    assert kinds(cache, grown("a", "b", "d")) == {"cache_read": 1600, "cache_write_5m": 1200, "input_uncached": 40}
    assert kinds(cache, grown("e", "b", "c")) == {"cache_write_1h": 1600, "cache_write_5m": 1200, "input_uncached": 40}


def test_an_hour_may_silently_be_granted_as_five_minutes(cache, clock):
    cache.grants_hours = False
    prompt = request(part(1000, **HOUR))
    assert kinds(cache, prompt) == {"cache_write_5m": 1000}
    clock.advance(301)
    assert kinds(cache, prompt) == {"cache_write_5m": 1000}


def test_the_automatic_marker_is_on_the_last_block_that_can_be_cached(cache):
    thought = {"type": "thinking", "thinking": "hm", "signature": "s"}
    turns = [{"role": "user", "content": [part(1000)]}, {"role": "assistant", "content": [thought]}]
    prompt = read({"model": MODEL, "max_tokens": 9, "messages": turns, "cache_control": {"type": "ephemeral", "ttl": "1h"}})
    assert kinds(cache, prompt) == {"cache_write_1h": 1000, "input_uncached": prompt.total_tokens - 1000}
    assert kinds(cache, prompt)["cache_read"] == 1000


def test_a_prewarm_writes_and_says_nothing(cache):
    prompt = request(part(1000, **FIVE), max_tokens=0)
    assert prompt.prewarm
    assert kinds(cache, prompt) == {"cache_write_5m": 1000}
    assert kinds(cache, request(part(1000, **FIVE))) == {"cache_read": 1000}


@pytest.mark.parametrize(
    "member",
    [
        {"stream": True},
        {"thinking": {"type": "enabled"}},
        {"tool_choice": {"type": "tool", "name": "grep"}},
        {"output_config": {"format": {"type": "json_schema", "schema": {"type": "object"}}}},
    ],
)
def test_a_prewarm_is_refused_with_what_needs_an_answer(member):
    with pytest.raises(Refused, match="max_tokens: 0"):
        request(part(1000, **FIVE), max_tokens=0, **member)


def test_an_entry_is_there_only_once_the_answer_begins(cache):
    """So parallel cold starts all write, and pay for it."""
    prompt = request(part(1000, **FIVE))
    first, second = cache.look(prompt, "me"), cache.look(prompt, "me")
    assert first.kinds == second.kinds == {"cache_write_5m": 1000}
    first.commit()
    second.commit()
    assert kinds(cache, prompt) == {"cache_read": 1000}


def test_its_age_counts_from_the_first_byte(cache, clock):
    prompt = request(part(1000, **FIVE))
    verdict = cache.look(prompt, "me")
    clock.advance(200)
    verdict.commit()
    clock.advance(299)
    assert cache.look(prompt, "me").read == 1000
    clock.advance(1)
    assert cache.look(prompt, "me").read == 0


def test_evicting_forgets(cache):
    prompt = request(part(1000, **FIVE))
    kinds(cache, prompt)
    cache.evict()
    assert kinds(cache, prompt) == {"cache_write_5m": 1000}


marks = st.sampled_from([{}, {}, FIVE])


@given(st.lists(st.lists(st.tuples(st.integers(10, 900), st.sampled_from("ab"), marks), min_size=1, max_size=8), max_size=12),
       st.lists(st.integers(0, 400), min_size=12, max_size=12))  # fmt: skip
def test_whatever_is_asked_no_token_is_lost_and_none_read_that_was_not_written(requests, pauses):
    clock = StillClock()
    cache = AnthropicCache(clock, Random(0))
    written: set[tuple[tuple[int, str], ...]] = set()
    for parts, pause in zip(requests, pauses, strict=False):
        if sum(bool(mark) for _, _, mark in parts) > 4:
            continue
        split = kinds(cache, request(*(part(tokens, tag, **mark) for tokens, tag, mark in parts)))
        path = tuple((tokens, tag) for tokens, tag, _ in parts)
        prefixes = {sum(tokens for tokens, _ in path[: end + 1]): path[: end + 1] for end in range(len(path))}
        read_tokens = split.get("cache_read", 0)
        assert read_tokens == 0 or prefixes[read_tokens] in written
        written |= {path[: end + 1] for end in range(len(path)) if parts[end][2]}
        clock.advance(pause)
