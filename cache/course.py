"""The course of a thread: how many turns it had, and how turns of one kind followed each other, by the routes they suited.

What was said once is soon said again: a thread whose prose comes in long runs will go on so.
"""

from msgspec import Struct

RUNS_MAX = 4
"""Routes remembered of a thread; there are two, as a rule."""


class Run(Struct, frozen=True, array_like=True):
    """Turns that suited a route and were followed by another, and those after which the next suited it too."""

    route: str
    turns: int = 0
    again: int = 0


class Course(Struct, frozen=True, array_like=True):
    """A thread's turns so far."""

    turns: int = 0
    """Requests that a person's message began."""
    suited: str = ""
    """Route that the last of them suited, wherever it went; empty where nobody judged it."""
    runs: tuple[Run, ...] = ()

    def after(self, begins_turn: bool, suits: str) -> "Course":
        """With one more request, which suits this route if it begins a turn; empty where that is not known."""
        if not begins_turn:
            return self
        runs = _followed(self.runs, self.suited, suits) if self.suited and suits else self.runs
        return Course(turns=self.turns + 1, suited=suits or self.suited, runs=runs)

    def run(self, route: str) -> Run:
        """What is known of a route's runs."""
        return _run(self.runs, route)


def _followed(runs: tuple[Run, ...], last: str, suits: str) -> tuple[Run, ...]:
    known = _run(runs, last)
    counted = Run(route=last, turns=known.turns + 1, again=known.again + (suits == last))
    return (counted, *[run for run in runs if run.route != last])[:RUNS_MAX]


def _run(runs: tuple[Run, ...], route: str) -> Run:
    return next((run for run in runs if run.route == route), Run(route=route))
