"""What one transaction books of one journal: each intent is joined with its settlement in memory, and becomes one row.

An intent whose settlement is not there yet waits in the table `open`, as it was written down.
"""

from collections.abc import Callable, Iterable, Mapping

import msgspec
from msgspec.structs import replace

from gateway.metering.journal import Entry, intent_of
from gateway.metering.ledger_face import Connection
from gateway.metering.ledger_hours import Hours
from gateway.metering.ledger_rows import Settled, fees_of, insert, nobody
from gateway.metering.ledger_savings import Savings
from gateway.metering.types import Intent, Settlement
from gateway.metering.whatif import NOTHING_KNOWN, WhatIf

Reckon = Callable[[Intent, Settlement], WhatIf]
_AMONG = "WHERE id IN (SELECT value FROM json_each(?))"
_encode = msgspec.json.Encoder().encode


def unreckoned(_: Intent, __: Settlement) -> WhatIf:
    """Where no config has said what to compare with."""
    return NOTHING_KNOWN


class Batch:
    """Records on their way into the ledger, inside the caller's transaction. Both methods raise what the database raises."""

    def __init__(self, connection: Connection, journal: str, reckon: Reckon = unreckoned) -> None:
        """`journal` is its name, after its home's and a slash where several write into one ledger; `reckon`
        says what an event would have cost otherwise."""
        self._reckon = reckon
        self._connection = connection
        self._journal = journal
        self._intents: dict[str, Intent] = {}
        """Those that have no settlement so far."""
        home = journal.rpartition("/")[0]
        self._hours = Hours(home)
        self._savings = Savings(home)

    def add(self, found: Iterable[Entry]) -> list[Settled]:
        """Book some records; gives those that are settled now. `Doubled` when one settles what is settled already."""
        settlements: list[Settlement] = []
        for entry in found:
            if entry.settlement is not None:
                settlements.append(entry.settlement)
            elif entry.intent is not None:
                self._intents[entry.intent.id] = entry.intent
        earlier = self._close([each.id for each in settlements if each.id not in self._intents])
        settled = []
        for each in settlements:
            intent = self._intents.pop(each.id, None) or earlier.get(each.id) or nobody(each)
            if each.cause:
                intent = replace(intent, cache_cause=each.cause)
            settled.append((intent, each, fees_of(each), self._reckon(intent, each)))
        insert(self._connection, self._journal, settled)
        for row in settled:
            self._hours.add(*row[:3])
            self._savings.add(row[0].team, row[1], row[3])
        return settled

    def close(self) -> None:
        """Book what the batch as a whole gave: sums, and intents that stay open."""
        self._hours.write(self._connection)
        self._savings.write(self._connection)
        self._connection.executemany(
            "INSERT INTO open (id, journal, intent) VALUES (?, ?, ?) ON CONFLICT (id) DO NOTHING",
            [(intent.id, self._journal, _encode(intent).decode()) for intent in self._intents.values()],
        )

    def _close(self, ids: list[str]) -> Mapping[str, Intent]:
        """The intents among these that an earlier transaction left open; they are no more."""
        if not ids:
            return {}
        query = (_encode(ids).decode(),)
        rows = self._connection.execute(f"SELECT id, intent FROM open {_AMONG}", query).fetchall()
        self._connection.execute(f"DELETE FROM open {_AMONG}", query)
        return {id_: intent_of(text) for id_, text in rows}


def open_intents(connection: Connection, journal: str) -> list[Intent]:
    """What the process of this journal has begun and not ended."""
    rows = connection.execute("SELECT intent FROM open WHERE journal = ? ORDER BY id", (journal,))
    return [intent_of(text) for (text,) in rows]
