"""Every program is refused in the form it shows best, and none is made to come again at once."""

import json

import pytest

from gateway.budgets.rates import TooFast
from gateway.budgets.refusals import too_fast, used_up
from gateway.budgets.types import RateLimit
from gateway.errors import answer
from tests.gateway.budgets.made import NOON, USD, account

SPENT = account(spent=10 * USD)


def told(client, dialect, spent=SPENT):
    status, lines, body = answer(used_up(spent, client, NOON), dialect, "id")
    return status, dict(lines), json.loads(body)["error"]


def test_codex_shows_our_words_and_never_waits_long():
    status, lines, error = told("codex", "responses")
    assert (status, error["type"], error["resets_at"]) == (429, "usage_limit_reached", int(NOON + 43_200))
    assert lines[b"x-codex-promo-message"].startswith(b"The budget pay of team payments is used up")
    assert b"retry-after" not in lines
    assert "resets_at" not in told("codex", "responses", account(spent=10 * USD, ends=None))[2]


def test_claude_code_shows_a_billing_error():
    status, lines, error = told("claude-code", "messages")
    assert (status, error["type"], lines[b"retry-after"]) == (429, "billing_error", b"43200")
    assert lines[b"x-should-retry"] == b"false"


def test_opencode_repeats_a_429_and_shows_a_402():
    assert told("opencode", "chat")[0] == 402
    assert told("opencode", "messages")[0] == 402


@pytest.mark.parametrize("dialect", ["chat", "responses"])
def test_an_sdk_gets_the_vendors_words(dialect):
    status, lines, error = told("openai-python", dialect)
    assert (status, error["type"], error["code"]) == (429, "insufficient_quota", "insufficient_quota")
    assert lines[b"x-should-retry"] == b"false"


@pytest.mark.parametrize(("dialect", "type_"), [("chat", "rate_limit_error"), ("messages", "rate_limit_error")])
def test_too_fast_is_to_be_tried_again(dialect, type_):
    limit = TooFast(RateLimit(name="burst", per="user", requests=10), "requests", 12.4)
    status, lines, body = answer(too_fast(limit), dialect, "id")
    assert (status, dict(lines)[b"retry-after"], dict(lines)[b"x-should-retry"]) == (429, b"12", b"true")
    error = json.loads(body)["error"]
    assert error["type"] == type_
    assert error["message"] == "The limit burst allows 10 requests a minute; try again in 12s"
