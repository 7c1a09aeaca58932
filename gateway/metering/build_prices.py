"""Compiles the built-in price table from two independent sources, and writes down where they disagree.

    python -m gateway.metering.build_prices 2026-11-25

writes `gateway/metering/price_table.json` and `docs/reference/prices.md`; the date is the day the sources were looked at.
Needs both source packages (the test extras); nothing of this is imported at run time.

genai-prices wins where both have a price: its prices are exact decimals with the days from which they hold and the page
they were read from, LiteLLM's are today's floats. LiteLLM adds what the other lacks: models, service tiers, lifetimes of
cache writes, hours of the day. `EXCEPTIONS` are models where that rule is known to be wrong. What both lack and the
vendor documents as a multiple is added by `build_prices_rules`.
"""

import re
import sys
from collections import defaultdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from gateway.metering import build_prices_genai as genai
from gateway.metering import build_prices_litellm as litellm
from gateway.metering import build_prices_pages as pages
from gateway.metering.build_prices_page import Disagreement, page
from gateway.metering.build_prices_rules import EXCEPTIONS, documented
from gateway.metering.build_prices_shape import Listing, Tiers
from gateway.metering.price_names import LATEST_IS_ALIAS, spellings
from gateway.metering.prices import UNSPLIT

ROOT = Path(__file__).resolve().parents[2]
TABLE = ROOT / "gateway" / "metering" / "price_table.json"
PAGE = ROOT / "docs" / "reference" / "prices.md"

Name = tuple[str, str]
_VERSIONED = re.compile(r"\d.*-latest$")
"""`claude-3-5-haiku-latest` is a model, `grok-latest` the newest of several."""


def main(as_of: str) -> None:
    """Write both files as they follow from the installed sources."""
    for path, text in files(as_of).items():
        path.write_text(text, "utf-8")


def files(as_of: str) -> dict[Path, str]:
    """The content of each generated file."""
    now = datetime.fromisoformat(as_of).replace(tzinfo=UTC).timestamp()
    sources = {"genai-prices": genai.installed(), "litellm": litellm.installed()}
    rows, disagreements = compiled(now)
    lines = [f'"{name}":{msgspec.json.encode(row).decode()}' for name, row in sorted(rows.items())]
    head = f'{{"as_of":"{as_of}","sources":{msgspec.json.encode(sources).decode()},"rows":{{\n'
    return {TABLE: head + ",\n".join(lines) + "\n}}\n", PAGE: page(as_of, sources, len(rows), disagreements)}


def compiled(now: float) -> tuple[dict[str, list[dict[str, Any]]], list[Disagreement]]:
    """Rows of the table by `provider/model`, and every price the sources differ on at `now` (unix seconds)."""
    ours: dict[Name, list[Listing]] = defaultdict(list)
    for provider, model, listing in genai.listings():
        ours[provider, model].append(listing)
    theirs: dict[Name, Listing] = {}
    for provider, model, listing in litellm.listings():
        theirs.setdefault((provider, model), listing)
    rows: dict[str, list[dict[str, Any]]] = {}
    found: list[Disagreement] = []
    for name in sorted(ours.keys() | theirs.keys()):
        listings = _merged(name, ours.get(name, []), theirs.get(name), now, found)
        listings = [documented(*name, each) for each in pages.corrected(name, listings)]
        if listings and _costs(name[1], listings):
            rows["/".join(name)] = [_row(each) for each in listings]
    rows |= _undated(rows)
    return {name: row for name, row in rows.items() if not _is_repeated(name, row, rows)}, found


def _merged(name: Name, dated: list[Listing], other: Listing | None, now: float, found: list[Disagreement]) -> list[Listing]:
    """Periods oldest first; the other source speaks of the one that holds now."""
    if other is None:
        return dated
    if not dated:
        return [other]
    present = max((index for index, each in enumerate(dated) if each.since <= now), default=0)
    mine = dated[present]
    found += _disagreements(name, mine, other)
    first, second = (other, mine) if name in EXCEPTIONS else (mine, other)
    whole = Listing(
        tiers=_united(first.tiers, second.tiers),
        fees={**second.fees, **first.fees},
        percent={**second.percent, **first.percent},
        off_peak=first.off_peak if first.windows else second.off_peak,
        windows=first.windows or second.windows,
        quiet_days=first.quiet_days or second.quiet_days,
        since=mine.since,
    )
    return [*dated[:present], whole, *dated[present + 1 :]]


def _united(first: Tiers, second: Tiers) -> Tiers:
    """All tiers of both. In a tier both have, the first says where its bands lie; the second fills the gaps in them."""
    united: Tiers = {tier: dict(bands) for tier, bands in second.items() if tier not in first}
    for tier, bands in first.items():
        fill = second.get(tier, {})
        united[tier] = {over: {**fill.get(over, {}), **kinds} for over, kinds in bands.items()}
    return united


def _disagreements(name: Name, mine: Listing, other: Listing) -> list[Disagreement]:
    found = []
    for tier in sorted(mine.tiers.keys() & other.tiers.keys()):
        bands, others = mine.tiers[tier], other.tiers[tier]
        if bands.keys() != others.keys():
            found.append(Disagreement(*name, tier, "prompt length steps", _steps(bands), _steps(others)))
        for over in sorted(bands.keys() & others.keys()):
            for kind in sorted(bands[over].keys() & others[over].keys()):
                if bands[over][kind] != others[over][kind]:
                    words = f"{kind} over {over:,}" if over else kind
                    prices = (f"{picos / 10**6:g}" for picos in (bands[over][kind], others[over][kind]))
                    found.append(Disagreement(*name, tier, words, *prices))
    for fee in sorted(mine.fees.keys() & other.fees.keys()):
        if mine.fees[fee] != other.fees[fee]:
            prices = (f"{picos / 10**9:g} per thousand" for picos in (mine.fees[fee], other.fees[fee]))
            found.append(Disagreement(*name, "", fee, *prices))
    return found


def _steps(bands: dict[int, dict[str, int]]) -> str:
    return ", ".join(f"over {over:,}" for over in sorted(bands) if over) or "none"


def _costs(model: str, listings: list[Listing]) -> bool:
    """Zero throughout means that nobody knows, unless the name says that it is free."""
    return model.endswith(":free") or any(any(each.tiers[""].get(0, {}).values()) for each in listings)


def _row(listing: Listing) -> dict[str, Any]:
    row: dict[str, Any] = {
        "tiers": {
            tier: [[over, dict(sorted(kinds.items()))] for over, kinds in sorted(_stepped(tier, listing).items())]
            for tier in sorted(listing.tiers)
        }
    }
    for field in ("since", "fees", "percent", "off_peak", "windows", "quiet_days"):
        if value := getattr(listing, field):
            row[field] = value
    if "off_peak" in row and not listing.windows:
        del row["off_peak"]
    return row


def _stepped(tier: str, listing: Listing) -> dict[int, dict[str, int]]:
    """A tier's bands; where only the standard tier has a step, what the tier costs beyond it is not known."""
    bands = listing.tiers[tier]
    last = max(bands, default=0)
    unknown: dict[int, dict[str, int]] = {over: {} for over in listing.tiers[""] if over > last}
    same = [kind for kind, text in UNSPLIT.items() if all(_same(kinds, kind, text) for kinds in bands.values())]
    apart = {over: {kind: usd for kind, usd in kinds.items() if kind not in same} for over, kinds in bands.items()}
    return {0: {}, **unknown, **apart}


def _same(kinds: dict[str, int], kind: str, text: str) -> bool:
    """Whether a kind costs what text costs, as far as it has a price; then the vendor does not price it apart."""
    return kind not in kinds or kinds[kind] == kinds.get(text)


def _undated(rows: dict[str, list[dict[str, Any]]]) -> dict[str, list[dict[str, Any]]]:
    """Plain names of models the sources have under `-latest` alone, so that their dated names are found, too."""
    return {
        name.removesuffix("-latest"): row
        for name, row in rows.items()
        if name.endswith("-latest") and name.partition("/")[0] in LATEST_IS_ALIAS and _VERSIONED.search(name)
    } | rows


def _is_repeated(name: str, row: list[dict[str, Any]], rows: dict[str, list[dict[str, Any]]]) -> bool:
    """A dated or versioned name that costs what its plain name costs is found by the plain name."""
    provider, _, model = name.partition("/")
    shorter = next((each for each in list(spellings(provider, model))[1:] if f"{provider}/{each}" in rows), None)
    return shorter is not None and rows[f"{provider}/{shorter}"] == row


if __name__ == "__main__":
    main(sys.argv[1])
