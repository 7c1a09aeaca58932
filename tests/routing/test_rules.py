"""Every condition of a rule, where it holds and where it does not; and that nothing is read that no condition needs."""

import re
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing.policy import When
from routing.rules import fits, languages, matches
from routing.types import Asked, Past, Signals, Workload

ASKED = Asked(
    model="gpt-6.1-sol",
    dialect="chat",
    path="/v1/chat/completions",
    team="payments",
    user="anna",
    client="codex",
    agent="subagent",
    headers={b"x-env": b"production", b"x-odd": b"caf\xe9"},
    now=datetime(2026, 11, 24, 23, 30, tzinfo=UTC).timestamp(),  # a Tuesday
    past=Past(age_s=7200.0, idle_s=600.0, freshness=lambda: "cold", resume_usd=lambda: 2.0),
)
SIGNALS = Signals(turn_text="STRASSE\n```python\nx\n```", tool_names=("bash", "edit"), image=True, size=1000)
WORK = Workload(input="log", output="patch", confidence=0.9)


def holds(when: When, asked: Asked = ASKED, signals: Signals = SIGNALS) -> bool:
    return matches(when, asked, lambda: signals, lambda: WORK)


def one(*names: str) -> frozenset[str]:
    return frozenset(names)


@pytest.mark.parametrize(
    ("yes", "no"),
    [
        ({"team": one("search", "payments")}, {"team": one("search")}),
        ({"user": one("anna")}, {"user": one("Anna")}),
        ({"client": one("codex")}, {"client": one("claude-code")}),
        ({"agent": one("subagent", "main")}, {"agent": one("main")}),
        ({"model": ("claude-*", "gpt-*")}, {"model": ("claude-*",)}),
        ({"tools": one("edit", "grep")}, {"tools": one("grep")}),
        ({"image": True}, {"image": False}),
        ({"input": one("log", "diff")}, {"input": one("diff")}),
        ({"output": one("patch")}, {"output": one("code")}),
        ({"language": one("python", "ja")}, {"language": one("rust")}),
        ({"size_over": 999}, {"size_over": 1000}),
        ({"size_under": 1001}, {"size_under": 1000}),
        ({"keywords": ("nothing", "straße".casefold())}, {"keywords": ("avenue",)}),
        ({"path": ("/v1/chat/*",)}, {"path": ("/v1/messages",)}),
        ({"header": {b"x-env": "prod*"}}, {"header": {b"x-env": "prod"}}),
        ({"header": {b"x-env": "*", b"x-odd": "café"}}, {"header": {b"x-env": "*", b"x-none": "*"}}),
        ({"hours": (22 * 60, 6 * 60)}, {"hours": (6 * 60, 22 * 60)}),
        ({"hours": (23 * 60 + 30, 23 * 60 + 31)}, {"hours": (23 * 60, 23 * 60 + 30)}),
        ({"weekdays": frozenset((1, 6))}, {"weekdays": frozenset((0, 2))}),
        ({"regex": re.compile(r"(?i)\bstra(ss|ß)e\b")}, {"regex": re.compile(r"strasse\b")}),
        ({"dialect": one("chat")}, {"dialect": one("messages", "responses")}),
        ({"thread_age_over_s": 7199.0}, {"thread_age_over_s": 7200.0}),
        ({"thread_age_under_s": 7201.0}, {"thread_age_under_s": 7200.0}),
        ({"idle_over_s": 599.0}, {"idle_over_s": 600.0}),
        ({"freshness": one("cold", "broken")}, {"freshness": one("warm")}),
        ({"resume_over_usd": 1.99}, {"resume_over_usd": 2.0}),
    ],
)
def test_each_condition(yes: dict[str, Any], no: dict[str, Any]) -> None:
    assert holds(When(**yes))
    assert not holds(When(**no))


def test_a_thread_without_a_past_fits_no_condition_on_it() -> None:
    new = msgspec.structs.replace(ASKED, past=None)
    assert holds(When(team=one("payments")), new)
    for when in ({"thread_age_over_s": 0.0}, {"thread_age_under_s": 9e9}, {"idle_over_s": 0.0}, {"freshness": one("unknown")},
                 {"resume_over_usd": 0.0}):  # fmt: skip
        assert not holds(When(**when), new)


def test_every_condition_there_is_has_a_line_above() -> None:
    conditions = {field.name for field in msgspec.structs.fields(When)}
    marks = test_each_condition.pytestmark  # type: ignore[attr-defined]
    tested = {name for yes, no in marks[0].args[1] for name in (*yes, *no)}
    assert tested == conditions


def test_all_conditions_must_hold() -> None:
    assert holds(When())
    assert holds(When(team=one("payments"), output=one("patch"), image=True))
    assert not holds(When(team=one("payments"), output=one("code"), image=True))
    assert not holds(When(team=one("search"), output=one("patch"), image=True))


def test_nothing_is_read_that_nothing_needs() -> None:
    def never() -> Any:
        raise AssertionError("read without need")

    assert matches(When(team=one("payments")), ASKED, never, never)
    assert not matches(When(team=one("search"), image=True, input=one("log")), ASKED, never, never)
    assert not matches(When(hours=(0, 60), keywords=("a",)), ASKED, never, never)
    assert not matches(When(image=False, input=one("log")), ASKED, lambda: SIGNALS, never)


@pytest.mark.parametrize(("hour", "inside"), [(21, False), (22, True), (23, True), (0, True), (5, True), (6, False), (12, False)])
def test_hours_wrap_around_midnight(hour: int, inside: bool) -> None:
    at = datetime(2026, 3, 1, hour, tzinfo=UTC).timestamp()
    asked = msgspec.structs.replace(ASKED, now=at)
    assert holds(When(hours=(22 * 60, 6 * 60)), asked) is inside


@given(st.datetimes(min_value=datetime(1971, 1, 1), max_value=datetime(2100, 1, 1)))
def test_weekdays_are_the_calendars(at: datetime) -> None:
    at = at.replace(tzinfo=UTC)
    asked = msgspec.structs.replace(ASKED, now=at.timestamp())
    assert holds(When(weekdays=frozenset((at.weekday(),))), asked)
    assert not holds(When(weekdays=frozenset(range(7)) - {at.weekday()}), asked)


@pytest.mark.parametrize(
    ("pattern", "value", "fit"),
    [
        ("gpt-6", "gpt-6", True),
        ("gpt-6", "gpt-6.1", False),
        ("gpt-*", "gpt-", True),
        ("*-sol", "gpt-6.1-sol", True),
        ("gpt-*-sol", "gpt-sol", False),
        ("ab*ba", "aba", False),
        ("ab*ba", "abba", True),
        ("*", "", True),
        ("", "", True),
        ("", "a", False),
    ],
)
def test_patterns(pattern: str, value: str, fit: bool) -> None:
    assert fits(pattern, value) is fit


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("修复这个错误", {"zh"}),
        ("バグを直して", {"ja"}),
        ("漢字とかな", {"ja"}),
        ("고쳐 주세요", {"ko"}),
        ("исправь это", {"ru"}),
        ("```C++\nx\n```\n```\n```go", {"c++", "go"}),
        ("plain words", set()),
        ("用python写\n```py\n", {"zh", "py"}),
    ],
)
def test_languages(text: str, found: set[str]) -> None:
    assert languages(text) == found
