"""Corrections are learned from: as cases where there are words, as rows of numbers where there are none."""

import json
from pathlib import Path

import numpy as np
import pytest

from gateway.evaluation.routing_cases import NotACase, cases
from training.feedback import Corrected, corrections, quoted
from training.stack import Stack
from training.synthetic import synthetic

REQUEST = {"model": "auto", "messages": [{"role": "user", "content": "the ferry is late"}]}
NUMBERS = {"label": "code", "source": "house", "observed": {"short": 1.0, "text": -0.4}}
WORDS = {"label": "general", "source": "house", "slice": "house", "api": "chat", "request": REQUEST}


def test_both_kinds_of_line(tmp_path: Path) -> None:
    file = tmp_path / "corrections.jsonl"
    file.write_text(f"{json.dumps(NUMBERS)}\n{json.dumps(WORDS)}\n", "utf-8")
    assert list(corrections(file)) == [Corrected(code=True, observed={"short": 1.0, "text": -0.4})]
    (case,) = quoted(file)
    assert (case.code, case.ours, case.source) == (False, False, "house")


def test_a_line_that_is_neither(tmp_path: Path) -> None:
    file = tmp_path / "corrections.jsonl"
    file.write_text(f'{json.dumps(NUMBERS)}\n{{"label": "code"}}\n', "utf-8")
    with pytest.raises(NotACase, match="line 2"):
        list(corrections(file))


def test_numbers_alone_move_the_weights_they_speak_of() -> None:
    found = list(cases([line for line in synthetic(7) if line["lang"] == "en"][::25], ours=True))
    plain = Stack(found, 3)
    wrong = [Corrected(code=True, observed={"mathematics": 1.0, "text": 0.0, "of_old": 1.0})] * 200
    told = Stack(found, 3, wrong)
    everything = np.ones(len(found), dtype=bool)
    names, before, _ = plain.top_weights(plain.unseen(None), everything)
    same, after, _ = told.top_weights(told.unseen(None), everything)
    assert names == same, "what is no longer observed is no weight"
    at = list(names).index("mathematics")
    assert after[at] > before[at] + 0.5
