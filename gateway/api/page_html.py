"""The built-in page: plain values in, one HTML document out. No scripts, and nothing to load but its style."""

from gateway.api import page_budgets, page_days, page_money, page_traffic
from gateway.api.page_facts import PageFacts
from gateway.api.page_table import card
from gateway.api.page_words import clock, lines, name
from gateway.commands.connect import RECIPES

REFRESH_S = 60
SHOWN_CLIENTS = {
    "codex": "Codex",
    "claude": "Claude Code",
    "opencode": "opencode",
    "openai": "OpenAI SDK",
    "anthropic": "Anthropic SDK",
    "curl": "curl",
}
PLACES = {"teams": "Spend", "threads": "Threads", "decisions": "Decisions", "connect": "Connect"}
_ICON = (
    "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'%3E"
    "%3Cpath d='M3 15V1M3 9C3 5 13 6 13 1' fill='none' stroke='%230a7d5a' stroke-width='2.4'/%3E%3C/svg%3E"
)


def render_page(facts: PageFacts, style: str = "style.css") -> bytes:
    """The whole page. Serve it with `PAGE_HEADERS`; its style is at the address `style` beside it."""
    idle = not facts.recent
    main = [
        _banners(facts),
        _connect(facts, unfold=True) if idle else "",
        page_money.tiles(facts),
        f'<div class="pair">{page_days.days(facts)}{page_money.teams(facts)}</div>',
        page_budgets.budgets(facts),
        page_traffic.threads(facts),
        page_traffic.decisions(facts.recent, facts.now),
        f'<div class="pair">{page_money.worth(facts)}{page_money.kinds(facts.kinds)}</div>',
        page_traffic.unpriced(facts.unpriced),
        "" if idle else _connect(facts, unfold=False),
    ]
    page = (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Pointsman</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="color-scheme" content="light dark">'
        f'<link rel="icon" href="{_ICON}"><link rel="stylesheet" href="{style}"></head>'
        f'<body><a class="skip" href="#main">Skip to the numbers</a>{_header(facts)}'
        f'<main id="main">{"".join(main)}</main>{_footer(facts)}</body></html>\n'
    )
    return page.encode("utf-8", "replace")


def _header(facts: PageFacts) -> str:
    whose = f" · team <b>{name(facts.viewer)}</b>" if facts.viewer is not None else ""
    places = "".join(f'<li><a href="#{anchor}">{title}</a></li>' for anchor, title in PLACES.items())
    turn = '<a href="./">stop</a>' if facts.live else '<a href="?live=1">keep fresh</a>'
    fresh = f"new every {REFRESH_S} s · " if facts.live else ""
    return (
        '<header><svg class="mark" viewBox="0 0 16 16" aria-hidden="true"><path d="M3 15V1M3 9C3 5 13 6 13 1"/></svg>'
        f'<h1>Pointsman</h1><p class="where"><code>{lines(facts.base_url)}/v1</code>{whose}</p>'
        f'<nav aria-label="On this page"><ul>{places}</ul></nav>'
        f'<p class="when">{clock(facts.now)} · {fresh}{turn}</p></header>'
    )


def _banners(facts: PageFacts) -> str:
    shown = ""
    if facts.config_error:
        shown += (
            '<section class="banner bad" role="alert"><h2>The config file is broken; the last good one is in use</h2>'
            f"<pre>{lines(facts.config_error)}</pre></section>"
        )
    if facts.simulated:
        shown += (
            '<section class="banner" role="status"><h2>Answers come from the built-in simulator</h2>'
            "<p>No provider key is set. Put one into the environment and restart to reach real models.</p></section>"
        )
    return shown


def _connect(facts: PageFacts, *, unfold: bool) -> str:
    key = "YOUR-TEAM-KEY" if facts.keys_configured else "any-key"
    folds = []
    for word, title in SHOWN_CLIENTS.items():
        recipe = RECIPES[word]
        values = {"base": facts.base_url, "key": key}
        note = f'<p class="note">{lines(recipe.note.format(**values))}</p>' if recipe.note else ""
        opened = " open" if unfold and word == "curl" else ""
        text = lines(recipe.text.format(**values).rstrip())
        folds.append(f"<details{opened}><summary>{title}</summary><pre>{text}</pre>{note}</details>")
    lead = "Send the first request" if unfold else "Connect a client"
    note = (
        '<p class="note">Change the base URL, ask for the model <code>auto</code>, and the line is set for you.</p>'
    )
    return card("connect", lead, note + "".join(folds), "connect")


def _footer(facts: PageFacts) -> str:
    return (
        '<footer><a href="spend">spend as JSON</a><a href="threads">threads as JSON</a><a href="docs">API</a>'
        f'<a href="../metrics">metrics</a><span>Pointsman {name(facts.version)} · known cost only · UTC days</span></footer>'
    )
