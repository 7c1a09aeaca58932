"""What the ledger says, by the same places as a bill."""

from collections.abc import Mapping

from gateway.metering.ledger import Ledger, Row, exact_sum, total
from gateway.metering.types import KINDS as FINE_KINDS
from gateway.reconcile.pages import DAY_S, tier
from gateway.reconcile.types import KINDS, Booked, Kind, Place

LATE_S = 3600
"""So near midnight a provider may have an answer on the other day: by its own clock, by its beginning or its end."""
MERGED: Mapping[Kind, tuple[str, ...]] = {
    "input": ("input_uncached", "input_audio", "input_image"),
    "cache_read": ("cache_read",),
    "cache_write": ("cache_write_5m", "cache_write_30m", "cache_write_1h", "cache_write_12h"),
    "output": ("output", "reasoning", "output_audio", "output_image"),
}
"""The ledger's kinds as reports have them."""
assert {name for names in MERGED.values() for name in names} == set(FINE_KINDS)


def booked(ledger: Ledger, first_day: int, last_day: int, keys: Mapping[str, str]) -> dict[Place, Booked]:
    """The ledger's places on these days, both included, in UTC. `keys` are the providers' key ids by upstream."""
    places: dict[Place, Booked] = {}
    for row in ledger.rows(_query(), [first_day * DAY_S, (last_day + 1) * DAY_S]):
        place = Place(
            day=row["day"],
            provider=row["provider"],
            key=keys.get(row["upstream"], ""),
            model=row["billed"],
            tier=tier(row["tier"]),
        )
        _add(places.setdefault(place, nothing_booked()), row)
    return places


def nothing_booked() -> Booked:
    """A place to add to."""
    return Booked(tokens={}, picos={}, estimated={}, estimated_picos={}, unpriced={}, late={})


def _query() -> str:
    sums = ["count(*) AS requests", "count(*) FILTER (WHERE NOT exact) AS guessed"]
    into = f"settled_at - day_of * {DAY_S}"
    near = f"({into} < {LATE_S} OR {into} >= {DAY_S - LATE_S} OR at < day_of * {DAY_S})"
    for kind, names in MERGED.items():
        tokens = " + ".join(names)
        unpriced = " + ".join(f"CASE WHEN exact AND picos_{name} IS NULL THEN {name} ELSE 0 END" for name in names)
        picos = " + ".join(f"coalesce(picos_{name}, 0)" for name in names)
        sums += [
            exact_sum(f"({tokens})", kind),
            exact_sum(f"({picos})", f"picos_{kind}"),
            exact_sum(f"(CASE WHEN exact THEN 0 ELSE {tokens} END)", f"guessed_{kind}"),
            exact_sum(f"(CASE WHEN exact THEN 0 ELSE {picos} END)", f"guessed_picos_{kind}"),
            exact_sum(f"({unpriced})", f"unpriced_{kind}"),
            exact_sum(f"(CASE WHEN {near} THEN {tokens} ELSE 0 END)", f"late_{kind}"),
        ]
    return (
        f"SELECT day_of AS day, upstream, provider, billed, tier, {', '.join(sums)} FROM"
        f" (SELECT *, CAST(settled_at / {DAY_S} AS INTEGER) AS day_of,"
        " CASE served WHEN '' THEN model ELSE served END AS billed"
        f" FROM requests WHERE settled_at >= ? AND settled_at < ? AND ({' + '.join(FINE_KINDS)}) > 0) AS found"
        " GROUP BY 1, 2, 3, 4, 5"
    )


def _add(found: Booked, row: Row) -> None:
    found.requests += row["requests"]
    found.estimated_requests += row["guessed"]
    columns = (
        (found.tokens, ""), (found.picos, "picos_"), (found.estimated, "guessed_"), (found.unpriced, "unpriced_"),
        (found.late, "late_"), (found.estimated_picos, "guessed_picos_"),
    )  # fmt: skip
    for kind in KINDS:
        for amounts, prefix in columns:
            if amount := total(row, f"{prefix}{kind}"):
                amounts[kind] = amounts.get(kind, 0) + amount
