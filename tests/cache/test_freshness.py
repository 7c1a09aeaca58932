"""The judgement, state by state, and what must hold for every thread and every moment."""

from itertools import pairwise

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Raw
from msgspec.structs import replace

from cache.fingerprint import Fingerprint, fingerprint
from cache.freshness import assess
from cache.providers import CacheRules, rules_for
from cache.standing import Answered
from cache.threads import remember
from cache.types import Freshness, ThreadRecord

CLAUDE, GPT5, GPT6 = ("anthropic", "claude-opus-5-5"), ("openai", "gpt-5.5"), ("openai", "gpt-6-luna")
END = 1_000_000.0


def prompt(*turns: str, **more: object) -> Fingerprint:
    body = msgspec.json.encode({"input": [{"role": "user", "content": turn} for turn in turns], **more})
    return fingerprint("responses", msgspec.json.decode(body, type=dict[str, Raw]), 1, b"team")


def answered(
    record: ThreadRecord | None,
    print_: Fingerprint,
    tokens: int,
    who: tuple[str, str] = CLAUDE,
    *,
    read: int = 0,
    ttl_s: float = 300.0,
    written: int | None = None,
    now: float = END,
) -> ThreadRecord:
    return remember(
        record,
        thread="t",
        team="a",
        client="codex",
        user="u",
        agent="main",
        session="s",
        parent="",
        route="code",
        model=who[1],
        served=who[1],
        provider=who[0],
        upstream=who[0],
        dialect="responses",
        fingerprint=print_,
        answered=Answered(at=now, total=tokens, read=read, out=0, begins_turn=False, granted_s=ttl_s),
        written=written,
        window_number=0,
        now=now,
        picos=5,
    )


def rules(who: tuple[str, str]) -> CacheRules:
    found = rules_for(*who)
    assert found is not None
    return found


def judged(
    record: ThreadRecord | None, print_: Fingerprint | None, idle_s: float, who: tuple[str, str] = CLAUDE
) -> Freshness:
    return assess(record, print_, who[1], rules_for(*who), END + idle_s)


ONE = prompt("one")
TWO = prompt("one", "two")
THREE = prompt("one", "two", "three")


def test_the_first_call_is_unknown() -> None:
    assert judged(None, ONE, 0.0) == Freshness(state="unknown", reason="first_call")


@pytest.mark.parametrize(
    ("who", "ttl_s", "idle_s", "state", "reason", "expected"),
    [
        (CLAUDE, 300.0, 0.0, "warm", "within_lifetime", 5000),
        (CLAUDE, 300.0, 240.0, "warm", "within_lifetime", 5000),
        (CLAUDE, 300.0, 241.0, "cooling", "near_expiry", 5000),
        (CLAUDE, 300.0, 300.0, "cooling", "near_expiry", 5000),
        (CLAUDE, 300.0, 301.0, "cold", "past_lifetime", 0),
        (CLAUDE, 3600.0, 301.0, "warm", "within_lifetime", 5000),
        (CLAUDE, 3600.0, 3601.0, "cold", "past_lifetime", 0),
        (GPT5, 0.0, 100.0, "warm", "within_lifetime", 4992),
        (GPT5, 0.0, 301.0, "cooling", "no_promise", None),
        (GPT5, 0.0, 12 * 3600.0, "cold", "past_lifetime", 0),
        (GPT6, 1800.0, 1000.0, "warm", "within_lifetime", 5000),
        (GPT6, 1800.0, 1801.0, "cooling", "no_promise", None),
        (GPT6, 1800.0, 12 * 3600.0, "cold", "past_lifetime", 0),
        (GPT6, 43200.0, 9 * 3600.0, "warm", "within_lifetime", 5000),
        (("vllm", "qwen"), 0.0, 5.0, "unknown", "no_promise", None),
        (("groq", "llama"), 0.0, 5.0, "cooling", "no_promise", None),
    ],
)
def test_the_documented_lifetime_of_the_granted_tier(
    who: tuple[str, str], ttl_s: float, idle_s: float, state: str, reason: str, expected: int | None
) -> None:
    record = answered(None, ONE, 5000, who, ttl_s=ttl_s, written=5000)
    found = judged(record, TWO, idle_s, who)
    assert (found.state, found.reason, found.expected_read_tokens, found.idle_s) == (state, reason, expected, idle_s)


def test_warm_until_is_the_promise() -> None:
    assert judged(answered(None, ONE, 5000), TWO, 1.0).warm_until == END + 300
    assert judged(answered(None, ONE, 5000, ("vllm", "q")), TWO, 1.0, ("vllm", "q")).warm_until is None


def test_a_clock_that_went_back_is_no_idle_time() -> None:
    assert judged(answered(None, ONE, 5000), TWO, -50.0).idle_s == 0.0


def test_another_model_has_another_cache() -> None:
    found = judged(answered(None, ONE, 5000, CLAUDE), TWO, 1.0, GPT6)
    assert (found.state, found.reason, found.expected_read_tokens) == ("cold", "model_changed", 0)


def test_a_changed_prefix_keeps_what_came_before_it() -> None:
    record = answered(answered(answered(None, ONE, 2000), TWO, 4000, read=2000), THREE, 6000, read=4000)
    found = judged(record, prompt("one", "two", "other"), 10.0)
    assert (found.state, found.reason, found.expected_read_tokens) == ("broken", "prefix_changed", 4000)
    assert judged(record, prompt("other", "two", "other"), 10.0).expected_read_tokens == 0
    assert judged(record, prompt("one", "two", "other"), 400.0).expected_read_tokens == 0


def test_a_prompt_that_shrank_and_changed_was_compacted() -> None:
    record = answered(None, prompt("one", "x" * 2000), 5000)
    assert judged(record, prompt("summary"), 10.0).reason == "compacted"
    assert judged(record, prompt("two", "x" * 2000), 10.0).reason == "prefix_changed"


def test_a_changed_prefix_is_known_without_rules() -> None:
    record = answered(None, ONE, 5000, ("acme", "m"))
    assert judged(record, prompt("other"), 1.0, ("acme", "m")) == Freshness(
        state="broken", reason="prefix_changed", idle_s=1.0
    )
    assert judged(record, TWO, 1.0, ("acme", "m")) == Freshness(state="unknown", reason="no_rule", idle_s=1.0)


@pytest.mark.parametrize("unseen", [None, prompt("two", previous_response_id="resp_1")])
def test_a_timer_alone_never_says_warm(unseen: Fingerprint | None) -> None:
    found = judged(answered(None, ONE, 5000), unseen, 1.0)
    assert (found.state, found.reason, found.expected_read_tokens) == ("cooling", "prefix_unseen", 5000)
    assert judged(answered(None, ONE, 5000), unseen, 500.0).state == "cold"


def test_a_prompt_kept_by_the_provider_adds_no_boundary() -> None:
    record = answered(answered(None, ONE, 2000), prompt("two", previous_response_id="r"), 4000)
    assert len(record.boundaries) == 1
    assert record.cached_tokens == 4000


@pytest.mark.parametrize(
    ("who", "tokens", "read", "ttl_s", "written", "reason"),
    [
        (CLAUDE, 5000, 0, 0.0, None, "nothing_cached"),
        (CLAUDE, 5000, 0, 0.0, 0, "nothing_cached"),
        (CLAUDE, 400, 0, 300.0, None, "below_minimum"),
        (GPT5, 1023, 0, 0.0, None, "below_minimum"),
    ],
)
def test_what_was_never_cached_is_cold(
    who: tuple[str, str], tokens: int, read: int, ttl_s: float, written: int | None, reason: str
) -> None:
    found = judged(answered(None, ONE, tokens, who, read=read, ttl_s=ttl_s, written=written), TWO, 1.0, who)
    assert (found.state, found.reason, found.expected_read_tokens) == ("cold", reason, 0)


def test_only_what_was_read_or_written_can_be_read() -> None:
    record = answered(None, ONE, 10_000, written=2000)
    assert judged(record, TWO, 1.0).expected_read_tokens == 2000


def test_a_read_keeps_the_tier_it_read() -> None:
    record = answered(answered(None, ONE, 2000, ttl_s=3600.0), TWO, 2100, read=2000, ttl_s=0.0)
    assert record.cache_ttl_s == 3600.0
    assert judged(record, THREE, 1000.0).state == "warm"


moments = st.floats(min_value=0.0, max_value=1e6)
providers = st.sampled_from([CLAUDE, GPT5, GPT6, ("vllm", "m"), ("deepseek", "m"), ("acme", "m")])
ORDER = {"warm": 0, "cooling": 1, "unknown": 1, "cold": 2}


@given(
    providers, st.lists(moments, min_size=2, max_size=6), st.integers(0, 200_000), st.sampled_from([0.0, 300.0, 3600.0])
)
def test_nothing_gets_warmer_with_time(who: tuple[str, str], idles: list[float], tokens: int, ttl_s: float) -> None:
    record = answered(None, ONE, tokens, who, ttl_s=ttl_s)
    found = [judged(record, TWO, idle_s, who) for idle_s in sorted(idles)]
    assert all(ORDER[one.state] <= ORDER[two.state] for one, two in pairwise(found))


@given(
    providers, moments, st.integers(0, 200_000), st.sampled_from([None, ONE, TWO, prompt("x"), prompt("x", "y", "z")])
)
def test_what_holds_always(who: tuple[str, str], idle_s: float, tokens: int, print_: Fingerprint | None) -> None:
    record = answered(None, TWO, tokens, who)
    found = judged(record, print_, idle_s, who)
    if found.expected_read_tokens is not None:
        assert 0 <= found.expected_read_tokens <= tokens
        known = rules_for(*who)
        assert known is None or found.expected_read_tokens % known.granularity == 0
    if found.state == "warm":
        assert print_ is TWO
        assert idle_s < rules(who).tier(record.cache_ttl_s).minimum_s
    if found.state == "cold":
        assert found.expected_read_tokens == 0
    assert assess(replace(record, requests=0), print_, who[1], None, END).reason == "first_call"


def test_a_ping_winds_the_caches_clock_and_not_the_persons():
    record = answered(None, prompt("a"), 50_000, written=50_000)
    kept = replace(record, kept_at=END + 285)
    rules = rules_for(*CLAUDE)
    assert assess(record, None, CLAUDE[1], rules, END + 500).state == "cold"
    found = assess(kept, None, CLAUDE[1], rules, END + 500)
    assert (found.state, found.idle_s, found.expected_read_tokens) == ("cooling", 500.0, 50_000)
    assert found.warm_until == END + 585
    assert assess(kept, None, CLAUDE[1], rules, END + 600).state == "cold"
    assert answered(kept, prompt("a", "b"), 51_000, read=50_000, now=END + 500).kept_at == 0.0
