"""`pointsman price` from the command line."""

import argparse
import io
import json
from pathlib import Path
from typing import Any

import pytest

from gateway.commands import price


def run(*words: str) -> int:
    parser = argparse.ArgumentParser()
    price.register(parser.add_subparsers(required=True))
    args = parser.parse_args(["price", *words])
    return int(args.run(args))


@pytest.fixture
def ask(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Any:
    def asked(value: Any, model: str, *words: str) -> dict[str, Any]:
        file = tmp_path / "usage.json"
        file.write_text(value if isinstance(value, str) else json.dumps(value), "utf-8")
        assert run(model, str(file), "--json", "--at", "2026-11-25", *words) == 0
        answer: dict[str, Any] = json.loads(capsys.readouterr().out)
        return answer

    return asked


CHAT = {"prompt_tokens": 2_006, "completion_tokens": 300, "prompt_tokens_details": {"cached_tokens": 1_920}}


def test_one_usage_object(ask: Any) -> None:
    assert ask(CHAT, "gpt-6.1-sol") == {
        "kinds": {"input_uncached": 86, "cache_read": 1_920, "output": 300},
        "usd": "0.003364000000",
        "price_rows": ["2026-11-25/openai/gpt-6.1-sol"],
        "status": "priced",
    }


def test_null_is_unknown(ask: Any) -> None:
    assert ask(None, "gpt-6.1-sol") == {
        "kinds": {}, "usd": None, "price_rows": [], "status": "unpriced", "reason": "no_usage"
    }  # fmt: skip


def test_an_unknown_model_still_has_its_kinds(ask: Any) -> None:
    answer = ask(CHAT, "gpt-99")
    assert answer["kinds"] == {"input_uncached": 86, "cache_read": 1_920, "output": 300}
    assert (answer["usd"], answer["status"], answer["reason"]) == (None, "unpriced", "unknown_model")


def test_the_known_part(ask: Any) -> None:
    usage = {"input_tokens": 10, "output_tokens": 1, "cache_creation": {"ephemeral_1h_input_tokens": 5}}
    answer = ask(usage, "gpt-6.1-sol", "--dialect", "messages")
    assert (answer["usd"], answer["status"]) == ("0.000030000000", "partial")


def test_fees_are_in_the_sum(ask: Any) -> None:
    usage = {"input_tokens": 1, "output_tokens": 0, "server_tool_use": {"web_search_requests": 2}}
    answer = ask(usage, "claude-opus-5-5-20260901")
    assert (answer["usd"], answer["fees"]) == ("0.020004000000", {"web_search": 2})


@pytest.mark.parametrize(
    "usage",
    [
        '{"prompt_tokens": NaN, "completion_tokens": 1}',
        {"prompt_tokens": -4, "completion_tokens": 1},
        {"prompt_tokens": 10, "completion_tokens": 1, "prompt_tokens_details": {"cached_tokens": 11}},
        "3",
        '"text"',
    ],
)
def test_impossible_usage_has_no_price(ask: Any, usage: Any) -> None:
    answer = ask(usage, "gpt-6.1-sol")
    assert (answer["usd"], answer["status"]) == (None, "unpriced")
    assert answer["reason"]


def test_a_stream(ask: Any) -> None:
    events = [
        {"type": "message_start", "message": {"usage": {"input_tokens": 8, "output_tokens": 1}}},
        {"event": "message_delta", "data": {"type": "message_delta", "usage": {"output_tokens": 3}, "delta": {}}},
        {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 50}},
        'data: {"type":"message_stop"}',
        "[DONE]",
    ]
    assert ask(events, "claude-opus-5-5")["usd"] == "0.001032000000"
    cut = ask(events[:2], "claude-opus-5-5")
    assert (cut["status"], cut["kinds"]) == ("partial", {"input_uncached": 8, "output": 3})


def test_a_whole_answer_names_its_tier(ask: Any) -> None:
    body = {"object": "chat.completion", "model": "gpt-6.1-sol", "service_tier": "flex", "choices": [], "usage": CHAT}
    assert ask(body, "gpt-6.1-sol")["usd"] == "0.001682000000"
    assert ask(body, "gpt-6.1-sol", "--tier", "default")["usd"] == "0.003364000000"


def test_tier_provider_and_time(ask: Any) -> None:
    assert ask(CHAT, "gpt-6.1-sol", "--tier", "priority")["usd"] == "0.006728000000"
    assert ask(CHAT, "claude-opus-5.5", "--provider", "openrouter")["status"] == "unpriced"
    assert ask(CHAT, "anthropic/claude-opus-5.5", "--provider", "openrouter")["status"] == "priced"
    peak = ask(CHAT, "deepseek-v4-flash", "--at", "2026-11-25T09:30+08:00")
    assert peak["usd"] == ask(CHAT, "deepseek-v4-flash", "--at", "2026-11-25T01:30")["usd"] == "0.000397320000"
    assert ask(CHAT, "deepseek-v4-flash", "--at", "2026-11-25")["usd"] == "0.000198660000"


@pytest.mark.parametrize(
    ("usage", "dialect"),
    [
        ({"prompt_tokens": 1, "cache_read_input_tokens": 1}, "chat"),
        ({"input_tokens": 1, "cache_read_input_tokens": 1}, "messages"),
        ({"input_tokens": 1, "output_tokens": 1, "total_tokens": 2}, "responses"),
        ({"input_tokens": 1, "input_tokens_details": {}}, "responses"),
    ],
)
def test_the_shape_tells_the_dialect(usage: dict[str, Any], dialect: str) -> None:
    assert price.dialect_of(usage, "some-model") == dialect


def test_a_table_for_people(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(json.dumps({**CHAT, "total_tokens": 1})))
    assert run("gpt-6.1-sol", "-") == 0
    said = capsys.readouterr().out
    assert "input_uncached            86  $0.000172000000\n" in said
    assert "partial\nbecause: total_differs\nby row 2026-11-25/openai/gpt-6.1-sol\n" in said


def test_nothing_to_read(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    (tmp_path / "bad.json").write_text("{", "utf-8")
    assert run("gpt-5.5", str(tmp_path / "bad.json")) == 2
    assert run("gpt-5.5", str(tmp_path / "absent.json")) == 2
    assert "absent.json" in capsys.readouterr().err
    with pytest.raises(SystemExit) as caught:
        run("gpt-5.5", "-", "--at", "yesterday")
    assert caught.value.code == 2


def test_dollars_are_exact() -> None:
    assert price.dollars(1) == "0.000000000001"
    assert price.dollars(3 * 10**12 + 50) == "3.000000000050"
    assert price.dollars(None) is None
