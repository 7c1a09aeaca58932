"""The label sets of a real config: what can be spent where is known before anything is spent."""

from pathlib import Path

from gateway.config.compile import compile_config
from gateway.config.compiled import Snapshot
from gateway.config.load import parse
from gateway.metering.labels import Names, Place, labels_of
from gateway.metering.metrics import Metrics

EXAMPLE = Path(__file__).resolve().parents[3] / "pointsman.yaml"
TEAMS = b"""
teams:
  payments: {keys: ["sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"], models: ["claude-*"]}
"""


def snapshot(more: bytes = b"") -> Snapshot:
    text = EXAMPLE.read_bytes()
    return compile_config(parse(text.replace(b"teams: {}", more) if more else text, {}), "v1")


def test_labels_of_the_example() -> None:
    labels = labels_of(snapshot())
    assert set(labels["teams"]) == {"default"}
    assert set(labels["routes"]) == {"code", "general"}
    assert {"gpt-6-luna", "claude-*"} <= set(labels["models"])
    assert set(labels["providers"]) == {"openai", "anthropic"}
    expected = labels["expected"]
    assert Place(team="default", route="code", model="claude-opus-5-5", provider="anthropic") in expected
    assert Place(team="default", route="direct", model="gpt-*", provider="openai") in expected
    assert len(set(expected)) == len(expected)


def test_metrics_are_made_from_the_labels_of_a_config() -> None:
    page = Metrics(**labels_of(snapshot())).render().decode()
    where = 'team="default",route="general",model="gpt-6-luna",provider="openai"'
    assert f'pointsman_cost_usd_total{{{where},kind="cache_read"}} 0.000000000000\n' in page
    assert 'pointsman_requests_total{team="default",route="direct",model="claude-*",provider="anthropic"' in page


def test_rules_in_shadow_are_named() -> None:
    rules = """rules:
- {name: trial, then: {route: code, shadow: true}}
- {name: real, when: {user: x}, then: {route: code}}
- {name: remark, when: {user: y}, then: {warn: "it is late"}}
"""
    text = EXAMPLE.read_text().replace("rules: []\n", rules)
    labels = labels_of(compile_config(parse(text.encode(), {}), "v1"))
    assert labels["rules"] == ("trial",)
    assert labels["deciding"] == (("real", "code"),)
    page = Metrics(**labels).render().decode()
    assert 'pointsman_shadow_rules_total{rule="trial",differs="yes"} 0\n' in page
    assert 'pointsman_routing_decisions_total{route="code",source="rule",reason="rule:real"} 0\n' in page
    assert "rule:trial" not in page
    assert "rule:remark" not in page, "it decides nothing"


def test_a_team_is_expected_only_where_it_may_go() -> None:
    expected = labels_of(snapshot(TEAMS))["expected"]
    direct = {place.model for place in expected if place.route == "direct"}
    assert {place.team for place in expected} == {"payments"}
    assert direct == {"claude-opus-5-5", "claude-haiku-5-5", "claude-*"}
    assert any(place.route == "code" and place.model == "gpt-6.1-sol" for place in expected), (
        "routes are always allowed"
    )


def test_exact_names_win_over_patterns() -> None:
    names = Names()
    names.add(["gpt-*", "gpt-6", "*-mini"])
    assert names.known("gpt-6") == "gpt-6"
    assert names.known("gpt-5-mini") == "gpt-*"
    assert names.known("o-mini") == "*-mini"
    assert names.known("gpt") == "other"
    assert names.known("gpt-*") == "gpt-*"
