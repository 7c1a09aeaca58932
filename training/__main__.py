"""`make train`: from labelled requests and composed ones to the weights that are shipped.

    python -m training --cases CASES.jsonl [--feedback CORRECTIONS.jsonl] [--repository GIT ...] [--manuals GIT] ...

Without a source only the requests of our own are learned from; the model card says what the shipped weights saw.
"""

import argparse
import json
import math
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from gateway.commands.eval_routing import table
from gateway.evaluation.routing_cases import Case, cases, lines_of
from gateway.evaluation.routing_score import Verdict, figures
from routing.classify import SCORE_MAX
from routing.policy import MIN_CONFIDENCE
from routing.weights import FOLDER, write
from training import agents, feedback, ideas, manuals, repositories, utterances, written
from training.export import temperature, weights_of
from training.folds import FOLDS
from training.stack import Stack
from training.synthetic import synthetic

SEED = 7


def main() -> int:
    """Train, tell the figures, write the weights."""
    parser = argparse.ArgumentParser(prog="python -m training", description="Learn the routing weights.")
    parser.add_argument("--cases", type=Path, nargs="*", default=[], help="labelled requests, a JSON object a line")
    parser.add_argument("--feedback", type=Path, nargs="*", default=[], help="lines that `pointsman feedback` wrote")
    parser.add_argument("--repository", type=Path, nargs="*", default=[], help="git directories of public repositories")
    parser.add_argument("--manuals", type=Path, help="the git directory of the tldr pages")
    parser.add_argument("--utterances", type=Path, help="the git directory of clinc/oos-eval")
    parser.add_argument("--ideas", type=Path, nargs=2, metavar="GIT", help="of florinpop17/app-ideas and github/explore")
    parser.add_argument("--folds", type=int, default=FOLDS, help="of the cross-validation; 0 for none and no calibration")
    parser.add_argument("--out", type=Path, default=FOLDER, help="folder of the weights (default: where they are shipped)")
    parser.add_argument("--figures", type=Path, metavar="OUT.json", help="a file for the figures of the cross-validation")
    args = parser.parse_args()
    began = time.monotonic()
    found = list(_read(args))
    print(f"{len(found)} cases, {sum(not case.ours for case in found)} of them count", flush=True)
    corrected = [each for path in args.feedback for each in feedback.corrections(path)]
    stack = Stack(found, args.folds or FOLDS, corrected)
    divisor = 1.0
    if args.folds:
        divisor = _validated(stack, args.figures)
    write(weights_of(stack.learned(), stack.vocabulary, divisor), args.out)
    size = sum(path.stat().st_size for path in args.out.iterdir())
    print(f"{args.out}: {size / 1e6:.2f} MB in {time.monotonic() - began:.0f} s")
    return 0


def _read(args: argparse.Namespace) -> Iterator[Case]:
    for path in args.cases:
        yield from cases(lines_of(path), ours=False)
    for path in args.feedback:
        yield from feedback.quoted(path)
    yield from cases(synthetic(SEED), ours=True)
    yield from cases(agents.requests_of(SEED), ours=True)
    for path in written.LEARNED:
        yield from cases(written.requests_of(path), ours=True)
    for git in args.repository:
        yield from cases(repositories.requests_of(git, SEED), ours=True)
    if args.manuals:
        yield from cases(manuals.requests_of(args.manuals, SEED), ours=True)
    if args.utterances:
        yield from cases(utterances.requests_of(args.utterances, SEED), ours=True)
    if args.ideas:
        programs, topics = args.ideas
        yield from cases(ideas.requests_of(programs, topics, SEED), ours=True)


def _validated(stack: Stack, out: Path | None) -> float:
    """Print the figures of the cross-validation; the temperature that makes its confidence right."""
    scores = stack.cross_validated()
    counts = np.array([not case.ours for case in stack.cases])
    if not counts.any():
        counts = ~counts
    weighed = counts & (stack.decided == 0)
    divisor = temperature(scores[weighed], stack.signs[weighed])
    told = [(case, score) for case, score, count in zip(stack.cases, scores / divisor, counts, strict=True) if count]
    made = figures([case for case, _ in told], [_verdict(score) for _, score in told], MIN_CONFIDENCE)
    print(f"cross-validated, temperature {divisor:.2f}")
    table(made)
    if out is not None:
        out.write_text(json.dumps(made, indent=2) + "\n", encoding="utf-8")
    return divisor


def _verdict(score: float) -> Verdict:
    return Verdict(code=score > 0, confidence=1 / (1 + math.exp(-min(abs(score), SCORE_MAX))))


if __name__ == "__main__":
    sys.exit(main())
