"""The Spend dashboard: who spends what, where the month will end, and what the numbers leave out."""

from dashboards.board import dashboard, to
from dashboards.panels import FEW, About, Json, Limits, bars, columns, matrix, series, stat
from dashboards.query import grown, highest, of, pace, ratio
from gateway.metering.families import (
    BILL_CAPTURED,
    BUDGET,
    BUDGET_ACCOUNTS,
    BUDGET_SPENT,
    COST,
    REQUESTS,
    TOKENS,
    UNPRICED,
)

ANSWERED = 'kind=~"output|reasoning"'


def numbers() -> list[Json]:
    """The row on top: what did it cost, and can the number be believed."""
    month_s = "86400 * scalar(days_in_month())"
    return [
        stat(About("Today", "Known cost of the day so far.", "currencyUSD", "now/d"), grown(COST)),
        stat(About("This month", "Known cost of the month so far.", "currencyUSD", "now/M"), grown(COST)),
        stat(
            About("Month at this pace", "Where the month ends if it goes on as it began.", "currencyUSD", "now/M"),
            f"{grown(COST)} / $__range_s * {month_s}",
        ),
        stat(
            About("Spend", "Known cost over the time shown. What is unpriced is not in it.", "currencyUSD"), grown(COST)
        ),
        stat(About("Requests", "Requests over the time shown, refused ones included.", "short"), grown(REQUESTS)),
        stat(
            About("Unpriced requests", "Their cost is not or not wholly known: Spend is too low.", "short"),
            grown(UNPRICED),
            Limits(bad_from=0.5),
        ),
    ]


def over_time() -> list[Json]:
    """When it was spent."""
    return [
        series(
            About("Spend per hour by team", "Known cost per hour, by the team that pays.", "currencyUSD"),
            pace(COST, by="team", seconds=3600),
            "{{team}}",
            points=FEW,
        ),
        series(
            About("Spend per hour by model", "Known cost per hour, by the model that answered.", "currencyUSD"),
            pace(COST, by="model", seconds=3600),
            "{{model}}",
            points=FEW,
        ),
    ]


def totals() -> list[Json]:
    """Who spent it, and on what."""
    return [
        bars(
            About("Spend by team", "Known cost over the time shown, by the team that pays.", "currencyUSD"),
            grown(COST, by="team"),
            "{{team}}",
            link=to("pointsman-freshness", "Cache freshness of ${__field.labels.team}", "team"),
        ),
        bars(
            About("Spend by model", "Known cost over the time shown, by the model that answered.", "currencyUSD"),
            grown(COST, by="model"),
            "{{model}}",
            link=to("pointsman-routing", "Routing to ${__field.labels.model}", "model"),
        ),
        bars(
            About("Spend by kind", "Fresh input, cache reads and writes, output, fees.", "currencyUSD"),
            grown(COST, by="kind"),
            "{{kind}}",
        ),
    ]


def compared() -> list[Json]:
    """Against the budget, against last week, against the work that was done."""
    now, then = grown(COST, by="team"), grown(COST, by="team", earlier="1w")
    return [
        bars(
            About("Budget used", "Spent of each budget in its present window. 100 % is all of it.", "percentunit"),
            ratio(highest(BUDGET_SPENT, "team, window"), highest(BUDGET, "team, window")),
            "{{team}}, {{window}}",
            limits=Limits(bad_from=1, warn_from=0.8),
        ),
        bars(
            About("Rise on the week before", "Spend over the time shown, less that of the same time a week ago.",
                  "currencyUSD"),
            f"({now} - ({then} or 0 * {now}))",
            "{{team}}",
        ),
        columns(
            About("What the work costs", "Known cost for each request, and for a thousand tokens of answer.", "currencyUSD"),
            "model",
            {
                "a request": ratio(grown(COST, by="model"), grown(REQUESTS, by="model")),
                "1,000 tokens out": f"1000 * {ratio(grown(COST, by='model'), grown(TOKENS, ANSWERED, by='model'))}",
            },
        ),
    ]  # fmt: skip


def tokens() -> list[Json]:
    """Tokens, in kinds that never overlap; and who comes near the end of a budget."""
    return [
        matrix(
            About("Tokens by team and kind", "Billable tokens over the time shown. Kinds never overlap.", "short"),
            grown(TOKENS, by="team, kind"),
            rows="team",
            columns="kind",
        ),
        bars(
            About("Budget accounts by level", "How many users, keys, sessions or teams are how far.", "short"),
            highest(BUDGET_ACCOUNTS, "budget, level"),
            "{{budget}}: {{level}}",
        ),
        stat(
            About("Share of the bill", "What of the providers' bill came through here, at the last reconciliation.",
                  "percentunit"),
            f"min ({of(BILL_CAPTURED)})",
            Limits(bad_below=0.98),
            height=8,
        ),
    ]  # fmt: skip


def spend() -> Json:
    """The dashboard as Grafana reads it."""
    return dashboard(
        "pointsman-spend",
        "Spend",
        "What LLM traffic costs, by team, route, model and token kind; where the month will end, and what is not known.",
        [numbers(), over_time(), totals(), compared(), tokens()],
    )
