"""What is observed of a turn, and that nothing is read that could not matter."""

from collections.abc import Callable

import pytest

from routing.observe import HEAD_CHARS, LEANING_CHARS, PREVIOUS_MAX, SYSTEM_MAX, TAIL_CHARS, looked_at, observe, told
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
    assert {"previous", "previous_text", "short"} <= seen.values.keys()
    assert read == ["yes, go on", "write a parser"]


def test_a_turn_of_middle_length_may_lean_on_its_beginning() -> None:
    read: list[str] = []
    seen = observe(Signals(turn_text="word " * 20, previous_text="before " * 80), "unknown", says(9.0, read)).values
    assert len(read[-1]) == LEANING_CHARS
    assert "previous_text" not in seen
    assert seen["previous_longer"] == PREVIOUS_MAX
    aside = Signals(turn_text="by the way " + "word " * 20, previous_text="before")
    assert "previous_longer" not in observe(aside, "unknown", says(9.0)).values


def test_a_clear_turn_of_middle_length_is_not_asked_what_it_leans_on() -> None:
    read: list[str] = []
    middle = Signals(turn_text="word " * 20, previous_text="before")
    seen = observe(middle, "unknown", says(2.0, read), clear=lambda values: values["text"] > 1.0).values
    assert "previous" in seen
    assert "previous_longer" not in seen
    assert len(read) == 1
    short = Signals(turn_text="yes, go on", previous_text="before")
    assert "previous_text" in observe(short, "unknown", says(2.0), clear=lambda values: True).values


def test_a_long_turn_speaks_for_itself() -> None:
    read: list[str] = []
    seen = observe(Signals(turn_text="word " * 100, previous_text="before", system_text="You are"), "unknown", says(1.0, read))
    assert "previous" in seen.values
    assert "previous_text" not in seen.values
    assert len(read) == 1


def test_who_asks_how_is_about_to_do_it() -> None:
    def seen(text: str) -> set[str]:
        return {"technical_near", "technical_how"} & observe(Signals(turn_text=text), "unknown", says(0.0)).values.keys()

    assert seen("how can I add a toolbar in Android") == {"technical_near", "technical_how"}
    assert seen("Make a toolbar in Android") == {"technical_near", "technical_how"}
    assert seen("who owns Android") == {"technical_near"}
    assert seen("how can I be kinder") == set()


def test_a_long_text_holds_words_of_prose_by_the_way() -> None:
    turn = "Return each verse of a song for a number. "
    assert "prose_long" not in observe(Signals(turn_text=turn), "unknown", says(0.0)).values
    seen = observe(Signals(turn_text=turn * 20), "unknown", says(0.0)).values
    assert seen["prose_long"] == seen["prose"] > 0


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


def test_whoever_has_one_trade_is_asked_for_it_unless_something_is_to_be_written() -> None:
    def asked(text: str, *tools: str) -> set[str]:
        seen = observe(Signals(turn_text=text, tool_names=tools, tools=len(tools)), "unknown", says(0.0))
        return {name for name in seen.values if name.endswith("_asked")}

    assert asked("who was late most often", "run_sql") == {"data_asked"}
    assert asked("make some room", "bash") == {"shell_asked"}
    assert asked("and the second column?", "code_interpreter") == {"interpreter_asked"}
    assert asked("write a poem for the drivers", "run_sql") == set()
    assert asked("who was late most often", "get_weather") == set()


def test_a_name_says_much_in_a_short_turn_and_nothing_as_the_name_of_a_tool() -> None:
    def seen(text: str, *tools: str) -> set[str]:
        signals = Signals(turn_text=text, tool_names=tools, tools=len(tools))
        return {"identifier_near", "tool_named"} & observe(signals, "unknown", says(0.0)).values.keys()

    assert seen("let load_config take a path") == {"identifier_near"}
    assert seen("call get_weather for Rome", "get_weather") == {"identifier_near", "tool_named"}
    assert seen("the manual says much. " * 30 + "load_config reads it") == set()


def test_code_among_tools_of_another_trade() -> None:
    def seen(text: str) -> set[str]:
        signals = Signals(turn_text=text, tool_names=("get_weather",), tools=1)
        return {"other_plain", "other_yet_code"} & observe(signals, "unknown", says(0.0)).values.keys()

    assert seen("a regex in python for plates") == {"other_yet_code"}
    assert seen("and in Porto?") == {"other_plain"}


def test_small_talk_in_a_programmers_agent() -> None:
    def seen(text: str, score: float, **more: object) -> set[str]:
        signals = Signals(turn_text=text, **more)  # type: ignore[arg-type]
        return {name for name in observe(signals, "codex" if not more else "unknown", says(score)).values if "idle" in name}

    assert seen("say ok", -3.5) == {"coding_idle"}, "so brief that it names no topic"
    assert seen("tell me something about the roman empire", -3.5) == set()
    assert seen("tell me about it once again", -1.0) == {"coding_idle"}
    assert seen("what's the weather in Lisbon", -2.9) == {"coding_idle"}
    assert seen("what's the weather in Lisbon", -3.1) == set(), "words so sure are about the world"
    assert seen("what's the regex in Lisbon", -3.1) == {"coding_idle"}
    assert seen("By the way, how many grams are an ounce", -1.0) == set(), "it says that it is about something else"
    assert seen("By the way, it is still there", 0.0) == {"coding_idle"}
    assert seen("hi", -1.0, system_text="You are an expert developer") == {"prompted_idle"}


def test_signs_of_programs_are_the_matter_of_a_short_turn() -> None:
    def seen(text: str) -> set[str]:
        return {"inline_code", "inline_asked", "error_asked"} & observe(Signals(turn_text=text), "unknown", says(0.0)).values.keys()

    assert seen("what is `a ?? b` for") == {"inline_code", "inline_asked"}
    assert seen("write a poem about `a ?? b`") == {"inline_code"}
    assert seen("ECONNRESET each hour") == {"error_asked"}
    assert not seen("the `retry` option is described here. " * 20)


def test_a_question_is_told_by_what_it_shows() -> None:
    def seen(text: str) -> set[str]:
        values = observe(Signals(turn_text=text), "unknown", says(0.0)).values
        return {name for name in values if name.startswith("question")}

    assert seen("is x == y?") == {"question", "question_shown"}
    assert seen("好吗？") == {"question", "question_plain"}
    assert not seen("Fine.")


@pytest.mark.parametrize(
    ("tools", "told"),
    [
        (("get_weather",), "text_other"),
        (("run_sql", "list_tables"), "text_data"),
        (("bash",), "text_runner"),
        (("python_interpreter",), "text_runner"),
        (("bash", "read_file", "edit_file"), "text_coding"),
    ],
)
def test_the_words_count_anew_among_the_tools_of_a_trade(tools: tuple[str, ...], told: str) -> None:
    signals = Signals(turn_text="a word", tool_names=tools, tools=len(tools))
    values = observe(signals, "unknown", says(1.5)).values
    assert [name for name in values if name.startswith("text_") and name != "text_short"] == [told]
    assert values[told] == values["text"] == 1.5


def test_the_words_count_once_where_there_are_no_tools() -> None:
    values = observe(Signals(turn_text="a word"), "unknown", says(1.5)).values
    assert {name for name in values if name.startswith("text")} == {"text", "text_short"}


def test_what_stands_around_a_paste_is_scored_by_itself() -> None:
    turn = "the parser reads a file\n" * 20 + "\n\nPut it into Dutch."
    heard: list[str] = []
    seen = observe(Signals(turn_text=turn), "unknown", lambda read: heard.append(read.lowered) or float(len(read.words)))
    assert heard == [turn.lower(), "put it into dutch."]
    assert seen.values["text_asked"] == 4
    assert "text_asked" not in observe(Signals(turn_text="Put it into Dutch."), "unknown", lambda _: 1.0).values
