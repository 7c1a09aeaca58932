"""Who is right about a cost, and who only said nothing."""

from decimal import Decimal
from typing import Any

import pytest

from benchmarks.costs.judge import judged

PRICED = {"usd": "0.000500000000", "status": "priced"}
UNPRICED = {"usd": None, "status": "unpriced"}
PARTIAL = {"usd": "0.000500000000", "status": "partial"}


@pytest.mark.parametrize(
    ("case", "said", "verdict"),
    [
        (PRICED, "0.0005", "right"),
        (PRICED, "0.00050000000000000001", "right"),
        (PRICED, "0.00050001", "wrong"),
        (PRICED, "0", "silent"),
        (PRICED, None, "refused"),
        (UNPRICED, None, "right"),
        (UNPRICED, "0", "silent"),
        (UNPRICED, "0.1", "wrong"),
        (PARTIAL, None, "right"),
        (PARTIAL, "0.0005", "right"),
        (PARTIAL, "0.1", "wrong"),
    ],
)
def test_verdicts(case: dict[str, Any], said: str | None, verdict: str) -> None:
    assert judged(case, None if said is None else Decimal(said)) == verdict
