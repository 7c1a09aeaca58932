"""Two models, one upon the other: the words of a text, and then everything observed of a turn, the words' score among it.

The second learns from scores the first gave to sources it had not seen: on its own training texts the first is far surer
than it will ever be again. To score the folds of a second model that has itself to leave one out, the first leaves out
two (`between`), which is one fit a pair of folds.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from gateway.evaluation.routing_cases import Case
from routing import shape as shapes
from routing import words
from routing.classify import by_errand, by_media
from routing.evidence import Clue
from routing.harness import FULL
from routing.observe import Glance, Seen, glance, looked_at, scored
from routing.text import SCORE_MAX
from training.dropout import RUNS, RUNS_SHIPPED, Rows
from training.feedback import Corrected
from training.folds import FOLDS, folds
from training.logistic import Floats, fit
from training.vocabulary import Vocabulary

TEXT_SEED = 7
TOP_PENALTY = 5.0
ELSEWHERE = 0.7
"""What a composed request in another language than English counts in the lower model: together they outnumber the rest, and
names and code are spelled alike in all of them."""
OURS = 0.2
"""What a composed request counts in the upper model, where it could otherwise outvote real ones."""
SURROUNDED = ("agents/", "hard/sql-agent", "hard/shell-agent", "hard/data-analysis", "hard/follow-ups", "hard/harness-code")
"""Composed requests that are code for where they are asked, not for their words: the lower model learns none of them."""
SLICE_FULL = 100
"""Cases from which on a slice counts only as the root of its size: a benchmark of a thousand alike says no more."""
TOP_STEPS, TOP_TOLERANCE = 200, 1e-7

PRIOR: Mapping[str, float] = {
    **{clue.name: clue.weight for clue in (*vars(shapes).values(), *vars(words).values()) if isinstance(clue, Clue)},
    **FULL,
    "text": 0.5, "previous_clues": 0.5, "system_text": 0.2,
    "plain": -0.3, "plain_foreign": -0.3, "coding_quiet": 0.5, "coding_idle": 2.5,
    "prompted_quiet": 0.5, "prompted_idle": 1.0, "identifier_near": 0.7, "tool_named": -0.7,
    "inline_asked": 1.0, "signs_asked": 0.7, "dense_asked": 0.7, "error_asked": 0.7,
    "defect_shown": 0.8, "technical_near": 0.7, "technical_how": 0.5,
    "other_plain": -0.7, "other_yet_code": 1.0,
    "data_asked": 1.5, "shell_asked": 1.5, "interpreter_asked": 2.5, "coding_asked": 0.5,
}  # fmt: skip
"""What an observation is worth before any data: the weights set by hand."""

FLOORS = {
    "coding_prompt": 1.3, "coding_idle": 3.0, "coding_brief": 1.0, "prompted_idle": 1.5, "prompted_brief": 0.5,
    "previous_longer": 0.3,
}  # fmt: skip
"""Least weights, set by hand where the data cannot say: its harnesses and pasts are put around requests at random, and a
person who greets a programmer's agent is about to program, or goes on with what was talked about. Whoever asks one for a
picture wants its source."""

SHIFT = -0.2
"""Added to the bias: composed requests want code as often as not, and real ones of unseen sources lean too far to it.
Without this twice as many general ones would be taken for code as the other way round. Chosen on the cross-validated scores
themselves, where anything from -.4 to -.1 gains between .1 and .25 % of all decisions."""


class Texts(Struct, frozen=True):
    """The texts of every case as rows of known grams."""

    turn: Rows
    asked: Rows
    previous: Rows
    system: Rows


TEXTS = Texts.__struct_fields__


class Learned(Struct, frozen=True):
    """What was fitted: both models, nothing rounded yet."""

    text: Floats
    """The grams' weights, then their bias."""
    names: Sequence[str]
    top: Floats
    """The observations' weights in the order of `names`, then their bias."""


class Stack:
    """The cases, read once, and the fits made of them."""

    def __init__(self, cases: Sequence[Case], count: int = FOLDS, corrected: Sequence[Corrected] = ()) -> None:
        self.cases = cases
        self.corrected = corrected
        self.count = count
        self.fold = np.array(folds(cases, count))
        self.signs: Floats = np.array([1.0 if case.code else -1.0 for case in cases])
        decided = [
            by_media(case.signals) or by_errand(case.signals, case.agent, case.client, case.request_kind) for case in cases
        ]
        self.decided: Floats = np.array([0.0 if work is None else work.score for work in decided])
        """Score of what never comes to be weighed; 0 for the rest."""
        self.ours = np.array([case.ours for case in cases])
        self._elsewhere = np.array([case.ours and case.language != "en" for case in cases])
        self._speaks = np.array([not case.ours or not case.source.startswith(SURROUNDED) for case in cases])
        self.importance = importance(cases) * (self.decided == 0)
        self.vocabulary = Vocabulary([looked_at(case.signals.turn_text) for case in cases], [case.source for case in cases])
        self._glances = [glance(case.signals, case.client) for case in cases]
        self._texts = Texts(
            turn=self.vocabulary.matrix(looked_at(case.signals.turn_text) for case in cases),
            asked=self.vocabulary.matrix(each.asked for each in self._glances),
            previous=self.vocabulary.matrix(each.previous for each in self._glances),
            system=self.vocabulary.matrix(case.signals.system_text for case in cases),
        )
        self._between: dict[tuple[int, int], Mapping[str, Floats]] = {}

    def text_weights(self, keep: NDArray[np.bool_], runs: int = RUNS) -> Floats:
        """The lower model, fitted on some of the cases."""
        train = keep & (self.importance > 0) & self._speaks
        weight = self.importance * np.where(self._elsewhere, ELSEWHERE, 1.0)
        return self._texts.turn.fit(np.flatnonzero(train), self.signs, weight, TEXT_SEED, runs)

    def scores(self, text: Floats) -> Mapping[str, Floats]:
        """What a lower model says of every text."""
        rows = {name: getattr(self._texts, name) for name in TEXTS}
        return {name: np.clip(each.times(text[:-1]) + text[-1], -SCORE_MAX, SCORE_MAX) for name, each in rows.items()}

    def between(self, first: int, second: int) -> Mapping[str, Floats]:
        """Scores by a lower model that has seen neither of two folds."""
        pair = (min(first, second), max(first, second))
        if pair not in self._between:
            self._between[pair] = self.scores(self.text_weights(~np.isin(self.fold, pair)))
        return self._between[pair]

    def unseen(self, left_out: int | None) -> Mapping[str, Floats]:
        """For each case the scores by a model that has seen neither its fold nor the one left out."""
        found = {name: np.zeros(len(self.cases)) for name in TEXTS}
        for fold in range(self.count):
            scored = self.between(fold, fold if left_out is None else left_out)
            for name, values in found.items():
                values[self.fold == fold] = scored[name][self.fold == fold]
        return found

    def top_weights(self, scores: Mapping[str, Floats], keep: NDArray[np.bool_]) -> tuple[Sequence[str], Floats, Floats]:
        """The upper model: names of the observations, their weights with the bias, and the scores it gives every case."""
        seen = [_observed(each, scores, row) for row, each in enumerate(self._glances)]
        names = sorted({name for each in seen for name in each.values})
        column = {name: index for index, name in enumerate(names)}
        cells = np.zeros((len(seen), len(names)))
        for row, each in enumerate(seen):
            for name, value in each.values.items():
                cells[row, column[name]] = value
        train = keep & (self.importance > 0)
        weight = self.importance * np.where(self.ours, OURS, 1.0)
        prior = np.array([PRIOR.get(name, 0.0) for name in names])
        told, signs, worth = self._corrections(column)
        found = fit(
            np.vstack((cells[train], told)),
            np.append(self.signs[train], signs),
            np.append(weight[train], worth),
            TOP_PENALTY,
            prior,
            TOP_STEPS,
            TOP_TOLERANCE,
        )
        for name in FLOORS.keys() & column.keys():
            found[column[name]] = max(found[column[name]], FLOORS[name])
        found[-1] += SHIFT
        return names, found, np.where(self.decided == 0, cells @ found[:-1] + found[-1], self.decided)

    def _corrections(self, column: Mapping[str, int]) -> tuple[Floats, Floats, Floats]:
        """Corrected decisions as rows; what is no longer observed is left out of them."""
        cells = np.zeros((len(self.corrected), len(column)))
        for row, each in enumerate(self.corrected):
            for name in column.keys() & each.observed.keys():
                cells[row, column[name]] = each.observed[name]
        signs: Floats = np.array([1.0 if each.code else -1.0 for each in self.corrected])
        worth = min(1.0, (SLICE_FULL / max(1, len(self.corrected))) ** 0.5)
        return cells, signs, np.full(len(self.corrected), worth)

    def cross_validated(self) -> Floats:
        """Each case's score by models that have never seen its source, nor anything connected with it."""
        found = np.zeros(len(self.cases))
        for fold in range(self.count):
            _, _, scored = self.top_weights(self.unseen(fold), self.fold != fold)
            found[self.fold == fold] = scored[self.fold == fold]
        return found

    def learned(self) -> Learned:
        """Both models fitted on everything; the upper one on scores for unseen sources."""
        everything = np.ones(len(self.cases), dtype=bool)
        names, top, _ = self.top_weights(self.unseen(None), everything)
        return Learned(text=self.text_weights(everything, RUNS_SHIPPED), names=names, top=top)


def importance(cases: Sequence[Case]) -> Floats:
    """What a case counts: less in a large slice, and of the composed ones both labels alike in every language."""
    sizes = Counter(case.slice for case in cases)
    found = np.array([min(1.0, (SLICE_FULL / sizes[case.slice]) ** 0.5) for case in cases])
    totals: dict[tuple[str, bool], float] = defaultdict(float)
    for case, value in zip(cases, found, strict=True):
        if case.ours:
            totals[case.language, case.code] += float(value)
    for row, case in enumerate(cases):
        if case.ours:
            both = totals[case.language, True] + totals[case.language, False]
            found[row] *= both / 2 / totals[case.language, case.code]
    return found


def _observed(seen: Glance, scores: Mapping[str, Floats], row: int) -> Seen:
    """The observations of a case, its texts' scores being those given."""
    signals = seen.signals
    known = {
        seen.asked.lower(): float(scores["asked"][row]),
        signals.system_text.lower(): float(scores["system"][row]),
        seen.previous.lower(): float(scores["previous"][row]),
        seen.read.lowered: float(scores["turn"][row]),
    }
    return scored(seen, lambda text: known[text.lowered])
