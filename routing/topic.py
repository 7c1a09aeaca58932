"""Whether a turn says itself that it is about something else."""

import re

HEAD_CHARS = 120

_SAYS = re.compile(
    r"\b(?:different|new|another|change of|unrelated|separate) (?:topic|subject|question|thing|matter)\b"
    r"|(?<!n't )(?<!not )\bforget (?:the|that|about)\b|\blet's talk about .{1,60}\binstead\b"
)
_OPENS = re.compile(
    r"(?:on another note|unrelated|btw|by the way|off[ .-]topic|quick one|side note)\b"
    r"|(?:and now (?:for|to) )?something (?:else[:,.]|completely different)"
    r"|(?:ok(?:ay)?,? )?(?:leave (?:that|it)[.,;!]|enough of (?:that|this)\b)"
    r"|(?:ok(?:ay)?,? )?(?:and )?(?:privately|at work|at home|in private):"
    r"|(?:andere frage|anderes thema|(?:et)?was anderes[:,.]|übrigens|nebenbei)\b"
    r"|(?:autre (?:question|sujet|chose)|au fait|rien à voir|otra (?:pregunta|cosa)|otro tema|por cierto)\b"
    r"|(?:outra (?:pergunta|coisa)|outro assunto|a propósito|altra domanda|a proposito|altro argomento)\b"
    r"|(?:andere vraag|iets anders[:,.]|trouwens|другой вопрос|другая тема|кстати)\b"
    r"|换个话题|另一个问题|顺便问|話は変わ|話変わ|別件|ところで|다른 질문|다른 얘기"
)
"""Both are matched against lower-case text; one of its words is looked for before the second, which costs less."""


def other_topic(text: str) -> bool:
    """Whether the head of a turn says so."""
    head = text[:HEAD_CHARS].lower()
    if _OPENS.match(head) is not None:
        return True
    named = "topic" in head or "subject" in head or "question" in head or "thing" in head or "matter" in head
    return (named or "forget" in head or "instead" in head) and _SAYS.search(head) is not None
