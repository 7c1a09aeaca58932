"""The turns ahead, added up by hand where they can be, and moved by what should move them."""

import pytest
from msgspec.structs import replace

from routing.ahead import SHIPPED, Behind, Habits, Party, ahead

CODE = Party(read=200_000, write=5_000_000, output=20_000_000, kept=0.8, expected=lambda after_s: 120_000 if after_s <= 300 else 0)
CHEAP = Party(read=10_000, write=125_000, output=500_000, kept=0.8, expected=lambda after_s: 0.0)
HALF = Party(read=100_000, write=2_500_000, output=10_000_000, kept=0.8, expected=lambda after_s: 0.0)
OLD = Behind(requests=120, turns=20)
ONE = Habits(requests=1.0, weight=1e12, spread=0.0, again=0.0, again_weight=1e12, ends=1e12, added=1000.0, output=0.0)
"""One turn of one request, and then the thread surely returns."""


def gain(behind: Behind, goes: Party, tokens: int = 121_000, stays: Party = CODE, habits: Habits = SHIPPED) -> int:
    road = ahead(tokens, behind, stays, goes, habits)
    return road.stays - road.goes


def test_one_turn_and_the_return_by_hand():
    road = ahead(121_000, Behind(), CODE, CHEAP, replace(ONE, request_s=0.0, pauses_s=(20.0,) * 16))
    kept = 0.8 * 122_000
    added = 1000 / 2
    stays = 120_000 * 200_000 + 1_000 * 5_000_000 + added * 200_000 + kept * 200_000 + (122_000 - kept) * 5_000_000
    assert road.stays == pytest.approx(stays, rel=1e-6)
    goes = 121_000 * 125_000 + added * 10_000 + 120_000 * 200_000 + 2_000 * 5_000_000
    assert road.goes == pytest.approx(goes, rel=1e-6), "the cache that was left holds what it held"


def test_a_model_at_a_fortieth_is_worth_it_and_one_at_half_is_not():
    assert gain(OLD, CHEAP) > 0 > gain(OLD, HALF)


def test_the_example_of_the_documentation():
    opus = replace(CODE, expected=lambda after_s: 119_000 if after_s <= 300 else 0)
    for goes, usd in ((CHEAP, 0.48), (HALF, 1.05)):
        road = ahead(120_000, Behind(requests=60, turns=10, alike=2, again=1), opus, goes)
        assert (round(road.stays / 10**12, 2), round(road.goes / 10**12, 2)) == (0.79, usd)


def test_a_cache_that_will_be_gone_on_the_return_makes_leaving_dearer():
    lasting = replace(CODE, expected=lambda after_s: 120_000)
    assert gain(OLD, HALF, stays=lasting) > gain(OLD, HALF)


def test_what_the_other_cache_still_holds_counts():
    assert gain(OLD, replace(HALF, expected=lambda after_s: 115_000.0)) > 0 > gain(OLD, HALF)


def test_a_thread_of_long_turns_goes_sooner():
    assert gain(Behind(requests=600, turns=20), HALF) > gain(Behind(requests=20, turns=20), HALF)


def test_a_thread_whose_other_turns_come_alone_stays_sooner():
    alone, runs = replace(OLD, alike=12, again=0), replace(OLD, alike=12, again=12)
    assert gain(alone, HALF) < gain(OLD, HALF) < gain(runs, HALF)


def test_habits_are_shrunk_to_all_threads():
    assert SHIPPED.requests_of(0, 0) == SHIPPED.requests
    assert SHIPPED.requests_of(requests=40, turns=0) == SHIPPED.requests, "a record that does not count turns tells nothing"
    assert SHIPPED.requests < SHIPPED.requests_of(200, 10) < 20
    assert SHIPPED.again_of(0, 0) == SHIPPED.again
    assert 0.5 < SHIPPED.again_of(8, 8) < 1.0


def test_pauses_lie_between_those_that_stand_for_their_parts():
    found = [SHIPPED.pause_s(share) for share in (0.125, 0.25, 0.5, 0.75, 0.875)]
    assert found == sorted(found)
    assert SHIPPED.pauses_s[0] < found[0]
    assert found[-1] < SHIPPED.pauses_s[-1]
