"""Whether a turn says itself that it is about something else."""

import re

HEAD_CHARS = 120

_OTHER_TOPIC = re.compile(
    r"\b(?:different|new|another|change of|unrelated) (?:topic|subject|question|thing|matter)\b|^on another note\b"
    r"|^unrelated\b|\bforget (?:the|that|about)\b|^(?:btw|by the way|off.topic)\b"
)
"""Matched against lower-case text."""


def other_topic(text: str) -> bool:
    """Whether the head of a turn says so."""
    return _OTHER_TOPIC.search(text[:HEAD_CHARS].lower()) is not None
