"""Hard requests of our own writing, each in all three dialects: agents with tools, follow-ups, switches of topic, prose
about software, code asked for in ordinary words, long pastes, JSON, titles, images, twenty languages.

`training/hard/learned*.jsonl` are learned from: `-context`, `-turns` and `-threads` hold switches, follow-ups and
pastes, `-tools` and `-built` agents that do not code, `-trades` and `-acting` those of databases, shells and browsers,
`-agents` both, `-products` programmers' products, `-errands` what else people ask such agents, `-surroundings` the
rest. The others never are: they have the same kinds in other words, houses, tools and pasts, and say how the weights do
on what they have not seen. `kept.jsonl` has the author of what is learned, its mistakes were read, and composed
requests were written after them. `proof.jsonl` and `unseen.jsonl` were written apart from everything; mistakes on the
first were read after one round of training, on the second never.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from gateway.evaluation.routing_cases import lines_of
from training.scenes import Scene, request

FOLDER = Path(__file__).parent / "hard"
SETS = ("kept", "proof", "unseen")
"""Of hard requests that are not learned from, in the order in which they were looked at."""
LEARNED = tuple(sorted(FOLDER.glob("learned*.jsonl")))
PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="


def requests_of(file: Path) -> Iterator[dict[str, Any]]:
    """Lines in the form of the development set; three for each line of the file."""
    for number, line in enumerate(lines_of(file), 1):
        for dialect in ("chat", "responses", "messages"):
            yield {
                "id": f"{file.stem}-{number}",
                "source": f"hard/{line['group']}",
                "license": "Apache-2.0",
                "slice": f"hard/{line['group']}",
                "lang": line.get("lang", "en"),
                "api": dialect,
                "request": body(line, dialect),
                "label": line["label"],
            }


def body(line: dict[str, Any], dialect: str) -> dict[str, Any]:
    """The body of a line's request."""
    past = tuple((role, text) for role, text in line.get("past", ()))
    setting = Scene(system=line.get("system", ""), tools=tuple(line.get("tools", ())), past=past)
    made = request(line["turn"], setting, dialect)
    if line.get("image"):
        turns = made["input" if dialect == "responses" else "messages"]
        turns[-1]["content"] = _pictured(line["turn"], dialect)
    return made


def _pictured(text: str, dialect: str) -> list[dict[str, Any]]:
    """A turn with a picture, as each dialect writes it."""
    url = f"data:image/png;base64,{PIXEL}"
    if dialect == "responses":
        return [{"type": "input_text", "text": text}, {"type": "input_image", "image_url": url}]
    if dialect == "messages":
        source = {"type": "base64", "media_type": "image/png", "data": PIXEL}
        return [{"type": "text", "text": text}, {"type": "image", "source": source}]
    return [{"type": "text", "text": text}, {"type": "image_url", "image_url": {"url": url}}]
