"""The Routing dashboard: where requests go, what decides it, what it saves, and whether it goes well there."""

from dashboards.board import dashboard
from dashboards.panels import FEWER, About, Json, bars, lines, series, stat
from dashboards.query import grown, pace, quantile, ratio
from gateway.metering.families import (
    COST,
    DECISIONS,
    FIRST_TOKEN,
    REQUESTS,
    ROUTING_SECONDS,
    SAVED,
    SHADOWS,
    SWITCHES,
    WASTED,
)

ROUTED = 'route!="direct"'
FAILED = 'status_class=~"5xx|none"'


def numbers() -> list[Json]:
    """Is the line set, by whom, and how fast."""
    return [
        stat(
            About("Routed", "Share of decisions that chose a route; the others named their model.", "percentunit"),
            ratio(grown(DECISIONS, ROUTED), grown(DECISIONS)),
        ),
        stat(
            About("Sent to code", "Share of the routed requests that went to the code model.", "percentunit"),
            ratio(grown(DECISIONS, 'route="code"'), grown(DECISIONS, ROUTED)),
        ),
        stat(
            About("Unsure", "Share of the routed requests that fell to the default, for want of evidence.", "percentunit"),
            ratio(grown(DECISIONS, 'source="fallback"'), grown(DECISIONS, ROUTED)),
        ),
        stat(
            About("Threads moved", "Requests that left the route their cache lives on.", "short"),
            grown(SWITCHES),
        ),
        stat(
            About("Saved", "Not spent thanks to routing, against all of it on the code model.", "currencyUSD"),
            grown(SAVED, 'reason="routing"'),
        ),
        stat(
            About("Decision time p99", "From the end of a request's body to its decision, for all but one in 100.", "s"),
            quantile(ROUTING_SECONDS, 0.99, "$__range"),
        ),
    ]


def over_time() -> list[Json]:
    """Where they went, and what decided."""
    return [
        series(
            About("Requests per minute by route", "direct: the client named its model itself.", "short"),
            pace(REQUESTS, by="route", seconds=60),
            "{{route}}",
        ),
        series(
            About(
                "Decisions per minute by source",
                "The client (override), a rule, the classifier, the thread's past (sticky), a budget, or a fallback.",
                "short",
            ),
            pace(DECISIONS, by="source", seconds=60),
            "{{source}}",
        ),
    ]


def why() -> list[Json]:
    """The reasons, and what they are worth."""
    return [
        bars(
            About("Commonest reasons", "Decisions by the first reason given; the ten commonest.", "short"),
            f"topk(10, {grown(DECISIONS, by='reason')})",
            "{{reason}}",
        ),
        bars(
            About("Saved by reason", "What the alternative would have cost more. The reasons overlap.", "currencyUSD"),
            grown(SAVED, by="reason"),
            "{{reason}}",
        ),
        bars(
            About("Wasted by reason", "Spent where another way was cheaper; reasons overlap.", "currencyUSD"),
            grown(WASTED, by="reason"),
            "{{reason}}",
        ),
    ]


def outcome() -> list[Json]:
    """How it went there."""
    return [
        lines(
            About("Failures by route", "Share of requests that ended in a 5xx, or without an answer.", "percentunit"),
            {"{{route}}": ratio(pace(REQUESTS, FAILED, by="route"), pace(REQUESTS, by="route"))},
            points=FEWER,
        ),
        lines(
            About("Time to first token", "From forwarding to the first byte of a streamed answer.", "s"),
            {f"p{round(each * 100)}": quantile(FIRST_TOKEN, each) for each in (0.5, 0.95)},
        ),
    ]


def trials() -> list[Json]:
    """What rules on trial would have done."""
    return [
        bars(
            About("Rules in shadow", "Requests they fit, and whether they would have sent them elsewhere.", "short"),
            grown(SHADOWS, by="rule, differs"),
            "{{rule}}, differs: {{differs}}",
            width=24,
        ),
    ]


def cost() -> list[Json]:
    """What each route costs, and why threads change theirs."""
    return [
        bars(
            About("Cost of a request by route", "Known cost over requests, for the time shown.", "currencyUSD"),
            ratio(grown(COST, by="route"), grown(REQUESTS, by="route")),
            "{{route}}",
            width=12,
        ),
        bars(
            About("Threads moved by cause", "Requests that left their cache's route, by what moved them.", "short"),
            grown(SWITCHES, by="from, to, cause"),
            "{{from}} → {{to}}: {{cause}}",
            width=12,
        ),
    ]


def routing() -> Json:
    """The dashboard as Grafana reads it."""
    return dashboard(
        "pointsman-routing",
        "Routing",
        "Where requests go, what decides it, what it saves, and whether it goes well there.",
        [numbers(), over_time(), why(), outcome(), cost(), trials()],
    )
