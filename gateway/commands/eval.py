"""`pointsman eval`: the benchmarks that users can run again; one small module per subject."""

import argparse
from importlib import import_module

SUBJECTS = ("routing", "freshness", "chains", "policies")
"""In the order `--help` shows them; each is a module `gateway/commands/eval_*` with `register` and `run`."""


def register(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = subparsers.add_parser(
        "eval",
        help="run a benchmark of the gateway's own predictions",
        description="Benchmarks that need no provider: what is known already is decided or foretold again, then compared. "
        "Example: pointsman eval routing cases.jsonl",
    )
    subjects = parser.add_subparsers(title="subjects", metavar="SUBJECT", required=True)
    for subject in SUBJECTS:
        import_module(f"gateway.commands.eval_{subject}").register(subjects)
