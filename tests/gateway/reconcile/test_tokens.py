"""Every difference is explained to nothing left, whatever the two sides say."""

from hypothesis import given
from hypothesis import strategies as st

from gateway.reconcile.tokens import explained, split
from gateway.reconcile.types import Bill, Booked, Place, Used

PLACES = st.builds(
    Place,
    day=st.integers(0, 3),
    provider=st.just("openai"),
    key=st.sampled_from("ab"),
    model=st.just("m"),
    tier=st.sampled_from(("standard", "flex")),
)
TOKENS = st.dictionaries(st.sampled_from(("input", "output")), st.integers(1, 1000))
USED = st.builds(Used, requests=st.integers(0, 5), tokens=TOKENS)
BOOKED = st.builds(
    Booked, requests=st.integers(0, 5), tokens=TOKENS, estimated=TOKENS, estimated_requests=st.integers(0, 2), late=TOKENS
)


def place(day=1, **changes):
    return Place(**{"day": day, "provider": "openai", "key": "a", "model": "m", "tier": "standard", **changes})


def causes(used, booked):
    return {slot: dict(found) for slot, found in explained(split(Bill(used=used), booked))}


@given(st.dictionaries(PLACES, USED), st.dictionaries(PLACES, BOOKED))
def test_the_causes_add_up_to_the_gap(used, booked):
    found = causes(used, booked)
    for where in {*used, *booked}:
        for kind in ("input", "output"):
            billed = used[where].tokens.get(kind, 0) if where in used else 0
            ours = booked[where].tokens.get(kind, 0) if where in booked else 0
            assert sum(found.get((where, kind), {}).values()) == billed - ours
    assert not any(split(Bill(used=used), booked).left.values())


def test_more_requests_than_booked_are_strangers_for_their_share():
    used = {place(): Used(requests=4, tokens={"input": 4000})}
    booked = {place(): Booked(requests=3, tokens={"input": 2900}, estimated={"input": 500}, estimated_requests=1)}
    assert causes(used, booked) == {(place(), "input"): {"bypassed": 1000, "estimated": 100}}


def test_without_a_count_of_requests_a_guess_is_believed_within_bounds():
    used = {place(): Used(tokens={"output": 10_000})}
    booked = {place(): Booked(requests=3, tokens={"output": 1000}, estimated={"output": 500}, estimated_requests=1)}
    assert causes(used, booked) == {(place(), "output"): {"estimated": 2000, "bypassed": 7000}}


def test_only_what_was_near_midnight_is_late():
    used = {place(1): Used(requests=1, tokens={"input": 100}), place(2): Used(requests=1, tokens={"input": 500})}
    booked = {
        place(1): Booked(requests=1, tokens={"input": 500}, late={"input": 300}),
        place(2): Booked(requests=1, tokens={"input": 100}),
    }
    assert causes(used, booked) == {
        (place(1), "input"): {"late": -300, "unexplained": -100},
        (place(2), "input"): {"late": 300, "unexplained": 100},
    }
