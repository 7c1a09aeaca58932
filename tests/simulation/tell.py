"""`make stories`: plays the three stories and writes down what everybody sees (docs/explanation/stories.md).

    python -m tests.simulation.tell
"""

import json
import shutil
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

from tests.simulation.stories import STORIES, Story

PAGE = Path(__file__).parents[2] / "docs" / "explanation" / "stories.md"
WIDTH = 125
_CENTS = ("Cost of lost caches", "Wasted by reason")


def main() -> int:
    """Play, write, print."""
    found = shutil.which("prometheus")
    if found is None:
        print("prometheus is missing: apt-get install prometheus", file=sys.stderr)
        return 1
    told = {}
    with tempfile.TemporaryDirectory(prefix="pointsman-stories-") as home:
        for name, story in STORIES.items():
            folder = Path(home) / name
            folder.mkdir()
            told[name] = story(folder, Path(found))
    text = page(told)
    PAGE.write_text(text, "utf-8")
    print(text)
    return 0


def page(told: Mapping[str, Story]) -> str:
    """The page, from what was seen."""
    return "\n".join((_HEAD, *_codex(told["codex"]), *_claude(told["claude"]), *_opencode(told["opencode"]), _FOOT))


def _codex(story: Story) -> Iterator[str]:
    yield "## Codex, the next morning\n"
    yield "A thread with 134,000 tokens sat for 16 hours. The team has notices in the answer (`warnings: {inline: true}`).\n"
    yield "The user sees, as the first lines of the answer:\n"
    notice = story.replies["morning"].body.decode().split('"delta":"', 1)[1].split('"', 1)[0]
    yield _block(json.loads(f'"{notice}"').strip())
    yield "In the headers of the evening's last answer, and of the morning's first:\n"
    yield _block(*_headers(story, "evening"), "", *_headers(story, "morning"))
    yield from _panels(story)
    yield from _prints(story)
    yield (
        f"The evening's last request cost ${story.usd('evening'):.3f}, the morning's first ${story.usd('morning'):.3f}, as the notice "
        "had said. A new thread would have begun at\nthe price that it names last.\n"
    )


def _claude(story: Story) -> Iterator[str]:
    yield "## Claude Code, after a long lunch\n"
    yield "Anthropic keeps a prompt for five minutes; lunch took seventy. The team is asked first (`warnings: {ask_first: true}`).\n"
    yield "The user sees an error, of a kind that Claude Code shows and does not retry:\n"
    yield _block(story.replies["asked"].json["error"]["message"])
    yield (
        f"A new thread for the same question cost ${story.usd('anew'):.3f}. The old one, sent again, passes, and cost "
        f"${story.usd('resumed'):.3f}: ${story.usd('resumed') - story.usd('anew'):.2f}\nis what the question was worth.\n"
    )
    yield from _panels(story)
    yield from _prints(story)


def _opencode(story: Story) -> Iterator[str]:
    yield "## opencode, with the date in its system prompt\n"
    yield "Twenty minutes over midnight are within OpenAI's lifetime. The prompt begins with another date, so nothing of it is read.\n"
    yield _block(*_headers(story, "midnight"))
    yield from _panels(story)
    yield from _prints(story)
    saved = story.usd("midnight") - story.usd("moved")
    yield (
        f"The same thread with the date in its newest message read {story.rows['moved']['cache_read']:,} tokens from the cache at the "
        f"same midnight and cost\n${story.usd('moved'):.3f} instead of ${story.usd('midnight'):.3f}: ${saved:.2f} saved, once a day "
        "and thread.\n"
    )


def _headers(story: Story, name: str) -> Iterator[str]:
    yield from (f"{head}: {text}" for head, text in story.headers(name).items())


def _panels(story: Story) -> Iterator[str]:
    """What the panels' own queries answer, over the window in which the thread was taken up."""
    yield "Grafana shows, of that moment:\n"
    yield "| panel | |\n|---|---|"
    for title, series in story.panels.items():
        shown = ", ".join(f"{name}: {_number(title, value)}" if name else _number(title, value) for name, value in series.items())
        yield f"| {title} | {shown or '-'} |"
    yield ""


def _number(title: str, value: float) -> str:
    if title in _CENTS:
        return f"${value:.3f}"
    return f"{100 * value:.0f} %" if title == "Lost share of spend" else f"{value:.0f}"


def _prints(story: Story) -> Iterator[str]:
    for command, printed in story.printed.items():
        yield _block(f"$ {command}", *printed.rstrip().splitlines())


def _block(*lines: str) -> str:
    return "\n".join(("```", *[part.rstrip() for line in lines for part in _folded(line)], "```\n"))


def _folded(line: str) -> Iterator[str]:
    """A long line in parts."""
    while len(line) > WIDTH:
        cut = line.rfind(" ", 0, WIDTH)
        yield line[:cut]
        line = "  " + line[cut + 1 :]
    yield line


_HEAD = """# Three mornings after

A gateway and the simulator as its provider, both as they are shipped, with their clocks moved; Prometheus looks on. `make stories`
plays it again and writes this page; `tests/simulation/test_stories.py` holds every number of it against the ledger.
"""
_FOOT = """What is told beforehand is what [freshness](freshness.md) expects; who is told where, and when not: [warnings](../how-to/warnings.md).
"""

if __name__ == "__main__":
    raise SystemExit(main())
