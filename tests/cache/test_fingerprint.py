"""The chain agrees exactly as far as two prompts do, whatever clients move around without changing the prompt."""

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Raw

from cache.fingerprint import PREAMBLE, Dialect, Fingerprint, begun, chain, fingerprint

SEED = 0x5EED
RECORDINGS = Path(__file__).parents[3] / "shared" / "data" / "clients"
COMPACT = (",", ":")
SPACED = (", ", ": ")


def written(value: object, separators: tuple[str, str] = COMPACT) -> bytes:
    return json.dumps(value, separators=separators, ensure_ascii=False).encode()


def print_of(
    body: dict[str, Any], dialect: Dialect, separators: tuple[str, str] = COMPACT, seed: int = SEED, team: bytes = b"a"
) -> Fingerprint:
    return fingerprint(dialect, msgspec.json.decode(written(body, separators), type=dict[str, Raw]), seed, team)


def marked(text: str) -> list[dict[str, Any]]:
    return [{"type": "text", "text": text, "cache_control": {"type": "ephemeral", "ttl": "1h"}}]


def blocks(text: str) -> list[dict[str, Any]]:
    return [{"type": "text", "text": text}]


def said(role: str, content: object, **more: object) -> dict[str, Any]:
    return {"role": role, "content": content, **more}


texts = st.text(max_size=12) | st.sampled_from(['"cache_control"', '{"a":1}', "},{", "\\", '"'])
messages = st.lists(st.builds(said, st.sampled_from(["user", "assistant"]), texts | texts.map(blocks)), max_size=8)


# chain


@given(st.lists(st.dictionaries(texts, texts, max_size=2).map(written), max_size=6), st.integers(0, 6))
def test_equal_prefixes_have_equal_digests_and_others_do_not(parts: list[bytes], shared: int) -> None:
    one = chain(SEED, b"a", parts)
    other = chain(SEED, b"a", [*parts[:shared], b'"another"', *parts[shared:]])
    assert one.digests[:shared] == other.digests[: min(shared, len(parts))]
    assert not set(one.digests[shared:]) & set(other.digests[shared:])
    assert len(set(one.digests)) == len(parts)
    assert list(one.sizes) == [sum(map(len, parts[: k + 1])) for k in range(len(parts))]


def test_other_seeds_and_other_teams_share_nothing() -> None:
    parts = [b'"x"', b'"y"']
    made = [chain(seed, scope, parts).digests for seed, scope in ((1, b"a"), (2, b"a"), (1, b"b"), (1, b""))]
    assert len({digest for digests in made for digest in digests}) == 8


# what the boundaries are


def test_boundaries_end_tools_system_and_every_turn() -> None:
    body = {"tools": [{"name": "t"}], "system": "S", "messages": [said("user", "a"), said("assistant", "b")]}
    made = print_of(body, "messages")
    assert len(made.digests) == len(made.sizes) == PREAMBLE + 2
    other = print_of({**body, "system": "other"}, "messages")
    assert [mine == theirs for mine, theirs in zip(made.digests, other.digests, strict=True)] == [True] + 3 * [False]


@given(messages, messages)
def test_an_appended_prompt_keeps_every_boundary(history: list[Any], added: list[Any]) -> None:
    before = print_of({"messages": history}, "messages")
    after = print_of({"messages": history + added}, "messages")
    assert after.digests[: len(before.digests)] == before.digests
    assert after.sizes[: len(before.sizes)] == before.sizes


def test_a_missing_section_is_not_the_next_one() -> None:
    assert (
        print_of({"system": "x", "messages": []}, "messages").digests[-1]
        != print_of({"tools": "x", "messages": []}, "messages").digests[-1]
    )


@pytest.mark.parametrize(
    ("dialect", "change"),
    [
        ("chat", {"tools": [{"n": 2}]}),
        ("chat", {"messages": [said("user", "B")]}),
        ("responses", {"instructions": "B"}),
        ("responses", {"input": "B"}),
        ("messages", {"tools": [{"b": 1, "a": 2}]}),
        ("messages", {"system": blocks("B")}),
    ],
)
def test_what_breaks_a_cache_changes_the_chain(dialect: Dialect, change: dict[str, Any]) -> None:
    body = {
        "tools": [{"a": 2, "b": 1}],
        "system": blocks("A"),
        "instructions": "A",
        "messages": [said("user", "A")],
        "input": "A",
    }
    assert print_of(body, dialect).digests[-1] != print_of({**body, **change}, dialect).digests[-1]


def test_members_outside_the_prompt_do_not_count() -> None:
    body = {"input": [said("user", "a")], "client_metadata": {"turn": 1}, "model": "m", "stream": True}
    other = {"model": "n", "client_metadata": {"turn": 2}, "input": [said("user", "a")]}
    assert print_of(body, "responses").digests == print_of(other, "responses").digests


# what clients move around


@pytest.mark.parametrize("separators", [COMPACT, SPACED])
def test_markers_move_without_changing_the_chain(separators: tuple[str, str]) -> None:
    tools = [{"name": "t"}, {"name": "u", "cache_control": {"type": "ephemeral"}}]
    system = [{"cache_control": {"type": "ephemeral"}, "type": "text", "text": "S"}]
    first = [said("user", [{"cache_control": {"type": "ephemeral"}, **blocks("one")[0]}])]
    result = [{"type": "tool_result", "content": blocks("r"), "cache_control": None}]
    later = [said("user", blocks("one")), said("assistant", "two"), said("user", result)]
    last = [*later[:2], said("user", [{"type": "tool_result", "content": blocks("r")}]), said("user", marked("x"))]
    one, two, three = (
        print_of({"tools": tools, "system": system, "messages": turns}, "messages", separators)
        for turns in (first, later, last)
    )
    assert two.digests[: len(one.digests)] == one.digests
    assert three.digests[: len(two.digests)] == two.digests
    assert three.sizes[: len(two.sizes)] == two.sizes


@pytest.mark.parametrize("separators", [COMPACT, SPACED])
def test_a_marked_block_becomes_a_plain_string(separators: tuple[str, str]) -> None:
    effort = {"output_config": {"effort": "medium"}}
    first = [said("user", blocks("hi")), said("system", marked('Env "q" \\ ü'), **effort)]
    later = [first[0], said("system", 'Env "q" \\ ü', **effort), said("user", marked("more"))]
    one, two = (print_of({"messages": turns}, "messages", separators) for turns in (first, later))
    assert two.digests[: len(one.digests)] == one.digests


def test_a_system_prompt_may_become_a_block() -> None:
    turns = [said("user", marked("hi"))]
    one, two = (print_of({"system": system, "messages": turns}, "messages") for system in ("S", blocks("S")))
    assert one.digests == two.digests


def test_the_billing_block_is_no_prompt() -> None:
    def system(version: str) -> list[dict[str, Any]]:
        return [*blocks(f"x-anthropic-billing-header: cc_version={version};"), *marked("You are")]

    turns = [said("user", "hi")]
    one, two, without = (
        print_of({"system": each, "messages": turns}, "messages")
        for each in (system("1.a"), system("2.b"), marked("You are"))
    )
    assert one.digests == two.digests == without.digests
    assert one.digests != print_of({"system": marked("You were"), "messages": turns}, "messages").digests


def test_codex_bookkeeping_and_breakpoints_are_no_prompt() -> None:
    def item(text: str, time: float | None, point: bool = False) -> dict[str, Any]:
        part: dict[str, Any] = {"type": "input_text", "text": text}
        if point:
            part["prompt_cache_breakpoint"] = {"mode": "explicit"}
        extra = {"turn_id": "{", "create_time": time, "content_item_kinds": ["a"], "deep": {"er": "}"}}
        more = {} if time is None else {"internal_chat_message_metadata_passthrough": extra}
        return {"type": "message", "role": "user", "content": [part], **more}

    one = print_of({"input": [item("a", 1.5, True), item("b", 2.5)]}, "responses")
    two = print_of({"input": [item("a", 9.5), item("b", None, True), item("c", 3.0)]}, "responses")
    assert two.digests[: len(one.digests)] == one.digests


@pytest.mark.parametrize("gap", [b"", b" ", b"\n\t "])
def test_any_white_space_between_turns_will_do(gap: bytes) -> None:
    def body(first: str, last: str) -> Fingerprint:
        turns = (
            written(said("user", marked(first) if first == last else blocks(first))),
            written(said("user", marked(last))),
        )
        array = b"[" + gap + turns[0] + gap + b"," + gap + turns[1] + gap + b"]"
        return fingerprint("messages", {"messages": Raw(array)}, SEED, b"a")

    assert body("x", "x").digests == body("x", "x").digests
    assert body("x", "y").digests[:-1] == body("x", "x").digests[:-1]
    assert body("x", "y").digests[-1] != body("x", "x").digests[-1]


def test_text_that_talks_about_markers_is_prompt() -> None:
    def body(text: str) -> dict[str, Any]:
        return {"messages": [said("user", text), said("user", marked("x"))]}

    one = print_of(body('{"cache_control":{"type":"ephemeral"}}'), "messages")
    assert one.digests[-1] != print_of(body("{}"), "messages").digests[-1]
    named = [{"type": "tool_use", "name": "cache_control", "input": {}}]
    assert print_of({"messages": [said("assistant", named)]}, "messages").whole


@given(messages, st.sampled_from([COMPACT, SPACED]), st.data())
def test_wherever_markers_stand_the_chain_is_the_same(
    history: list[dict[str, Any]], separators: tuple[str, str], data: st.DataObject
) -> None:
    def with_marker() -> list[dict[str, Any]]:
        turns = [*history, said("user", blocks("end"))]
        place = data.draw(st.integers(0, len(turns) - 1))
        content = turns[place]["content"]
        text = content if isinstance(content, str) else content[0]["text"]
        turns[place] = {**turns[place], "content": marked(text)}
        return turns

    one, two = (print_of({"messages": with_marker()}, "messages", separators) for _ in range(2))
    assert one.digests == two.digests
    assert one.sizes == two.sizes


# the first turn, and prompts in pieces


def test_a_conversation_is_named_by_its_first_turn() -> None:
    opening = [said("system", "be nice"), said("user", "hello")]
    one = print_of({"messages": opening}, "chat")
    later = print_of({"messages": [*opening, said("assistant", "hi"), said("user", "and?")]}, "chat")
    assert one.first_turn == later.first_turn == one.digests[-1]
    assert one.first_turn != print_of({"messages": [opening[0], said("user", "hallo")]}, "chat").first_turn
    assert print_of({"input": "hello"}, "responses").first_turn == print_of({"input": "hello"}, "responses").digests[-1]
    codex = [
        {"type": "message", "role": "developer", "content": []},
        {"type": "message", "role": "user", "content": []},
    ]
    assert (
        print_of({"input": [*codex, *codex]}, "responses").first_turn
        == print_of({"input": codex}, "responses").digests[-1]
    )


def test_nothing_said_names_nothing() -> None:
    assert print_of({"messages": []}, "chat").first_turn == b""
    assert not print_of({}, "messages").whole


@pytest.mark.parametrize(("more", "whole"), [
    ({}, True), ({"previous_response_id": None}, True), ({"previous_response_id": "resp_1"}, False),
    ({"conversation": {"id": "conv"}}, False),
])  # fmt: skip
def test_a_prompt_kept_by_the_provider_is_not_whole(more: dict[str, Any], whole: bool) -> None:
    assert print_of({"input": "hi", **more}, "responses").whole is whole


@pytest.mark.parametrize("last", [said("user", "c"), said("user", marked("c"))])
@pytest.mark.parametrize("dialect", ["chat", "messages", "responses"])
@pytest.mark.parametrize("system", [None, "be brief", [{"type": "text", "text": "x-anthropic-billing-header: cch=1;"}]])
def test_one_look_at_the_whole_body_gives_the_same(last: dict[str, Any], dialect: Dialect, system: object) -> None:
    turns = [said("user", "a"), said("assistant", "b"), last]
    body: dict[str, Any] = {"input" if dialect == "responses" else "messages": turns, "tools": [{"name": "t"}]}
    if system is not None:
        body["instructions" if dialect == "responses" else "system"] = system
    data = written(body)
    fields = msgspec.json.decode(data, type=dict[str, Raw])
    assert fingerprint(dialect, fields, SEED, b"a", data) == fingerprint(dialect, fields, SEED, b"a")


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | texts,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(texts | st.sampled_from(["cache_control", "role", "content", "type"]), inner, max_size=3)
    ),
    max_leaves=12,
)


@given(
    st.dictionaries(st.sampled_from(["tools", "system", "messages", "input", "instructions"]), json_values),
    st.sampled_from(["chat", "responses", "messages"]),
    st.sampled_from([COMPACT, SPACED]),
)
def test_any_json_has_a_fingerprint(body: dict[str, Any], dialect: Dialect, separators: tuple[str, str]) -> None:
    made = print_of(body, dialect, separators)
    assert len(made.digests) == len(made.sizes) == PREAMBLE + len(made.turns)
    assert made.first_turn in (b"", *made.digests)
    assert print_of(body, dialect, separators).digests == made.digests


# recorded clients


def recorded(name: str) -> list[dict[str, Any]]:
    path = RECORDINGS / f"{name}.json"
    if not path.exists():
        pytest.skip("no recordings here")
    requests = json.loads(path.read_text())["requests"]
    return [one["body"] for one in requests if isinstance(one["body"], dict)]


def test_claude_code_resumed_keeps_its_prefix() -> None:
    before = print_of(recorded("claude_print_basic")[0], "messages")
    first, _, last = (print_of(body, "messages") for body in recorded("claude_subagent"))
    assert last.digests[: len(first.digests)] == first.digests
    resumed = print_of(recorded("claude_resume")[0], "messages")
    assert resumed.digests[:PREAMBLE] == before.digests[:PREAMBLE] == first.digests[:PREAMBLE]


def test_codex_resumed_keeps_its_prefix() -> None:
    new = print_of(recorded("codex_turn1_new")[0], "responses")
    resumed = print_of(recorded("codex_turn2_cold_resume")[0], "responses")
    assert resumed.digests[: len(new.digests)] == new.digests
    assert resumed.first_turn == new.first_turn


@pytest.mark.parametrize(
    ("dialect", "turns", "lead"),
    [
        ("chat", [{"role": "system", "content": "s"}, {"role": "user", "content": "u"}], 2),
        ("chat", [{"role": "user", "content": "u"}, {"role": "system", "content": "s"}], 1),
        ("responses", [{"type": "additional_tools", "role": "developer"}, {"role": "developer", "content": []}, {"role": "user"}], 3),
        ("messages", [{"role": "system", "content": "s"}], 1),
        ("chat", [], 1),
    ],
)
def test_instructions_lead_a_conversation(dialect: Dialect, turns: list[Any], lead: int) -> None:
    name = "input" if dialect == "responses" else "messages"
    fields = msgspec.json.decode(msgspec.json.encode({name: turns}), type=dict[str, Raw])
    assert fingerprint(dialect, fields, 1, b"a").lead == lead
    assert begun(dialect, fields, 1, b"a", msgspec.json.encode({name: turns})).fingerprint.lead == lead
