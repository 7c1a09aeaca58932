"""The built-in page: plain values in, one HTML document out. No scripts, and nothing to load but its style."""

from collections.abc import Iterable, Sequence

from gateway.api.page_facts import KindUse, PageFacts, Recent, TeamSpend, ThreadLine, Unpriced
from gateway.api.page_words import ago, clock, count, dollars, lines, name, span
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
STATES = {
    "warm": "cache is there",
    "cooling": "cache is about to go",
    "cold": "cache has gone",
    "broken": "prompt has changed",
    "unknown": "nothing is known",
}
_ICON = (
    "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'%3E"
    "%3Cpath d='M3 15V1M3 9C3 5 13 6 13 1' fill='none' stroke='%230a7d5a' stroke-width='2.4'/%3E%3C/svg%3E"
)


def render_page(facts: PageFacts) -> bytes:
    """The whole page. Serve it with `PAGE_HEADERS`; its style is at `style.css` beside it."""
    idle = not facts.recent
    body = [
        _header(facts),
        _banners(facts),
        _connect(facts, unfold=True) if idle else "",
        _tiles(facts),
        f'<div class="pair">{_teams(facts.teams)}{_kinds(facts.kinds)}</div>',
        _recent(facts.recent, facts.now),
        _threads(facts),
        _unpriced(facts.unpriced),
        "" if idle else _connect(facts, unfold=False),
        _footer(facts),
    ]
    page = (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Pointsman</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="color-scheme" content="light dark">'
        f'<meta http-equiv="refresh" content="{REFRESH_S}">'
        f'<link rel="icon" href="{_ICON}"><link rel="stylesheet" href="style.css"></head>'
        f"<body>{''.join(body)}</body></html>\n"
    )
    return page.encode("utf-8", "replace")


def _header(facts: PageFacts) -> str:
    whose = f" · team <b>{name(facts.viewer)}</b>" if facts.viewer is not None else ""
    return (
        '<header><svg class="mark" viewBox="0 0 16 16" aria-hidden="true"><path d="M3 15V1M3 9C3 5 13 6 13 1"/></svg>'
        f'<h1>Pointsman</h1><p class="where"><code>{lines(facts.base_url)}/v1</code>{whose}</p>'
        f'<p class="when">{clock(facts.now)}</p></header>'
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


def _tiles(facts: PageFacts) -> str:
    today = sum(team.today_picos for team in facts.teams)
    month = sum(team.month_picos for team in facts.teams)
    requests = sum(team.requests_today for team in facts.teams)
    missing = sum(team.unpriced for team in facts.teams)
    read = sum(kind.tokens for kind in facts.kinds if kind.kind == "cache_read")
    prompt = read + sum(
        kind.tokens for kind in facts.kinds if kind.kind == "input_uncached" or kind.kind.startswith("cache_write")
    )
    cached = f"{100 * read / prompt:.0f} %" if prompt else "–"
    tiles = [
        _tile("Today", dollars(today), f"{count(requests)} requests"),
        _tile("This month", dollars(month), "known cost" if missing else "every request priced"),
        _tile("Prompt from cache", cached, "of input this month"),
        _tile("Unpriced", count(missing), "requests this month", "bad" if missing else ""),
    ]
    return f'<section class="tiles" aria-label="Overview">{"".join(tiles)}{_hours(facts.hours)}</section>'


def _tile(label: str, value: str, note: str, mood: str = "") -> str:
    return f'<div class="tile {mood}"><h2>{label}</h2><p class="big">{value}</p><p class="note">{note}</p></div>'


def _hours(hours: Sequence[int]) -> str:
    """One bar for every hour; a bar that is there at all is at least a sliver."""
    if not any(hours):
        return ""
    top = max(hours)
    bars = "".join(
        f'<rect x="{index * 10}" y="{100 - tall:.1f}" width="8" height="{tall:.1f}" rx="1"><title>'
        f"{_hour(len(hours) - 1 - index)}: {dollars(picos)}</title></rect>"
        for index, picos in enumerate(hours)
        if (tall := max(100 * picos / top, 1.5) if picos else 0.0)
    )
    return (
        f'<figure class="tile hours"><figcaption><h2>Last {len(hours)} hours</h2>'
        f'<p class="note">at most {dollars(top)} in an hour</p></figcaption>'
        f'<svg viewBox="0 0 {len(hours) * 10 - 2} 100" preserveAspectRatio="none" role="img" '
        f'aria-label="Spend in each of the last {len(hours)} hours">{bars}</svg></figure>'
    )


def _hour(back: int) -> str:
    return "this hour" if back == 0 else f"{back} h ago"


def _teams(teams: Sequence[TeamSpend]) -> str:
    top = max((team.month_picos for team in teams), default=0)
    rows = [
        f'<tr><th scope="row">{name(team.team)}</th><td class="number">{dollars(team.today_picos)}</td>'
        f'<td class="number">{dollars(team.month_picos)}{_missing(team.unpriced)}</td>'
        f'<td class="bar">{_bar(team.month_picos, top)}</td>'
        f'<td class="number wide">{count(team.requests_month)}</td></tr>'
        for team in teams
    ]
    head = _head("Team", "#Today", "#This month", "", "#~Requests")
    return _table("Spend by team", head, rows, "Nothing has been spent yet.")


def _missing(unpriced: int) -> str:
    if not unpriced:
        return ""
    return f'<br><span class="unknown" title="their cost is not in the sum">+ {count(unpriced)} unpriced</span>'


def _kinds(kinds: Sequence[KindUse]) -> str:
    top = max((kind.tokens for kind in kinds), default=0)
    rows = [
        f'<tr><th scope="row">{name(kind.kind.replace("_", " "))}</th><td class="number">{count(kind.tokens)}</td>'
        f'<td class="bar">{_bar(kind.tokens, top)}</td><td class="number">{dollars(kind.picos)}</td></tr>'
        for kind in kinds
    ]
    head = _head("Tokens", "#This month", "", "#Cost")
    return _table("Tokens by kind", head, rows, "No tokens have been counted yet.")


def _recent(recent: Sequence[Recent], now: float) -> str:
    rows = [
        f'<tr><td class="quiet last">{ago(each.at, now)}</td><th scope="row">{name(each.team)}</th>'
        f'<td class="wide">{name(each.client)}{_aside(each.agent, "main")}</td>'
        f'<td>{_model(each)}</td><td class="right">{_route(each)}</td>'
        f'<td class="wide quiet">{name(each.reason.replace("_", " "))}</td>'
        f"<td>{_state(each.cache_state)}{_aside(each.cache_observed, 'unknown')}</td>"
        f'<td class="number">{dollars(each.picos)}{_outcome(each)}</td></tr>'
        for each in recent
    ]
    head = _head("When", "Team", "~Client", "Model", "Route", "~Reason", "Cache", "#Cost")
    return _table("Recent requests", head, rows, "Waiting for the first request.", kind="roll")


def _model(each: Recent) -> str:
    if not each.model_asked or each.model_asked == each.model:
        return f"<code>{name(each.model)}</code>"
    return f'<span class="quiet">{name(each.model_asked)} →</span> <code>{name(each.model)}</code>'


def _route(each: Recent) -> str:
    return f'<span class="route">{name(each.route)}</span>' if each.route else '<span class="quiet">direct</span>'


def _outcome(each: Recent) -> str:
    if each.outcome == "finished" and each.status < 400:
        return ""
    what = name(each.outcome.replace("_", " "))
    return f'<br><span class="failed">{what}{f" · {each.status}" if each.status else ""}</span>'


def _threads(facts: PageFacts) -> str:
    chips = "".join(
        f'<li>{_state(state)} <b>{count(facts.states[state])}</b> <span class="quiet">{meaning}</span></li>'
        for state, meaning in STATES.items()
        if facts.states.get(state)
    )
    rows = [
        f'<tr><th scope="row"><code>{name(each.thread)}</code></th><td class="wide">{name(each.team)}</td>'
        f'<td class="wide">{name(each.client)}</td><td><code>{name(each.model)}</code></td>'
        f'<td class="right">{_state(each.state)}{_until(each, facts.now)}</td>'
        f'<td class="number quiet"><span class="narrow">idle </span>{span(each.idle_s)}</td>'
        f'<td class="number wide">{"–" if each.expected_read_tokens is None else count(each.expected_read_tokens)}</td>'
        f'<td class="number">{_resume(each)}</td></tr>'
        for each in facts.threads
    ]
    head = _head("Thread", "~Team", "~Client", "Model", "Cache", "#Idle", "#~Cached tokens", "#Resume costs")
    chips = f'<ul class="chips">{chips}</ul>' if chips else ""
    return _table("Threads by cache freshness", head, rows, "No thread is remembered yet.", chips, kind="roll")


def _until(each: ThreadLine, now: float) -> str:
    if each.warm_until is None or each.warm_until <= now:
        return ""
    return f' <span class="quiet">{span(each.warm_until - now)} left</span>'


def _resume(each: ThreadLine) -> str:
    """What resuming costs now; in the cold, what it would have cost warm stands beside it."""
    if each.state in ("warm", "cooling"):
        return dollars(each.if_warm_picos)
    warm = "" if each.if_warm_picos is None else f' <span class="quiet">warm {dollars(each.if_warm_picos)}</span>'
    return f"{dollars(each.if_cold_picos)}{warm}"


def _unpriced(models: Sequence[Unpriced]) -> str:
    if not models:
        return ""
    rows = [
        f'<tr><th scope="row"><code>{name(each.model)}</code></th><td>{name(each.provider)}</td>'
        f'<td>{name(each.reason.replace("_", " "))}</td><td class="number">{count(each.requests)}</td></tr>'
        for each in models
    ]
    note = (
        '<p class="note">Their dollars are missing from every sum above. '
        "Give them a price under <code>prices</code> in the config.</p>"
    )
    return _table("Models without a price", _head("Model", "Provider", "Why", "#Requests"), rows, "", note)


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
    return (
        f'<section class="card connect"><h2>{lead}</h2><p class="note">Change the base URL, ask for the model '
        f"<code>auto</code>, and the line is set for you.</p>{''.join(folds)}</section>"
    )


def _footer(facts: PageFacts) -> str:
    return (
        '<footer><a href="spend">spend as JSON</a><a href="threads">threads as JSON</a><a href="docs">API</a>'
        f'<a href="../metrics">metrics</a><span>Pointsman {name(facts.version)} · known cost only, UTC days · '
        f"refreshes every {REFRESH_S} s</span></footer>"
    )


def _table(title: str, head: str, rows: Iterable[str], empty: str, before: str = "", kind: str = "") -> str:
    """A card with a table; of the kind `roll`, its rows become little cards where the screen is narrow."""
    body = "".join(rows)
    inner = (
        f'<div class="scroll"><table class="{kind}">{head}<tbody>{body}</tbody></table></div>'
        if body
        else f"<p>{empty}</p>"
    )
    return f'<section class="card"><h2>{title}</h2>{before}{inner}</section>'


def _head(*titles: str) -> str:
    """A header row; `#` marks a column of numbers, `~` one that narrow screens leave out, nothing a column of bars."""
    cells = []
    for title in titles:
        words = [word for mark, word in (("#", "number"), ("~", "wide")) if mark in title]
        words += [] if title else ["bar"]
        classes = f' class="{" ".join(words)}"' if words else ""
        cells.append(f'<th scope="col"{classes}>{title.strip("#~")}</th>')
    return f"<thead><tr>{''.join(cells)}</tr></thead>"


def _bar(part: int, top: int) -> str:
    wide = 100 * part / top if top else 0.0
    bar = f'<rect width="{wide:.1f}" height="8"/>'
    return f'<svg viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true">{bar}</svg>'


def _state(state: str) -> str:
    known = state if state in STATES else "unknown"
    return f'<span class="state {known}" title="{STATES[known]}">{known}</span>'


def _aside(word: str, usual: str) -> str:
    return f' <span class="quiet">{name(word)}</span>' if word and word != usual else ""
