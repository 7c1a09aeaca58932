"""The ledger by the places of a bill: every token of these days once, and what of it is a guess, unpriced or near midnight."""

from contextlib import closing

from gateway.metering.ledger import Ledger, connect
from gateway.reconcile.ours import booked
from gateway.reconcile.pages import DAY_S
from tests.gateway.metering.records import book, intent, settlement

DAY = 20_781
NOON = DAY * DAY_S + 43_200.0


def test_places(place):
    kinds = {"input_uncached": 100, "cache_read": 900, "cache_write_5m": 10, "cache_write_1h": 20, "output": 30, "reasoning": 5}
    made = {
        "a": {"at": NOON, "kinds": kinds, "by_kind": {"input_uncached": 1, "output": 2, "reasoning": 3}, "tier": "default"},
        "b": {"at": NOON, "kinds": {"output": 7}, "by_kind": {"output": 9}, "exact": False},
        "c": {"at": NOON - 43_200 + 60, "kinds": {"output": 11}, "by_kind": {}, "picos": None, "tier": "flex"},
        "d": {"at": NOON + DAY_S, "kinds": {"output": 1}},
        "e": {"at": NOON, "kinds": {}, "by_kind": {}, "picos": 0},
        "f": {"at": NOON, "kinds": {"output": 5}, "by_kind": {"output": 5}, "served": "", "model": "named"},
    }
    with closing(connect(place)) as connection:
        settled = [settlement(name, **{"served": "m", **said}) for name, said in made.items()]
        book(connection, "w", [intent(name, at=each.at - 5) for name, each in zip(made, settled, strict=True)], settled)
    found = booked(Ledger(place), DAY, DAY, {"openai": "key_a"})
    by_name = {(place.model, place.tier): each for place, each in found.items()}
    assert set(by_name) == {("m", "standard"), ("m", "flex"), ("named", "standard")}
    assert {place.key for place in found} == {"key_a"}
    whole, flex = by_name["m", "standard"], by_name["m", "flex"]
    assert (whole.requests, whole.estimated_requests, whole.estimated) == (2, 1, {"output": 7})
    assert whole.tokens == {"input": 100, "cache_read": 900, "cache_write": 30, "output": 42}
    assert (whole.picos, whole.unpriced) == ({"input": 1, "output": 14}, {"cache_read": 900, "cache_write": 30})
    assert (whole.late, flex.late, flex.unpriced) == ({}, {"output": 11}, {"output": 11})
