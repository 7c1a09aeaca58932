"""What is booked for an answer, however it ended."""

import pytest

from gateway.metering.account import NOTHING, UNREPORTED, account, outcome
from gateway.metering.tally import tally
from gateway.metering.types import Usage

FINAL = b'{"id":"c","model":"m","choices":[],"usage":{"prompt_tokens":9,"completion_tokens":4,"total_tokens":13}}'
RUNNING = FINAL.replace(b'"choices":[]', b'"choices":[{"delta":{}}]')
START = b'{"type":"message_start","message":{"model":"claude","usage":{"input_tokens":50,"output_tokens":%d}}}'


class Relayed:
    bytes_out = 3_000
    events = 21


@pytest.mark.parametrize("how", ["complete", "gone", "cut", "timeout", "stalled", "drained"])
def test_a_final_report_stands_however_it_ended(how: str) -> None:
    counted = tally("chat")
    counted.event(FINAL)
    usage = account(counted, Relayed(), "chat", 400, how, 200, True)
    assert dict(usage.kinds) == {"input_uncached": 9, "output": 4}
    assert usage.exact


def test_silence_is_estimated_and_marked() -> None:
    usage = account(tally("chat"), Relayed(), "chat", 400, "gone", 200, True)
    assert dict(usage.kinds) == {"input_uncached": 100, "output": 20}
    assert not usage.exact


@pytest.mark.parametrize(
    ("how", "status", "billable"), [("refused", 0, True), ("complete", 429, True), ("complete", 200, False), ("gone", 0, False)]
)
def test_what_is_known_to_cost_nothing(how: str, status: int, billable: bool) -> None:
    assert account(None, Relayed(), "chat", 400, how, status, billable) is NOTHING


def test_silence_about_what_is_no_prompt_is_unknown() -> None:
    """An uploaded file of 30 MB is not a prompt of 8 million tokens."""
    usage = account(tally("chat"), Relayed(), "chat", 30_000_000, "complete", 200, True, prompt=False)
    assert usage is UNREPORTED
    assert usage.problem


@pytest.mark.parametrize("said", [1, 900])
def test_a_broken_messages_stream_keeps_its_input_and_the_larger_output(said: int) -> None:
    counted = tally("messages")
    counted.event(START % said)
    usage = account(counted, Relayed(), "messages", 400, "cut", 200, True)
    assert usage.kinds["input_uncached"] == 50
    assert usage.kinds["output"] == max(said, 21 - 3, (3_000 - 21 * 110) // 4)
    assert not usage.exact
    assert usage.model == "claude"


def test_a_messages_stream_that_ends_without_its_total_is_no_whole_one() -> None:
    counted = tally("messages")
    counted.event(START % 1)
    assert not account(counted, Relayed(), "messages", 400, "complete", 200, True).exact


def test_the_last_running_total_of_a_whole_chat_stream_is_the_total() -> None:
    counted = tally("chat")
    counted.event(RUNNING)
    whole = account(counted, Relayed(), "chat", 400, "complete", 200, True)
    assert whole.exact
    assert whole.kinds["output"] == 4
    cut = account(counted, Relayed(), "chat", 400, "cut", 200, True)
    assert not cut.exact
    assert dict(cut.kinds) == {"input_uncached": 9, "output": 20}


def test_estimates_never_claim_to_be_exact_nor_free() -> None:
    class Nothing:
        bytes_out = 0
        events = 0

    usage: Usage = account(tally("responses"), Nothing(), "responses", 3, "gone", 0, True)
    assert dict(usage.kinds) == {"input_uncached": 1}
    assert not usage.exact


@pytest.mark.parametrize(
    ("how", "status", "word"),
    [
        ("complete", 200, "finished"),
        ("complete", 404, "upstream_error"),
        ("refused", 502, "upstream_error"),
        ("gone", 200, "client_gone"),
        ("drained", 200, "client_gone"),
        ("timeout", 504, "upstream_timeout"),
        ("cut", 200, "upstream_cut"),
        ("stalled", 200, "upstream_cut"),
    ],
)
def test_outcomes(how: str, status: int, word: str) -> None:
    assert outcome(how, status) == word
