"""Overrides from the config: whether the conditions of a rule hold.

Conditions on the caller come first; text and workload are asked for only when a rule needs them and all else fits.
"""

import re
from collections.abc import Callable

from routing.policy import When
from routing.types import Asked, Past, Signals, Workload

MINUTES_PER_DAY = 1440
_FENCE = re.compile(r"```([A-Za-z][A-Za-z0-9+#-]{0,20})")
_SCRIPTS = (
    ("ja", re.compile(r"[\u3040-\u30ff]")),
    ("ko", re.compile(r"[\uac00-\ud7af]")),
    ("zh", re.compile(r"[\u4e00-\u9fff]")),
    ("ru", re.compile(r"[\u0400-\u04ff]")),
)
"""Unicode blocks; kana is looked for before Han, which Japanese shares."""


def fits(pattern: str, value: str) -> bool:
    """Whether a value fits a pattern with at most one `*`."""
    prefix, star, suffix = pattern.partition("*")
    if not star:
        return value == pattern
    return len(value) >= len(prefix) + len(suffix) and value.startswith(prefix) and value.endswith(suffix)


def matches(when: When, asked: Asked, signals: Callable[[], Signals], workload: Callable[[], Workload]) -> bool:
    """Whether every condition that is set holds."""
    return (
        _caller_fits(when, asked)
        and _time_fits(when, asked.now)
        and _past_fits(when, asked.past)
        and _text_fits(when, signals)
        and (when.input is None or workload().input in when.input)
        and (when.output is None or workload().output in when.output)
    )


def _caller_fits(when: When, asked: Asked) -> bool:
    if when.team is not None and asked.team not in when.team:
        return False
    if when.user is not None and asked.user not in when.user:
        return False
    if when.client is not None and asked.client not in when.client:
        return False
    if when.agent is not None and asked.agent not in when.agent:
        return False
    if when.dialect is not None and asked.dialect not in when.dialect:
        return False
    if when.model is not None and not any(fits(pattern, asked.model) for pattern in when.model):
        return False
    if when.path is not None and not any(fits(pattern, asked.path) for pattern in when.path):
        return False
    return when.header is None or all(
        name in asked.headers and fits(pattern, asked.headers[name].decode("latin-1"))
        for name, pattern in when.header.items()
    )


def _time_fits(when: When, now: float) -> bool:
    """Hours and weekdays in UTC; hours that wrap past midnight belong to the day they are in."""
    if when.hours is None and when.weekdays is None:
        return True
    minutes = int(now // 60)
    if when.hours is not None:
        start, end = when.hours
        minute = minutes % MINUTES_PER_DAY
        inside = start <= minute < end if start <= end else minute >= start or minute < end
        if not inside:
            return False
    if when.weekdays is None:
        return True
    return (minutes // MINUTES_PER_DAY + 3) % 7 in when.weekdays  # 1 January 1970 was a Thursday


def _past_fits(when: When, past: Past | None) -> bool:
    """Conditions on a thread's past, the state of its prompt cache last, because it has to be reckoned."""
    if past is None:
        return all(
            condition is None
            for condition in (
                when.thread_age_over_s,
                when.thread_age_under_s,
                when.idle_over_s,
                when.freshness,
                when.resume_over_usd,
            )
        )
    return (
        (when.thread_age_over_s is None or past.age_s > when.thread_age_over_s)
        and (when.thread_age_under_s is None or past.age_s < when.thread_age_under_s)
        and (when.idle_over_s is None or past.idle_s > when.idle_over_s)
        and (when.freshness is None or past.freshness() in when.freshness)
        and (when.resume_over_usd is None or past.resume_usd() > when.resume_over_usd)
    )


def _text_fits(when: When, signals: Callable[[], Signals]) -> bool:
    if when.image is not None and signals().image is not when.image:
        return False
    if when.tools is not None and not when.tools.intersection(signals().tool_names):
        return False
    if when.size_over is not None and signals().size <= when.size_over:
        return False
    if when.size_under is not None and signals().size >= when.size_under:
        return False
    if when.language is not None and not when.language.intersection(languages(signals().turn_text)):
        return False
    if when.regex is not None and when.regex.search(signals().turn_text) is None:
        return False
    if when.keywords is None:
        return True
    text = signals().turn_text.casefold()
    return any(word in text for word in when.keywords)


def languages(text: str) -> set[str]:
    """The languages a turn shows: programming languages its fences name, and a natural one its script gives away.

    Languages in Latin script are not told apart here.
    """
    found = {tag.casefold() for tag in _FENCE.findall(text)}
    natural = next((name for name, script in _SCRIPTS if script.search(text)), None)
    return found if natural is None else found | {natural}
