"""Which rule leaves nothing to another."""

import pytest

from gateway.config.coverage import covers, decides, given
from gateway.config.schema_rules import Rule, When


def seen(earlier: dict[str, object], later: dict[str, object]) -> bool:
    return covers(given(When.model_validate(earlier)), given(When.model_validate(later)))


@pytest.mark.parametrize(
    ("earlier", "later"),
    [
        ({}, {"team": "a"}),
        ({"team": ["a", "b"]}, {"team": "a", "client": "codex"}),
        ({"model": "gpt-*"}, {"model": ["gpt-6", "gpt-7"]}),
        ({"size_over": 10}, {"size_over": 20}),
        ({"size_under": 20}, {"size_under": 10}),
        ({"idle_over_s": 60}, {"idle_over_s": 3600, "freshness": "cold"}),
        ({"keywords": ["Urgent", "now"]}, {"keywords": "urgent"}),
        ({"header": {"X-Env": "prod*"}}, {"header": {"x-env": "prod*", "x-b": "c"}}),
        ({"hours": "22:00-06:00"}, {"hours": "22:00-06:00", "image": True}),
    ],
)
def test_wherever_the_later_holds_the_earlier_does(earlier: dict[str, object], later: dict[str, object]) -> None:
    assert seen(earlier, later)
    assert not seen(later, earlier)


@pytest.mark.parametrize(
    ("earlier", "later"),
    [
        ({"team": "a"}, {}),
        ({"team": "a"}, {"client": "codex"}),
        ({"image": True}, {"image": False}),
        ({"model": "gpt-*"}, {"model": "g*"}),
        ({"regex": "a"}, {"regex": "aa"}),
        ({"header": {"x": "a"}}, {"header": {"x": "b"}}),
    ],
)
def test_where_it_cannot_be_told_nothing_is_said(earlier: dict[str, object], later: dict[str, object]) -> None:
    assert not seen(earlier, later)


def test_who_decides() -> None:
    def rule(**then: object) -> Rule:
        return Rule.model_validate({"name": "a", "then": then})

    assert decides(rule(route="code"))
    assert not decides(rule(route="code", shadow=True))
    assert not decides(rule(warn="dear"))
