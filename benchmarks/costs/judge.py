"""What an answer to a case is worth: right, wrong, or refused."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Literal

Verdict = Literal["right", "wrong", "silent", "refused"]
"""`silent`: $0 where something is owed or where nothing is known; `refused`: no answer where there is one."""
CLOSE = Decimal("1e-9")
"""Relative; a library that reckons in floats is right when it is this close."""


def judged(case: Mapping[str, Any], said: Decimal | None) -> Verdict:
    """The verdict on dollars, None where a library said that it has none.

    A library cannot say that a cost is known in part: there its silence counts as right, and so does the known part.
    """
    if case["usd"] is None:
        return "right" if said is None else "silent" if said == 0 else "wrong"
    owed = Decimal(case["usd"])
    if said is None:
        return "right" if case["status"] == "partial" else "refused"
    if abs(said - owed) <= CLOSE * owed:
        return "right"
    return "silent" if said == 0 else "wrong"
