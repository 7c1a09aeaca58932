"""Every vendor's usage object, and every way to get one wrong, against the kinds it must become."""

import json
from pathlib import Path
from typing import Any

import pytest

from gateway.commands.price import usage_of
from gateway.metering.prices import PriceBook
from gateway.metering.types import KINDS
from gateway.metering.usage_counts import INCOMPLETE

FOLDER = Path(__file__).parents[2] / "golden" / "usage"
NAMES = sorted(path.stem for path in FOLDER.glob("*.json"))
AT = 1_795_564_800.0


def golden(name: str) -> dict[str, Any]:
    case: dict[str, Any] = json.loads((FOLDER / f"{name}.json").read_text("utf-8"))
    return case


@pytest.mark.parametrize("name", NAMES)
def test_kinds(name: str) -> None:
    case = golden(name)
    usage = usage_of(case["value"], None, case.get("model_asked", ""))
    assert dict(usage.kinds) == case["kinds"]
    assert set(usage.kinds) <= set(KINDS)
    assert all(tokens > 0 for tokens in usage.kinds.values())
    assert dict(usage.fees) == case.get("fees", {})
    assert usage.tier == case.get("tier", "")
    assert usage.problem == case.get("problem", "")
    assert usage.exact is not bool(usage.problem)
    if "model" in case:
        assert (usage.model, usage.response_id) == (case["model"], case.get("response_id", ""))


@pytest.mark.parametrize("name", [name for name in NAMES if "problem" in golden(name)])
def test_what_cannot_be_right_is_never_priced(name: str) -> None:
    priced = PriceBook.load(()).price(usage_of(golden(name)["value"], None, "gpt-5.5"), "openai", "gpt-5.5", AT)
    assert priced.status != "priced"
    assert priced.reason in ("impossible_usage", "incomplete_usage", "no_usage")
    if golden(name)["problem"] not in INCOMPLETE:
        assert priced.picos is None
        assert not priced.by_kind
