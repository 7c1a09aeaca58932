"""`pointsman eval policies`."""

import json

from gateway.cli import main
from tests.gateway.evaluation.sessions import written


def test_it_tells_every_policy_for_every_pair_and_mix(tmp_path, capsys):
    path = written(tmp_path)
    assert main(["eval", "policies", str(path), "--json", "--draws", "2"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert len(told) == 6
    for each in told:
        assert {"always code", "Plano's rule", "pointsman", "oracle"} <= set(each["lines"])
        assert each["lines"]["oracle"]["over_oracle"] == 0
        assert each["lines"]["pointsman"]["code_turns_on_general"] == 0
        assert 0 <= each["ours_cheapest"] <= 1
    assert main(["eval", "policies", str(path), "--seed", "1", "--draws", "1", "--folds", "0"]) == 0
    shown = capsys.readouterr().out
    assert "claude-opus-5-5 / claude-haiku-5-5, mostly code" in shown
    assert "of 1 drawings" in shown


def test_what_is_no_trace_is_a_usage_error(tmp_path, capsys):
    assert main(["eval", "policies", str(tmp_path / "none.jsonl")]) == 2
    assert "pointsman eval policies" in capsys.readouterr().err
