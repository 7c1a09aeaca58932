"""Which cache a model has, and which endpoints a profile."""

from typing import Any

import pytest

from gateway.simulator.clock import StillClock
from gateway.simulator.generations import Caches, has_breakpoints, serves
from gateway.simulator.read_messages import read
from tests.gateway.simulator.rig import kinds, part


@pytest.mark.parametrize(
    ("model", "breakpoints"),
    [("gpt-4o", False), ("gpt-5", False), ("gpt-5.3-codex", False), ("gpt-5.5", False), ("gpt-5.5-2026-04-01", False),
     ("o3", False), ("o4-mini", False), ("gpt-5.6-sol", True), ("gpt-5.10", True), ("gpt-6-sol", True), ("gpt-6.1-terra", True),
     ("something-new", True)],
)  # fmt: skip
def test_the_name_tells_the_generation(model, breakpoints):
    assert has_breakpoints(model, "mixed") is breakpoints


def test_a_profile_overrules_the_name():
    assert has_breakpoints("gpt-5.5", "openai-6")
    assert not has_breakpoints("gpt-6-sol", "openai-5.5")


@pytest.mark.parametrize("path", ["/v1/messages", "/v1/messages/count_tokens"])
def test_messages_are_anthropic_s(path):
    assert [serves(profile, path) for profile in ("mixed", "anthropic", "openai-5.5", "openai-6")] == [True, True, False, False]


@pytest.mark.parametrize("path", ["/v1/responses", "/v1/responses/resp_1", "/v1/embeddings", "/v1/completions"])
def test_most_others_are_openai_s(path):
    assert [serves(profile, path) for profile in ("mixed", "anthropic", "openai-5.5", "openai-6")] == [True, False, True, True]


@pytest.mark.parametrize("path", ["/v1/chat/completions", "/v1/models", "/v1/files"])
def test_some_are_everybody_s(path):
    assert all(serves(profile, path) for profile in ("mixed", "anthropic", "openai-5.5", "openai-6"))


@pytest.mark.parametrize("wrong", [{"retention": "2h"}, {"slack_s": -1.0}, {"afterlife_s": float("inf")}])
def test_a_setting_that_cannot_be_is_refused(wrong: dict[str, Any]):
    with pytest.raises(ValueError):
        Caches(StillClock(), 0, **wrong)


def test_chances_repeat_with_the_seed_and_start_over_with_reseeding():
    def lives(caches: Caches, clock: StillClock) -> list[bool]:
        marker = {"cache_control": {"type": "ephemeral"}}
        out = []
        for place in range(50):
            turn = {"role": "user", "content": [part(600, str(place), **marker)]}
            prompt = read({"model": "claude-opus-5-5", "messages": [turn]})
            kinds(caches.anthropic, prompt)
            clock.advance(315)
            out.append(caches.anthropic.look(prompt, "me").read > 0)
        caches.evict()
        return out

    clock = StillClock()
    caches = Caches(clock, 3)
    first = lives(caches, clock)
    assert 10 < sum(first) < 40
    assert lives(caches, clock) != first
    caches.reseed(3)
    assert lives(caches, clock) == first
