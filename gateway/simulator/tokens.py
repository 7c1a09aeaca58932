"""How the simulator counts: one token frames a content block, and every four bytes of its JSON are one more.

The rule is the simulator's own and needs no vocabulary, so anybody can recount by hand. A rendered block is padded to whole
tokens, which makes "token n" a place in the bytes: caches that work in blocks of 128 tokens cut there.
"""

import hashlib
from collections.abc import Mapping

import msgspec

BYTES_PER_TOKEN = 4
IMAGE_TOKENS = 1000
"""Vendors count an image by its size on screen, not by its bytes; one flat figure is near enough."""

_MARKERS = frozenset({"cache_control", "prompt_cache_breakpoint"})
_VOLATILE = frozenset({"id", "status", "internal_chat_message_metadata_passthrough"})
"""Members of an item that are not part of the prompt a model reads, so caches ignore them."""
_IMAGES = ("image", "input_image", "image_url")  # a type may be anything in JSON, and not all of it can be in a set
_FRAMES = {
    "user": b"usr ",
    "assistant": b"ast ",
    "system": b"sys ",
    "developer": b"dev ",
    "tool": b"tol ",
    "tools": b"def ",
}
_encode = msgspec.json.Encoder().encode


def count_text(text: str) -> int:
    """Tokens of plain text as generated: one per four bytes of UTF-8, and none for nothing."""
    size = len(text) if text.isascii() else len(text.encode("utf-8", "surrogatepass"))
    return -(-size // BYTES_PER_TOKEN)


def render(block: object, role: str = "") -> bytes:
    """The bytes of one content block, key order kept and cache markers left out, padded to whole tokens."""
    if type(block) is str:
        block = {"type": "text", "text": block}
    body = _FRAMES.get(role, b"oth ") + _content(block)
    return body + b" " * (-len(body) % BYTES_PER_TOKEN)


def tokens_in(rendered: bytes) -> int:
    """Tokens of a block that `render` returned."""
    return len(rendered) // BYTES_PER_TOKEN


def has_image(block: object) -> bool:
    """Whether a content block is or holds an image."""
    if not isinstance(block, Mapping):
        return False
    if block.get("type") in _IMAGES:
        return True
    return any(has_image(inner) for member in ("content", "output") for inner in _list(block.get(member)))


def _content(block: object) -> bytes:
    if not isinstance(block, Mapping):
        return _encode(block)
    if block.get("type") in _IMAGES:
        digest = hashlib.blake2b(_encode(block), digest_size=32).hexdigest().encode()
        return (digest * (IMAGE_TOKENS * BYTES_PER_TOKEN // len(digest) + 1))[: IMAGE_TOKENS * BYTES_PER_TOKEN]
    if not (_MARKERS.isdisjoint(block) and _VOLATILE.isdisjoint(block)):
        block = {name: value for name, value in block.items() if name not in _MARKERS and name not in _VOLATILE}
    for member in ("content", "output"):
        inner = _list(block.get(member))
        if any(has_image(one) for one in inner):
            shell = {name: value for name, value in block.items() if name != member}
            return _encode(shell) + b"".join(render(one) for one in inner)
    return _encode(block)


def _list(value: object) -> list[object]:
    return value if isinstance(value, list) else []
