"""When a cold resume is worth a warning, and what it says."""

from msgspec.structs import replace

from cache.standing import Standing
from cache.types import Boundary, Freshness, ThreadRecord
from gateway.config.compiled import Warnings
from gateway.dialects.ask import read
from gateway.identify import Caller
from gateway.metering.prices import PriceBook
from gateway.warning import ColdResume, chance_cold, cold_resume, is_for_a_program, may_be_warned

NOW = 1_795_500_000.0
PRICES = PriceBook.load(
    ({"provider": "house", "model": "m", "input_uncached": "5", "cache_read": "0.5", "cache_write_5m": "6.25", "output": "25"},)
)
RECORD = ThreadRecord(
    thread="t", team="a", model="m", provider="house", cached_tokens=120_000, first_tokens=16_000, cache_ttl_s=300.0,
    boundaries=(Boundary(digest="00", size=480_000, tokens=120_000),), requests=9, window_number=2,
)  # fmt: skip
COLD = Freshness(state="cold", reason="past_lifetime", idle_s=54_000.0, expected_read_tokens=0)
USUAL = Warnings()
CALLER = Caller(team="a", window_number=2)


def warned(freshness: Freshness = COLD, policy: Warnings = USUAL, record: ThreadRecord = RECORD) -> ColdResume | None:
    return cold_resume(record, freshness, PRICES, policy, NOW)


def test_it_says_what_going_on_compacting_and_a_new_thread_cost():
    found = warned()
    assert found is not None
    assert found.go_on_picos == 120_000 * 6_250_000
    assert found.warm_picos == 120_000 * 500_000
    assert found.compact_picos == (120_000 + 15_000) * 6_250_000 + 2_000 * 25_000_000
    assert found.fresh_picos == 16_000 * 6_250_000
    assert found.pays_after == 3, "0.15 dollars more now, 0.052 less with every request"
    assert found.sentence == (
        "Idle for 15 h: about 120,000 tokens are no longer cached. Going on costs $0.75 for the prompt instead of $0.06; "
        "compacting first $0.89 (pays after 3 requests); a new thread $0.10."
    )
    assert found.header == b"go_on=0.750, warm=0.060, compact=0.894, fresh=0.100"


def test_the_sentence_is_fit_for_a_header_and_for_json_as_it_is():
    changed = warned(replace(COLD, state="broken", reason="system_changed", idle_s=400_000.0, p_cold=0.87))
    assert changed is not None
    assert changed.sentence.startswith("Idle for 5 days and its system prompt changed: about 120,000 tokens are no longer cached (87 %")
    assert changed.sentence.isascii()
    assert changed.sentence.isprintable()
    assert not set(changed.sentence) & set('"\\/<>&[]')


def test_the_chance_counts():
    assert warned(replace(COLD, p_cold=0.4)) is not None, "0.276 dollars"
    assert warned(replace(COLD, p_cold=0.3)) is None, "0.207 dollars"
    assert warned(replace(COLD, p_cold=0.3), Warnings(at_least_picos=10**11)) is not None


def test_the_thresholds_are_the_policys():
    assert warned(policy=Warnings(at_least_picos=700_000_000_000)) is None
    assert warned(policy=Warnings(at_least_times=13.0)) is None


def test_thin_evidence_warns_nobody():
    cooling = Freshness(state="cooling", reason="no_promise", idle_s=6000.0)
    assert chance_cold(RECORD, cooling) is None
    assert warned(cooling) is None
    assert chance_cold(RECORD, replace(COLD, state="broken", expected_read_tokens=110_000)) is None, "most of it is kept"


def test_without_a_price_nothing_is_said():
    assert warned(record=replace(RECORD, provider="nowhere")) is None


def test_only_the_first_request_of_somebody_who_can_act():
    assert may_be_warned(RECORD, CALLER, COLD)
    assert not may_be_warned(None, CALLER, COLD)
    assert not may_be_warned(replace(RECORD, warned_at=NOW), CALLER, COLD)
    assert not may_be_warned(RECORD, CALLER, replace(COLD, idle_s=200.0))
    assert not may_be_warned(RECORD, CALLER, replace(COLD, idle_s=None))
    for agent in ("subagent", "auxiliary", "compaction"):
        assert not may_be_warned(RECORD, replace(CALLER, agent=agent), COLD)


def test_what_somebody_chose_is_no_news():
    assert not may_be_warned(RECORD, replace(CALLER, window_number=3), COLD), "compacted by the client's own word"
    for reason in ("compacted", "forked", "model_changed", "nothing_cached", "below_minimum"):
        assert not may_be_warned(RECORD, CALLER, replace(COLD, reason=reason))


def test_structured_output_is_for_a_program():
    plain = b'{"model":"m","messages":[]}'
    schema = b'{"model":"m","messages":[],"response_format":{"type":"json_schema","json_schema":{}}}'
    assert not is_for_a_program(read(plain, "chat", "chat"))
    assert is_for_a_program(read(schema, "chat", "chat"))


def test_compacting_is_no_advice_where_it_hardly_ever_pays():
    fixed = replace(RECORD, standing=Standing(floor=119_000))
    found = warned(record=fixed)
    assert found is not None
    assert found.pays_after is not None
    assert found.pays_after > 1000
    assert "compacting" not in found.sentence
