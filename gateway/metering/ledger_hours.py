"""Hourly sums of what one transaction settles, put together in memory: a statement per sum, not per request.

Which sums there are is the schema's (`gateway/metering/ledger_schema.py`), whose `add_up` says the same in SQL.
"""

from collections.abc import Iterable, Sequence

from gateway.metering.ledger_face import Connection
from gateway.metering.ledger_schema import CALLER, PLACE
from gateway.metering.types import KINDS, Intent, Settlement

_COLUMNS = (
    "requests", "unpriced", "estimated", "picos", "picos_fee",
    *(f"tokens_{kind}" for kind in KINDS), *(f"picos_{kind}" for kind in KINDS),
)  # fmt: skip
PLACE_COLUMNS, CALLER_COLUMNS = (*PLACE, *_COLUMNS), (*CALLER, *_COLUMNS)
_TOKENS: dict[str, int] = {kind: _COLUMNS.index(f"tokens_{kind}") for kind in KINDS}
_PICOS: dict[str, int] = {kind: _COLUMNS.index(f"picos_{kind}") for kind in KINDS}
_HOUR_S = 3600

Key = tuple[int | str, ...]


def _statement(table: str, by: tuple[str, ...]) -> str:
    names = (*by, *_COLUMNS)
    return (
        f"INSERT INTO {table} ({', '.join(names)}) VALUES ({', '.join('?' for _ in names)})"
        f" ON CONFLICT ({', '.join(by)}) DO UPDATE SET"
        f" {', '.join(f'{name} = {table}.{name} + excluded.{name}' for name in _COLUMNS)}"
    )


_PLACES = _statement("hours_by_place", PLACE)
_PLACES_OF_HOMES = _statement("hours_by_place", ("home", *PLACE))
_CALLERS = _statement("hours_by_caller", CALLER)


def add_places(connection: Connection, home: str, rows: Iterable[Sequence[int | str]]) -> None:
    """Add rows of `hours_by_place`, in the order of `PLACE_COLUMNS`, to those of a home among several."""
    connection.executemany(_PLACES_OF_HOMES, [(home, *row) for row in rows])


def add_callers(connection: Connection, rows: Iterable[Sequence[int | str]]) -> None:
    """Add rows of `hours_by_caller`, in the order of `CALLER_COLUMNS`."""
    connection.executemany(_CALLERS, [tuple(row) for row in rows])


class Hours:
    """Sums that are not in the ledger yet."""

    def __init__(self, home: str = "") -> None:
        """`home` is whose they are, in a ledger that several share: each has its own metrics."""
        self._home = home
        self._sums: dict[Key, list[int]] = {}
        """By all that either table tells apart."""

    def add(self, intent: Intent, settlement: Settlement, fee_picos: int) -> None:
        """Count a request that has just been settled."""
        key = (
            int(settlement.at // _HOUR_S),
            intent.team,
            intent.route,
            settlement.model,
            settlement.provider,
            settlement.status // 100,
            intent.user,
            intent.client,
            intent.agent,
        )
        sums = self._sums.get(key)
        if sums is None:
            sums = self._sums[key] = [0] * len(_COLUMNS)
        sums[0] += 1
        sums[1] += settlement.price_status != "priced"
        sums[2] += not settlement.exact
        sums[3] += settlement.picos or 0
        sums[4] += fee_picos
        for kind, tokens in settlement.kinds.items():
            sums[_TOKENS[kind]] += tokens
        for kind, picos in settlement.by_kind.items():
            sums[_PICOS[kind]] += picos

    def correct(self, intent: Intent, before: Settlement, fee_before: int, after: Settlement, fee_after: int) -> None:
        """Count a request anew that was counted before without a price for all of it."""
        for settlement, fee_picos, sign in ((before, fee_before, -1), (after, fee_after, 1)):
            alone = Hours()
            alone.add(intent, settlement, fee_picos)
            for key, sums in alone._sums.items():
                _add(self._sums, key, [sign * each for each in sums])

    def write(self, connection: Connection) -> None:
        """Add them to both tables. Raises what the database raises."""
        places: dict[Key, list[int]] = {}
        callers: dict[Key, list[int]] = {}
        for (hour, team, route, model, provider, hundred, user, client, agent), sums in self._sums.items():
            status_class = f"{hundred}xx" if hundred in (2, 3, 4, 5) else "none"
            _add(places, (hour, team, route, model, provider, status_class), sums)
            _add(callers, (hour, team, user, client, agent), sums)
        if self._home:
            connection.executemany(_PLACES_OF_HOMES, [(self._home, *key, *sums) for key, sums in places.items()])
        else:
            connection.executemany(_PLACES, [(*key, *sums) for key, sums in places.items()])
        connection.executemany(_CALLERS, [(*key, *sums) for key, sums in callers.items()])


def _add(table: dict[Key, list[int]], key: Key, sums: list[int]) -> None:
    known = table.get(key)
    table[key] = sums if known is None else [one + other for one, other in zip(known, sums, strict=True)]
