"""The Spend dashboard: who spends what, on which route, with how much cache, and what the numbers leave out."""

from dashboards.panels import About, Json, Limits, bars, dashboard, series, share, stat, table, variable

PROCESS = 'job=~"$job", instance=~"$instance"'
TEAM = f'{PROCESS}, team=~"$team"'
ROUTE = f'{PROCESS}, route=~"$route"'
MODEL = f'{PROCESS}, model=~"$model"'
SPEND = f'{TEAM}, route=~"$route", model=~"$model"'
STALE = f'{TEAM}, model=~"$model"'

VARIABLES = (
    variable("job", "Job", "label_values(pointsman_inflight, job)"),
    variable("instance", "Instance", 'label_values(pointsman_inflight{job=~"$job"}, instance)'),
    variable("team", "Team", f"label_values(pointsman_requests_total{{{PROCESS}}}, team)"),
    variable("route", "Route", f"label_values(pointsman_requests_total{{{PROCESS}}}, route)"),
    variable("model", "Model", f"label_values(pointsman_requests_total{{{PROCESS}}}, model)"),
)


def grown(metric: str, where: str, by: str = "") -> str:
    """How much a counter grew over the time shown."""
    return f"sum{f' by ({by})' if by else ''} (increase({metric}{{{where}}}[$__range]))"


def pace(metric: str, where: str, by: str, seconds: int) -> str:
    """How much a counter grows in so many seconds."""
    return f"sum by ({by}) (rate({metric}{{{where}}}[$__rate_interval])) * {seconds}"


def numbers() -> list[Json]:
    """The row on top: what did it cost, and can the numbers be believed."""
    return [
        stat(
            About("Spend", "Known cost over the time shown. What is unpriced is not in it.", "currencyUSD"),
            grown("pointsman_cost_usd_total", SPEND),
        ),
        stat(
            About("Spend per hour", "Known cost per hour, averaged over the time shown.", "currencyUSD"),
            f"{grown('pointsman_cost_usd_total', SPEND)} / $__range_s * 3600",
        ),
        stat(
            About("Requests", "Requests over the time shown, refused ones included.", "short"),
            grown("pointsman_requests_total", SPEND),
        ),
        stat(
            About("Unpriced requests", "Their cost is not or not wholly known: Spend is too low.", "short"),
            grown("pointsman_unpriced_requests_total", MODEL),
            Limits(bad_from=0.5),
        ),
        stat(
            About("Ledger lag", "Age of the oldest event that is not yet on disk.", "s"),
            f"max(pointsman_ledger_lag_seconds{{{PROCESS}}})",
            Limits(bad_from=30),
        ),
        stat(
            About("Config", "Whether the config on disk is in use. A broken file keeps the last good one.", "none"),
            f"min(pointsman_config_last_reload_success{{{PROCESS}}})",
            Limits(bad_below=1),
            {"0": "broken, old one kept", "1": "in use"},
        ),
    ]


def over_time() -> list[Json]:
    """When it was spent."""
    return [
        series(
            About("Spend per hour by team", "Known cost per hour, by the team that pays.", "currencyUSD"),
            pace("pointsman_cost_usd_total", SPEND, "team", 3600),
            "{{team}}",
        ),
        series(
            About("Spend per hour by model", "Known cost per hour, by the model that answered.", "currencyUSD"),
            pace("pointsman_cost_usd_total", SPEND, "model", 3600),
            "{{model}}",
        ),
    ]


def totals() -> list[Json]:
    """Who spent it, and on what."""
    return [
        bars(
            About("Spend by team", "Known cost over the time shown, by the team that pays.", "currencyUSD"),
            grown("pointsman_cost_usd_total", SPEND, "team"),
            "{{team}}",
        ),
        bars(
            About("Spend by model", "Known cost over the time shown, by the model that answered.", "currencyUSD"),
            grown("pointsman_cost_usd_total", SPEND, "model"),
            "{{model}}",
        ),
        bars(
            About("Spend by kind", "Fresh input, cache reads and writes, output, fees.", "currencyUSD"),
            grown("pointsman_cost_usd_total", SPEND, "kind"),
            "{{kind}}",
        ),
    ]


def tokens() -> list[Json]:
    """Tokens, in kinds that never overlap."""
    return [
        table(
            About("Tokens by team and kind", "Billable tokens over the time shown. Kinds never overlap.", "short"),
            grown("pointsman_tokens_total", SPEND, "team, kind"),
            rows="team",
            columns="kind",
        ),
        series(
            About("Tokens per minute by kind", "Billable tokens per minute. Kinds never overlap.", "short"),
            pace("pointsman_tokens_total", SPEND, "kind", 60),
            "{{kind}}",
        ),
    ]


def routing() -> list[Json]:
    """Where requests went, and what decided."""
    return [
        series(
            About("Requests per minute by route", "direct: the client named its model itself.", "short"),
            pace("pointsman_requests_total", SPEND, "route", 60),
            "{{route}}",
        ),
        share(
            About(
                "Decisions by source",
                "The client (override), a rule, the classifier, the thread's past (sticky), a budget, or a fallback.",
                "short",
            ),
            grown("pointsman_routing_decisions_total", ROUTE, "source"),
            "{{source}}",
        ),
        share(
            About("Requests by status", "Class of the HTTP status the client saw; none: it saw no answer.", "short"),
            grown("pointsman_requests_total", SPEND, "status_class"),
            "{{status_class}}",
        ),
    ]


def freshness() -> list[Json]:
    """What the prompt caches were like, and what cold ones cost."""
    return [
        series(
            About(
                "Cache state of requests, per minute",
                "Predicted before sending. Cold and broken ones pay for their whole prompt again.",
                "short",
            ),
            pace("pointsman_cache_requests_total", TEAM, "state", 60),
            "{{state}}",
            width=8,
        ),
        bars(
            About("Stale resumes by client", "Threads resumed after their prompt cache had gone.", "short"),
            grown("pointsman_stale_resumes_total", TEAM, "client"),
            "{{client}}",
        ),
        bars(
            About("Cost of stale resumes by cause", "Paid above the warm price of the same request.", "currencyUSD"),
            grown("pointsman_stale_cost_usd_total", STALE, "cause"),
            "{{cause}}",
        ),
    ]


def spend() -> Json:
    """The dashboard as Grafana reads it."""
    return dashboard(
        "pointsman-spend",
        "Pointsman / Spend",
        "What LLM traffic costs, by team, route, model and token kind, and how warm its prompt caches are.",
        VARIABLES,
        [numbers(), over_time(), totals(), tokens(), routing(), freshness()],
    )
