"""Faults: how they are written, when they strike, and what is no fault."""

from random import Random

import pytest

from gateway.simulator.faults import STANDING_MAX, Fault, Standing, from_mapping, parse


def test_a_specification_names_faults_and_their_settings():
    first, second = parse("status:429;retry_after=2;times=3, cut;after_bytes=900;probability=0.5;model=gpt-6-sol")
    assert first == Fault("status:429", times=3, retry_after=2.0)
    assert second == Fault("cut", times=-1, after_bytes=900, probability=0.5, model="gpt-6-sol")
    assert (first.status, second.status) == (429, None)


def test_from_json_a_fault_strikes_once_unless_told():
    assert from_mapping({"kind": "reset"}) == Fault("reset", times=1)
    assert from_mapping({"kind": "slow", "seconds": 1, "retry_after": None}).pause_s == 1.0


@pytest.mark.parametrize(("kind", "pause_s"), [("stall", 30.0), ("slow", 0.2), ("cut", 0.0)])
def test_a_pause_is_as_long_as_is_usual(kind, pause_s):
    assert Fault(kind).pause_s == pause_s


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        ("", "unknown fault ''"),
        ("explode", "unknown fault 'explode'"),
        ("status:200", "status:400 to status:599"),
        ("status:", "status:400 to status:599"),
        ("cut;after=3", "unknown fault setting 'after'"),
        ("cut;after_bytes=x", "invalid literal"),
        ("cut;after_bytes=-1", "not negative"),
        ("cut;times=0", "positive number"),
        ("cut;times=-2", "positive number"),
        ("cut;probability=1.5", "between 0 and 1"),
        ("cut;probability=nan", "between 0 and 1"),
        ("slow;seconds=-1", "between 0 and 3600"),
        ("slow;seconds=inf", "between 0 and 3600"),
        ("status:429;retry_after=nan", "between 0 and 3600"),
    ],
)
def test_a_wrong_word_is_named(spec, words):
    with pytest.raises(ValueError, match=words):
        parse(spec)


def test_the_oldest_strikes_first_and_is_used_up():
    standing = Standing(Random(0))
    for fault in (Fault("cut", times=2), Fault("reset", model="gpt-6-sol"), Fault("slow", times=-1)):
        standing.add(fault)
    kinds = [fault.kind for _ in range(5) if (fault := standing.next_for("gpt-6-sol"))]
    assert kinds == ["cut", "cut", "reset", "slow", "slow"]


def test_a_fault_of_one_model_spares_the_others():
    standing = Standing(Random(0))
    standing.add(Fault("cut", model="gpt-6-sol"))
    assert standing.next_for("gpt-6-luna") is None
    assert standing.next_for("gpt-6-sol") is not None


def test_chance_repeats_with_its_seed():
    def struck(standing: Standing) -> list[bool]:
        return [standing.next_for("m") is not None for _ in range(1000)]

    standing = Standing(Random(7))
    standing.add(Fault("cut", times=-1, probability=0.1))
    first = struck(standing)
    assert 60 < sum(first) < 140
    standing.reseed(7)
    assert struck(standing) == first


def test_no_more_than_so_many_wait():
    standing = Standing(Random(0))
    for _ in range(STANDING_MAX):
        standing.add(Fault("cut"))
    with pytest.raises(ValueError, match="no more than"):
        standing.add(Fault("cut"))
    standing.clear()
    assert standing.next_for("m") is None
