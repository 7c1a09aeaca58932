"""The page on routing says what was measured, and the model card keeps its own words."""

from benchmarks.routing_page import card, page, wrapped

GROUP = {"cases": 6, "accuracy": 0.5}
RATES = {"accuracy": 0.9511, "accuracy_unambiguous": 0.96, "macro": 0.97, "code_to_general": 0.05, "general_to_code": 0.04}
MADE = {
    **RATES, "cases": 6757, "calibration_error": 0.0123, "abstained": 0.02, "accuracy_not_abstained": 0.96, "accuracy_with_default": 0.941,
    "coverage": [{"share": 0.8, "accuracy": 0.98, "confidence_from": 0.9}],
    "slices": {"hard/sql-agent": GROUP, "hard/language-de": GROUP, "hard/language-fr": {"cases": 2, "accuracy": 1.0},
               "koala": GROUP, "open-assistant": {"cases": 18, "accuracy": 1.0}},
    "languages": {"en": {"cases": 30, "accuracy": 0.9}, "eo": {"cases": 3, "accuracy": 0.1}},
}  # fmt: skip
RESULTS = {
    "cross_validated": MADE,
    "evaluated": {
        "rivals": {"a rival": RATES},
        "flips": {"tasks": 34, "flipped": 0},
        "latency": {"1000": {"classify_us": {"p50": 140.0, "p99": 400.0}, "with_reading_us": {"p50": 190.0}}},
        "naive_us": {"p50": 9.0, "p99": 310.0},
    },
    "kept": {**MADE, "rivals": {"a rival": RATES}},
    "proof": {**MADE, "accuracy": 0.9, "rivals": {"a rival": RATES}},
    "unseen": {**MADE, "cases": 522, "accuracy": 0.8, "rivals": {"a rival": RATES}},
    "weights": {"bytes": 812_345, "read_ms": 41.2},
    "python": "3.11.2",
}


def test_the_page() -> None:
    told = page(RESULTS)
    assert "| Pointsman | **95.1** | **96.0** | **97.0** | 5.0 | 4.0 |" in told
    assert "| **Pointsman** | 95.1 | 5.0 | 4.0 | 90.0 | 5.0 | 4.0 | 80.0 | 5.0 | 4.0 |" in told
    assert "| a rival | 95.1 | 96.0 | 97.0 | 5.0 | 4.0 |" in told
    assert "0 of 34 tasks" in told.replace("\n", " ")
    assert "| 2 languages | 62.5 | 8 |" in told
    assert "| people's chats | 87.5 | 24 |" in told
    assert "| SQL |" not in told, "of which there are no cases"
    assert "| languages other than English | 10.0 | 3 |" in told
    assert "| en | 90.0 | 30 |" in told
    assert "| eo |" not in told, "three cases say nothing"
    assert "| 1 KB | 0.14 ms | 0.40 ms | 0.19 ms |" in told
    assert told.endswith("\n")
    assert not [line for line in told.splitlines() if line != line.rstrip()]


def test_the_card_keeps_its_words() -> None:
    text = "before\n\n<!-- figures -->\nold\n<!-- end of figures -->\n\nafter\n"
    told = card(text, RESULTS)
    assert told.startswith("before\n")
    assert told.endswith("\nafter\n")
    assert "old" not in told
    assert "95.1 % of unseen sources' requests" in told
    assert card(told, RESULTS) == told


def test_lines_are_not_longer_than_told() -> None:
    told = wrapped("one two three " * 40, 50)
    assert max(map(len, told.splitlines())) <= 50
    assert told.replace("\n", " ") == ("one two three " * 40).strip()
