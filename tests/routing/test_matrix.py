"""The first line of the matrix that fits, on both axes."""

import pytest

from routing.matrix import route_for
from routing.policy import MatrixLine, Policy
from routing.types import Workload

LINES = (
    MatrixLine(route="eyes", input=frozenset(("image",))),
    MatrixLine(route="both", input=frozenset(("log",)), output=frozenset(("patch",))),
    MatrixLine(route="code", output=frozenset(("code", "patch"))),
)


@pytest.mark.parametrize(
    ("into", "out", "route"),
    [("image", "code", "eyes"), ("log", "patch", "both"), ("log", "code", "code"), ("prose", "patch", "code"), ("log", "prose", None)],
)
def test_the_first_line_that_fits(into, out, route):
    policy = Policy(routes={}, rules=(), matrix=LINES, aliases=frozenset(), default="code", min_confidence=0.6)
    assert route_for(Workload(input=into, output=out, confidence=1.0), policy) == route
