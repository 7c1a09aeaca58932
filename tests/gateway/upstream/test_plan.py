"""What is tried again, where, and after how long."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.upstream.plan import Attempt, Candidate, Circuit, Failure, Retry, after, failure_of, first, is_open, observed

A, B = Candidate(model="a", upstream="one"), Candidate(model="b", upstream="two")
RETRY = Retry(attempts=3, backoff_s=0.25, max_wait_s=5.0, circuit_failures=2, circuit_open_s=30.0)
BUSY = Failure(kind="status", status=429)


def next_after(failure, last=None, candidates=(A,), circuits=None, jitter=0.0):
    last = last or Attempt(candidate=A, number=1)
    return after(last, failure, candidates, RETRY, circuits or {}, 100.0, jitter)


def test_the_fallback_is_tried_at_once():
    assert next_after(BUSY, candidates=(A, B)) == Attempt(candidate=B, number=2, after_s=0.0)


def test_the_same_candidate_only_after_a_pause():
    assert next_after(BUSY).after_s == 0.125
    assert next_after(BUSY, Attempt(candidate=A, number=2)).after_s == 0.25
    assert next_after(Failure(kind="status", status=429, retry_after_s=2.0)).after_s == 2.0


def test_a_long_retry_after_is_the_clients_to_wait():
    assert next_after(Failure(kind="status", status=429, retry_after_s=60.0)) is None


@pytest.mark.parametrize(
    "failure", [Failure(kind="cut"), Failure(kind="timeout"), Failure(kind="status", status=400)], ids=lambda f: f.kind
)
def test_what_may_have_been_done_is_not_done_twice(failure):
    assert next_after(failure, candidates=(A, B)) is None


def test_a_circuit_opens_lets_one_through_and_closes():
    down = Failure(kind="refused")
    circuit = observed(observed(None, down, RETRY, 0.0), down, RETRY, 1.0)
    assert is_open(circuit, 30.9)
    assert not is_open(circuit, 31.1)
    assert is_open(observed(circuit, down, RETRY, 32.0), 40.0), "one more failure opens it at once"
    assert observed(circuit, None, RETRY, 32.0) == Circuit()
    assert first((A, B), {"one": circuit}, 5.0).candidate == B
    assert first((A,), {"one": circuit}, 5.0).candidate == A, "the only one is tried all the same"


@given(st.integers(0, 600), st.floats(0, 0.999), st.integers(1, 5))
def test_attempts_are_bounded(status, jitter, number):
    again = next_after(Failure(kind="status", status=status), Attempt(candidate=A, number=number), (A, B), {}, jitter)
    assert again is None or (again.number <= RETRY.attempts and 0 <= again.after_s <= RETRY.max_wait_s)


def test_how_an_attempt_ended_is_its_failure():
    assert failure_of("complete", 429, 2.0) == Failure(kind="status", status=429, retry_after_s=2.0)
    assert [failure_of(how, 0, None).kind for how in ("refused", "timeout", "cut", "stalled")] == [
        "refused", "timeout", "cut", "cut",
    ]  # fmt: skip
