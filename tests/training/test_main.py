"""Training as a whole: composed requests become weights that decide, and the same ones again."""

from pathlib import Path

import numpy as np
import pytest

from gateway.evaluation.routing_cases import cases
from routing.text import text_score
from routing.weights import read, write
from training.export import temperature, weights_of
from training.folds import folds
from training.stack import Stack
from training.synthetic import synthetic
from training.templates import LANGUAGES


@pytest.fixture(scope="module")
def some() -> list[dict[str, object]]:
    return [line for line in synthetic(7) if line["lang"] in ("en", "de")][::20]


def test_composed_requests_are_the_same_again_and_of_both_kinds(some: list[dict[str, object]]) -> None:
    assert [line for line in synthetic(7) if line["lang"] in ("en", "de")][::20] == some
    labels = {line["label"] for line in some}
    assert labels == {"code", "general"}
    assert {line["api"] for line in some} == {"chat", "responses", "messages"}
    assert {line["lang"] for line in synthetic(7)} == set(LANGUAGES)


def test_from_requests_to_weights(some: list[dict[str, object]], tmp_path: Path) -> None:
    found = list(cases(some, ours=True))
    stack = Stack(found, 3)
    assert stack.fold.tolist() == folds(found, 3)
    scores = stack.cross_validated()
    right = ((scores > 0) == (stack.signs > 0)).mean()
    assert right > 0.75, "better than chance by far on families never seen"
    learned = weights_of(stack.learned(), stack.vocabulary, 1.0)
    write(learned, tmp_path)
    assert read(tmp_path) == learned
    assert text_score("write a python function", learned) > text_score("write a letter to my aunt", learned)


def test_the_temperature_makes_confidence_honest() -> None:
    dice = np.random.default_rng(1)
    scores = dice.normal(size=4000) * 2
    signs = np.where(dice.random(4000) < 1 / (1 + np.exp(-scores)), 1.0, -1.0)
    assert temperature(scores, signs) == pytest.approx(1.0, abs=0.15)
    assert temperature(scores * 2, signs) == pytest.approx(2.0, abs=0.3)
