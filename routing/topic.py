"""Whether a turn says itself that it is about something else."""

import re

HEAD_CHARS = 120

_OTHER_TOPIC = re.compile(
    r"\b(?:different|new|another|change of|unrelated|separate) (?:topic|subject|question|thing|matter)\b|^on another note\b"
    r"|^unrelated\b|(?<!n't )(?<!not )\bforget (?:the|that|about)\b|^(?:btw|by the way|off[ .-]topic|quick one|side note)\b"
    r"|^(?:and now (?:for|to) )?something (?:else[:,.]|completely different)|\blet's talk about .{1,60}\binstead\b"
    r"|^(?:ok(?:ay)?,? )?(?:leave (?:that|it)[.,;!]|enough of (?:that|this)\b)"
    r"|^(?:ok(?:ay)?,? )?(?:and )?(?:privately|at work|at home|in private):"
    r"|^(?:andere frage|anderes thema|(?:et)?was anderes[:,.]|übrigens|nebenbei)\b"
    r"|^(?:autre (?:question|sujet|chose)|au fait|rien à voir)\b|^(?:otra (?:pregunta|cosa)|otro tema|por cierto)\b"
    r"|^(?:outra (?:pergunta|coisa)|outro assunto|a propósito)\b|^(?:altra domanda|a proposito|altro argomento)\b"
    r"|^(?:andere vraag|iets anders[:,.]|trouwens)|^(?:другой вопрос|другая тема|кстати)\b"
    r"|^(?:换个话题|另一个问题|顺便问)|^(?:話は変わ|話変わ|別件|ところで)|^(?:다른 질문|다른 얘기)"
)
"""Matched against lower-case text."""


def other_topic(text: str) -> bool:
    """Whether the head of a turn says so."""
    return _OTHER_TOPIC.search(text[:HEAD_CHARS].lower()) is not None
