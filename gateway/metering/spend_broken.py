"""What broken prompts cost, from the ledger: by client, team and what broke them."""

from msgspec import Struct

from gateway.metering.ledger import Ledger, exact_sum, total

LINES_MAX = 1000


class Broken(Struct, frozen=True):
    """One finding: the same breaker in the prompts of one client and team."""

    client: str
    team: str
    breaker: str
    requests: int
    threads: int
    picos: int
    """Paid to fill caches again, as far as known."""
    unpriced: int
    """Requests of these whose waste is not known."""
    example: str
    """Id of the newest request, to look it up."""


def broken(ledger: Ledger, since_at: float, team: str | None = None) -> list[Broken]:
    """Findings since a moment in Unix seconds, the dearest first; what broke and cost nothing is none."""
    query = (
        "SELECT client, team, breaker, count(*) AS requests, count(DISTINCT thread) AS threads, max(id) AS example,"
        f" count(*) - count(wasted_picos) AS unpriced, {exact_sum('coalesce(wasted_picos, 0)', 'picos')} FROM requests"
        f" WHERE breaker != '' AND settled_at >= ?{'' if team is None else ' AND team = ?'}"
        " GROUP BY client, team, breaker HAVING sum(wasted_picos) > 0 OR count(*) > count(wasted_picos)"
        f" ORDER BY coalesce(sum(wasted_picos), 0) DESC, requests DESC, client, team, breaker LIMIT {LINES_MAX}"
    )
    return [
        Broken(
            client=row["client"],
            team=row["team"],
            breaker=row["breaker"],
            requests=row["requests"],
            threads=row["threads"],
            picos=total(row, "picos"),
            unpriced=row["unpriced"],
            example=row["example"],
        )
        for row in ledger.rows(query, [since_at, *([] if team is None else [team])])
    ]
