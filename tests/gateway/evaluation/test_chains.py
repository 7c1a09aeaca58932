"""Whole sessions through the gateway's own line: what it foretells is what the simulated provider reads."""

from pathlib import Path

import pytest

from gateway.evaluation.chains import replayed
from gateway.evaluation.chains_score import total
from gateway.evaluation.chains_text import read_recorded
from gateway.evaluation.chains_world import RULES
from tests.gateway.evaluation.recorded import written

BY_NAME = {rule.name: rule for rule in RULES}


@pytest.mark.parametrize("name", ["anthropic-5m", "anthropic-1h"])
def test_a_known_clock_is_foretold_within_a_block(tmp_path: Path, name: str) -> None:
    rule = BY_NAME[name]
    told = replayed(read_recorded(written(tmp_path, 20, 30)), rule)
    sums = total(told, rule.block)
    assert len(told) > 600
    assert sums.near >= 0.99 * sums.judged
    assert sums.rightly > 20
    assert sums.wrongly + sums.unseen <= 0.05 * sums.rightly


@pytest.mark.parametrize("name", ["openai-11m", "openai-30m"])
def test_a_clock_that_no_document_names_is_learned(tmp_path: Path, name: str) -> None:
    rule = BY_NAME[name]
    told = replayed(read_recorded(written(tmp_path, 40, 30)), rule)
    late = told[len(told) // 3 :]
    sums = total(late, rule.block)
    assert sums.rightly > 20
    assert sums.rightly >= 0.95 * (sums.rightly + sums.unseen)
    assert sums.rightly >= 0.95 * (sums.rightly + sums.wrongly)


def test_an_answer_under_way_teaches_nothing_yet(tmp_path: Path) -> None:
    told = replayed(read_recorded(written(tmp_path, 3, 10)), BY_NAME["anthropic-5m"])
    first = [each for each in told if each.gap_s is None]
    assert {each.state for each in first} == {"unknown"}
    assert len(first) >= 3
