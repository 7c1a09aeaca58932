"""The whole of it on small stories."""

from msgspec.structs import replace

from cache.forecast import Forecast, Subject, kin
from cache.look import by_length
from cache.outlook import Outlook
from cache.priors import shipped
from cache.providers import rules_for
from cache.standing import Answered, Standing, after
from cache.survival import Survival

NOW = 1_000_000.0


def subject(provider: str, model: str) -> Subject:
    rules = rules_for(provider, model)
    assert rules is not None
    return Subject(rules=rules, model=model, account="a", beginning=f"{model} tools")


CLAUDE, GPT = subject("anthropic", "claude-opus-4-6"), subject("openai", "gpt-5.5")


def stands(
    tokens: int, granted_s: float = 300.0, out: int = 400, turn: int = 0, beginning: str = "claude-opus-4-6 tools"
) -> Standing:
    floor = 16_000
    return Standing(NOW, tokens, tokens, out, turn or tokens, floor, granted_s, 9, beginning=beginning)


def asked(standing: Standing, who: Subject, idle_s: float, tokens: int, *, person: bool = True) -> Outlook:
    forecast = Forecast(Survival(shipped()))
    return forecast.before(standing, by_length(standing, tokens, person, idle_s, who.rules), who, NOW + idle_s)


def test_a_tool_answers_within_seconds() -> None:
    found = asked(stands(100_000), CLAUDE, 4.0, 101_000, person=False)
    assert found.state == "warm"
    assert found.expected_read == 100_000
    assert found.p_full > 0.99


def test_after_lunch_on_five_minutes_and_on_an_hour() -> None:
    short, long = asked(stands(100_000), CLAUDE, 2400.0, 101_000), asked(stands(100_000, 3600.0), CLAUDE, 2400.0, 101_000)
    assert (short.state, short.cause, short.expected_read) == ("cold", "expired", 0)
    assert long.expected_read == 100_000
    assert long.mean_read > 70_000


def test_an_opus_that_shrank_has_lost_its_messages_a_sonnet_has_not() -> None:
    """Opus keeps its thinking in the prompt, so nothing falls out of it unasked; Sonnet 4.5 drops that of earlier turns."""
    opus = asked(stands(100_000), CLAUDE, 90.0, 99_500)
    sonnet = asked(stands(100_000), subject("anthropic", "claude-sonnet-4-5-20250929"), 90.0, 99_500)
    assert opus.state == "broken"
    assert opus.expected_read == 16_000
    assert sonnet.expected_read > 99_000


def test_a_long_turn_without_thinking_is_not_read_with_it() -> None:
    off = Standing(NOW, 100_000, 100_000, 400, 60_000, 16_000, 3600.0, 30, beginning="claude-opus-4-6 tools", steps=12)
    found, on = asked(off, CLAUDE, 90.0, 101_000), asked(replace(off, cached=99_992), CLAUDE, 90.0, 101_000)
    assert (found.state, found.cause, found.expected_read) == ("broken", "broken", 16_000)
    assert on.expected_read == 99_992


def test_codex_without_the_reasoning_of_its_last_turn_reads_up_to_that_turn() -> None:
    found = asked(stands(90_000, 0.0, out=900, turn=70_000), GPT, 100.0, 89_000)
    assert 69_000 < found.expected_read <= 70_000
    assert found.p_full < 0.2


def test_codex_next_day() -> None:
    found = asked(stands(120_000, 0.0), GPT, 43_200.0, 122_000)
    assert found.state == "cold"
    assert found.expected_read == 0


def test_reads_are_learned_in_steps_and_beginnings_are_shared() -> None:
    forecast = Forecast(Survival(shipped()))
    for number in range(20):
        forecast.after(None, by_length(Standing(), 9, True, 0.0, GPT.rules), GPT, NOW, 384 + 512 * number, NOW)
    standing = stands(100_000, 0.0)
    found = forecast.before(standing, by_length(standing, 101_000, False, 5.0, GPT.rules), GPT, NOW + 5)
    assert found.expected_read % 512 == 384
    assert forecast.floors.of(GPT.beginning) == (384 + 512 * 19, NOW)


def test_learning_from_a_thread() -> None:
    """A provider nobody has seen: nothing is claimed, then what happened is expected."""
    forecast, who = Forecast(Survival()), subject("groq", "llama-4")
    standing, now = None, NOW
    for number in range(60):
        total = 10_000 + 500 * number
        look = by_length(standing or Standing(), total, False, 30.0, who.rules)
        if standing is not None and number < 4:
            assert forecast.before(standing, look, who, now).state == "unknown"
        read = standing.cached if standing is not None else 0
        forecast.after(standing, look, who, now, read, now + 2)
        answered = Answered(at=now + 2, total=total, read=read, cached=total, out=100, granted_s=0.0, begins_turn=False)
        standing = after(standing, answered)
        now += 32
    assert standing is not None
    assert forecast.before(standing, by_length(standing, 50_000, False, 30.0, who.rules), who, now).state == "warm"


def test_kin() -> None:
    assert kin("claude-opus-4-5-20251101") == kin("claude-opus-5-5") == "claude-opus"
    assert kin("gpt-5.3-codex-spark") == "gpt-codex-spark"
    assert kin("gpt-5.5") == "gpt"
