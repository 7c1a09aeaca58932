"""The built-in page's sections on traffic: threads by the freshness of their caches, decisions, models without a price."""

from collections.abc import Sequence

from gateway.api.page_chart import strip
from gateway.api.page_facts import PageFacts, Recent, ThreadLine, Unpriced
from gateway.api.page_table import STATES, bar, card, heads, state_word, table
from gateway.api.page_words import ago, count, dollars, name, span

FRESH = ("warm", "cooling")


def threads(facts: PageFacts) -> str:
    """What can be resumed, for how long it stays cheap, and what it costs now."""
    counted = [(state, facts.states[state]) for state in STATES if facts.states.get(state)]
    chips = "".join(
        f'<li>{state_word(state)} <b>{count(number)}</b> <span class="quiet">{STATES[state]}</span></li>'
        for state, number in counted
    )
    told = ", ".join(f"{count(number)} {state}" for state, number in counted)
    summary = f'{strip(counted, f"Threads by state: {told}")}<ul class="chips">{chips}</ul>' if counted else ""
    rows = [
        f'<tr><th scope="row"><code>{name(each.thread)}</code></th><td class="wide">{name(each.team)}</td>'
        f'<td class="wide">{name(each.client)}</td><td><code>{name(each.model)}</code></td>'
        f'<td class="right">{state_word(each.state)}{_left(each, facts.now)}</td>'
        f'<td class="number quiet"><span class="narrow">idle </span>{span(each.idle_s)}</td>'
        f'<td class="number wide">{"–" if each.expected_read_tokens is None else count(each.expected_read_tokens)}</td>'
        f'<td class="number">{_resume(each)}</td></tr>'
        for each in facts.threads
    ]
    titles = heads("Thread", "~Team", "~Client", "Model", "Cache", "#Idle", "#~Cached tokens", "#Resume costs")
    listed = table("Threads by cache freshness", titles, rows, "No thread is remembered yet.", kind="roll")
    return card("threads", "Threads by cache freshness", summary + listed)


def _left(each: ThreadLine, now: float) -> str:
    """How long the cache still lasts, in words and as what is left of its life since the last answer."""
    if each.state not in FRESH or each.warm_until is None or each.warm_until <= now:
        return ""
    left = each.warm_until - now
    return (
        f' <span class="quiet">{span(left)} left</span>'
        f"{bar(round(left), round(left + each.idle_s), 'near' if each.state == 'cooling' else 'fill', 'life')}"
    )


def _resume(each: ThreadLine) -> str:
    """What resuming costs now, and beside it what it would cost otherwise: in the other state, or as a new thread."""
    fresh = each.state in FRESH
    now, other = (each.if_warm_picos, each.if_cold_picos) if fresh else (each.if_cold_picos, each.if_warm_picos)
    beside = [f"{word} {dollars(picos)}" for word, picos in (
        ("cold" if fresh else "warm", other), ("afresh", None if fresh else each.afresh_picos)) if picos is not None]
    return dollars(now) + (f'<br><span class="quiet">{" · ".join(beside)}</span>' if beside else "")


def decisions(recent: Sequence[Recent], now: float) -> str:
    """Where the last requests went, why, and what came of it."""
    rows = [
        f'<tr><td class="quiet last">{ago(each.at, now)}</td><th scope="row">{name(each.team)}</th>'
        f'<td class="wide">{name(each.client)}{_aside(each.agent, "main")}</td>'
        f'<td>{_model(each)}</td><td class="right">{_route(each)}</td>'
        f'<td>{_reason(each)}</td>'
        f"<td>{state_word(each.cache_state)}{_aside(each.cache_observed, 'unknown')}</td>"
        f'<td class="number">{dollars(each.picos)}{_outcome(each)}</td></tr>'
        for each in recent
    ]
    titles = heads("When", "Team", "~Client", "Model", "Route", "Reason", "Cache", "#Cost")
    listed = table("Recent decisions", titles, rows, "Waiting for the first request.", kind="roll")
    return card("decisions", "Recent decisions", listed)


def _model(each: Recent) -> str:
    if not each.model_asked or each.model_asked == each.model:
        return f"<code>{name(each.model)}</code>"
    return f'<span class="quiet">{name(each.model_asked)} →</span> <code>{name(each.model)}</code>'


def _route(each: Recent) -> str:
    return f'<span class="route">{name(each.route)}</span>' if each.route else '<span class="quiet">direct</span>'


def _reason(each: Recent) -> str:
    """The first reason, and what gave it; a rule by its name."""
    source = f"rule {name(each.rule)}" if each.source == "rule" and each.rule else name(each.source)
    return f'{name(each.reason.replace("_", " "))}{f" <span class=quiet>{source}</span>" if source else ""}'


def _outcome(each: Recent) -> str:
    if each.outcome == "finished" and each.status < 400:
        return ""
    what = name(each.outcome.replace("_", " "))
    return f'<br><span class="failed">{what}{f" · {each.status}" if each.status else ""}</span>'


def _aside(word: str, usual: str) -> str:
    return f' <span class="quiet">{name(word)}</span>' if word and word != usual else ""


def unpriced(models: Sequence[Unpriced]) -> str:
    """What every sum leaves out."""
    if not models:
        return ""
    rows = [
        f'<tr><th scope="row"><code>{name(each.model)}</code></th><td>{name(each.provider)}</td>'
        f'<td>{name(each.reason.replace("_", " "))}</td><td class="number">{count(each.requests)}</td></tr>'
        for each in models
    ]
    note = (
        '<p class="note">Their dollars are missing from every sum on this page. '
        "Give them a price under <code>prices</code> in the config.</p>"
    )
    titles = heads("Model", "Provider", "Why", "#Requests")
    return card("unpriced", "Models without a price", note + table("Models without a price", titles, rows, ""))
