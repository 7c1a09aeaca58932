"""One request as the simulator understands it, whatever its dialect: content blocks in the order a model reads them."""

from collections.abc import Mapping, Sequence
from typing import Literal

import msgspec
import xxhash
from msgspec import Struct

from gateway.simulator.tokens import render, tokens_in

Section = Literal["tools", "system", "messages"]


class Refused(Exception):
    """The request gets an error answer; `status`, `kind` and `message` go into the caller's envelope."""

    def __init__(
        self, status: int, kind: str, message: str, code: str | None = None, retry_after: float | None = None
    ) -> None:
        super().__init__(message)
        self.status = status
        self.kind = kind
        self.message = message
        self.code = code
        self.retry_after = retry_after
        """Seconds for the `retry-after` header."""


class Block(Struct, frozen=True):
    """One content block: its bytes, padded to whole tokens, and what caches need to know of its end."""

    section: Section
    data: bytes
    tokens: int
    ttl: str = ""
    """Lifetime asked for by a cache marker on this block; empty without a marker."""
    turn_end: bool = False
    """Last block of a user or tool message, where OpenAI puts its implicit breakpoint."""


class Tool(Struct, frozen=True):
    """A tool the caller offers."""

    name: str
    custom: bool = False
    """Takes free text instead of JSON."""
    namespace: str = ""
    schema: object = None


class Prompt(Struct, frozen=True):
    """Everything of a request that decides what is answered, cached and billed."""

    model: str
    blocks: Sequence[Block]
    scope: Mapping[str, bytes]
    """Named digests of parameters that a cache entry is bound to."""
    stream: bool = False
    max_tokens: int | None = None
    user_text: str = ""
    """Text of the newest user turn."""
    results: int = 0
    """Tool results since that turn."""
    tools: Mapping[str, Tool] = {}
    forced: str = ""
    """Name of the tool that must be called; `*` for any."""
    schema: object = None
    """JSON Schema the answer must satisfy."""
    include_usage: bool = True
    compacts: bool = False
    """The caller asks for a compaction item instead of an answer."""
    prewarm: bool = False
    """Fill the cache and answer nothing."""
    cache: Mapping[str, object] = {}
    """Cache options as the caller sent them."""
    compare_with: str | None = None
    """Id of an earlier response to explain a cache miss against."""
    compare: bool = False
    previous: str = ""
    """Id of the response this request continues."""
    echo: Mapping[str, object] = {}
    """The request body, for dialects that answer with the caller's own settings."""

    @property
    def total_tokens(self) -> int:
        """Input tokens, cached or not."""
        return sum(block.tokens for block in self.blocks)


_encode = msgspec.json.Encoder().encode


def block(
    section: Section, content: object, role: str, ttl: str = "", turn_end: bool = False
) -> Block:
    """Render one content block and count it."""
    data = render(content, role)
    return Block(section, data, tokens_in(data), ttl, turn_end)


def digest(value: object) -> bytes:
    """A short digest of any JSON value, by its own key order."""
    return xxhash.xxh3_128_digest(_encode(value))


def chain(seed: bytes, blocks: Sequence[Block], before_messages: bytes = b"") -> list[bytes]:
    """A digest after every block, each depending on all before it.

    `before_messages` goes in where the messages begin, so it changes their digests and leaves tools and system alone.
    """
    state = xxhash.xxh3_128(seed)
    out = []
    waiting = bool(before_messages)
    for one in blocks:
        if waiting and one.section == "messages":
            state.update(before_messages)
            waiting = False
        state.update(one.data)
        out.append(state.digest())
    return out


def text_of(content: object) -> str:
    """The plain text of a message's content, blocks joined by new lines."""
    if isinstance(content, str):
        return content
    if not isinstance(content, list):
        return ""
    texts = [one.get("text") for one in content if isinstance(one, Mapping)]
    return "\n".join(text for text in texts if isinstance(text, str))


def whole(value: object) -> int | None:
    """A JSON number that is a whole, non-negative count; None for anything else."""
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None


def mapping(value: object) -> Mapping[str, object]:
    """The value if it is a JSON object, else an empty one: requests are read leniently."""
    return value if isinstance(value, dict) else {}


def listing(value: object) -> list[object]:
    """The value if it is a JSON array, else an empty one."""
    return value if isinstance(value, list) else []


def name_of(body: Mapping[str, object]) -> str:
    """The model asked for; refuses a request without one."""
    model = body.get("model")
    if not isinstance(model, str) or not model:
        raise Refused(400, "invalid_request_error", "you must provide a model parameter")
    return model
