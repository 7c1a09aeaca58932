"""Prompts made of block ids: as many tokens as the blocks stood for, and equal exactly as far as the ids are."""

import json
from pathlib import Path

import pytest

from gateway.evaluation.chains_text import Dialect, Recorded, Text, read_recorded
from gateway.evaluation.policies_trace import NotSessions
from gateway.simulator import read_messages, read_responses
from gateway.simulator.prompt import Prompt, chain
from gateway.simulator.verdict import totals
from tests.gateway.evaluation.recorded import LEAD, row, session, written

READERS = {"messages": read_messages.read, "responses": read_responses.read}


def recorded(tmp_path: Path, *requests: dict) -> Recorded:
    path = tmp_path / "one.jsonl"
    path.write_text(json.dumps(session("one", list(requests))))
    (found,) = read_recorded(path)
    return found


def prompt(text: Text, dialect: Dialect, number: int) -> Prompt:
    return READERS[dialect](json.loads(text.body(number, "some-model", {"type": "ephemeral"})))


def common(one: Prompt, other: Prompt) -> int:
    """Tokens up to the end of the last message that both begin with."""
    pairs = zip(chain(b"", one.blocks), chain(b"", other.blocks), totals(one), strict=False)
    return max((tokens for left, right, tokens in pairs if left == right), default=0)


@pytest.mark.parametrize("dialect", ["messages", "responses"])
def test_tokens_are_the_blocks_and_prefixes_the_ids(tmp_path: Path, dialect: Dialect) -> None:
    base = list(range(1, 101))
    found = recorded(
        tmp_path,
        row(0, base, "text"),
        row(9, [*base, *range(200, 220)], "tool_result"),
        row(20, [*base[:99], *range(300, 310)], "tool_result"),
        row(30, [*base[: LEAD + 1], *range(400, 450)], "text"),
    )
    text = Text(found, dialect)
    prompts = [prompt(text, dialect, number) for number in range(4)]
    assert [each.total_tokens for each in prompts] == [64 * 100, 64 * 120, 64 * 109, 64 * 91]
    assert common(prompts[0], prompts[1]) == 64 * 100
    assert common(prompts[0], prompts[2]) == common(prompts[1], prompts[2]) == 64 * 99
    assert common(prompts[2], prompts[3]) == 64 * (LEAD + 1)


def test_sessions_share_tools_and_system_prompt_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "two.jsonl"
    rows = [row(0, list(range(1, 101)), "text")]
    path.write_text("\n".join(json.dumps(session(name, rows)) for name in ("one", "two")))
    one, two = (prompt(Text(each, "messages"), "messages", 0) for each in read_recorded(path))
    assert common(one, two) == 64 * LEAD


def test_what_ends_a_prompt_says_whose_turn_it_was(tmp_path: Path) -> None:
    base = list(range(1, 101))
    found = recorded(tmp_path, row(0, base, "text"), row(9, [*base, *range(200, 220)], "tool_result"))
    body = json.loads(Text(found, "messages").body(1, "m", {"type": "ephemeral"}))
    kinds = [(turn["role"], turn["content"][0]["type"]) for turn in body["messages"]]
    assert kinds == [("user", "text"), ("assistant", "text"), ("user", "tool_result")]
    assert [("cache_control" in turn["content"][0]) for turn in body["messages"]] == [False, False, True]


@pytest.mark.parametrize("text", ["", "{}", "no", '{"trace": 1, "bs": 64, "tool": 1, "sys": 1, "rows": [{}]}'])
def test_what_is_no_session_is_said(tmp_path: Path, text: str) -> None:
    path = tmp_path / "bad.jsonl"
    path.write_text(text)
    with pytest.raises(NotSessions):
        read_recorded(path)


def test_made_up_sessions_are_read(tmp_path: Path) -> None:
    assert [each.name for each in read_recorded(written(tmp_path, 3, 5))] == ["s0", "s1", "s2"]
