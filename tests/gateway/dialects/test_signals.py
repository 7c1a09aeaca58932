"""Signals of hand-made requests in the three dialects, of recorded clients where they lie beside, and of broken ones."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.dialects.ask import NotReadable, read
from gateway.dialects.endpoints import endpoint_of
from gateway.dialects.signals import PREVIOUS_MAX, SYSTEM_MAX, TOOLS_MAX, TURN_HEAD, TURN_TAIL, signals
from routing.types import Dialect, Signals

RECORDED = Path(__file__).parents[4] / "shared" / "data" / "clients"
REMINDER = "<system-reminder>\nThe date is today.\n</system-reminder>"
PIXEL = {"type": "base64", "media_type": "image/png", "data": "AAAA"}


def seen(body: dict[str, Any], dialect: Dialect = "chat") -> Signals:
    return signals(read(json.dumps({"model": "auto", **body}).encode(), dialect, dialect))


def chat(*turns: dict[str, Any], **more: Any) -> Signals:
    return seen({"messages": list(turns), **more})


def messages(*turns: dict[str, Any], **more: Any) -> Signals:
    return seen({"messages": list(turns), **more}, "messages")


def responses(given_: Any, **more: Any) -> Signals:
    return seen({"input": given_, **more}, "responses")


def user(content: Any) -> dict[str, Any]:
    return {"role": "user", "content": content}


def bot(content: Any) -> dict[str, Any]:
    return {"role": "assistant", "content": content}


def texts(*parts: str, kind: str = "text") -> list[dict[str, Any]]:
    return [{"type": kind, "text": part} for part in parts]


# the newest words of a person


@pytest.mark.parametrize(
    "found",
    [
        chat(user("old"), bot("answer"), user("new")),
        chat(user("old"), bot("answer"), user(texts("new"))),
        messages(user("old"), bot(texts("answer")), user(texts(REMINDER, "new", REMINDER))),
        responses([user(texts("old", kind="input_text")), bot(texts("answer", kind="output_text")), user("new")]),
    ],
    ids=("chat", "parts", "messages", "responses"),
)
def test_the_newest_turn_and_what_was_said_before(found: Signals) -> None:
    assert found.turn_text == "new"
    assert found.previous_text == "old\nanswer"
    assert found.newest_role == "user"
    assert found.turns == 3


def test_an_input_may_be_bare_text() -> None:
    assert responses("do it").turn_text == "do it"
    assert seen({"prompt": "do it"}).turn_text == "do it"
    assert seen({"prompt": ["one", "two"]}).turn_text == "two"


def test_what_an_agent_wraps_around_is_left_out() -> None:
    environment = user(texts("<environment_context>\n<cwd>/repo</cwd>\n</environment_context>", kind="input_text"))
    agents = user(texts("# AGENTS.md instructions for /repo\nuse tabs", kind="input_text"))
    asked = user(texts("fix the test", kind="input_text"))
    found = responses([{"role": "developer", "content": "be brief"}, agents, environment, asked, environment])
    assert found.turn_text == "fix the test"
    assert found.system_text == "be brief"
    assert found.previous_text == ""


def test_tool_results_are_no_persons_words() -> None:
    call = {"type": "tool_use", "id": "1", "name": "bash", "input": {}}
    result = {"type": "tool_result", "tool_use_id": "1", "content": "def secret(): pass"}
    found = messages(user("run it"), bot([call]), user([result, *texts(REMINDER)]))
    assert (found.turn_text, found.newest_role) == ("run it", "tool")
    found = messages(user("run it"), bot([call]), user([result, *texts("stop that")]))
    assert (found.turn_text, found.newest_role) == ("stop that", "user")
    found = chat(user("run it"), bot(None), {"role": "tool", "tool_call_id": "1", "content": "ok"})
    assert (found.turn_text, found.newest_role) == ("run it", "tool")
    call = {"type": "function_call", "call_id": "1", "name": "shell", "arguments": "{}"}
    output = {"type": "function_call_output", "call_id": "1", "output": "ok"}
    found = responses([user("run it"), {"type": "reasoning", "summary": []}, call, output])
    assert (found.turn_text, found.newest_role) == ("run it", "tool")


@pytest.mark.parametrize("steps", [10, 60, 190])
def test_long_work_does_not_hide_what_was_asked(steps: int) -> None:
    work = [bot(None), {"role": "tool", "tool_call_id": "1", "content": "x" * 500}] * steps
    assert chat(user("the task"), *work).turn_text == "the task"
    assert chat(user("the task"), *work).turns == 1 + 2 * steps


# bounds


def test_the_size_of_a_conversation_changes_nothing() -> None:
    old = [user("write a poem"), bot("roses " * 2000)] * 300
    new = [user("rename the class"), bot("done"), user("now the tests")]
    short, long = chat(*new), chat(*old, *new)
    for name in ("turn_text", "previous_text", "system_text", "newest_role", "image"):
        assert getattr(short, name) == getattr(long, name), name


def test_both_ends_of_a_long_turn_are_kept() -> None:
    found = chat(user("first words " + "x" * 100_000 + " last words"), bot("y" * 5000), user("z" * 5000))
    assert len(found.turn_text) == TURN_HEAD + TURN_TAIL
    assert len(found.previous_text) <= 2 * PREVIOUS_MAX + 1
    found = chat(user(texts("first words " + "x" * 100_000, "y" * 100_000 + " last words")))
    assert found.turn_text.startswith("first words")
    assert found.turn_text.endswith("last words")


def test_a_definition_that_speaks_of_sql() -> None:
    told = {"name": "ask_figures", "description": "Runs a SQL statement on the figures of the house."}
    assert chat(user("how many"), tools=[{"type": "function", "function": told}]).queries
    assert responses("how many", tools=[{"type": "function", **told}]).queries
    assert messages(user("how many"), tools=[told]).queries
    assert not messages(user("how many"), tools=[{"name": "ask_figures"}]).queries
    assert not messages(user("a SQL statement")).queries


def test_many_tools_are_counted_and_a_bounded_number_named() -> None:
    tools = [{"type": "function", "function": {"name": f"tool_{number}"}} for number in range(200)]
    found = chat(user("hi"), tools=tools)
    assert found.tools == 200
    assert len(found.tool_names) == TOOLS_MAX


# instructions


def test_instructions_wherever_they_stand() -> None:
    assert responses("hi", instructions="be kind").system_text == "be kind"
    assert messages(user("hi"), system="be kind").system_text == "be kind"
    parts = texts("x-anthropic-billing-header: v=1", "be kind")
    assert messages(user("hi"), system=parts).system_text == "be kind"
    assert chat({"role": "system", "content": "be kind"}, user("hi")).system_text == "be kind"
    assert len(chat({"role": "system", "content": "k" * 50_000}, user("hi")).system_text) == SYSTEM_MAX
    assert chat(user("hi")).system_text == ""


# tools


@pytest.mark.parametrize(
    ("found", "names"),
    [
        (chat(user("x"), tools=[{"type": "function", "function": {"name": "bash"}}]), ("bash",)),
        (chat(user("x"), tools=[{"type": "custom", "custom": {"name": "patch"}}]), ("patch",)),
        (chat(user("x"), functions=[{"name": "old_style"}]), ("old_style",)),
        (messages(user("x"), tools=[{"name": "Edit", "input_schema": {}}, {"type": "bash_20250124", "name": "bash"}]), ("Edit", "bash")),
        (responses("x", tools=[{"type": "function", "name": "shell"}, {"type": "web_search"}]), ("shell", "web_search")),
        (
            responses([{"type": "additional_tools", "tools": [{"type": "custom", "name": "apply_patch"}]}, user("x")]),
            ("apply_patch",),
        ),
        (
            responses("x", tools=[{"type": "namespace", "name": "agents", "tools": [{"type": "function", "name": "spawn"}]}]),
            ("spawn",),
        ),
    ],
)
def test_tools_wherever_they_hide(found: Signals, names: tuple[str, ...]) -> None:
    assert found.tool_names == names
    assert found.tools == len(names)


# images


def output(content: Any) -> dict[str, Any]:
    return {"type": "function_call_output", "call_id": "1", "output": content}


@pytest.mark.parametrize(
    "found",
    [
        chat(user([{"type": "image_url", "image_url": {"url": "data:,"}}, *texts("what is it")])),
        chat(user("x"), bot(None), {"role": "tool", "tool_call_id": "1", "content": [{"type": "image_url", "image_url": {}}]}),
        messages(user([{"type": "image", "source": PIXEL}])),
        messages(user("x"), bot("y"), user([{"type": "tool_result", "content": [{"type": "image", "source": PIXEL}]}])),
        responses([user([{"type": "input_image", "image_url": "data:,"}])]),
        responses([user("x"), {"type": "function_call", "name": "view"}, output([{"type": "input_image", "image_url": "data:,"}])]),
        responses([user("x"), {"type": "computer_call_output", "output": {"type": "computer_screenshot", "image_url": "data:,"}}]),
        messages(user([{"type": "image", "source": PIXEL}]), user("what is it")),
    ],
)
def test_an_image_in_the_newest_turn(found: Signals) -> None:
    assert found.image


@pytest.mark.parametrize(
    "found",
    [
        chat(user([{"type": "image_url", "image_url": {}}]), bot("a cat"), user("thanks")),
        messages(user([{"type": "tool_result", "content": [{"type": "image"}]}]), bot("seen"), user("go on")),
        chat(user('{"type": "image_url"}')),
    ],
)
def test_an_image_that_is_past_does_not_count(found: Signals) -> None:
    assert not found.image


def test_audio() -> None:
    assert chat(user([{"type": "input_audio", "input_audio": {}}])).audio


# structure


@pytest.mark.parametrize(
    ("found", "structured"),
    [
        (chat(user("x"), response_format={"type": "json_schema", "json_schema": {}}), True),
        (chat(user("x"), response_format={"type": "json_object"}), True),
        (chat(user("x"), response_format={"type": "text"}), False),
        (responses("x", text={"format": {"type": "json_schema"}}), True),
        (responses("x", text={"verbosity": "low"}), False),
        (messages(user("x"), output_config={"format": {"type": "json_schema"}}), True),
        (messages(user("x"), output_config={"effort": "high"}), False),
    ],
)
def test_a_schema_for_the_answer(found: Signals, structured: bool) -> None:
    assert found.structured is structured


# whatever comes

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20) | st.sampled_from(["user", "assistant", "image", "message"]),
    lambda inner: st.lists(inner, max_size=4)
    | st.dictionaries(
        st.sampled_from(["role", "content", "type", "text", "output", "tools", "function", "name", "format"]), inner, max_size=5
    ),
    max_leaves=25,
)
MEMBERS = st.dictionaries(
    st.sampled_from(
        ["messages", "input", "prompt", "system", "instructions", "tools", "functions", "text", "response_format", "output_config"]
    ),
    JSON,
)


@given(MEMBERS, st.sampled_from(["chat", "responses", "messages"]))
def test_broken_members_count_as_absent(body: dict[str, Any], dialect: Dialect) -> None:
    found = seen(body, dialect)
    assert len(found.turn_text) <= TURN_HEAD + TURN_TAIL
    assert len(found.previous_text) <= 2 * PREVIOUS_MAX + 1
    assert len(found.tool_names) <= TOOLS_MAX
    assert all(len(name) <= 100 for name in found.tool_names)
    assert found.size > 0


@pytest.mark.parametrize(
    "turn",
    [
        b'{"role":"user","content":"half \\ud83d of it"}',
        b'{"role":"\\ud83d","content":"x"}',
        b'{"role":"user","content":[{"type":"text","text":"half \\ud83d of it"},7,null,"x"]}',
        b'{"role":"user","content":' + b"[" * 900 + b"]" * 900 + b"}",
    ],
)
def test_lone_surrogates_and_depth(turn: bytes) -> None:
    try:
        ask = read(b'{"model":"auto","messages":[' + turn + b"]}", "chat", "chat")
    except NotReadable:
        return
    assert signals(ask).turn_text in ("half ? of it", "")


# what clients send


def recorded(name: str) -> list[Signals]:
    file = RECORDED / f"{name}.json"
    if not file.exists():
        pytest.skip("the recordings are not here")
    found = []
    for request in json.loads(file.read_text("utf-8"))["requests"]:
        if isinstance(request.get("body"), dict):
            endpoint, dialect = endpoint_of("POST", request["path"].partition("?")[0], {})
            found.append(signals(read(json.dumps(request["body"]).encode(), endpoint, dialect)))
    return found


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("claude_print_basic", ["say ok"]),
        ("claude_resume", ["second turn"]),
        ("codex_turn1_new", ["first turn"]),
        ("codex_turn2_cold_resume", ["second turn"]),
        ("codex_fork_cold_fork", ["forked turn"]),
        ("copilot_cli_chat", ["say ok"]),
        ("qwen_code_chat", ["say ok"]),
        ("opencode_continue", ['"next turn"']),
        ("cline_cli_chat", ["say ok"]),
    ],
)
def test_recorded_words(name: str, said: list[str]) -> None:
    assert [found.turn_text for found in recorded(name)][: len(said)] == said


def test_recorded_images_and_tools() -> None:
    assert [found.image for found in recorded("claude_image_tool_result")] == [False, True]
    assert recorded("codex_image_input")[0].image
    assert all(found.tools == len(found.tool_names) > 8 for found in recorded("codex_tui_gpt6_additional_tools"))
