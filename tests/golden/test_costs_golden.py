"""Usage as vendors send it, and every way to get it wrong, against kinds and dollars reckoned apart from the gateway.

A case holds what the vendor sent, the kinds it must become, and exact dollars; `tests/golden/costs/README.md` says more. The
dollars of the file are first checked against the vendors' price lists (`reckon.py`), then the gateway's against the file.
"""

import json
from datetime import UTC, datetime
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from gateway.commands import price
from gateway.metering.price_names import maker_of
from gateway.metering.prices import PriceBook
from gateway.metering.types import PICOS_PER_USD
from tests.golden.costs import reckon

FOLDER = Path(__file__).parent / "costs"
SHEET = reckon.sheet()
SOURCES = json.loads((FOLDER / "sources.json").read_text("utf-8"))


@cache
def cases() -> dict[str, dict[str, Any]]:
    """Every case by its file and name."""
    return {
        f"{path.stem}: {case['name']}": case
        for path in sorted((FOLDER / "cases").glob("*.json"))
        for case in json.loads(path.read_text("utf-8"))
    }


@cache
def book() -> PriceBook:
    return PriceBook.load(())


def told(case: dict[str, Any]) -> dict[str, Any]:
    """What `pointsman price MODEL USAGE.json --json` prints for a case."""
    provider, model = maker_of(case["model"])
    if "provider" in case:
        provider, model = case["provider"], case["model"]
    at = datetime.fromisoformat(case.get("at", reckon.AT)).replace(tzinfo=UTC).timestamp()
    found = price.reckoned(book(), case["sent"], provider, model, case.get("dialect"), case.get("tier"), at)
    return price.answer(*found)


@pytest.mark.parametrize("name", cases())
def test_kinds_and_dollars(name: str) -> None:
    case = cases()[name]
    said = told(case)
    assert said["kinds"] == case["kinds"]
    assert said.get("fees", {}) == case.get("fees", {})
    assert (said["usd"], said["status"]) == (case["usd"], case["status"])
    assert said.get("reason", "") == case.get("reason", "")
    assert bool(said["price_rows"]) == (case["usd"] is not None and bool(case["kinds"] or case.get("fees")))


@pytest.mark.parametrize(
    "name", [name for name, case in cases().items() if case["status"] == "priced" and not case.get("fees") and case["kinds"]]
)
def test_what_was_priced_by_one_row_can_be_priced_again_from_its_name(name: str) -> None:
    said = told(cases()[name])
    if len(said["price_rows"]) == 1 and not said["price_rows"][0].startswith("reported/"):
        listed = book().listed(said["price_rows"][0])
        assert listed is not None
        again = sum(tokens * listed[kind] for kind, tokens in said["kinds"].items())
        assert again == Fraction(said["usd"]) * PICOS_PER_USD


@pytest.mark.parametrize("name", [name for name, case in cases().items() if case["usd"] is not None])
def test_the_dollars_follow_from_the_price_lists(name: str) -> None:
    case = cases()[name]
    assert Fraction(case["usd"]) == reckon.case_dollars(case)
    assert Fraction(case["usd"]) * PICOS_PER_USD == int(Fraction(case["usd"]) * PICOS_PER_USD)


def test_every_case_is_whole() -> None:
    assert len(cases()) >= 530
    names = [case["name"] for case in cases().values()]
    assert len(names) == len(set(names))
    for case in cases().values():
        assert case["source"] in SOURCES, case["name"]
        assert (case["usd"] is None) == (case["status"] == "unpriced")
        assert ("reason" in case) == (case["status"] != "priced")
        assert len(case.keys() & {"row", "steps", "billed"}) == (case["usd"] is not None), case["name"]
        for step in case.get("steps", ()):
            assert set(step["kinds"]) <= set(case["kinds"])


def test_every_price_and_source_is_used() -> None:
    rows = {step["row"] for case in cases().values() for step in case.get("steps", [case]) if "row" in step}
    assert rows == set(SHEET)
    quoted = {case["source"] for case in cases().values()} | {each["source"] for row in SHEET.values() for each in row}
    assert quoted == set(SOURCES)
