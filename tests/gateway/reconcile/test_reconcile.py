"""Six kinds of gaps, planted one by one and all at once: each is attributed to what it is, and the parts are the whole."""

import pytest

from gateway.simulator.prices import charge
from tests.gateway.reconcile.made import DAY, NOON, Books, causes

LUNA = "1-4-gpt-6-luna"


BOTH = pytest.mark.parametrize("model", ["gpt-6.1-sol", "gpt-6-luna", "claude-opus-5-5"])
"""Each gap is planted in each vendor's reports: OpenAI's costs know no tier, Anthropic's no key."""


@pytest.fixture
def books():
    return Books()


def picos(books, name):
    return books.billed[name].picos


def test_books_that_agree_have_no_gaps(books, tmp_path):
    found = books.reconciled(tmp_path)
    assert found.gaps == ()
    assert (found.captured, found.billed_picos, found.billed_tokens) == (1.0, found.booked_picos, found.booked_tokens)
    assert found.booked_picos == sum(row.picos for row in books.billed.values())


@BOTH
@pytest.mark.parametrize("key", ["stranger", None])
def test_traffic_that_bypassed_us(model, key, books, tmp_path):
    books.add("direct", model, {"input_uncached": 7000, "output": 50}, NOON)
    if key is not None:
        books.on_bill("direct", key=key)
    del books.settled["direct"]
    found = books.reconciled(tmp_path)
    assert causes(found) == {"bypassed": (7050, pytest.approx(picos(books, "direct") / 10**6, abs=2000))}
    assert found.captured < 1


def test_traffic_that_bypassed_us_by_a_stranger_key_and_by_ours(books, tmp_path):
    books.add("foreign", "gpt-6.1-sol", {"input_uncached": 5000, "output": 100}, NOON)
    books.on_bill("foreign", key="stranger")
    books.add("direct", "claude-opus-5-5", {"input_uncached": 7000, "output": 50}, NOON)
    del books.settled["foreign"], books.settled["direct"]
    found = books.reconciled(tmp_path)
    whole = picos(books, "foreign") + picos(books, "direct")
    assert causes(found) == {"bypassed": (12_150, pytest.approx(whole / 10**6, abs=2000))}
    assert found.captured == pytest.approx(1 - whole / found.billed_picos, rel=0.01)


@BOTH
def test_answers_on_the_other_side_of_midnight(model, books, tmp_path):
    books.add("midnight", model, {"input_uncached": 3000, "output": 10}, NOON - 43_200 - 60)
    books.on_bill("midnight", at=NOON - 43_200 + 60)
    found = books.reconciled(tmp_path)
    assert causes(found) == {"late": (0, 0)}
    assert {(gap.place.day, gap.kind): gap.billed - gap.booked for gap in found.gaps} == {
        (DAY - 1, "input"): -3000, (DAY, "input"): 3000, (DAY - 1, "output"): -10, (DAY, "output"): 10,
    }  # fmt: skip


@BOTH
def test_a_price_we_do_not_know(model, books, tmp_path):
    name = f"1-4-{model}"
    books.settled[name] |= {"picos": None, "by_kind": {}, "price_status": "unpriced"}
    found = books.reconciled(tmp_path)
    (cause, (tokens, micros)), *others = causes(found).items()
    assert (cause, tokens, others) == ("unpriced", 0, [])
    assert micros == pytest.approx(picos(books, name) / 10**6, abs=2)


@BOTH
def test_another_tier_than_we_booked(model, books, tmp_path):
    name = f"1-4-{model}"
    books.on_bill(name, tier="priority", picos=2 * picos(books, name))
    found = books.reconciled(tmp_path)
    assert set(causes(found)) == {"tier_mismatch"}
    assert causes(found)["tier_mismatch"] == (0, pytest.approx(picos(books, name) / 2 / 10**6, abs=2))
    assert {gap.place.tier for gap in found.gaps if gap.billed != gap.booked} == {"standard", "priority"}


@BOTH
def test_an_estimate_and_what_it_was_off_by(model, books, tmp_path):
    name = f"1-4-{model}"
    kinds = {**books.settled[name]["kinds"], "output": 300}
    books.settled[name] |= {"kinds": kinds, "exact": False, "picos": charge(model, kinds)}
    books.settled[name]["by_kind"] = {kind: charge(model, {kind: tokens}) for kind, tokens in kinds.items()}
    found = books.reconciled(tmp_path)
    off = books.billed[name].kinds["output"] - 300
    assert causes(found) == {"estimated": (off, pytest.approx(charge(model, {"output": off}) / 10**6, abs=1))}


@BOTH
def test_a_price_that_has_changed(model, books, tmp_path):
    dearer = [name for name in books.billed if name.startswith("2") and name.endswith(model)]
    more = sum(picos(books, name) for name in dearer)
    for name in dearer:
        books.on_bill(name, picos=2 * picos(books, name))
    found = books.reconciled(tmp_path)
    assert set(causes(found)) == {"price_lag"}
    assert causes(found)["price_lag"] == (0, pytest.approx(more / 10**6, abs=2))
    assert {gap.place.day for gap in found.gaps} == {DAY}


def test_less_than_the_bill_can_show(books, tmp_path):
    books.on_bill(LUNA, picos=picos(books, LUNA) + 4 * 10**9)
    assert causes(books.reconciled(tmp_path)) == {"rounding": (0, 4000)}


def test_a_day_the_bill_does_not_reach(books, tmp_path):
    books.add("today", "gpt-6-luna", {"input_uncached": 3000}, NOON + 86_400)
    del books.billed["today"]
    assert causes(books.reconciled(tmp_path))["not_billed_yet"] == (-3000, -300)


def test_more_than_was_billed_has_no_explanation(books, tmp_path):
    del books.billed[LUNA]
    assert causes(books.reconciled(tmp_path))["unexplained"][0] == -sum(books.settled[LUNA]["kinds"].values())


def test_all_at_once_each_is_what_it_was_and_nothing_is_left_over(books, tmp_path):
    books.add("foreign", "gpt-6.1-sol", {"input_uncached": 5000, "output": 100}, NOON - 86_400)
    books.on_bill("foreign", key="stranger")
    del books.settled["foreign"]
    books.add("midnight", "gpt-6-luna", {"input_uncached": 3000, "output": 10}, NOON - 43_200 - 60)
    books.on_bill("midnight", at=NOON - 43_200 + 60)
    books.settled["2-4-claude-opus-5-5"] |= {"picos": None, "by_kind": {}, "price_status": "unpriced"}
    books.on_bill("0-4-gpt-6.1-sol", tier="priority")
    books.settled["0-5-gpt-6-luna"]["exact"] = False
    books.settled["0-5-gpt-6-luna"]["kinds"] = {"input_uncached": 80_000, "output": 4000}
    for name in [name for name in books.billed if name.startswith("2") and name.endswith("sol")]:
        books.on_bill(name, picos=books.billed[name].picos * 6 // 5)
    found = books.reconciled(tmp_path)
    where = {(part.cause, gap.place.model, gap.place.day - DAY) for gap in found.gaps for part in gap.parts}
    assert where == {
        ("bypassed", "gpt-6.1-sol", -1), ("late", "gpt-6-luna", -1), ("late", "gpt-6-luna", 0),
        ("unpriced", "claude-opus-5-5", 0), ("tier_mismatch", "gpt-6.1-sol", -2), ("estimated", "gpt-6-luna", -2),
        ("price_lag", "gpt-6.1-sol", 0),
    }  # fmt: skip
    assert sum(part.tokens for gap in found.gaps for part in gap.parts) == found.billed_tokens - found.booked_tokens
    dollars = sum(part.picos or 0 for gap in found.gaps for part in gap.parts)
    assert dollars == pytest.approx(found.billed_picos - found.booked_picos, abs=100)
