"""The price said before: what is cached at the read price, what is new at what new input will be billed as."""

from cache.types import Boundary, Freshness, ThreadRecord
from gateway.metering.estimate import estimate_before
from gateway.metering.prices import PriceBook

AT = 1_795_564_800.0
BOOK = PriceBook.load(())
UNKNOWN = Freshness(state="unknown", reason="first_call")
WARM = Freshness(state="warm", reason="within_lifetime", expected_read_tokens=100_000)
COLD = Freshness(state="cold", reason="past_lifetime", expected_read_tokens=0)


def record(tokens: int = 100_000, ttl_s: float = 0.0) -> ThreadRecord:
    return ThreadRecord(
        thread="t", team="a", cached_tokens=tokens, cache_ttl_s=ttl_s, boundaries=(Boundary("ab", 4 * tokens, tokens),)
    )


def test_a_first_call_is_guessed_from_its_bytes() -> None:
    """Models before GPT-5.6 charge nothing extra for a write; later ones write every prompt that is long enough."""
    assert estimate_before(BOOK, "openai", "gpt-5.5", 8_000, None, UNKNOWN, AT).picos == 2_000 * 5_000_000
    assert estimate_before(BOOK, "openai", "gpt-6.1-sol", 8_000, None, UNKNOWN, AT).picos == 2_000 * 2_500_000
    assert estimate_before(BOOK, "openai", "gpt-6.1-sol", 4_000, None, UNKNOWN, AT).picos == 1_000 * 2_000_000
    assert estimate_before(BOOK, "anthropic", "claude-opus-5-5", 8_000, None, UNKNOWN, AT).picos == 2_000 * 4_000_000


def test_warm_and_cold() -> None:
    """The worked example of an hour's write on Opus 5.5: 100,000 tokens cached, 2,000 new."""
    warm = estimate_before(BOOK, "anthropic", "claude-opus-5-5", 408_000, record(ttl_s=3600.0), WARM, AT)
    cold = estimate_before(BOOK, "anthropic", "claude-opus-5-5", 408_000, record(ttl_s=3600.0), COLD, AT)
    assert warm.input_tokens == cold.input_tokens == 102_000
    assert warm.picos == warm.picos_if_warm == cold.picos_if_warm == 100_000 * 200_000 + 2_000 * 8_000_000
    assert cold.picos == 102_000 * 8_000_000
    assert cold.headers() == [
        (b"x-pointsman-cost-estimate-usd", b"0.816000"),
        (b"x-pointsman-cost-if-warm-usd", b"0.036000"),
    ]


def test_a_long_prompt_costs_what_long_prompts_cost() -> None:
    warm = Freshness(state="warm", reason="within_lifetime", expected_read_tokens=300_000)
    found = estimate_before(BOOK, "openai", "gpt-6.1-sol", 1_200_000, record(300_000), warm, AT)
    assert found.picos == 300_000 * 200_000


def test_a_broken_prefix_is_read_anew() -> None:
    broken = Freshness(state="broken", reason="prefix_changed", expected_read_tokens=20_000)
    found = estimate_before(BOOK, "openai", "gpt-6.1-sol", 400_000, record(), broken, AT)
    assert found.picos == 20_000 * 100_000 + 80_000 * 2_500_000


def test_an_unknown_price_is_no_price() -> None:
    found = estimate_before(BOOK, "openai", "gpt-99", 8_000, None, UNKNOWN, AT)
    assert (found.picos, found.picos_if_warm, found.headers()) == (None, None, [])


def test_without_a_price_for_reads_everything_is_new() -> None:
    book = PriceBook.load(({"provider": "vllm", "model": "m", "input_uncached": "1"},))
    found = estimate_before(book, "vllm", "m", 408_000, record(), WARM, AT)
    assert found.picos == found.picos_if_warm == 102_000 * 1_000_000
