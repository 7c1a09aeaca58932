"""What an answer costs by the vendors' own price lists: written apart from the gateway, so that it can find it wrong.

`sheet.json` holds prices as the vendors' pages give them, in USD per million tokens, each with its source. What the pages
say as a rule stays a rule here: half for batch, twice the input and one and a half times the output beyond a length, a tenth
more in one region, half price outside the busy hours. Nothing in this file is imported from the gateway.
"""

import json
from datetime import UTC, datetime
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent
AT = "2026-11-25T12:00"
"""When a case happened that does not say when."""
MILLION = 1_000_000
OUTPUT = ("output", "reasoning", "output_audio", "output_image")
SAME_AS = {
    "reasoning": "output",
    "output_audio": "output",
    "output_image": "output",
    "input_audio": "input_uncached",
    "input_image": "input_uncached",
    "cache_write_30m": "input_uncached",
}
"""A kind a page does not list is billed as this one. Writing a cache costs nothing extra unless the page says so."""


@cache
def sheet() -> dict[str, list[dict[str, Any]]]:
    """The price lists by `provider/model`, periods of each oldest first."""
    found: dict[str, list[dict[str, Any]]] = json.loads((FOLDER / "sheet.json").read_text("utf-8"))
    return found


def dollars(row: list[dict[str, Any]], kinds: dict[str, int], fees: dict[str, int], tier: str, at: str) -> Fraction:
    """Exact dollars of one step of an answer: its kinds at this model's prices, and its calls."""
    moment = _moment(at)
    listed = [each for each in row if _moment(each.get("since", "1970-01-01")) <= moment][-1]
    size = sum(tokens for kind, tokens in kinds.items() if kind not in OUTPUT)
    total = Fraction(0)
    for kind, tokens in kinds.items():
        total += tokens * _per_million(listed, kind, size, tier, moment) / MILLION
    for fee, calls in fees.items():
        total += calls * Fraction(listed["fees"][fee])
    return total


def _per_million(listed: dict[str, Any], kind: str, size: int, tier: str, moment: datetime) -> Fraction:
    name = kind if kind in listed["usd"] else SAME_AS[kind]
    price = Fraction(listed["usd"][name])
    side = "output" if kind in OUTPUT else "input"
    if "long" in listed and (size > listed["long"].get("over", size) or size >= listed["long"].get("from", size + 1)):
        price *= Fraction(listed["long"][side]) / 100
    for word in filter(None, tier.split("+")):
        price *= Fraction(listed["tiers"][word]) / 100
    if "off_peak" in listed and not _is_peak(listed["off_peak"], moment):
        price *= Fraction(listed["off_peak"]["percent"]) / 100
    return price


def _is_peak(rule: dict[str, Any], moment: datetime) -> bool:
    works = moment.isoweekday() in rule.get("weekdays", range(1, 8)) and f"{moment:%Y-%m-%d}" not in rule.get("holidays", ())
    return works and any(start <= moment.hour < end for start, end in rule["peak_utc"])


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def case_dollars(case: dict[str, Any]) -> Fraction:
    """Exact dollars of a case: each of its steps at its own model's prices, its calls at the first one's.

    Of a case whose cost is known in part, `known` holds the kinds that have a price. `billed` is the provider's own word.
    """
    if "billed" in case:
        return Fraction(case["billed"])
    prices, at = sheet(), case.get("at", AT)
    steps = case.get("steps") or [{"row": case["row"], "kinds": case.get("known", case["kinds"])}]
    tier = case.get("billed_tier", "")
    total = sum((dollars(prices[step["row"]], step["kinds"], {}, tier, at) for step in steps), Fraction(0))
    fees = {} if "known" in case else case.get("fees", {})
    return total + dollars(prices[steps[0]["row"]], {}, fees, "", at)
