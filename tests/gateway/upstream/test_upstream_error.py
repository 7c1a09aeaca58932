"""An upstream's errors in the envelopes of its callers."""

import json

import httpx
import pytest

from gateway.upstream.upstream_error import NO_REASON, UpstreamError, ended, is_unsent, told, untranslatable, upstreams_own

LONG = "This model's maximum context length is 8192 tokens"


def raised(status, body, headers=None):
    """The HTTP client's exception inside one that says something else, as LiteLLM raises them."""
    request = httpx.Request("POST", "http://h/v1")
    inner = httpx.HTTPStatusError("x", request=request, response=httpx.Response(status, headers=headers, content=body, request=request))
    outer = RuntimeError("rate limit")
    outer.status_code = 429
    outer.__cause__ = inner
    return outer


@pytest.mark.parametrize(
    ("body", "message", "code"),
    [
        (b'{"error":{"message":"slow down","code":"too_fast"}}', "slow down", "too_fast"),
        (b'{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}', "Overloaded", ""),
        (b'{"error":"no"}', "no", ""),
        (b'{"detail":"x"}', NO_REASON, ""),
        (b'["x"]', "['x']", ""),
        (b"<html>\xff", "<html>\ufffd", ""),
        (b"", NO_REASON, ""),
        (b"[" * 5000, "[" * 5000, ""),
    ],
)
def test_status_and_words_are_the_upstreams(body, message, code):
    own = upstreams_own(raised(418, body))
    assert (own.status, own.message, own.code) == (418, message, code)


def test_the_wait_it_asks_for():
    assert upstreams_own(raised(429, b"", {"retry-after": "7"})).retry_after_s == 7
    assert upstreams_own(raised(429, b"")).retry_after_s is None


def test_a_refusal_of_litellms_own_is_told_from_an_upstreams():
    error = ValueError("messages: a prompt")
    error.status_code = 400
    assert upstreams_own(error) is None
    assert is_unsent(error)
    assert not is_unsent(raised(400, b""))
    error.__cause__ = TimeoutError()
    assert not is_unsent(error)


@pytest.mark.parametrize("dialect", ["chat", "responses", "messages"])
def test_what_cannot_be_translated(dialect):
    status, lines, body = untranslatable("send all of it", dialect)
    assert status == 400
    assert dict(lines)[b"x-should-retry"] == b"false"
    assert json.loads(body)["error"]["message"] == "send all of it"


def test_made_up_statuses_are_not_believed():
    error = RuntimeError("x")
    error.status_code = 500
    assert upstreams_own(error) is None
    assert not is_unsent(error)
    assert ended(error) == "cut"


@pytest.mark.parametrize(
    ("cause", "how"), [(ConnectionRefusedError(), "refused"), (TimeoutError(), "timeout"), (ConnectionResetError(), "cut")]
)
def test_how_it_ended(cause, how):
    outer = RuntimeError("x")
    outer.__cause__ = cause
    assert ended(outer) == how


@pytest.mark.parametrize(
    ("status", "dialect", "seen", "word"),
    [
        (401, "chat", 401, "authentication_error"),
        (404, "responses", 404, "invalid_request_error"),
        (429, "messages", 429, "rate_limit_error"),
        (400, "messages", 400, "invalid_request_error"),
        (500, "messages", 500, "api_error"),
        (529, "messages", 529, "overloaded_error"),
        (503, "messages", 529, "overloaded_error"),
        (529, "chat", 503, "server_error"),
    ],
)
def test_envelopes(status, dialect, seen, word):
    code, lines, body = told(UpstreamError(status, "words", "", 3.0), dialect)
    assert code == seen
    assert dict(lines)[b"retry-after"] == b"3"
    error = json.loads(body)["error"]
    assert (error["message"], error["type"]) == ("words", word)


def test_the_upstreams_code_is_kept_for_those_who_read_codes():
    _, _, body = told(UpstreamError(400, "words", "content_policy_violation", None), "responses")
    assert json.loads(body)["error"]["code"] == "content_policy_violation"


def test_a_prompt_that_is_too_long_is_said_in_the_callers_words():
    _, _, body = told(UpstreamError(400, LONG, "", None), "messages")
    assert json.loads(body)["error"]["message"] == f"prompt is too long: {LONG}"
    _, _, body = told(UpstreamError(400, "prompt is too long: 9 tokens > 8 maximum", "", None), "responses")
    assert json.loads(body)["error"]["code"] == "context_length_exceeded"
