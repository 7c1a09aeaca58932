"""One model makes a picture by calling a tool, another looks at it, many rounds: what that costs, and that it holds.

    python -m benchmarks.review_loop [--rounds 8]

starts the simulated provider and a gateway, plays the loop three times and prints a table. *Two threads*: painter and
reviewer each have a conversation of their own and ask for `claude-auto`; the gateway sends one to the code model and the
other to the general one, and neither ever moves. *One thread*: both work in one conversation and name their route, so each
model reads what the other has caused to be said. *One model*: the code model reviews its own pictures.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from msgspec import Struct

PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
KEEP = {"cache_control": {"type": "ephemeral"}}
STYLE = "The house style asks for flat shapes, three colours at most, and a margin of an eighth on every side. " * 260
"""Some 6,000 tokens, as style books and examples are; below a model's minimum nothing would be cached."""
RENDER = {"name": "render_svg", "description": "Draw an SVG", "input_schema": {"type": "object", "properties": {}}}
PAINTER = "You are a coding agent that writes SVG and renders it with the tool. "
REVIEWER = "You look at pictures and say in plain words what a reader would see, and what is wrong. "
REVIEW = "The moon is too close to the edge and the boat cannot be told from the water."


class Round(Struct, frozen=True):
    """Ids of the requests of one round, by what they were for."""

    paint: str
    look: str
    review: str


class Painter:
    """The conversation in which pictures are made; `model` is what it asks for."""

    def __init__(self, base: str, model: str = "claude-auto") -> None:
        self.base, self.model = base, model
        self.turns: list[dict[str, Any]] = []

    def paint(self, wish: str, system: str = PAINTER) -> tuple[str, str]:
        """Ask for a picture; the model calls the tool and is shown what came out. Ids of both requests."""
        self.turns.append({"role": "user", "content": f'{wish} [[tool: render_svg {{"svg": "<svg/>"}}]]'})
        first, called = self.ask(system, [RENDER])
        result = {"type": "tool_result", "tool_use_id": called["content"][-1]["id"], "content": [picture()]}
        self.turns += [{"role": "assistant", "content": called["content"]}, {"role": "user", "content": [result]}]
        second, said = self.ask(system, [RENDER])
        self.turns.append({"role": "assistant", "content": said["content"]})
        return first, second

    def ask(self, system: str, tools: list[dict[str, Any]], model: str = "") -> tuple[str, Any]:
        """The id of a request and its answer; the prompt is marked for the cache at its two ends."""
        body = {
            "model": model or self.model,
            "max_tokens": 400,
            "system": [{"type": "text", "text": system + STYLE, **KEEP}],
            "messages": [*self.turns[:-1], marked(self.turns[-1])],
            **({"tools": tools} if tools else {}),
        }
        return post(self.base, body)


def two_threads(base: str, rounds: int) -> list[Round]:
    """Painter and reviewer each in a conversation of their own."""
    painter, reviewer = Painter(base), Painter(base)
    told, wish = [], "Write the SVG for the cover of the annual report: a boat under a moon. Render it."
    for number in range(1, rounds + 1):
        paint, look = painter.paint(wish)
        asked = {"type": "text", "text": f"Draft {number}. What do you see, and what should change? [[say: {REVIEW}]]"}
        reviewer.turns.append({"role": "user", "content": [picture(), asked]})
        review, said = reviewer.ask(REVIEWER, [])
        reviewer.turns.append({"role": "assistant", "content": said["content"]})
        told.append(Round(paint=paint, look=look, review=review))
        wish = f"The reviewer says: {said['content'][-1]['text']} Change the SVG accordingly and render it again."
    return told


def one_thread(base: str, rounds: int, reviewer: str = "general") -> list[Round]:
    """Both in one conversation; whoever asks names the route."""
    shared = Painter(base, "code")
    system = f"{PAINTER}Afterwards the {reviewer} model reviews it. "
    told, wish = [], "Write the SVG for the cover of the annual report: a boat under a moon. Render it."
    for number in range(1, rounds + 1):
        paint, look = shared.paint(wish, system)
        asked = f"Draft {number}. What do you see, and what should change? [[say: {REVIEW}]]"
        shared.turns.append({"role": "user", "content": asked})
        review, said = shared.ask(system, [RENDER], reviewer)
        shared.turns.append({"role": "assistant", "content": said["content"]})
        told.append(Round(paint=paint, look=look, review=review))
        wish = f"You said: {said['content'][-1]['text']} Change the SVG accordingly and render it again."
    return told


def picture() -> dict[str, Any]:
    """A picture as Messages carries it."""
    return {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": PIXEL}}


def marked(turn: Mapping[str, Any]) -> dict[str, Any]:
    """A turn whose last part may be kept in the cache."""
    content = turn["content"]
    parts = [{"type": "text", "text": content}] if isinstance(content, str) else content
    return {**turn, "content": [*parts[:-1], {**parts[-1], **KEEP}]}


def post(base: str, body: Mapping[str, Any]) -> tuple[str, Any]:
    """A request to the gateway: its id, and the answer."""
    lines = {"content-type": "application/json", "anthropic-version": "2023-06-01"}
    asked = urllib.request.Request(f"{base}/v1/messages", json.dumps(body).encode(), lines)
    with urllib.request.urlopen(asked, timeout=60) as answer:
        return answer.headers["x-pointsman-request-id"], json.load(answer)


CONFIG = {
    "version": 1,
    "models": {"claude-*": {"upstream": "anthropic"}},
    "routes": {"code": {"model": "claude-opus-5-5"}, "general": {"model": "claude-haiku-5-5"}},
    "routing": {
        "aliases": ["claude-auto"],
        "default": "general",
        "matrix": [{"output": ["code", "patch", "config", "review"], "route": "code"}, {"route": "general"}],
    },
}


def config(provider: str) -> dict[str, Any]:
    """A gateway before this provider."""
    upstream = {"url": provider, "key": "k", "provider": "anthropic", "dialects": ["messages"]}
    return {**CONFIG, "upstreams": {"anthropic": upstream}}


def table(rows: Mapping[str, Mapping[str, Any]], loops: Mapping[str, list[Round]]) -> list[str]:
    """What each round cost, from the ledger's rows by their ids."""
    lines = ["| loop | round | painter | reviewer | read from the cache | |", "|---|---|---|---|---|---|"]
    for name, loop in loops.items():
        for number, each in ((1, loop[0]), (2, loop[1]), (len(loop), loop[-1])):
            painted = [rows[each.paint], rows[each.look]]
            found = [*painted, rows[each.review]]
            read = sum(row["cache_read"] for row in found) / max(1, sum(_input(row) for row in found))
            costs = f"${_dollars(painted):.4f} | ${_dollars([rows[each.review]]):.4f} | {read:.0%} | ${_dollars(found):.4f}"
            lines.append(f"| {name} | {number} | {costs} |")
        every = [rows[one] for each in loop for one in (each.paint, each.look, each.review)]
        lines.append(f"| **{name}** | all | | | | **${_dollars(every):.4f}** |")
    return lines


def _input(row: Mapping[str, Any]) -> int:
    return int(row["input_uncached"] + row["cache_read"] + row["cache_write_5m"] + row["cache_write_1h"])


def _dollars(rows: list[Mapping[str, Any]]) -> float:
    return sum(row["picos"] for row in rows) / 1e12


def main() -> int:
    """Play the loops against a provider and a gateway of our own."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.review_loop", description="What generate-and-review costs.")
    parser.add_argument("--rounds", type=int, default=8)
    rounds = parser.parse_args().rounds
    from tests.line.rig import ROOT, gateway, wait_for  # a running gateway is what the tests of the line start, too

    command = [sys.executable, "-m", "gateway", "simulate", "--port", "0", "--profile", "anthropic"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as process:
        assert process.stdout is not None
        provider = next(line for line in process.stdout if "base URL" in line).split()[-1]
        with tempfile.TemporaryDirectory() as folder, gateway(Path(folder), config(provider)) as running:
            loops = {
                "two threads": two_threads(running.base, rounds),
                "one thread": one_thread(running.base, rounds),
                "one model": one_thread(running.base, rounds, "code"),
            }
            wanted = 3 * 3 * rounds
            rows = wait_for(lambda: found if len(found := running.rows()) >= wanted else None)
            print("\n".join(table({row["id"]: row for row in rows}, loops)))
        process.terminate()
    return 0


if __name__ == "__main__":
    sys.exit(main())
