"""What the simulator says: filler of the right length, or exactly what the newest user turn tells it to say or call.

`[[say: TEXT]]` is answered with TEXT. `[[tool: NAME {"json": "arguments"}]]` is answered with a call of that tool, if the
caller offers tools at all; several in a row are called one after the other, one after each tool result.
"""

import json
import re
from collections.abc import Mapping
from random import Random
from typing import Literal

import xxhash
from msgspec import Struct

from gateway.simulator.prompt import Prompt, Tool, chain, listing, mapping
from gateway.simulator.tokens import count_text

TOKENS_DEFAULT = 40
TOKENS_MAX = 200_000
_DEPTH_MAX = 16

_WORDS = (
    "the signal shows clear and a train may pass the points are set for line four keep to the timetable oil each lever "
    "before dawn write the number of every wagon in the book then wave the lamp"
).split()
_WIDE_WORDS = "Zürich Übergang naïve señal 信号 列車 線路 стрелка поезд 🚂 🛤️ é".split()
_DIRECTIVE = re.compile(r"\[\[(say|tool):[ \t]*")
_NAME = re.compile(r"[^\s\]{]+")
_decode = json.JSONDecoder().raw_decode


class Answer(Struct, frozen=True):
    """One answer, before it is put into a dialect."""

    kind: Literal["text", "tool", "compaction", "nothing"]
    text: str = ""
    """The text, or a tool's arguments as JSON or free text."""
    tool: Tool | None = None
    tokens: int = 0
    """Tokens generated, reasoning not included."""
    reasoning: int = 0
    cut: bool = False
    """The caller's limit ended the answer."""

    @property
    def output_tokens(self) -> int:
        """All tokens generated."""
        return self.tokens + self.reasoning


def answer(prompt: Prompt, seed: int, wanted: int | None, reasoning: int, wide: bool) -> Answer:
    """Decide the answer to a prompt; the same seed and prompt give the same one.

    `wanted` is the number of tokens asked for by the caller of the simulator, `wide` mixes in multi-byte characters.
    """
    if prompt.prewarm:
        return Answer("nothing")
    length = TOKENS_DEFAULT if wanted is None else min(wanted, TOKENS_MAX)
    last = chain(seed.to_bytes(8, "big", signed=True), prompt.blocks)
    key = last[-1] if last else b""
    if prompt.compacts:
        return Answer("compaction", f"sim-compacted-{key.hex()}", tokens=length, reasoning=reasoning)
    if prompt.schema is not None:
        return _limited(json.dumps(example(prompt.schema), ensure_ascii=False), prompt, reasoning)
    told = _directives(prompt)
    if told is not None:
        return told if told.kind == "tool" else _limited(told.text, prompt, reasoning)
    if prompt.forced and not prompt.results:
        called = _forced(prompt)
        if called is not None:
            return called
    return _limited(_filler(key, length, wide), prompt, reasoning)


def _limited(text: str, prompt: Prompt, reasoning: int) -> Answer:
    tokens = count_text(text)
    limit = prompt.max_tokens
    if limit is None or tokens + reasoning <= limit:
        return Answer("text", text, tokens=tokens, reasoning=reasoning)
    reasoning = min(reasoning, limit)
    short = text.encode("utf-8", "surrogatepass")[: (limit - reasoning) * 4].decode("utf-8", "ignore")
    return Answer("text", short, tokens=count_text(short), reasoning=reasoning, cut=True)


def _filler(key: bytes, tokens: int, wide: bool) -> str:
    """Words that fill exactly so many tokens."""
    luck = Random(xxhash.xxh3_64_intdigest(key))
    words = _WORDS + _WIDE_WORDS if wide else _WORDS
    size = tokens * 4
    parts: list[str] = []
    have = -1
    while have < size:
        # Short texts are drawn word by word; long ones repeat, which costs nothing and counts the same.
        word = luck.choice(words) if len(parts) < 512 else parts[len(parts) % 512]
        parts.append(word)
        have += len(word.encode()) + 1
    cut = " ".join(parts).encode()[:size].decode("utf-8", "ignore")
    return cut + "." * (size - len(cut.encode()))


def _directives(prompt: Prompt) -> Answer | None:
    """The directive whose turn it is: one tool call per result so far, then the text, if any."""
    calls, said = _parsed(prompt.user_text, prompt.tools)
    if prompt.tools and prompt.results < len(calls):
        return calls[prompt.results]
    return None if said is None else Answer("text", said)


def _parsed(text: str, tools: Mapping[str, Tool]) -> tuple[list[Answer], str | None]:
    """Tool calls up to the first text to say, and that text."""
    calls: list[Answer] = []
    found = _DIRECTIVE.search(text)
    while found is not None:
        start = found.end()
        if found[1] == "say":
            end = text.find("]]", start)
            return calls, text[start:] if end < 0 else text[start:end]
        call, end = _call(text, start, tools)
        calls.append(call)
        found = _DIRECTIVE.search(text, end)
    return calls, None


def _call(text: str, start: int, tools: Mapping[str, Tool]) -> tuple[Answer, int]:
    """One tool directive and where it ends; arguments that are not JSON are passed on as written."""
    close = text.find("]]", start)
    close = len(text) if close < 0 else close
    head = _NAME.match(text, start)
    name = head[0] if head else ""
    begin = head.end() if head else start
    while begin < len(text) and text[begin].isspace():
        begin += 1
    arguments, end = text[begin:close].strip() or "{}", close + 2
    if text[begin : begin + 1] == "{":
        try:
            _, stop = _decode(text, begin)
        except ValueError:
            stop = close
        arguments = text[begin:stop]
        end = stop
    return _as_call(_named(name, tools), arguments), end


def _named(name: str, tools: Mapping[str, Tool]) -> Tool:
    namespace, _, bare = name.rpartition("/")
    found = tools.get(bare)
    return found if found is not None and namespace in ("", found.namespace) else Tool(bare, namespace=namespace)


def _as_call(tool: Tool, arguments: str) -> Answer:
    if tool.custom:
        try:
            given = json.loads(arguments)
        except ValueError:
            given = arguments
        if isinstance(given, dict) and list(given) == ["input"] and isinstance(given["input"], str):
            arguments = given["input"]
    return Answer("tool", arguments, tool, tokens=count_text(tool.name) + count_text(arguments))


def _forced(prompt: Prompt) -> Answer | None:
    tool = prompt.tools.get(prompt.forced) if prompt.forced != "*" else next(iter(prompt.tools.values()), None)
    if tool is None:
        return None
    return _as_call(tool, "x" if tool.custom else json.dumps(example(tool.schema)))


def example(schema: object) -> object:
    """The smallest value that satisfies a simple JSON Schema: strings are "x", numbers 1."""
    return _example(schema, mapping(schema), 0)


def _example(schema: object, root: Mapping[str, object], depth: int) -> object:
    spec = _resolved(mapping(schema), root)
    if depth > _DEPTH_MAX:
        return None
    if "const" in spec:
        return spec["const"]
    for choices in ("enum", "anyOf", "oneOf", "allOf"):
        options = listing(spec.get(choices))
        if options:
            return options[0] if choices == "enum" else _example(options[0], root, depth + 1)
    kind = spec.get("type")
    if isinstance(kind, list):
        kind = kind[0] if kind else None
    if kind == "array":
        least = spec.get("minItems", 0)
        count = min(least, 100) if isinstance(least, int) else 0
        return [_example(spec.get("items"), root, depth + 1) for _ in range(count)]
    if kind == "object" or "properties" in spec or kind is None:
        properties = mapping(spec.get("properties"))
        names = listing(spec.get("required")) or list(properties)
        return {str(name): _example(properties.get(str(name)), root, depth + 1) for name in names}
    return _leaf(kind, spec)


def _resolved(spec: Mapping[str, object], root: Mapping[str, object]) -> Mapping[str, object]:
    for _ in range(_DEPTH_MAX):
        ref = spec.get("$ref")
        if not isinstance(ref, str) or not ref.startswith("#"):
            break
        target: object = root
        for part in ref.split("/")[1:]:
            target = mapping(target).get(part)
        spec = mapping(target)
    return spec


def _leaf(kind: object, spec: Mapping[str, object]) -> object:
    if kind == "string":
        least = spec.get("minLength", 1)
        return "x" * max(1, min(least, 1000) if isinstance(least, int) else 1)
    if kind in ("integer", "number"):
        return spec.get("minimum", 1)
    return True if kind == "boolean" else None
