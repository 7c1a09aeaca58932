"""What is observed of a turn, and that nothing is read that could not matter."""

from collections.abc import Callable

from routing.observe import HEAD_CHARS, SYSTEM_MAX, TAIL_CHARS, looked_at, observe, told
from routing.split import Reading
from routing.types import Signals


def says(score: float, seen: list[str] | None = None) -> Callable[[Reading], float]:
    def of(text: Reading) -> float:
        if seen is not None:
            seen.append(text.lowered)
        return score

    return of


def test_of_a_long_turn_its_ends() -> None:
    long = "a" * 5000 + "the end"
    assert looked_at("short") == "short"
    assert len(looked_at(long)) == HEAD_CHARS + TAIL_CHARS + 1
    assert looked_at(long).endswith("the end")


def test_a_short_turn_leans_on_what_was_before() -> None:
    read: list[str] = []
    seen = observe(Signals(turn_text="yes, go on", previous_text="Write a parser"), "unknown", says(2.0, read))
    assert {"previous", "previous_text", "previous_text_near", "previous_clues_near", "short"} <= seen.values.keys()
    assert read == ["yes, go on", "write a parser"]


def test_a_long_turn_speaks_for_itself() -> None:
    read: list[str] = []
    seen = observe(Signals(turn_text="word " * 100, previous_text="before", system_text="You are"), "unknown", says(1.0, read))
    assert "previous" in seen.values
    assert "previous_text" not in seen.values
    assert len(read) == 1


def test_another_topic_inherits_nothing() -> None:
    seen = observe(Signals(turn_text="By the way, dinner?", previous_text="fix the parser"), "unknown", says(0.0))
    assert not [name for name in seen.values if name.startswith("previous")]


def test_instructions_behind_a_turn_that_opens_with_nothing() -> None:
    seen = observe(Signals(turn_text="begin", system_text="Answer in SQL"), "unknown", says(9.0))
    assert seen.values["system_text"] == SYSTEM_MAX


def test_a_harness_counts_as_its_share_of_the_most_it_can_say() -> None:
    tools = ("read_file", "apply_patch", "exec_command")
    seen = observe(Signals(turn_text="hm", tool_names=tools, tools=3), "codex", says(0.0))
    assert seen.values["coding_tools"] == 1.0
    assert {"coding_plain", "coding_quiet"} <= seen.values.keys()


def test_clues_by_hand() -> None:
    assert told("fix the function in src/app.py") > 0 > told("write a letter to my aunt")
