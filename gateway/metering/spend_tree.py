"""Spend by agent tree: an orchestrator and the workers it started, rolled up, with what each of them took.

A tree is a session of one team (`gateway/identify.py`): programs name it on every request of every agent in it. Which of
them caused which is in `parent`. Only the rows know threads, so a report reads those of its time.
"""

from collections.abc import Iterable, Sequence

from msgspec import Struct

from gateway.metering.ledger import Ledger, Row, exact_sum, total
from gateway.metering.spend import LINES_MAX, Line
from gateway.metering.types import INPUT_KINDS, KINDS

MAIN = "main"


class Member(Struct, frozen=True):
    """One agent of a tree: a thread, and what it is there for."""

    thread: str
    parent: str
    agent: str
    line: Line
    context_tokens: int
    """Its largest prompt."""
    began: float
    """Unix seconds of its first request."""
    ended: float
    """Unix seconds at which its last answer was over."""
    busy_s: float
    """Its answers' time, added up."""


class Tree(Struct, frozen=True):
    """One session. The orchestrator's agents come first, the others by what they cost."""

    session: str
    team: str
    user: str
    client: str
    members: tuple[Member, ...]
    line: Line
    orchestrator_picos: int
    """What its own threads cost."""

    @property
    def workers(self) -> int:
        """Threads besides the orchestrator's own."""
        return sum(member.agent != MAIN for member in self.members)

    @property
    def context_tokens(self) -> int:
        """The largest prompt of any of them."""
        return max(member.context_tokens for member in self.members)

    @property
    def began(self) -> float:
        return min(member.began for member in self.members)

    @property
    def ended(self) -> float:
        return max(member.ended for member in self.members)

    @property
    def busy_s(self) -> float:
        """All answers' time; more than has passed where agents worked side by side."""
        return sum(member.busy_s for member in self.members)


class Forest(Struct, frozen=True):
    """Trees since a moment, dearest first."""

    since: float
    trees: tuple[Tree, ...]
    total: Line
    left_out: int = 0
    """Trees beyond `LINES_MAX`; they are in the total."""


def forest(ledger: Ledger, since_at: float, team: str | None = None, session: str | None = None) -> Forest:
    """The trees since a moment in Unix seconds, of one team or of all, or only the one of this session."""
    groups: dict[tuple[str, str], list[Row]] = {}
    for row in _rows(ledger, since_at, team, session):
        groups.setdefault((row["team"], row["session"]), []).append(row)
    everything = Line(name="total", tokens={})
    trees = [_tree(rows) for rows in groups.values()]
    for each in trees:
        everything.add(each.line)
    trees.sort(key=lambda tree: (-tree.line.picos, -tree.line.requests, tree.team, tree.session))
    return Forest(
        since=since_at, trees=tuple(trees[:LINES_MAX]), total=everything, left_out=max(0, len(trees) - LINES_MAX)
    )


def _rows(ledger: Ledger, since_at: float, team: str | None, session: str | None) -> Sequence[Row]:
    tokens = ", ".join(exact_sum(kind, kind) for kind in KINDS)
    where, values = "settled_at >= ?", [since_at]
    named: list[str] = []
    for column, value in (("team", team), ("session", session)):
        if value is not None:
            where += f" AND {column} = ?"
            named.append(value)
    query = (
        "SELECT team, session, thread, agent, max(parent) AS parent, max(user) AS user, max(client) AS client,"
        " count(*) AS requests, count(*) FILTER (WHERE price_status != 'priced') AS unpriced,"
        " count(*) FILTER (WHERE NOT exact) AS estimated,"
        f" {exact_sum('picos', 'picos')}, {tokens}, max({' + '.join(INPUT_KINDS)}) AS context,"
        " min(at) AS began, max(settled_at) AS ended, sum(coalesce(duration_ms, 0)) / 1000 AS busy_s"
        f" FROM requests WHERE {where} GROUP BY team, session, thread, agent ORDER BY team, session, thread, agent"
    )
    return ledger.rows(query, [*values, *named])


def _tree(rows: list[Row]) -> Tree:
    members = sorted(map(_member, rows), key=lambda member: (member.agent != MAIN, -member.line.picos, member.thread))
    line = Line(name=rows[0]["session"], tokens={})
    for each in members:
        line.add(each.line)
    return Tree(
        session=rows[0]["session"],
        team=rows[0]["team"],
        user=_newest(rows, "user"),
        client=_newest(rows, "client"),
        members=tuple(members),
        line=line,
        orchestrator_picos=sum(each.line.picos for each in members if each.agent == MAIN),
    )


def _newest(rows: Iterable[Row], column: str) -> str:
    """What the tree's last agent that says something says."""
    said = [(row["ended"], row[column]) for row in rows if row[column]]
    return str(max(said)[1]) if said else ""


def _member(row: Row) -> Member:
    counts = ((kind, total(row, kind)) for kind in KINDS)
    return Member(
        thread=row["thread"],
        parent=row["parent"],
        agent=row["agent"],
        line=Line(
            name=row["thread"],
            requests=row["requests"],
            picos=total(row, "picos"),
            unpriced=row["unpriced"],
            estimated=row["estimated"],
            tokens={kind: count for kind, count in counts if count},
        ),
        context_tokens=row["context"],
        began=row["began"],
        ended=row["ended"],
        busy_s=row["busy_s"],
    )
