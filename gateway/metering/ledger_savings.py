"""What was saved and wasted, per hour and in all, added up beside the rows so that a page and a scrape need no scan.

Each reason compares what was paid with one alternative of `gateway/metering/whatif.py`, event by event: what an event saved
is never set against what another wasted. The reasons answer different questions about the same money, so they do not add up.
"""

from collections.abc import Sequence
from typing import Literal

from gateway.metering.ledger_face import Connection
from gateway.metering.types import Settlement
from gateway.metering.whatif import WhatIf

HOUR_S = 3600
ALL_HOURS = -1
What = Literal["saved", "wasted"]
Key = tuple[int, str, What, str]
SavingSums = tuple[int, str, What, str, int, int]
_KEY = ("hour", "team", "what", "reason")
SAVING_COLUMNS = (*_KEY, "requests", "picos")


def _statement(by: tuple[str, ...]) -> str:
    return (
        f"INSERT INTO savings ({', '.join(by)}, requests, picos) VALUES ({', '.join('?' for _ in by)}, ?, ?)"
        f" ON CONFLICT ({', '.join(by)}) DO UPDATE SET requests = savings.requests + excluded.requests,"
        " picos = savings.picos + excluded.picos"
    )


_OF_ONE, _OF_HOMES = _statement(_KEY), _statement(("home", *_KEY))


def amounts(actual: int, otherwise: WhatIf) -> list[tuple[What, str, int]]:
    """What one event saved and wasted, by reason: `routing` against all on the code model, `caching` against no cache,
    `switching` against staying, and the cause for which a cache was paid for again."""
    found: list[tuple[What, str, int]] = []
    for reason, cost in (("routing", otherwise.code), ("caching", otherwise.uncached), ("switching", otherwise.stayed)):
        if cost is not None and cost != actual:
            found.append(("saved", reason, cost - actual) if cost > actual else ("wasted", reason, actual - cost))
    if otherwise.wasted:
        found.append(("wasted", otherwise.wasted_cause, otherwise.wasted))
    return found


def add_savings(connection: Connection, home: str, rows: Sequence[SavingSums]) -> None:
    """Add rows, in the order of `SAVING_COLUMNS`, to the table and to its sum of all hours; `home` is whose they are, in a
    ledger that several share. Raises what the database raises."""
    totals: dict[Key, list[int]] = {}
    for _, team, what, reason, requests, picos in rows:
        _count(totals, (ALL_HOURS, team, what, reason), requests, picos)
    whole = [*rows, *((*key, *sums) for key, sums in totals.items())]
    if home:
        connection.executemany(_OF_HOMES, [(home, *row) for row in whole])
    else:
        connection.executemany(_OF_ONE, whole)


class Savings:
    """Sums that are not in the ledger yet."""

    def __init__(self, home: str = "") -> None:
        """`home` is whose they are, in a ledger that several share."""
        self._home = home
        self._sums: dict[Key, list[int]] = {}

    def add(self, team: str, settlement: Settlement, otherwise: WhatIf) -> None:
        """Count an event that has just been settled."""
        if settlement.picos is None:
            return
        for what, reason, picos in amounts(settlement.picos, otherwise):
            _count(self._sums, (int(settlement.at // HOUR_S), team, what, reason), 1, picos)

    def write(self, connection: Connection) -> None:
        """Add them to the table. Raises what the database raises."""
        add_savings(connection, self._home, [(*key, sums[0], sums[1]) for key, sums in self._sums.items()])


def _count(sums: dict[Key, list[int]], key: Key, requests: int, picos: int) -> None:
    known = sums.get(key)
    if known is None:
        sums[key] = [requests, picos]
    else:
        known[0] += requests
        known[1] += picos
