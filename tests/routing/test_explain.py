"""What is told of a decision: all of it, in words that stay; and a header fit for any client."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing.explain import EVIDENCE_MAX, HEADER_MAX, explain, header, would_change
from routing.types import Decision, Evidence, Reason, Source, Workload

WORK = Workload(
    input="log",
    output="patch",
    confidence=0.91234567,
    score=3.0,
    tell=lambda: (
        Evidence(name="bias", weight=-0.7),
        Evidence(name="fix", weight=1.2, detail="fix"),
        Evidence(name="traceback", weight=2.50004),
    ),
)


def decided(source: Source = "classifier", word: str = "log_to_patch", **more: object) -> Decision:
    return Decision(
        route="code", model="coder", source=source, reasons=(Reason(word=word, text="because"),), **more  # type: ignore[arg-type]
    )


def work(*weights: tuple[str, float]) -> Workload:
    told = tuple(Evidence(name=name, weight=weight) for name, weight in weights)
    score = sum(weight for _, weight in weights)
    return Workload(input="prose", output="prose", confidence=0.7, score=score, tell=lambda: told)


def test_the_whole_story() -> None:
    story = explain(decided(workload=WORK, fallbacks=("spare",)))
    assert json.loads(json.dumps(story)) == {
        "route": "code",
        "model": "coder",
        "effort": None,
        "source": "classifier",
        "rule": None,
        "refusal": None,
        "workload": {
            "input": "log",
            "output": "patch",
            "confidence": 0.9123,
            "evidence": [
                {"name": "traceback", "weight": 2.5, "detail": ""},
                {"name": "fix", "weight": 1.2, "detail": "fix"},
                {"name": "bias", "weight": -0.7, "detail": ""},
            ],
            "words": [],
        },
        "reasons": [{"word": "log_to_patch", "text": "because"}],
        "fallbacks": ["spare"],
        "instead": None,
        "warning": None,
        "question": None,
        "shadows": [],
        "would_change": "no single observation: all of them add up to +3.00, and the sign decides",
    }


def test_a_workload_that_decided_nothing_is_told_too() -> None:
    story = explain(decided("override", "explicit_model"), WORK)
    assert story["workload"]["input"] == "log"
    assert explain(decided("override", "explicit_model"))["workload"] is None
    other = work(("bias", -0.7))
    assert explain(decided(workload=WORK), other)["workload"]["input"] == "log", "the one that decided comes first"


def test_the_weightiest_evidence_is_told() -> None:
    many = work(*((f"e{n}", n * (-1) ** n) for n in range(30)))
    told = explain(decided(workload=many))["workload"]["evidence"]
    assert [each["name"] for each in told] == [f"e{n}" for n in range(29, 29 - EVIDENCE_MAX, -1)]


@pytest.mark.parametrize(
    ("decision", "words"),
    [
        (decided("rule", "rule:night", rule="night"), "without rule 'night'"),
        (decided("override", "explicit_model"), "alias"),
        (decided("sticky", "thread_pinned"), "new thread"),
        (decided("fallback", "low_confidence", workload=work(("bias", -0.1))), "min_confidence"),
        (decided(workload=work(("image", -5.0))), "without 'image' the words"),
        (decided(workload=work(("bias", -0.7), ("fix", 1.2))), "without 'fix' (+1.20) the evidence would add up to -0.70"),
        (decided(workload=work(("bias", -0.7), ("prose", -1.7), ("file", 1.4))), "without 'prose' (-1.70)"),
        (decided(workload=work(("bias", -0.7), ("prose", -1.7))), "no single observation"),
        (decided(workload=work(("bias", -0.7))), "the words of the turn"),
        (decided("budget", "over_budget"), ""),
    ],
)
def test_what_would_have_changed_it(decision: Decision, words: str) -> None:
    told = would_change(decision, decision.workload)
    assert words in told
    assert bool(told) is bool(words)


def test_the_header_is_source_and_words() -> None:
    assert header(decided()) == b"classifier;log_to_patch"
    two = decided().__class__(
        route="code", model="m", source="rule", reasons=(Reason(word="rule:night", text="x"), Reason(word="late", text="y"))
    )
    assert header(two) == b"rule;rule:night,late"


@given(st.text(max_size=300))
def test_the_header_is_printable_whatever_a_rule_is_called(name: str) -> None:
    value = header(decided("rule", f"rule:{name}", rule=name))
    assert len(value) <= HEADER_MAX
    assert all(32 < code < 127 for code in value)


def test_the_words_are_told_where_they_were_asked() -> None:
    heard = explain(decided(workload=work(("text", 2.0))), turn_text="write a regex that matches dates")
    assert any("regex" in each["gram"] for each in heard["workload"]["words"])
    assert explain(decided(workload=work(("fence", 2.0))), turn_text="write a regex")["workload"]["words"] == []


def test_warnings_and_shadows_are_told() -> None:
    other = Decision(route="general", model="writer", source="rule", reasons=(Reason(word="rule:x", text=""),), rule="x")
    story = explain(decided(warning="mind", shadows=(other, decided())))
    assert story["warning"] == "mind"
    told = {"rule": "x", "route": "general", "model": "writer", "effort": None, "refusal": None, "differs": True}
    assert story["shadows"][0] == told
    assert story["shadows"][1]["differs"] is False
