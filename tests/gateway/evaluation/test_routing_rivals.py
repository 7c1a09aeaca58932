"""What others ship, asked through its own code."""

from gateway.evaluation.routing_cases import cases
from gateway.evaluation.routing_rivals import rivals


def asked(text: str) -> list[bool]:
    (case,) = cases([{"request": {"model": "auto", "messages": [{"role": "user", "content": text}]}, "label": "code"}])
    return [rival(case) for _, rival in rivals()]


def test_all_three_run_here() -> None:
    assert [name.split()[0] for name, _ in rivals()] == ["a", "LiteLLM", "LiteLLM"]
    assert asked("write a python function that sorts a list") == [True, True, True]
    assert asked("tell me about the sea") == [False, False, False]
