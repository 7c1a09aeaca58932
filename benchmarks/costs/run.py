"""`make costs`: the corpus put to this gateway, LiteLLM and genai-prices; writes `docs/benchmarks/costs.md`."""

import json
import logging
import warnings
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from msgspec import Struct

from benchmarks.costs.judge import Verdict, judged
from benchmarks.costs.shapes import Asked, asked
from gateway.commands import price
from gateway.metering.price_names import maker_of
from gateway.metering.price_table import built_in
from gateway.metering.prices import PriceBook

ROOT = Path(__file__).resolve().parents[2]
CASES = ROOT / "tests" / "golden" / "costs" / "cases"
PAGE = ROOT / "docs" / "benchmarks" / "costs.md"
AT = "2026-11-25T12:00"
_WORDS = {"wrong": "wrong dollars", "silent": "$0 where it is not", "refused": "no answer where there is one"}
REFUSAL_MAX = 70
"""Characters of a refusal that are quoted."""


class Result(Struct, frozen=True):
    """What came of one case."""

    topic: str
    case: Mapping[str, Any]
    said: Decimal | None
    refusal: str
    verdict: Verdict


def main() -> None:
    """Ask all three, and write the page."""
    from benchmarks.costs import genai_side, litellm_side

    warnings.simplefilter("ignore")
    logging.disable(logging.CRITICAL)
    ours = PriceBook.load(())
    sides = {
        "Pointsman": ([*_results(lambda case, _: _ours(ours, case))], f"prices of {built_in().as_of}"),
        "LiteLLM": ([*_results(lambda _, question: litellm_side.cost(question))], litellm_side.installed()),
        "genai-prices": ([*_results(lambda _, question: genai_side.cost(question))], genai_side.installed()),
    }
    PAGE.write_text(page(sides), "utf-8")
    for name, (results, _) in sides.items():
        print(f"{name}: {sum(each.verdict == 'right' for each in results)} of {len(results)}")


def _results(ask: Callable[[Mapping[str, Any], Asked], Decimal | None]) -> Iterator[Result]:
    for path in sorted(CASES.glob("*.json")):
        for case in json.loads(path.read_text("utf-8")):
            said, refusal = None, ""
            try:
                said = ask(case, asked(case, *_named(case), AT))
            except Exception as no:  # a refusal, of whatever type, is an answer
                refusal = f"{type(no).__name__}: {no}".replace("\n", " ").replace("|", "/")[:REFUSAL_MAX]
            yield Result(path.stem, case, said, refusal, judged(case, said))


def _named(case: Mapping[str, Any]) -> tuple[str, str]:
    return (case["provider"], case["model"]) if "provider" in case else maker_of(case["model"])


def _ours(book: PriceBook, case: Mapping[str, Any]) -> Decimal | None:
    at = datetime.fromisoformat(case.get("at", AT)).replace(tzinfo=UTC).timestamp()
    _, _, priced = price.reckoned(book, case["sent"], *_named(case), case.get("dialect"), case.get("tier"), at)
    usd = price.dollars(priced.picos)
    return None if usd is None else Decimal(usd)


def page(sides: Mapping[str, tuple[list[Result], str]]) -> str:
    """The page as Markdown."""
    first = next(iter(sides.values()))[0]
    topics = list(dict.fromkeys(each.topic for each in first))
    lines = [_HEAD.format(count=len(first))]
    lines += _table(["", *sides], [[name, *cells] for name, cells in _sums(sides)])
    lines += ["", "## By topic", "", "Right answers of each topic's cases.", ""]
    rows = []
    for topic in topics:
        counts = [sum(each.topic == topic and each.verdict == "right" for each in results) for results, _ in sides.values()]
        rows.append([topic.replace("_", " "), str(sum(each.topic == topic for each in first)), *map(str, counts)])
    lines += _table(["topic", "cases", *sides], rows)
    for name, (results, version) in sides.items():
        wrong = [each for each in results if each.verdict != "right"]
        if wrong:
            lines += ["", f"## What {name} {version} gets wrong", ""]
            lines += _table(
                ["topic", "case", "owed", "said"],
                [[each.topic.replace("_", " "), each.case["name"], _usd(each.case["usd"]), _said(each)] for each in wrong],
            )
    return "\n".join(lines) + "\n"


def _sums(sides: Mapping[str, tuple[list[Result], str]]) -> Iterator[tuple[str, list[str]]]:
    yield "asked", [version for _, version in sides.values()]
    verdicts = [Counter(each.verdict for each in results) for results, _ in sides.values()]
    yield "right", [f"**{count['right']}** ({count['right'] / count.total():.1%})" for count in verdicts]
    for verdict, words in (
        ("wrong", "wrong dollars"),
        ("silent", "$0 where it is not"),
        ("refused", "no answer where there is one"),
    ):
        yield words, [str(count[verdict]) for count in verdicts]
    plain = [
        Counter(each.verdict for each in results if "at" not in each.case and each.case["status"] == "priced")
        for results, _ in sides.values()
    ]
    yield "right, of what has a price today", [f"{count['right']} of {count.total()}" for count in plain]


def _table(head: list[str], rows: list[list[str]]) -> list[str]:
    return [f"| {' | '.join(cells)} |" for cells in (head, ["---"] * len(head), *rows)]


def _usd(usd: str | None) -> str:
    return "unknown" if usd is None else f"${Decimal(usd).normalize():f}"


def _said(result: Result) -> str:
    if result.said is not None:
        return f"${result.said:.12f}".rstrip("0").rstrip(".")
    return f"`{result.refusal}`" if result.refusal else "nothing"


_HEAD = """\
# Costs: three answers to the same questions

Made by `make costs`, which writes this page; do not edit it. {count} cases of usage as vendors send it, each with the
dollars that follow from the vendors' price lists ([the corpus](../../tests/golden/costs/README.md)), put to three programs.
The corpus was written for this gateway, which at first had 502 of 521 right; its faults were mended until none was left, so
its own score says only that. The others were asked as they come, with their own prices.

How they are asked: LiteLLM's own classes read the answer and `completion_cost` prices it
(`benchmarks/costs/litellm_side.py`); genai-prices reads it with `extract_usage` and prices it with `calc_price`
(`benchmarks/costs/genai_side.py`). What helps them is done for them: genai-prices has streams put together first, LiteLLM is
told the hour, batches go to its batch calculator, and a float within a billionth is exact. A price known only in part
counts as right when a library gives the known part, or none. Of the past, genai-prices is told by the timestamp it takes;
LiteLLM takes none and keeps no old prices. Many of the differences are prices that one of them lacks or has not yet, not
mistakes in reckoning; the tables below tell which.
"""

if __name__ == "__main__":
    main()
