"""Whether one rule leaves nothing to another: wherever the later one holds, the earlier one has decided."""

from collections.abc import Callable, Mapping
from typing import Any

from gateway.config.schema_rules import Rule, When
from routing.rules import fits

Given = Mapping[str, Any]
"""The conditions that are set, by name."""


def given(when: When) -> Given:
    """The conditions a rule sets."""
    return when.model_dump(exclude_none=True)


def decides(rule: Rule) -> bool:
    """Whether no rule behind it is tried where it holds."""
    return not rule.then.shadow and any((rule.then.route, rule.then.model, rule.then.refuse))


def covers(earlier: Given, later: Given) -> bool:
    """Whether every request that fits the later conditions fits the earlier ones; False where that cannot be told."""
    return earlier.keys() <= later.keys() and all(
        _WIDER.get(name, _any_of)(value, later[name]) for name, value in earlier.items()
    )


def _any_of(earlier: Any, later: Any) -> bool:
    return set(earlier) >= set(later)


def _words(earlier: Any, later: Any) -> bool:
    return {word.casefold() for word in earlier} >= {word.casefold() for word in later}


def _patterns(earlier: Any, later: Any) -> bool:
    return all(one in earlier or ("*" not in one and any(fits(each, one) for each in earlier)) for one in later)


def _headers(earlier: Any, later: Any) -> bool:
    named = {name.lower(): pattern for name, pattern in later.items()}
    return all(named.get(name.lower()) == pattern for name, pattern in earlier.items())


def _same(earlier: Any, later: Any) -> bool:
    return bool(earlier == later)


def _over(earlier: Any, later: Any) -> bool:
    return bool(later >= earlier)


def _under(earlier: Any, later: Any) -> bool:
    return bool(later <= earlier)


_WIDER: Mapping[str, Callable[[Any, Any], bool]] = {
    "image": _same,
    "regex": _same,
    "hours": _same,
    "keywords": _words,
    "model": _patterns,
    "path": _patterns,
    "header": _headers,
    "size_over": _over,
    "size_under": _under,
    "thread_age_over_s": _over,
    "thread_age_under_s": _under,
    "idle_over_s": _over,
    "resume_over_usd": _over,
}
"""How a condition is seen to be the wider one; of the others any of several values will do."""
