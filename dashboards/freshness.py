"""The Cache freshness dashboard: how much of the prompts comes from the providers' caches, and what it costs when not."""

from dashboards.board import dashboard, to
from dashboards.panels import FEW, FEWER, About, Json, Limits, bars, heatmap, lines, matrix, series, stat
from dashboards.query import grown, of, pace, ratio
from gateway.metering.families import (
    BROKEN_COST,
    CACHE_OUTCOMES,
    CACHE_REQUESTS,
    COST,
    PINGS_COST,
    PINGS_SAVED,
    RESUME_IDLE,
    STALE_CLIENT_COST,
    STALE_COST,
    STALE_RESUMES,
    TOKENS,
    WARNINGS,
)

READ = 'kind="cache_read"'
WRITTEN = 'kind=~"cache_write_.*"'
PROMPT = 'kind=~"input_uncached|cache_.*"'
SAW = 'observed!="unknown"'


def numbers() -> list[Json]:
    """How good are the caches, and how good is what we foretell of them."""
    held = 'predicted=~"warm|cooling", observed=~"hit|partial"'
    gone = 'predicted=~"cold|broken", observed="miss"'
    right = f"({grown(CACHE_OUTCOMES, held)} + {grown(CACHE_OUTCOMES, gone)})"
    return [
        stat(
            About("Prompt from cache", "Share of the prompts' tokens that were read from a cache.", "percentunit"),
            ratio(grown(TOKENS, READ), grown(TOKENS, PROMPT)),
        ),
        stat(
            About("Reads for a write", "Tokens read for each token written; a paid write is lost below about one.", "short"),
            ratio(grown(TOKENS, READ), grown(TOKENS, WRITTEN)),
        ),
        stat(
            About("Stale resumes", "Threads resumed after their prompt cache had gone.", "short"),
            grown(STALE_RESUMES),
        ),
        stat(
            About("Paid for lost caches", "Paid above the warm price because a cache had gone.", "currencyUSD"),
            grown(STALE_COST),
        ),
        stat(
            About("Lost share of spend", "What lost caches cost, as a share of all known cost.", "percentunit"),
            ratio(grown(STALE_COST), grown(COST)),
            Limits(bad_from=0.1),
        ),
        stat(
            About(
                "Foretold rightly",
                "Requests whose cache was there, or gone, as foretold; of those where both are known.",
                "percentunit",
            ),
            ratio(right, grown(CACHE_OUTCOMES, SAW, 'predicted!="unknown"')),
        ),
    ]


def over_time() -> list[Json]:
    """When the caches held, and who was told that they had not."""
    return [
        lines(
            About("Prompt from cache by model", "Share of the prompts' tokens read from a cache.", "percentunit"),
            {"{{model}}": ratio(pace(TOKENS, READ, by="model"), pace(TOKENS, PROMPT, by="model"))},
            width=8,
            points=FEWER,
        ),
        series(
            About(
                "Cache state of requests, per minute",
                "Predicted before sending. Cold and broken ones pay for their whole prompt again.",
                "short",
            ),
            pace(CACHE_REQUESTS, by="state", seconds=60),
            "{{state}}",
            width=8,
        ),
        series(
            About("Warnings per hour", "Threads about to be resumed cold, by how that was told.", "short"),
            pace(WARNINGS, by="channel", seconds=3600),
            "{{channel}}",
            width=8,
            points=FEW,
        ),
    ]


def losses() -> list[Json]:
    """Who pays twice, and why."""
    return [
        bars(
            About("Prompt from cache by team", "Share of the prompts' tokens read from a cache.", "percentunit"),
            ratio(grown(TOKENS, READ, by="team"), grown(TOKENS, PROMPT, by="team")),
            "{{team}}",
            width=6,
            link=to("pointsman-spend", "Spend of ${__field.labels.team}", "team"),
        ),
        bars(
            About("Stale resumes by client", "Threads resumed after their prompt cache had gone.", "short"),
            grown(STALE_RESUMES, by="client"),
            "{{client}}",
            width=6,
        ),
        matrix(
            About("Cost of lost caches", "Paid above the warm price, by client and cause.", "currencyUSD"),
            grown(STALE_CLIENT_COST, by="client, cause"),
            rows="client",
            columns="cause",
        ),
    ]


def resumes() -> list[Json]:
    """How long threads rest, and whether we knew what that does."""
    return [
        heatmap(
            About("Rest before a request", "How long a thread had rested when its next request came.", "s"),
            f"sum by (le) (increase({of(RESUME_IDLE, part='_bucket')}[$__rate_interval]))",
        ),
        matrix(
            About("Foretold and seen", "Requests by the state foretold and by what the provider then read.", "short"),
            grown(CACHE_OUTCOMES, by="predicted, observed"),
            rows="predicted",
            columns="observed",
        ),
    ]


def breakers() -> list[Json]:
    """What in the prompts themselves loses caches."""
    return [
        matrix(
            About(
                "What breaks prompts",
                "Paid above the warm price because a prompt no longer began as its thread's last one: dates and ids in "
                "system prompts, reordered tools, reasoning not sent back. `pointsman lint-prompts` says what helps.",
                "currencyUSD",
            ),
            grown(BROKEN_COST, by="client, breaker"),
            rows="breaker",
            columns="client",
            width=24,
        ),
    ]


def tokens() -> list[Json]:
    """Do written caches pay for themselves."""
    return [
        series(
            About("Tokens per minute by kind", "Billable tokens per minute. Kinds never overlap.", "short"),
            pace(TOKENS, by="kind", seconds=60),
            "{{kind}}",
            width=8,
        ),
        lines(
            About("Reads for a write by model", "Tokens read for each token written; below one, it was in vain.", "short"),
            {"{{model}}": ratio(pace(TOKENS, READ, by="model"), pace(TOKENS, WRITTEN, by="model"))},
            width=8,
            points=FEWER,
        ),
        lines(
            About("Pings that keep caches warm, per hour", "Saved: filling caches anew that was not paid.", "currencyUSD"),
            {"cost": pace(PINGS_COST, seconds=3600), "saved": pace(PINGS_SAVED, seconds=3600)},
            width=8,
            points=FEW,
        ),
    ]


def freshness() -> Json:
    """The dashboard as Grafana reads it."""
    return dashboard(
        "pointsman-freshness",
        "Cache freshness",
        "How much of the prompts comes from the providers' caches, what lost caches cost, and how well that is foretold.",
        [numbers(), over_time(), losses(), breakers(), resumes(), tokens()],
    )
