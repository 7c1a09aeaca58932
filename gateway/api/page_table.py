"""The pieces the built-in page's sections are made of: cards, tables, bars, the word for a cache's state."""

from collections.abc import Iterable

STATES = {
    "warm": "cache is there",
    "cooling": "cache is about to go",
    "cold": "cache has gone",
    "broken": "prompt has changed",
    "unknown": "nothing is known",
}


def card(anchor: str, title: str, inner: str, wide: str = "") -> str:
    """A section with a heading, which the navigation can lead to."""
    return (
        f'<section class="card {wide}" id="{anchor}" aria-labelledby="{anchor}-title">'
        f'<h2 id="{anchor}-title">{title}</h2>{inner}</section>'
    )


def table(title: str, head: str, rows: Iterable[str], empty: str, kind: str = "") -> str:
    """A table; of the kind `roll`, its rows become little cards where the screen is narrow."""
    body = "".join(rows)
    if not body:
        return f'<p class="quiet">{empty}</p>'
    return f'<table class="{kind}"><caption class="unseen">{title}</caption>{head}<tbody>{body}</tbody></table>'


def heads(*titles: str) -> str:
    """A header row; `#` marks a column of numbers, `~` one that narrow screens leave out, nothing a column of bars."""
    cells = []
    for title in titles:
        words = [word for mark, word in (("#", "number"), ("~", "wide")) if mark in title]
        if not title:
            cells.append('<td class="bar"></td>')
            continue
        classes = f' class="{" ".join(words)}"' if words else ""
        cells.append(f'<th scope="col"{classes}>{title.strip("#~")}</th>')
    return f"<thead><tr>{''.join(cells)}</tr></thead>"


def bar(part: int, top: int, colour: str = "", mark: str = "") -> str:
    """A part of something, drawn; the number stands beside it, so it is for the eyes alone."""
    wide = min(100.0, 100 * part / top) if top > 0 else 0.0
    drawn = f'<rect class="{colour or "fill"}" width="{wide:.1f}" height="8"/>'
    return f'<svg class="{mark or "part"}" viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true">{drawn}</svg>'


def state_word(state: str) -> str:
    """The state of a prompt cache, in its colour."""
    known = state if state in STATES else "unknown"
    return f'<span class="state {known}" title="{STATES[known]}">{known}</span>'
