"""The two-axis matrix: input kind and output kind to a route, first fitting line wins."""

from routing.policy import Policy
from routing.types import Workload


def route_for(workload: Workload, policy: Policy, team: str = "") -> str | None:
    """The route of the first line that fits, None when none does. A team's own matrix stands in for that of all."""
    for line in policy.matrix_of.get(team, policy.matrix):
        if (line.input is None or workload.input in line.input) and (
            line.output is None or workload.output in line.output
        ):
            return line.route
    return None
