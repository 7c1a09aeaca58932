"""FOCUS 1.4: the columns the specification wants, costs that add up to the ledger's, and nothing made up."""

import json
import re
from collections import Counter
from contextlib import closing
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.metering.ledger import Ledger, connect
from gateway.metering.prices import PriceBook
from gateway.metering.spend_focus import COLUMNS, focus
from gateway.metering.types import KINDS, Usage
from tests.gateway.metering.records import AT, book, intent, settlement, unpriced

SPECIFIED = json.loads((Path(__file__).parents[2] / "golden" / "focus" / "cost_and_usage_1.4.json").read_text("utf-8"))
"""Columns of the Cost and Usage dataset, as the specification has them."""
FORMATS = {
    "Decimal (any)": re.compile(r"-?\d+(\.\d+)?"),
    "Decimal (non-negative)": re.compile(r"\d+(\.\d+)?"),
    "Date/Time": re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"),
    "Currency": re.compile(r"[A-Z]{3}"),
    "Unit": re.compile(r"(\d+ )?[A-Z][a-z]+s"),
}


@pytest.fixture
def path(place):
    return place


def charged(path, *pairs, by="team", since_at=0.0, team=None, prices=None):
    with closing(connect(path)) as connection:
        book(connection, "w", [meant for meant, _ in pairs], [done for _, done in pairs])
    ledger = Ledger(path)
    found = focus(ledger, by, since_at, team, prices)
    ledger.close()
    for charge in found.charges:
        conforms(charge)
    return found


def conforms(charge):
    """The rules of the specification a single row can break."""
    assert set(charge) == set(COLUMNS)
    for name, value in charge.items():
        column = SPECIFIED[name]
        assert value or column["nulls"], name
        if value and (form := FORMATS.get(column["format"])) is not None:
            assert form.fullmatch(value), (name, value)
        if value and "allowed" in column:
            assert value in column["allowed"], (name, value)
        if value and column["type"] == "JSON":
            assert isinstance(json.loads(value), dict), (name, value)
    assert charge["BilledCost"] == charge["EffectiveCost"] == charge["ContractedCost"]
    assert bool(charge["ConsumedQuantity"]) == bool(charge["ConsumedUnit"])
    assert bool(charge["SkuPriceId"]) == bool(charge["ListUnitPrice"]) == bool(charge["ContractedUnitPrice"])
    assert charge["SkuPriceId"] or not charge["SkuPriceDetails"]
    for unit_price, cost in (("ListUnitPrice", "ListCost"), ("ContractedUnitPrice", "ContractedCost")):
        if charge[unit_price]:
            assert Decimal(charge[unit_price]) * Decimal(charge["PricingQuantity"]) == Decimal(charge[cost])
    if charge["SkuPriceDetails"]:
        assert all(key.startswith("x_") for key in json.loads(charge["SkuPriceDetails"]))
    assert (
        charge["BillingPeriodStart"] <= charge["ChargePeriodStart"] < charge["ChargePeriodEnd"] <= charge["BillingPeriodEnd"]
    )


def test_the_columns_are_the_specifications() -> None:
    assert set(COLUMNS) <= set(SPECIFIED)
    assert {name for name, column in SPECIFIED.items() if column["level"] == "Mandatory"} <= set(COLUMNS)
    assert len(SPECIFIED) == 65
    assert list(COLUMNS) == sorted(COLUMNS)


def test_a_row_per_token_kind(path):
    found = charged(path, (intent("a"), settlement("a", kinds={"cache_read": 900_000, "output": 2}, by_kind={
        "cache_read": 900_000 * 250_000, "output": 2 * 15_000_000}, picos=900_000 * 250_000 + 30_000_000,
        served="gpt-6.1-sol-2026-09-01")))  # fmt: skip
    read, output = found.charges
    assert found.unpriced == 0
    assert (read["SkuMeter"], output["SkuMeter"]) == ("Cache Read Input Tokens", "Output Tokens")
    assert (read["ConsumedQuantity"], read["ConsumedUnit"]) == ("900000", "Tokens")
    assert (read["PricingQuantity"], read["PricingUnit"]) == ("0.9", "1000000 Tokens")
    assert (read["ListUnitPrice"], read["BilledCost"]) == ("0.250000000000", "0.225000000000")
    assert (output["ListUnitPrice"], output["BilledCost"]) == ("15.000000000000", "0.000030000000")
    assert json.loads(read["SkuPriceDetails"]) == {"x_ModelId": "gpt-6.1-sol-2026-09-01", "x_TokenType": "CacheRead"}
    assert read["SkuId"] == "openai/gpt-6.1-sol-2026-09-01/cache_read"
    assert json.loads(read["Tags"]) == {"team": "payments", "route": "code"}
    assert (read["ChargePeriodStart"], read["ChargePeriodEnd"]) == ("2026-11-24T00:00:00Z", "2026-11-25T00:00:00Z")
    assert (read["BillingPeriodStart"], read["BillingPeriodEnd"]) == ("2026-11-01T00:00:00Z", "2026-12-01T00:00:00Z")
    assert (read["SubAccountId"], read["BillingAccountId"], read["ServiceName"]) == ("payments", "openai", "openai API")


def test_the_name_asked_for_is_a_tag(path):
    pairs = [(intent(id_, user=user), settlement(id_)) for id_, user in (("a", "ann"), ("b", "bob"), ("c", "bob"))]
    found = charged(path, *pairs, by="user")
    users = Counter(json.loads(charge["Tags"])["user"] for charge in found.charges)
    assert users == {"ann": 2, "bob": 2}


def test_what_has_no_price_is_counted_and_not_zero(path):
    half = {"kinds": {"output": 3, "input_audio": 9}, "by_kind": {"output": 30}, "picos": 30, "price_status": "partial"}
    found = charged(path, (intent("a"), unpriced("a")), (intent("b"), settlement("b", **half)))
    assert found.unpriced == 2
    (charge,) = found.charges
    assert (charge["SkuMeter"], charge["ConsumedQuantity"], charge["BilledCost"]) == ("Output Tokens", "3", "0.000000000030")


def test_a_discount_shows_between_list_and_contract(path):
    prices = PriceBook.load(({"provider": "anthropic", "model": "*", "percent": "85"},))
    usage = Usage(kinds={"input_uncached": 1_000, "cache_read": 500, "reasoning": 10}, tier="batch")
    priced = prices.price(usage, "anthropic", "claude-opus-5-5", AT)
    done = settlement("a", kinds=usage.kinds, by_kind=priced.by_kind, picos=priced.picos, price_rows=priced.rows)
    found = charged(path, (intent("a"), done), prices=prices)
    assert [(each["ListCost"], each["ListUnitPrice"], each["ContractedUnitPrice"]) for each in found.charges] == [
        ("0.002000000000", "2.000000000000", "1.700000000000"),
        ("0.000050000000", "0.100000000000", "0.085000000000"),
        ("0.000100000000", "10.000000000000", "8.500000000000"),
    ]
    assert sum(Decimal(each["BilledCost"]) for each in found.charges) * 10**12 == priced.picos
    assert charged(path).charges[0]["ListCost"] == "0.001700000000", "a table that is not at hand tells no list price"


def test_blended_prices_name_no_price(path):
    rows = ("2026-11-20/openai/x", "2026-11-20/openai/y")
    found = charged(
        path, (intent("a"), settlement("a", kinds={"output": 3}, by_kind={"output": 10}, picos=10, price_rows=rows))
    )
    (charge,) = found.charges
    assert (charge["ListUnitPrice"], charge["SkuPriceId"], charge["BilledCost"]) == ("", "", "0.000000000010")


def searched(id_, prices, fees, model="gpt-6.1-sol", provider="openai", **more):
    """A request of a thousand tokens that called things, priced."""
    usage = Usage(kinds={"input_uncached": 1_000}, fees=fees)
    priced = prices.price(usage, provider, model, AT)
    found = {"kinds": usage.kinds, "by_kind": priced.by_kind, "picos": priced.picos, "fees": fees, "price_rows": priced.rows}
    return intent(id_), settlement(id_, **(found | {"price_status": priced.status} | more))


def called(found):
    """Charges beside tokens: what, how many, at list, paid."""
    return [
        (each["SkuMeter"], each["ConsumedQuantity"], each["ConsumedUnit"], each["ListCost"], each["BilledCost"])
        for each in found.charges
        if each["ConsumedUnit"] != "Tokens"
    ]


def test_what_is_paid_by_the_call_has_rows_of_its_own(path):
    prices = PriceBook.load(())
    both, one = {"web_search": 2, "file_search": 1}, {"web_search": 1}
    found = charged(path, searched("a", prices, both), searched("b", prices, both), searched("c", prices, one), prices=prices)
    assert called(found) == [
        ("Web Searches", "1", "Searches", "0.010000000000", "0.010000000000"),
        ("Web Searches", "4", "Searches", "0.040000000000", "0.040000000000"),
        ("File Searches", "2", "Searches", "0.005000000000", "0.005000000000"),
    ]
    assert {each["ListUnitPrice"] for each in found.charges if each["SkuMeter"] == "Web Searches"} == {"0.010000000000"}


def test_a_discount_on_calls_shows_between_list_and_contract(path):
    prices = PriceBook.load(({"provider": "openai", "model": "*", "percent": "85"},))
    found = charged(path, searched("a", prices, {"web_search": 2, "file_search": 1}), prices=prices)
    assert called(found) == [
        ("Web Searches", "2", "Searches", "0.020000000000", "0.017000000000"),
        ("File Searches", "1", "Searches", "0.002500000000", "0.002125000000"),
    ]
    (web, _) = (each for each in found.charges if each["ConsumedUnit"] == "Searches")
    assert (web["ListUnitPrice"], web["ContractedUnitPrice"]) == ("0.010000000000", "0.008500000000")


def test_calls_without_a_price_are_no_charge(path):
    prices = PriceBook.load(())
    found = charged(path, searched("a", prices, {"web_search": 1, "mind_reading": 3}), prices=prices)
    assert [each[0] for each in called(found)] == ["Web Searches"]
    assert found.unpriced == 1


@pytest.mark.parametrize("rows", [("2026-11-20/openai/x",), ("contract/openai/x",), (), ("2026-11-20/x/y", "reported/xai")])
def test_calls_whose_prices_are_not_known_any_more_are_charged_by_request(path, rows):
    done = settlement("a", picos=3_900 + 10**10, fees={"web_search": 3}, price_rows=rows)
    found = charged(path, (intent("a"), done), prices=PriceBook.load(()))
    assert called(found) == [("Fees Beside Tokens", "1", "Requests", "0.010000000000", "0.010000000000")]


def test_only_since_and_only_the_team(path):
    old, new = (intent("a"), settlement("a", at=AT)), (intent("b"), settlement("b", at=AT + 90_000))
    other = (intent("c", team="search"), settlement("c", at=AT + 90_000))
    found = charged(path, old, new, other, since_at=AT + 1, team="payments")
    assert {charge["ChargePeriodStart"] for charge in found.charges} == {"2026-11-25T00:00:00Z"}
    assert {charge["SubAccountId"] for charge in found.charges} == {"payments"}


COSTS = st.dictionaries(st.sampled_from(KINDS), st.tuples(st.integers(1, 10**7), st.integers(0, 10**8)), max_size=5)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(COSTS, st.integers(0, 10**9), st.sampled_from("ab"), st.integers(0, 200_000)), max_size=12))
def test_the_costs_add_up_to_the_ledgers(tmp_path_factory, requests):
    path = tmp_path_factory.mktemp("focus") / "ledger.db"
    pairs, expected, tokens = [], 0, Counter()
    for number, (costs, fee, name, after) in enumerate(requests):
        by_kind = {kind: count * rate for kind, (count, rate) in costs.items()}
        kinds = {kind: count for kind, (count, _) in costs.items()}
        tokens.update(kinds)
        expected += sum(by_kind.values()) + fee
        done = settlement(
            str(number), kinds=kinds, by_kind=by_kind, picos=sum(by_kind.values()) + fee, at=AT + after, price_rows=(name,)
        )
        pairs.append((intent(str(number), team=name), done))
    found = charged(path, *pairs)
    assert sum(Decimal(charge["BilledCost"]) for charge in found.charges) * 10**12 == expected
    counted = sum(int(charge["ConsumedQuantity"]) for charge in found.charges if charge["ConsumedUnit"] == "Tokens")
    assert counted == tokens.total()
