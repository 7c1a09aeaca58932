"""The page on policies for a thread's model, and its plot, written from what was played."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from xml.sax.saxutils import escape

from benchmarks.routing_page import wrapped
from gateway.evaluation.policies import OURS
from gateway.evaluation.policies_score import ORACLE

Trace = Mapping[str, Any]
Case = Mapping[str, Any]

FAR = "always code"
"""Too dear for the plot's axis."""
_COLOURS = {OURS: "#16a34a", "by kind": "#3b82f6", "next request": "#d97706", "five minutes, code goes": "#db2777"}
_OTHER = "#7c3aed"
_WIDTH, _LEFT, _RIGHT, _ROW, _GAP, _TOP = 720, 190, 150, 17, 30, 56


def page(results: Sequence[Trace]) -> str:
    """`docs/benchmarks/freshness-policies.md`."""
    first, others = results[0], results[1:]
    parts = [_HEAD, _done(first), _POLICIES, *_verdict(results), "## Sessions with their prompts' blocks\n"]
    for case in first["cases"]:
        parts += _table(case, first["draws"])
    parts += _reasons(first)
    for trace in others:
        parts += _short(trace)
    return "\n".join((*parts, _SHOWS))


def keeping(case: Case) -> dict[str, Mapping[str, Any]]:
    """The policies that never break the rule, the oracle left out."""
    return {name: line for name, line in case["lines"].items() if not line["code_turns_on_general"] and name != ORACLE}


def _done(trace: Trace) -> str:
    return "\n\n".join(
        [
            wrapped(
                f"{trace['sessions']} sessions of Claude Code (callanjfox/kv-cache-tester @94f6046, Apache-2.0; main "
                f"threads, {trace['turns']:,} turns, {trace['requests']:,} requests; a session recorded twice counts "
                f"once) with the ids of their prompts' blocks and the times of their requests. {_WORLD}"
            ),
            wrapped(
                "Which turns are code no trace tells. It is drawn: *mostly code* has 15 % of other turns, *half and half* "
                f"has 50 % in longer runs. Numbers are means of {trace['draws']} drawings. In parentheses stand the bounds "
                "of 95 % of a thousand samples: sessions drawn again with replacement, each with one of its drawings. "
                "`pointsman eval policies TRACE` plays it, `make bench-policies` writes this page."
            )
            + "\n",
        ]
    )


def _verdict(results: Sequence[Trace]) -> Iterator[str]:
    """What it comes to: over all pairs and mixes, and how sure that is."""
    yield "## What it comes to\n"
    yield "Of the policies that never break the rule, over three pairs of models and two mixes each:\n"
    yield "| policy | " + " | ".join(f"{_name(trace)}: mean, worst over the oracle" for trace in results) + " |"
    yield "|---|" + "---|" * len(results)
    for name in keeping(results[0]["cases"][0]):
        shown = f"**{name}**" if name == OURS else name
        cells = []
        for trace in results:
            over = [100 * case["lines"][name]["over_oracle"] for case in trace["cases"]]
            cells.append(f"+{sum(over) / len(over):.2f} %, +{max(over):.1f} %")
        yield f"| {shown} | " + " | ".join(cells) + " |"
    yield "\n![Dollars over the oracle](policies-over-oracle.svg)\n"


def _table(case: Case, draws: int) -> Iterator[str]:
    yield f"### {case['pair']}, {case['mix']}\n"
    yield "| policy | dollars | against the oracle | switches | code turns on the general model | ours no dearer |"
    yield "|---|---|---|---|---|---|"
    for name, line in case["lines"].items():
        shown = f"**{name}**" if name == OURS else name
        over = "" if name == ORACLE else _over(line)
        sure = "" if name in (OURS, ORACLE) else f"{100 * line['ours_no_dearer']:.0f} %"
        moved = f"{line['switches']:,.0f} | {line['code_turns_on_general']:,.0f}"
        yield f"| {shown} | {line['usd']:,.0f} | {over} | {moved} | {sure} |"
    yield f"\n{_sure(case, draws)}\n"


def _sure(case: Case, draws: int) -> str:
    return wrapped(
        f"Ours is the cheapest that keeps the rule in {100 * case['ours_cheapest']:.0f} % of samples, and on these "
        f"sessions in {case['draws_ours_cheapest']} of {draws} drawings."
    )


def _reasons(trace: Trace) -> Iterator[str]:
    """Why ours stayed or went."""
    words = sorted({word for case in trace["cases"] for word in case["lines"][OURS]["reasons"]})
    yield "## Why ours stayed or went\n"
    yield "Turns that suited the other model, by the gateway's reason (`x-pointsman-reason`, the ledger):\n"
    yield "| | " + " | ".join(f"`{word}`" for word in words) + " |"
    yield "|---|" + "---|" * len(words)
    for case in trace["cases"]:
        found = case["lines"][OURS]["reasons"]
        yield f"| {case['pair']}, {case['mix']} | " + " | ".join(f"{found.get(word, 0):,.0f}" for word in words) + " |"
    yield ""


def _short(trace: Trace) -> Iterator[str]:
    """A trace of which only counts are known, in one table."""
    names = list(keeping(trace["cases"][0]))
    yield f"## {_name(trace)}\n"
    yield wrapped(
        f"{trace['sessions']} sessions, {trace['turns']:,} turns, {trace['requests']:,} requests; counts only, so a "
        "prompt is taken to go on from the one before it unless it is shorter by a tenth. Played with the habits that are "
        "shipped: these sessions had no part in them. Against the oracle:"
    )
    yield ""
    yield "| | " + " | ".join(f"**{name}**" if name == OURS else name for name in names) + " | ours the cheapest in |"
    yield "|---|" + "---|" * (len(names) + 1)
    for case in trace["cases"]:
        cells = [f"+{100 * case['lines'][name]['over_oracle']:.2f} %" for name in names]
        cells.append(f"{100 * case['ours_cheapest']:.0f} % of samples")
        yield f"| {case['pair']}, {case['mix']} | " + " | ".join(cells) + " |"
    yield ""


def _over(line: Mapping[str, Any]) -> str:
    return f"{100 * line['over_oracle']:+.2f} % ({100 * line['low']:+.1f} to {100 * line['high']:+.1f})"


def _name(trace: Trace) -> str:
    return next((name for begins, name in _NAMES.items() if trace["trace"].startswith(begins)), trace["trace"])


def plot(trace: Trace) -> str:
    """Dollars over the oracle with their intervals, of the policies that keep the rule."""
    rows = [(case, [name for name in keeping(case) if name != FAR]) for case in trace["cases"]]
    most = max(100 * case["lines"][name]["high"] for case, names in rows for name in names)
    height = _TOP + sum(_GAP + _ROW * len(names) for _, names in rows) + 40
    scale = (_WIDTH - _LEFT - _RIGHT) / most
    title = "Dollars over the oracle, % (95 % of samples)"
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" font-family="system-ui, sans-serif"'
        f' font-size="12" fill="#808891"><title>{title}</title>',
        f'<text x="12" y="24" font-size="15" font-weight="600">{title}</text>',
    ]
    for tick in range(0, int(most) + 1, 2):
        x = _LEFT + tick * scale
        parts.append(f'<path d="M{x:.1f} {_TOP - 8}V{height - 34}" stroke="#808891" stroke-opacity=".25"/>')
        parts.append(f'<text x="{x:.1f}" y="{height - 16}" text-anchor="middle">{tick}</text>')
    y = _TOP
    for case, names in rows:
        parts.append(f'<text x="12" y="{y + 8}" font-weight="600">{escape(case["pair"])}, {case["mix"]}</text>')
        y += _GAP - 4
        for name in names:
            line, colour = case["lines"][name], _COLOURS.get(name, _OTHER)
            low, at, high = (_LEFT + 100 * line[key] * scale for key in ("low", "over_oracle", "high"))
            weight = ' font-weight="600"' if name == OURS else ""
            parts.append(f'<text x="{_LEFT - 10}" y="{y + 4}" text-anchor="end"{weight}>{escape(name)}</text>')
            parts.append(f'<path d="M{low:.1f} {y}H{high:.1f}" stroke="{colour}" stroke-width="2"/>')
            parts.append(f'<circle cx="{at:.1f}" cy="{y}" r="4" fill="{colour}"/>')
            parts.append(f'<text x="{high + 8:.1f}" y="{y + 4}" fill="{colour}">{100 * line["over_oracle"]:.2f}</text>')
            y += _ROW
        y += 4
    return "\n".join((*parts, "</svg>\n"))


_NAMES = {
    "weka": "Claude Code, with blocks",
    "observed_claude": "Claude Code, counts only",
    "observed_codex": "Codex",
}
_HEAD = """# Which model a thread's next turn goes to, in dollars

A thread of a coding agent has turns that only the code model should do, and turns that a cheaper one could: a
picture, a question in prose. Each model has its own prompt cache, so going there and back costs what the caches lose.
Here several ways to decide that are played on recorded sessions.

## What was done
"""
_WORLD = (
    "A prompt is read from a model's cache up to where it agrees with the last one that model saw, if that was within the "
    "documented lifetime (Anthropic 5 minutes, OpenAI 30) of its last request; the rest is written. Both models keep their "
    "caches beside each other. List prices of the price book, long prompts at theirs. A policy sees the past only, and "
    "decides at the beginning of a turn."
)
_POLICIES = """| policy | |
|---|---|
| always code, always general | one model for all |
| by kind | where each turn belongs, whatever the caches hold |
| next request | code to its model; another turn where its first request is cheaper, with what both caches hold |
| five minutes, code goes | stays for five minutes after the last request, then goes where the turn belongs; code at once |
| Plano's rule | stays for five minutes, unless the switch is free or within the budget for switches (below) |
| Plano's rule, code goes | the same, and a turn of code goes to the code model whatever it costs |
| pin first | where the first turn belongs, for good |
| pointsman | the gateway's own code (`routing/ahead.py`, `routing/stay.py`), with code as the demanding route |
| oracle | knows all that comes; the cheapest way that gives every turn of code to the code model |

The quality rule is that turns of code go to the code model: a turn of code that the general model does breaks it.
*Always general*, *pin first* and *Plano's rule* do, hundreds of times, and are cheap because of it; they are shown
for that.

Plano's rule is that of katanemo/plano, `session_router.rs`, as read in November 2026: a switch is free where the next
request is no dearer on the other model; dearer ones are made as long as all of them together stay within a fifth of
what never switching would have cost since the session was last cold. What writing to a cache costs extra is not in
it. It is asked once a turn here.
"""
_SHOWS = """## What it does not show

- Which policy is cheapest is a matter of tenths of a per cent, and of a few long sessions: a twentieth of them holds
  a fifth of the money. So no policy is surely the cheapest in any one case, ours included; the shares of samples say
  how sure it is. What the tables show is that every rival is good where prices suit it and loses by several per cent
  elsewhere.
- What is left to the oracle is mostly not to be known beforehand: how many requests a turn will take, and when a
  person comes back. Tried, without gain: pauses and requests counted anew in the other sessions of a collection, the
  thread's own pauses, continuations of recorded threads like it, the worth of the second cache for later turns, a
  margin in favour of either side.
- That a turn of the other kind is followed by one more is taken to be an even chance, and then what the thread itself
  shows; that eight of its own turns weigh as much was chosen on these sessions, among values that differ by 0.3 % in
  one case.
- Kinds are known here. A classifier errs, and then every policy that follows kinds breaks the rule as often as it
  errs.
- Both models are taken to count tokens alike, to answer with as many, and to need as many requests for a turn.
- Lifetimes are the documented ones here. In the gateway the learned ones take part.
- Signed thinking and encrypted reasoning bind a thread to its model ([why](../explanation/stay.md)). The sessions may
  have had either; it was not recorded. A thread that has stays on the code model, which is the first line of each
  table.
"""
