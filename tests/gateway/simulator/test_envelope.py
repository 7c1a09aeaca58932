"""Headers and errors in the vendor's own shape."""

import json

import pytest

from gateway.simulator.envelope import error, headers, speaks_anthropic
from gateway.simulator.prompt import Refused

ANTHROPIC = {b"anthropic-version": b"2023-06-01"}


def test_who_expects_anthropic_s_shapes():
    assert speaks_anthropic({}, "/v1/messages")
    assert speaks_anthropic(ANTHROPIC, "/v1/models")
    assert not speaks_anthropic({}, "/v1/chat/completions")


@pytest.mark.parametrize(
    ("status", "kind"),
    [(400, "invalid_request_error"), (401, "authentication_error"), (404, "not_found_error"), (413, "request_too_large"),
     (429, "rate_limit_error"), (500, "api_error"), (529, "overloaded_error"), (418, "given")],
)  # fmt: skip
def test_anthropic_s_errors(status, kind):
    told = json.loads(error(ANTHROPIC, "/v1/messages", "req_1", Refused(status, "given", "why")))
    assert told == {"type": "error", "error": {"type": kind, "message": "why"}, "request_id": "req_1"}


@pytest.mark.parametrize(
    ("status", "kind", "code"),
    [(400, "given", None), (401, "invalid_request_error", "invalid_api_key"), (404, "invalid_request_error", "not_found"),
     (429, "rate_limit_exceeded", "rate_limit_exceeded"), (503, "service_unavailable_error", "server_is_overloaded")],
)  # fmt: skip
def test_openai_s_errors(status, kind, code):
    told = json.loads(error({}, "/v1/responses", "req_1", Refused(status, "given", "why")))
    assert told == {"error": {"message": "why", "type": kind, "param": None, "code": code}}


def test_a_code_of_its_own_wins():
    refused = Refused(404, "given", "why", "previous_response_not_found")
    assert json.loads(error({}, "/v1/responses", "r", refused))["error"]["code"] == "previous_response_not_found"


def test_a_stream_is_not_to_be_cached():
    assert (b"cache-control", b"no-cache") in headers({}, "/v1/messages", "r", True)
    assert (b"request-id", b"r") in headers({}, "/v1/messages", "r", True)
    assert (b"x-request-id", b"r") in headers({}, "/v1/responses", "r", False)
