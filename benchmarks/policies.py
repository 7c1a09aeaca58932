"""`make bench-policies`: ways to choose a thread's model, played on recorded sessions, and the page that tells it.

    python -m benchmarks.policies TRACE...

The first file is the one whose sessions gave the shipped habits: there they are counted anew without the sessions judged.
The others are played with what is shipped.
"""

import argparse
import json
from pathlib import Path
from typing import Any

import msgspec

from benchmarks import policies_page
from gateway.commands.eval_policies import compared
from gateway.evaluation.policies_habits import FOLDS
from gateway.evaluation.policies_trace import read_sessions

FOLDER = Path(__file__).parents[1] / "docs" / "benchmarks"
DRAWS = 20


def main() -> int:
    """Measure, then write."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.policies", description="The page on policies.")
    parser.add_argument("traces", type=Path, nargs="*", help="recorded sessions; without any, the page of what was measured")
    args = parser.parse_args()
    kept = FOLDER / "policies.json"
    if args.traces:
        results = [played(trace, 0 if place else FOLDS) for place, trace in enumerate(args.traces)]
        kept.write_text(json.dumps(results, indent=1) + "\n", "utf-8")
    results = json.loads(kept.read_text("utf-8"))
    (FOLDER / "freshness-policies.md").write_text(policies_page.page(results), "utf-8")
    (FOLDER / "policies-over-oracle.svg").write_text(policies_page.plot(results[0]), "utf-8")
    print(f"{FOLDER / 'freshness-policies.md'}: {len(results)} traces")
    return 0


def played(trace: Path, folds: int) -> dict[str, Any]:
    """One file: how much it holds, and what came of it."""
    sessions = read_sessions(trace)
    turns = [turn for session in sessions for turn in session.turns]
    cases = msgspec.to_builtins(compared(sessions, range(DRAWS), folds))
    return {
        "trace": trace.name,
        "sessions": len(sessions),
        "turns": len(turns),
        "requests": sum(map(len, turns)),
        "draws": DRAWS,
        "folds": folds,
        "cases": [_rounded(case) for case in cases],
    }


def _rounded(told: Any) -> Any:
    """With as many digits as are worth keeping."""
    if isinstance(told, dict):
        return {name: _rounded(each) for name, each in told.items()}
    return round(told, 4) if isinstance(told, float) else told


if __name__ == "__main__":
    raise SystemExit(main())
