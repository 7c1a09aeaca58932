"""What changes from one price table to another: models that come and go, and prices with the day from which they differ."""

from collections.abc import Iterator

from msgspec import Struct
from msgspec.structs import replace

from gateway.metering.price_table import Period, Table, periods
from gateway.metering.price_words import flat
from gateway.metering.prices import in_force


class Difference(Struct, frozen=True):
    """One price that two tables do not share, as text; empty where one of them has none."""

    model: str
    """`provider/model`."""
    since: int
    """Unix seconds from which they differ; 0 from the beginning."""
    what: str
    """Empty for a whole model that came or went."""
    old: str
    new: str
    until: int = 0
    """Unix seconds from which they agree again, or differ otherwise; 0 for never."""


def differences(old: Table, new: Table) -> Iterator[Difference]:
    """Every difference, by model and day."""
    for model in sorted(old.rows.keys() | new.rows.keys()):
        if model not in old.rows:
            yield Difference(model, 0, "", "", _summary(periods(new.rows[model])))
        elif model not in new.rows:
            yield Difference(model, 0, "", _summary(periods(old.rows[model])), "")
        elif bytes(old.rows[model]) != bytes(new.rows[model]):
            yield from _between(model, periods(old.rows[model]), periods(new.rows[model]))


def _between(model: str, old: tuple[Period, ...], new: tuple[Period, ...]) -> list[Difference]:
    """Where two histories of one model part, and from when to when."""
    found: list[Difference] = []
    apart: dict[str, Difference] = {}
    for since in sorted({each.since for each in (*old, *new)}):
        before, after = flat(in_force(old, since)), flat(in_force(new, since))
        for what in {**before, **after, **apart}:
            was, is_ = before.get(what, ""), after.get(what, "")
            known = apart.get(what)
            if known is not None and (known.old, known.new) != (was, is_):
                found.append(replace(apart.pop(what), until=since))
            if was != is_:
                apart.setdefault(what, Difference(model, since, what, was, is_))
    return sorted([*found, *apart.values()], key=lambda each: each.since)


def _summary(found: tuple[Period, ...]) -> str:
    """What a model costs now, in a few words."""
    prices = flat(found[-1])
    main = [f"{name} {prices[name]}" for name in ("input_uncached", "cache_read", "output") if name in prices]
    return ", ".join(main) or "priced otherwise than by text"
