"""The figures, on cases small enough to reckon by hand."""

from msgspec.structs import replace

from gateway.evaluation.routing_cases import Case, cases
from gateway.evaluation.routing_score import Verdict, calibration_error, coverage, figures, share

REQUEST = {"model": "auto", "messages": [{"role": "user", "content": "x"}]}


def case(label: str, where: str = "s", ambiguous: bool = False) -> Case:
    line = {"request": REQUEST, "label": label, "source": where, "lang": "en", "ambiguous": ambiguous}
    return replace(next(cases([line])), slice=where)


CASES = [case("code"), case("code"), case("general"), case("general", "t", ambiguous=True)]
VERDICTS = [Verdict(True, 0.9), Verdict(False, 0.6), Verdict(False, 0.8), Verdict(True, 0.55)]


def test_accuracy_and_both_directions() -> None:
    made = figures(CASES, VERDICTS, 0.6)
    assert (made["accuracy"], made["accuracy_unambiguous"]) == (0.5, 0.6667)
    assert made["macro"] == share([2 / 3, 0.0]) or made["macro"] == 0.3334
    assert (made["code_to_general"], made["general_to_code"]) == (0.5, 0.5)
    assert (made["abstained"], made["accuracy_not_abstained"]) == (0.25, 0.6667)
    assert made["accuracy_with_default"] == 0.75, "the unsure one goes to the general route, rightly"
    assert made["slices"]["t"] == {"cases": 1, "accuracy": 0.0}
    assert made["dialects"]["chat"]["cases"] == 4


def test_calibration() -> None:
    sure = [Verdict(True, 0.75)] * 4
    assert calibration_error(sure, [True, True, True, False]) == 0.0
    assert calibration_error(sure, [False] * 4) == 0.75
    assert calibration_error([], []) == 0.0


def test_the_most_confident() -> None:
    found = {each["share"]: each for each in coverage(VERDICTS, [True, False, True, False])}
    assert found[1.0]["accuracy"] == 0.5
    assert found[0.5] == {"share": 0.5, "accuracy": 1.0, "confidence_from": 0.8}
