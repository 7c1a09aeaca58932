"""The page on policies is the one that its results make."""

import json
from pathlib import Path
from xml.etree import ElementTree

from benchmarks.policies_page import keeping, page, plot

FOLDER = Path(__file__).parents[2] / "docs" / "benchmarks"
RESULTS = json.loads((FOLDER / "policies.json").read_text("utf-8"))


def test_page_and_plot_are_those_of_the_results():
    assert (FOLDER / "freshness-policies.md").read_text("utf-8") == page(RESULTS)
    assert (FOLDER / "policies-over-oracle.svg").read_text("utf-8") == plot(RESULTS[0])
    ElementTree.fromstring(plot(RESULTS[0]))


def test_ours_keeps_the_rule_and_is_within_three_per_cent_of_the_oracle_where_blocks_are_known():
    for case in RESULTS[0]["cases"]:
        assert "pointsman" in keeping(case)
        assert 0 <= case["lines"]["pointsman"]["over_oracle"] < 0.03


def test_on_average_no_policy_that_keeps_the_rule_is_nearer_to_the_oracle():
    for trace in RESULTS:
        means = {
            name: sum(case["lines"][name]["over_oracle"] for case in trace["cases"]) for name in keeping(trace["cases"][0])
        }
        assert min(means, key=means.__getitem__) == "pointsman"
