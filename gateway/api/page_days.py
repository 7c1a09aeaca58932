"""The built-in page's section on the last weeks: spend day by day, by the teams that spend most."""

import calendar
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from gateway.api.page_chart import ceiling, columns
from gateway.api.page_facts import Day, PageFacts
from gateway.api.page_table import card, heads, table
from gateway.api.page_words import day, dollars, name

COLOURS = ("s0", "s1", "s2", "s3", "s4")
"""Of the teams that spend most; all others share one."""
OTHERS = "s5"


def days(facts: PageFacts) -> str:
    """The last weeks day by day, stacked by the teams that spend most."""
    most = max((sum(each.picos.values()) for each in facts.days), default=0)
    if not most:
        return ""
    colours = team_colours(facts)
    own = [team for team, colour in colours.items() if colour != OTHERS]
    shown = [(_parts(each, own), _told(each, own)) for each in facts.days]
    drawn = columns(
        shown,
        [*(colours[team] for team in own), OTHERS],
        f"Spend on each of the last {len(facts.days)} days, at most {dollars(most, plain=True)} on one; the table has all",
    )
    top = ceiling(most)
    chart = (
        f'<div class="plot"><p class="scale" aria-hidden="true"><span>{dollars(top)}</span><span>{dollars(top // 2)}</span>'
        f'<span>$0</span></p><div class="area">{drawn}</div>'
        f'<p class="dates" aria-hidden="true"><span>{day(facts.days[0].number)}</span><span>today</span></p></div>'
    )
    return card("days", "Spend by day", f"{chart}<details><summary>As a table</summary>{_days_table(facts, own)}</details>")


def _days_table(facts: PageFacts, own: Sequence[str]) -> str:
    """Newest first; by team where there is more than one."""
    others = any(team not in own for each in facts.days for team in each.picos)
    named = [*own, *(["others"] if others else [])] if len(own) + others > 1 else []
    rows = [
        f'<tr><th scope="row">{day(each.number)}</th>'
        + "".join(f'<td class="number">{dollars(picos)}</td>' for picos in (sum(parts), *parts[: len(named)]))
        + "</tr>"
        for each in reversed(facts.days)
        for parts in [_parts(each, own)]
    ]
    return table("Spend by day", heads("Day", "#All", *(f"#{name(team)}" for team in named)), rows, "")


def team_colours(facts: PageFacts) -> Mapping[str, str]:
    """A colour for each team of the last days, those that spent most first."""
    sums: dict[str, int] = {}
    for each in facts.days:
        for team, picos in each.picos.items():
            sums[team] = sums.get(team, 0) + picos
    ordered = sorted(sums, key=lambda team: (-sums[team], team))
    return {team: COLOURS[index] if index < len(COLOURS) else OTHERS for index, team in enumerate(ordered)}


def _parts(each: Day, own: Sequence[str]) -> list[int]:
    known = [each.picos.get(team, 0) for team in own]
    return [*known, sum(each.picos.values()) - sum(known)]


def _told(each: Day, own: Sequence[str]) -> str:
    told = f"{day(each.number)}: {dollars(sum(each.picos.values()), plain=True)}"
    if len(own) < 2:
        return told
    parts = [*own, "others"]
    amounts = zip(parts, _parts(each, own), strict=True)
    return told + "".join(f"\n{name(team)} {dollars(picos, plain=True)}" for team, picos in amounts if picos)


def month_seconds(now: float) -> tuple[float, int]:
    """How much of the month is over, and how long it is."""
    moment = datetime.fromtimestamp(now, UTC)
    start = moment.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    return now - start.timestamp(), calendar.monthrange(moment.year, moment.month)[1] * 86_400
