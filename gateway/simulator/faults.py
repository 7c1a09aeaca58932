"""Faults on demand: error answers, cut and stalled streams, missing usage, and bytes split where it hurts.

A fault is written as `kind;name=value;…`, in the header `x-simulate-fault`, on the command line (several with commas
between them) or as JSON for `/__sim/fail`. Kinds: `status:N`, `cut`, `stall`, `split_utf8`, `no_usage`,
`no_cached_tokens`, `slow`, `reset`.
"""

from collections.abc import Mapping
from random import Random

from msgspec import Struct

KINDS = frozenset({"cut", "stall", "split_utf8", "no_usage", "no_cached_tokens", "slow", "reset"})
STANDING_MAX = 100
SECONDS_MAX = 3600.0
"""Longer than any client waits."""
_SECONDS = {"stall": 30.0, "slow": 0.2}


class Fault(Struct):
    """One thing that goes wrong."""

    kind: str
    times: int = 1
    """How often it strikes; -1 for always."""
    after_bytes: int | None = None
    """Body bytes that still get through; None for half of the answer."""
    retry_after: float | None = None
    """Seconds in the `retry-after` header of an error answer."""
    probability: float = 1.0
    seconds: float | None = None
    """How long a stall lasts, or what every piece of a slow answer is late."""
    model: str = ""
    """Strikes only requests for this model."""

    @property
    def status(self) -> int | None:
        """The status of an error answer, None for other kinds."""
        return int(self.kind[7:]) if self.kind.startswith("status:") else None

    @property
    def pause_s(self) -> float:
        """`seconds` or what is usual for this kind."""
        return _SECONDS.get(self.kind, 0.0) if self.seconds is None else self.seconds


_NUMBERS = {"times": int, "after_bytes": int, "retry_after": float, "probability": float, "seconds": float}


def from_mapping(given: Mapping[str, object]) -> Fault:
    """Read a fault from JSON; raises ValueError with the wrong word."""
    fault = Fault(_kind(str(given.get("kind", ""))))
    for name, value in given.items():
        if name == "kind" or value is None:
            continue
        if name == "model":
            fault.model = str(value)
        elif name in _NUMBERS and isinstance(value, (int, float, str)):
            setattr(fault, name, _NUMBERS[name](value))
        else:
            raise ValueError(f"unknown fault setting {name!r}; there are {', '.join(_NUMBERS)}, model")
    if fault.times == 0 or fault.times < -1:
        raise ValueError("times is a positive number, or -1 for always")
    if not 0 <= fault.probability <= 1:
        raise ValueError("probability is between 0 and 1")
    if (fault.after_bytes or 0) < 0:
        raise ValueError("after_bytes is not negative")
    if not (0 <= fault.pause_s <= SECONDS_MAX and 0 <= (fault.retry_after or 0) <= SECONDS_MAX):
        raise ValueError(f"seconds and retry_after are between 0 and {SECONDS_MAX:g}")
    return fault


def parse(spec: str) -> list[Fault]:
    """Read `kind;name=value,kind;…`; raises ValueError with the wrong word.

    Faults of a whole run strike again and again, so `times` is -1 here unless given.
    """
    faults = []
    for one in spec.split(","):
        kind, *settings = (part.strip() for part in one.split(";"))
        given: dict[str, object] = {"kind": kind, "times": -1}
        for setting in settings:
            name, _, value = setting.partition("=")
            given[name.strip()] = value.strip()
        faults.append(from_mapping(given))
    return faults


def _kind(kind: str) -> str:
    number = kind.removeprefix("status:")
    if kind in KINDS or (number != kind and number.isdigit() and 400 <= int(number) < 600):
        return kind
    raise ValueError(f"unknown fault {kind!r}; there are status:400 to status:599, {', '.join(sorted(KINDS))}")


class Standing:
    """Faults waiting for requests, oldest first."""

    def __init__(self, random: Random) -> None:
        self._random = random
        self._waiting: list[Fault] = []

    def add(self, fault: Fault) -> None:
        """Put a fault in the queue; raises ValueError when there are too many."""
        if len(self._waiting) >= STANDING_MAX:
            raise ValueError(f"no more than {STANDING_MAX} faults can wait")
        self._waiting.append(fault)

    def reseed(self, seed: int) -> None:
        """Start the chances over from this seed; the faults stay."""
        self._random.seed(seed)

    def clear(self) -> None:
        """Forget all waiting faults."""
        self._waiting.clear()

    def next_for(self, model: str) -> Fault | None:
        """The first waiting fault that strikes a request for this model, used up by it."""
        for fault in self._waiting:
            if fault.model and fault.model != model:
                continue
            if fault.probability < 1 and self._random.random() >= fault.probability:
                continue
            if fault.times > 0:
                fault.times -= 1
                if fault.times == 0:
                    self._waiting.remove(fault)
            return fault
        return None
