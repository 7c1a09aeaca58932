"""The house of one of several workers: what is counted and minted there is known to all."""

import pytest

from gateway.workers.share import Share
from gateway.workers.shared_house import SharedHouse

PARTS = ("live", "keys", "journal", "metrics", "prices", "threads", "forecast", "budgets", "ids", "monotonic", "chance")


@pytest.fixture
def two():
    made = Share.make(2)
    shares = made, Share(made.descriptors, 2, 1)
    return [SharedHouse(share, seed=7, wall=lambda: 1.0, **dict.fromkeys(PARTS)) for share in shares]


def test_it_is_full_when_all_workers_together_are(two):
    one, other = two
    one.inside += 2
    other.inside += 1
    assert (one.inside, other.inside) == (2, 1)
    assert one.full(3)
    assert other.full(3)
    one.inside -= 1
    assert not other.full(3)


def test_a_response_is_known_to_both(two):
    one, other = two
    one.mint("resp_1", "openai", "payments", "t-1")
    assert one.minted_by("resp_1") == other.minted_by("resp_1") == "openai"
    assert other.thread_of("resp_1", "payments") == "t-1"
    assert other.thread_of("resp_1", "search") is None
    assert other.minted_by("resp_2") is None


def test_another_id_under_the_same_tag_is_not_taken_for_it(two, monkeypatch):
    one, other = two
    monkeypatch.setattr(SharedHouse, "_tag", lambda self, response_id: 5)
    one.mint("resp_1", "openai", "payments", "t-1")
    assert other.minted_by("resp_2") is None
    one._board.put(5, b"junk", 2.0)
    assert other.minted_by("resp_1") is None


def test_a_notice_given_by_one_is_looked_for_by_both(two, tmp_path):
    one, other = two
    assert not one.notices.ever
    assert not other.notices.ever
    one.notices.make("a word", "r1")
    assert other.notices.ever
    assert one.notices.ever


def test_a_notice_given_before_is_known_to_a_new_worker(tmp_path):
    made = Share.make(2)
    (tmp_path / "noticed").touch()
    house = SharedHouse(made, noticed=tmp_path / "noticed", seed=7, wall=lambda: 1.0, **dict.fromkeys(PARTS))
    assert house.notices.ever


def test_an_id_that_is_no_text_stays_here(two):
    one, other = two
    one.mint("resp_\ud800", "openai", "payments", "t")
    assert one.minted_by("resp_\ud800") == "openai"
    assert other.minted_by("resp_\ud800") is None
    one.mint("resp_0", "openai", "payments", "a \0 within")
    assert other.minted_by("resp_0") is None
    one.mint("r" * 1000, "openai", "payments", "t")  # too long to lie on the board
    assert one.minted_by("r" * 1000) == "openai"
    assert other.minted_by("r" * 1000) is None
