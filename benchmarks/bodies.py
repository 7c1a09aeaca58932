"""Requests of a given size, as agents send them: a growing conversation with an explicit model, and a person's new turn."""

import json
from pathlib import Path

SIZES = {"1 KB": 1_000, "30 KB": 30_000, "300 KB": 300_000}
_SYSTEM = "You are a coding agent in a terminal. Keep changes small, run the tests, and say what you did."
_SAID = (
    "The lever frame still throws 'points 14 not detected' when both routes are requested within a second.\n"
    "    def detect(self, point):\n        return self.relays[point].value == self.wanted[point]\n"
    'It is called from "interlock.py", before the relay had time to move; a retry hides it, it does not fix it. '
)
_TURN = "Please write a failing test for the interlock first, then fix detect() so that it waits for the relay to settle."


def body(size: int, model: str, stream: bool = False) -> bytes:
    """A chat request of about `size` bytes: turns of two kilobytes by turns of a person and of the assistant."""
    messages = [{"role": "system", "content": _SYSTEM}]
    turn = 0
    while (room := size - len(_dump(model, messages, stream)) - 200) > 0:
        said = f"({turn}) " + _SAID * (1 + 2000 // len(_SAID))
        messages.append({"role": ("user", "assistant")[turn % 2], "content": said[: min(2000, room)]})
        turn += 1
    messages.append({"role": "user", "content": _TURN})
    return _dump(model, messages, stream)


def _dump(model: str, messages: list[dict[str, str]], stream: bool) -> bytes:
    made = {"model": model, "messages": messages, "max_tokens": 1024}
    if stream:
        made |= {"stream": True, "stream_options": {"include_usage": True}}
    return json.dumps(made, separators=(",", ":")).encode()


def written(folder: Path, size: int, model: str, stream: bool = False) -> Path:
    """The body as a file, made when it is not there."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{size}.{model}{'.stream' if stream else ''}.json"
    if not path.exists():
        path.write_bytes(body(size, model, stream))
    return path
