"""Writes embeddings: vectors that look random, and are the same for the same input."""

import base64
import hashlib
import math
from array import array

from gateway.simulator.prompt import Prompt
from gateway.simulator.prompt import whole as whole_number

_DIMENSIONS = {"text-embedding-3-large": 3072}
_DIMENSIONS_DEFAULT = 1536
_DIMENSIONS_MAX = 4096


def whole(prompt: Prompt) -> dict[str, object]:
    """The answer to an embeddings request: one unit vector per input, as numbers or base64."""
    size = whole_number(prompt.echo.get("dimensions")) or _DIMENSIONS.get(prompt.model, _DIMENSIONS_DEFAULT)
    size = min(size, _DIMENSIONS_MAX)
    packed = prompt.echo.get("encoding_format") == "base64"
    data = []
    for index, one in enumerate(prompt.blocks):
        vector = _vector(one.data, size)
        shown: object = base64.b64encode(vector.tobytes()).decode() if packed else vector.tolist()
        data.append({"object": "embedding", "index": index, "embedding": shown})
    total = prompt.total_tokens
    return {
        "object": "list",
        "data": data,
        "model": prompt.model,
        "usage": {"prompt_tokens": total, "total_tokens": total},
    }


def _vector(data: bytes, size: int) -> "array[float]":
    numbers = array("h", hashlib.shake_128(data).digest(2 * size))
    length = math.sqrt(sum(number * number for number in numbers)) or 1.0
    return array("f", [number / length for number in numbers])
