"""What was fitted, rounded and calibrated into the weights that are shipped."""

import numpy as np

from routing.grams import NAMES, Gram
from routing.weights import Scored, Weights
from training.logistic import Floats
from training.stack import Learned
from training.vocabulary import Vocabulary

STEPS = 127
CLIPPED = 0.999
"""Quantile of the weights' sizes that gets the largest whole number; the few beyond are cut to it."""
KEPT = 150_000
"""Grams that are kept, for each costs 80 bytes of memory: those that weigh most, times the fourth root of how many texts
have them. Without seven in ten the hard sets lost four decisions in a thousand; by weight alone it had been fourteen."""
TEMPERATURES = np.geomspace(0.4, 2.5, 80)


def temperature(scores: Floats, signs: Floats) -> float:
    """By what to divide scores of unseen cases so that their confidence is the share that is right (least log loss)."""
    losses = [float(np.logaddexp(0, -signs * scores / each).mean()) for each in TEMPERATURES]
    return float(TEMPERATURES[int(np.argmin(losses))])


def weights_of(learned: Learned, vocabulary: Vocabulary, divisor: float) -> Weights:
    """Whole numbers for the grams, calibrated log-odds for the observations."""
    worth = np.abs(learned.text[:-1]) * vocabulary.counts**0.25
    least = np.partition(worth, -KEPT)[-KEPT] if len(worth) > KEPT else 0.0
    steps: dict[str, float] = {}
    tables: dict[str, dict[Gram, int]] = {name: {} for name in NAMES}
    for name in NAMES:
        columns = [(gram, column) for (kind, gram), column in vocabulary.columns.items() if kind == name]
        most = float(np.quantile(np.abs([learned.text[column] for _, column in columns]), CLIPPED)) if columns else 1.0
        steps[name] = most / STEPS
        for gram, column in columns:
            whole = max(-STEPS, min(STEPS, round(float(learned.text[column]) / steps[name])))
            if whole and worth[column] >= least:
                tables[name][gram] = whole
    observed = zip(learned.names, learned.top[:-1], strict=True)
    score = Scored(
        bias=round(float(learned.top[-1]) / divisor, 4),
        text_bias=round(float(learned.text[-1]), 4),
        grams={name: float(f"{step:.6g}") for name, step in steps.items()},
        observations={name: round(float(weight) / divisor, 4) for name, weight in observed},
    )
    return Weights(score=score, grams=tables)
