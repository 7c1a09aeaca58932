"""OpenAI's prompt cache up to GPT-5.5: blocks of 128 tokens, machines, and lifetimes as they were observed."""

from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.simulator import cache_machines
from gateway.simulator.cache_machines import MACHINES, SPILL_PER_MINUTE, MachineCache
from gateway.simulator.clock import StillClock
from gateway.simulator.prompt import Prompt, Refused
from gateway.simulator.read_chat import read
from tests.gateway.simulator.rig import kinds, part, sized

MODEL = "gpt-5.5"


@pytest.fixture
def clock() -> StillClock:
    return StillClock()


@pytest.fixture
def cache(clock: StillClock) -> MachineCache:
    return MachineCache(clock, Random(0), retention="1h")


def chat(*parts: dict[str, object], **members: Any) -> Prompt:
    """One user message a part."""
    return read({"model": MODEL, "messages": [{"role": "user", "content": [one]} for one in parts], **members})


def read_of(cache: MachineCache, prompt: Prompt) -> int:
    """Tokens read from the cache, and nothing is ever written for money."""
    split = kinds(cache, prompt)
    assert set(split) <= {"cache_read", "input_uncached"}
    return split.get("cache_read", 0)


@given(st.integers(1, 6000), st.integers(1, 6000), st.integers(0, 6000))
def test_what_two_prompts_share_is_read_in_whole_blocks_of_128(one, two, differ_at):
    """Letters count four to a token, so the shared prefix is known to the byte."""
    cache = MachineCache(StillClock(), Random(0), retention="1h")
    first, second = (
        read({"model": MODEL, "messages": [{"role": "user", "content": text}]})
        for text in ("x" * one, "x" * min(differ_at, two) + "y" * max(0, two - differ_at))
    )
    read_of(cache, first)
    shared = 0
    for a, b in zip(first.blocks[0].data, second.blocks[0].data, strict=False):
        if a != b:
            break
        shared += 1
    blocks = shared // 512 * 128
    assert read_of(cache, second) == (blocks if blocks >= 1024 else 0)


@pytest.mark.parametrize(("tokens", "read_tokens"), [(1023, 0), (1024, 1024), (1151, 1024), (1152, 1152)])
def test_nothing_below_1024_and_then_steps_of_128(cache, tokens, read_tokens):
    prompt = chat(part(tokens))
    assert read_of(cache, prompt) == 0
    assert read_of(cache, prompt) == read_tokens


def test_a_prefix_needs_no_marker_and_no_end(cache):
    read_of(cache, chat(part(4000, "a"), part(1000, "b")))
    assert read_of(cache, chat(part(4000, "a"), part(1000, "c"))) == 3968


@pytest.mark.parametrize(
    "change",
    [{"model": "gpt-5.4"}, {"tools": [{"type": "function", "function": {"name": "f"}}]}, {"reasoning_effort": "low"},
     {"response_format": {"type": "json_object"}}, {"verbosity": "low"}, {"service_tier": "flex"}],
)  # fmt: skip
def test_what_a_prefix_is_bound_to(cache, change):
    read_of(cache, chat(part(2000)))
    assert read_of(cache, chat(part(2000), **change)) == 0


def test_accounts_share_nothing(cache):
    kinds(cache, chat(part(2000)), owner="one")
    assert "cache_read" not in kinds(cache, chat(part(2000)), owner="two")


def test_more_than_fifteen_a_minute_spill_to_a_machine_that_knows_nothing(cache, clock):
    prompt = chat(part(2048))
    reads = [read_of(cache, prompt) for _ in range(SPILL_PER_MINUTE * 2 + 1)]
    warm, cold = [2048] * (SPILL_PER_MINUTE - 1), [0]
    assert reads == cold + warm + cold + warm + cold
    clock.advance(61)
    assert read_of(cache, prompt) == 2048


def test_a_key_of_its_own_is_a_machine_of_its_own_sooner_or_later(cache):
    """With as many machines as there are, one of a hundred other keys lands elsewhere."""
    read_of(cache, chat(part(2048), prompt_cache_key="mine"))
    reads = [cache.look(chat(part(2048), prompt_cache_key=f"key {n}"), "me").read for n in range(100)]
    assert 0 < reads.count(2048) < 50
    assert cache.look(chat(part(2048), prompt_cache_key="mine"), "me").read == 2048


def test_an_overflow_on_demand_loses_the_machine_once(cache):
    prompt = chat(part(2048))
    read_of(cache, prompt)
    cache.overflow = 1
    assert read_of(cache, prompt) == 0
    assert read_of(cache, prompt) == 2048


@pytest.mark.parametrize(("retention", "lifetime_s"), [("5m", 300), ("1h", 3600), ("24h", 86_400)])
def test_a_fixed_retention_counts_from_the_last_use(clock, retention, lifetime_s):
    cache, prompt = MachineCache(clock, Random(0), retention), chat(part(2048))
    read_of(cache, prompt)
    for _ in range(2):
        clock.advance(lifetime_s - 1)
        assert read_of(cache, prompt) == 2048
    clock.advance(lifetime_s)
    assert read_of(cache, prompt) == 0


def test_in_memory_retention_is_five_minutes_where_it_is_taken(clock):
    cache = MachineCache(clock, Random(0), "24h")
    prompt = chat(part(2048), model="gpt-5.2", prompt_cache_retention="in_memory")
    read_of(cache, prompt)
    clock.advance(300)
    assert read_of(cache, prompt) == 0


def test_a_full_machine_forgets_the_tail_of_the_oldest_first(cache, monkeypatch):
    monkeypatch.setattr(cache_machines, "CHUNKS_MAX", 20)
    old, new = chat(part(2048, "old"), prompt_cache_key="k"), chat(part(1024, "new"), prompt_cache_key="k")
    read_of(cache, old)
    machine = cache._machines[cache._route(old, cache_machines._chunks(old, "me"))]
    assert len(machine) == 16
    cache._store(machine, cache_machines._chunks(new, "me"), new)
    assert len(machine) == 20
    assert cache.look(old, "me").read == 12 * 128


def conversation(turns: int) -> Prompt:
    return chat(*(part(700, str(place)) for place in range(turns)))


def outcomes(gap_s: float, uses: int, tries: int = 400) -> list[int]:
    """Tokens read after such a gap, of a prompt of 7,000 tokens used so many times before it."""
    out = []
    for seed in range(tries):
        clock = StillClock()
        cache = MachineCache(clock, Random(seed))
        prompt = conversation(10)
        for _ in range(uses):
            kinds(cache, prompt)
            clock.advance(5)
        clock.advance(gap_s - 5)
        out.append(cache.look(prompt, "me").read)
    return out


FULL = 7000 // 128 * 128


@pytest.mark.parametrize("uses", [1, 12])
@pytest.mark.parametrize(
    ("gap_s", "full", "anything"), [(10, 0.95, 0.99), (134, 0.74, 0.97), (424, 0.52, 0.93), (1039, 0.35, 0.88), (9999, 0, 0.01)]
)
def test_a_prefix_survives_as_was_observed_however_often_it_was_used_before(gap_s, full, anything, uses):
    """Shares of whole and of partial hits among 3,109 observed calls; 400 draws are good for 0.07 either way."""
    reads = outcomes(gap_s, uses)
    assert reads.count(FULL) / len(reads) == pytest.approx(full, abs=0.07)
    assert sum(found > 0 for found in reads) / len(reads) == pytest.approx(anything, abs=0.07)


def test_a_partial_hit_ends_at_an_earlier_turn():
    partial = {found for found in outcomes(424, 1) if 0 < found < FULL}
    earlier_turns = {place * 700 // 128 * 128 for place in range(2, 10)}
    assert partial
    assert partial <= earlier_turns
    assert max(partial) == 9 * 700 // 128 * 128


@pytest.mark.parametrize(
    "members", [{"prompt_cache_options": {"ttl": "30m"}}, {"prompt_cache_options": {"mode": "explicit"}}]
)
def test_options_of_later_models_are_refused(cache, members):
    with pytest.raises(Refused, match=r"not supported with gpt-5\.5") as refused:
        cache.look(chat(part(10), **members), "me")
    assert refused.value.status == 400


def test_breakpoints_of_later_models_are_refused(cache):
    with pytest.raises(Refused, match="prompt_cache_breakpoint"):
        cache.look(chat({"type": "text", "text": sized(50), "prompt_cache_breakpoint": {}}), "me")


def test_gpt_5_5_takes_no_in_memory_retention(cache):
    with pytest.raises(Refused, match="'24h'"):
        cache.look(chat(part(10), prompt_cache_retention="in_memory"), "me")


def test_evicting_forgets_everywhere(cache):
    for key in range(MACHINES):
        read_of(cache, chat(part(2048), prompt_cache_key=str(key)))
    cache.evict()
    assert len(cache) == 0
    assert read_of(cache, chat(part(2048), prompt_cache_key="0")) == 0
