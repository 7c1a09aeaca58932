"""Token counts as they come off the wire: whole numbers within reason, or a named impossibility."""

from collections.abc import Iterable, Mapping
from typing import Any

COUNT_MAX = 1_000_000_000
"""No answer uses more tokens of one kind; at $1,000 per million such a count still costs less than a 64-bit ledger holds."""
INCOMPLETE = frozenset(("input_missing", "output_missing", "total_differs", "cached_media"))
"""Problems that leave the known part standing: a count is missing or in doubt, but none contradicts another."""

Object = Mapping[str, Any]
_NOTHING: Object = {}


class Impossible(ValueError):
    """These numbers cannot be right; `problem` says why in one stable word."""

    def __init__(self, problem: str) -> None:
        super().__init__(problem)
        self.problem = problem


def count(value: object) -> int | None:
    """A reported count; None where nothing is reported. `Impossible` for what counts nothing: NaN, text, -1, 2.5."""
    if type(value) is int:
        if 0 <= value <= COUNT_MAX:
            return value
        raise Impossible("negative" if value < 0 else "too_many")
    if value is None:
        return None
    if isinstance(value, float) and value.is_integer():
        return count(int(value))
    raise Impossible("not_a_count")


def greatest(source: Object, names: Iterable[str]) -> int | None:
    """The largest of the counts by these names: vendors repeat one fact under several; None where none is reported."""
    found: int | None = None
    for name in names:
        if name in source and (value := count(source[name])) is not None and (found is None or value > found):
            found = value
    return found


def part(source: Object, *names: str) -> Object:
    """The first object by one of these names; empty where there is none. `Impossible` when it is something else."""
    for name in names:
        value = source.get(name)
        if value is None:
            continue
        if isinstance(value, Mapping):
            return value
        raise Impossible("not_an_object")
    return _NOTHING


def writes(written: int | None, tiers: Mapping[str, int | None], default: str) -> dict[str, int]:
    """Cache writes by lifetime. A breakdown that falls short of its total leaves the rest at the default lifetime."""
    kinds = {kind: tokens for kind, tokens in tiers.items() if tokens}
    known = sum(kinds.values())
    if written is None:
        return kinds
    if known > written:
        raise Impossible("writes_exceed_total")
    if written > known:
        kinds[default] = kinds.get(default, 0) + written - known
    return kinds


def word(value: object) -> str:
    """A name the provider reported, bounded; empty for anything that is no text."""
    return value[:200] if isinstance(value, str) else ""
