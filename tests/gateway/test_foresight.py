"""Documents and learning together: which word stands when, and what is learned from."""

import json
from pathlib import Path

import pytest
from msgspec.structs import replace

from cache.fingerprint import Fingerprint, fingerprint
from cache.forecast import Forecast
from cache.outlook import Outlook
from cache.priors import shipped
from cache.standing import Answered
from cache.survival import Survival
from cache.threads import remember
from cache.types import Freshness, ThreadRecord
from gateway.config.compiled import Snapshot
from gateway.config.live import Live
from gateway.dialects.ask import Ask, read
from gateway.foresight import Foresight, foreseen, judged, learn, resumed
from gateway.metering.types import Settlement
from gateway.upstream.plan import Candidate

NOW = 1_800_000_000.0
MODEL = "claude-opus-5-5"
HERE = Candidate(model=MODEL, upstream="anthropic", upstream_name=MODEL)


@pytest.fixture(scope="module")
def snapshot(tmp_path_factory: pytest.TempPathFactory) -> Snapshot:
    file = tmp_path_factory.mktemp("config") / "pointsman.yaml"
    anthropic = {"url": "https://api.anthropic.com/v1", "provider": "anthropic", "dialects": ["messages"]}
    config = {
        "version": 1,
        "upstreams": {"anthropic": anthropic},
        "models": {MODEL: {"upstream": "anthropic"}},
        "routes": {"code": {"model": MODEL}, "general": {"model": MODEL}},
        "routing": {"default": "general", "matrix": [{"route": "general"}]},
    }
    Path(file).write_text(json.dumps(config), "utf-8")
    return Live(file, {}).current


@pytest.fixture
def forecast() -> Forecast:
    return Forecast(Survival(shipped()))


def asked(*turns: str, system: str = "s", tools: tuple[str, ...] = ("t",)) -> tuple[Ask, Fingerprint]:
    talk = [{"role": "user", "content": turn + "x" * 800} for turn in turns]
    body = json.dumps({"model": MODEL, "system": system, "tools": [{"name": name} for name in tools], "messages": talk})
    ask = read(body.encode(), "messages", "messages")
    return ask, fingerprint("messages", ask.fields, 1, b"team", ask.body)


def answered(print_: Fingerprint, tokens: int = 100_000, record: ThreadRecord | None = None) -> ThreadRecord:
    return remember(
        record, thread="t", team="a", client="claude-code", user="", agent="main", session="s", parent="", route="code",
        model=MODEL, served=MODEL, provider="anthropic", upstream="anthropic", dialect="messages", fingerprint=print_,
        answered=Answered(
            at=NOW, total=tokens, read=tokens - 1000 if record else 0, out=300, begins_turn=True, granted_s=300.0
        ),
        written=1000 if record else tokens, window_number=0, now=NOW, picos=0,
    )  # fmt: skip


def settled(model: str, read: int, at: float) -> Settlement:
    return Settlement(
        id="1", at=at, outcome="ok", status=200, kinds={"cache_read": read}, fees={}, picos=0, by_kind={},
        price_status="priced", price_reason="", price_rows=(), exact=True, model=model, upstream="anthropic",
        provider="anthropic", served=model, tier="", response_id="", attempts=1, ttft_ms=None, duration_ms=1.0, bytes_out=1,
        cache_observed="unknown",
    )  # fmt: skip


def after(snapshot: Snapshot, forecast: Forecast | None, record: ThreadRecord | None, idle_s: float, *turns: str,
          parent: ThreadRecord | None = None, **more: object) -> Foresight:  # fmt: skip
    ask, print_ = asked(*turns, **more)  # type: ignore[arg-type]
    return foreseen(record, parent, print_, ask, HERE, snapshot, forecast, NOW + idle_s)


def test_an_intact_prompt_is_warm_and_learned_numbers_stand_beside(snapshot: Snapshot, forecast: Forecast) -> None:
    record = answered(asked("one", "two")[1])
    found = after(snapshot, forecast, record, 20.0, "one", "two", "three").freshness
    assert (found.state, found.reason, found.expected_read_tokens) == ("warm", "within_lifetime", 100_000)
    assert found.p_full is not None
    assert found.p_full > 0.95
    assert found.mean_read_tokens is not None
    assert 95_000 < found.mean_read_tokens <= 100_000


def test_after_the_lifetime(snapshot: Snapshot, forecast: Forecast) -> None:
    record = answered(asked("one", "two")[1])
    found = after(snapshot, forecast, record, 900.0, "one", "two", "three").freshness
    assert (found.state, found.reason, found.cause) == ("cold", "past_lifetime", "expired")
    assert found.p_cold is not None
    assert found.p_cold > 0.9


@pytest.mark.parametrize(
    ("turns", "more", "reason"),
    [
        (("one", "other", "three"), {}, "prefix_changed"),
        (("one", "two", "three"), {"system": "z"}, "system_changed"),
        (("one", "two", "three"), {"tools": ("u",)}, "tools_changed"),
        (("summary",), {}, "compacted"),
    ],
)
def test_what_broke(
    snapshot: Snapshot, forecast: Forecast, turns: tuple[str, ...], more: dict[str, object], reason: str
) -> None:
    record = answered(asked("one", "two", "and a third")[1])
    found = after(snapshot, forecast, record, 20.0, *turns, **more).freshness
    assert (found.state, found.reason) == ("broken", reason)


def test_an_edit_keeps_what_comes_before_it(snapshot: Snapshot, forecast: Forecast) -> None:
    first = answered(asked("one", "two")[1])
    second = answered(asked("one", "two", "three", "four")[1], 140_000, first)
    found = after(snapshot, forecast, second, 20.0, "one", "two", "three", "other").freshness
    assert (found.state, found.expected_read_tokens) == ("broken", 100_000)


def test_a_fork_reads_what_its_parent_left(snapshot: Snapshot, forecast: Forecast) -> None:
    parent = answered(asked("one", "two")[1])
    assert after(snapshot, forecast, None, 20.0, "one", "two", "side", parent=parent).freshness.state == "warm"
    found = after(snapshot, forecast, None, 20.0, "one", "side", parent=parent).freshness
    assert (found.state, found.reason) == ("broken", "forked")


def test_first_calls_and_no_forecast(snapshot: Snapshot, forecast: Forecast) -> None:
    first = after(snapshot, forecast, None, 0.0, "one")
    assert (first.freshness.reason, first.look, first.begins_turn) == ("first_call", None, True)
    assert first.subject is not None, "the next thread will want to know what was read of the beginning"
    record = answered(asked("one", "two")[1])
    assert after(snapshot, None, record, 20.0, "one", "two", "three").freshness.p_full is None


def test_a_record_of_an_older_version_keeps_to_the_documents(snapshot: Snapshot, forecast: Forecast) -> None:
    record = replace(answered(asked("one", "two")[1]), standing=ThreadRecord(thread="t", team="a").standing)
    found = after(snapshot, forecast, record, 20.0, "one", "two", "three").freshness
    assert (found.state, found.p_full) == ("warm", None)


def test_resuming_without_a_prompt_is_never_warm(forecast: Forecast) -> None:
    record = answered(asked("one", "two")[1])
    assert resumed(record, forecast, NOW + 20.0).state == "cooling"
    assert resumed(record, forecast, NOW + 2000.0).state == "cold"


@pytest.mark.parametrize(
    ("state", "p_full", "p_cold", "told"),
    [
        ("warm", 0.95, 0.02, ("warm", "r")),
        ("warm", 0.7, 0.2, ("cooling", "learned")),
        ("warm", 0.1, 0.8, ("cold", "learned")),
        ("cooling", 0.95, 0.02, ("cooling", "r")),
        ("cooling", 0.1, 0.8, ("cold", "learned")),
        ("cold", 0.1, 0.8, ("cold", "r")),
        ("cold", 0.8, 0.1, ("cooling", "learned")),
        ("unknown", 0.95, 0.02, ("cooling", "learned")),
        ("unknown", 0.3, 0.3, ("unknown", "r")),
        ("broken", 0.95, 0.02, ("broken", "r")),
    ],
)
def test_whose_word_stands(state: str, p_full: float, p_cold: float, told: tuple[str, str]) -> None:
    outlook = Outlook(p_full, p_cold, 5, 5.0, "expired", 50.0, False)
    freshness = Freshness(state=state, reason="r", idle_s=1.0, warm_until=9.0)  # type: ignore[arg-type]
    found = judged(freshness, outlook)
    assert (found.state, found.reason) == told
    assert (found.idle_s, found.warm_until) == (1.0, 9.0)
    thin = judged(freshness, replace(outlook, evidence=1.0))
    assert thin == freshness


def test_learning_needs_something_that_was_foretold(snapshot: Snapshot, forecast: Forecast) -> None:
    record = answered(asked("one", "two")[1])
    foretold = after(snapshot, forecast, record, 20.0, "one", "two", "three")
    before = sum(sum(curve.counts) for _, curve in forecast.survival.learned())
    elsewhere = settled("claude-haiku-4-5", 100_000, NOW + 25.0)
    assert not learn(foretold, record, HERE, elsewhere, forecast, NOW + 20.0)
    assert sum(sum(curve.counts) for _, curve in forecast.survival.learned()) == before, "another model answered"
    learn(foretold, record, HERE, settled(MODEL, 100_000, NOW + 25.0), forecast, NOW + 20.0)
    assert sum(sum(curve.counts) for _, curve in forecast.survival.learned()) > before
    assert not learn(Foresight(freshness=foretold.freshness), record, HERE, settled(MODEL, 0, NOW), forecast, NOW)
    learn(after(snapshot, forecast, None, 0.0, "one"), None, HERE, settled(MODEL, 20_000, NOW + 2), forecast, NOW)
    assert foretold.subject is not None
    assert forecast.floors.of(foretold.subject.beginning) == (20_000, NOW + 2)
