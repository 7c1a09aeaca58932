"""Pings are off unless asked for, and what is asked for reaches the snapshot."""

import pytest
from pydantic import ValidationError

from gateway.config.compile import compile_config
from gateway.config.problems import ConfigError
from gateway.config.schema import Config

CONFIG = {
    "version": 1,
    "upstreams": {"a": {"url": "http://127.0.0.1:1/v1", "provider": "anthropic", "dialects": ["messages"]}},
    "models": {"claude-*": {"upstream": "a"}},
    "routes": {"code": {"model": "claude-opus-5-5"}},
    "routing": {"default": "code"},
}


def compiled(**keep_warm):
    return compile_config(Config.model_validate({**CONFIG, "keep_warm": keep_warm}), "0").keep_warm


def test_off_by_default():
    assert not compiled().enabled
    assert compiled() == compile_config(Config.model_validate(CONFIG), "0").keep_warm
    assert (compiled().cap_picos, compiled().memory_bytes, compiled().teams) == (10**12, 64 * 1024 * 1024, None)


def test_what_is_asked_for():
    found = compiled(
        enabled=True, cap_usd_per_day="2.50", min_tokens=5000, memory_mb=8, teams=["default"]
    )
    assert (found.enabled, found.cap_picos, found.min_tokens) == (True, 2_500_000_000_000, 5000)
    assert (found.memory_bytes, found.teams) == (8 * 1024 * 1024, frozenset({"default"}))
    assert found.holds_for("default")
    assert not found.holds_for("payments")
    assert not compiled().holds_for("default")


@pytest.mark.parametrize("wrong", [{"cap_usd_per_day": -1}, {"memory_mb": 0}, {"enable": True}])
def test_what_makes_no_sense_is_an_error(wrong):
    with pytest.raises(ValidationError):
        compiled(**wrong)


def test_a_team_nobody_knows_is_an_error():
    with pytest.raises(ConfigError, match="team"):
        compiled(enabled=True, teams=["defualt"])
