"""Gateway and provider in one process and in moved time: what one call costs the next, to the second."""

import json

import pytest

from gateway.evaluation.chains_world import RULES, Rule, World, opened

BY_NAME = {rule.name: rule for rule in RULES}
CLAUDE = {b"user-agent": b"claude-cli/2.1.330 (external, cli)", b"x-claude-code-session-id": b"one", b"x-simulate-output-tokens": b"9"}


def asked(world: World, turns: int) -> tuple[str, int | None, int]:
    """One call, answered at once: its state, what was expected, what was read."""
    talk = [{"role": "user", "content": [{"type": "text", "text": f"{turn} " * 6000}]} for turn in range(turns)]
    talk[-1]["content"][0]["cache_control"] = world.rule.marker  # type: ignore[index]
    body = {"model": world.rule.model, "max_tokens": 9, "stream": True, "messages": talk}
    sent = world.send(CLAUDE, json.dumps(body).encode())
    world.begins(sent)
    read = world.ends(sent)
    return sent.freshness.state, sent.freshness.expected_read_tokens, read


@pytest.mark.parametrize(("after_s", "state"), [(299.0, "cooling"), (301.0, "cold")])
def test_five_minutes_to_the_second(after_s: float, state: str) -> None:
    with opened(BY_NAME["anthropic-5m"]) as world:
        assert asked(world, 2)[0] == "unknown"
        world.clock.advance(after_s)
        found, expected, read = asked(world, 3)
        assert (found, expected) == (state, read)
        assert (read > 0) == (state == "cooling")


def test_rules_have_names_of_their_own() -> None:
    assert len(BY_NAME) == len(RULES)
    assert {rule.known for rule in RULES} == {True, False}
    assert all(isinstance(rule, Rule) for rule in RULES)
