"""What bodies give away; and that text which speaks of a mark is not one."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.dialects import hints
from gateway.dialects.ask import Ask, NotReadable, read
from routing.types import Dialect


def ask(dialect: Dialect = "chat", compact: bool = True, **body: Any) -> Ask:
    separators = (",", ":") if compact else None
    return read(json.dumps({"model": "auto", **body}, separators=separators).encode(), dialect, dialect)


def test_a_codex_turn_keeps_what_it_knows_and_takes_null_for_nothing() -> None:
    turn = hints.codex_turn(b'{"thread_id":"t","parent_thread_id":null,"window_number":2,"workspaces":{"a":{"b":[1]}}}')
    assert (turn.thread_id, turn.parent_thread_id, turn.window_number, turn.session_id) == ("t", None, 2, None)


@pytest.mark.parametrize("said", [b"", b"{", b"[]", b'{"window_number":"2"}', b'{"thread_id":"\xff"}', b"[" * 100_000])
def test_what_codex_does_not_write_is_no_turn(said: bytes) -> None:
    assert hints.codex_turn(said) == hints.CodexTurn()


def test_codex_tells_texts_only() -> None:
    told = hints.codex_told(
        ask("responses", client_metadata={"thread_id": "t", "number": 1, "empty": "", "none": None})
    )
    assert told == {"thread_id": "t"}
    assert hints.codex_told(ask("responses", client_metadata=["thread_id"])) == {}
    assert hints.codex_told(ask("responses")) == {}


@pytest.mark.parametrize(
    ("user_id", "session"),
    [
        ('{"device_id":"d","account_uuid":"","session_id":"s-1"}', "s-1"),
        ('{"device_id":"d","session_id":null}', ""),
        ('{"session_id":7}', ""),
        ("{", ""),
        ("user_aa_account__session_s-2", "s-2"),
        ("maria", ""),
        (7, ""),
    ],
)
def test_claude_codes_session(user_id: object, session: str) -> None:
    assert hints.claude_session(ask("messages", metadata={"user_id": user_id})) == session


@pytest.mark.parametrize(
    ("dialect", "body", "none"),
    [
        ("chat", {}, True),
        ("chat", {"tools": []}, True),
        ("chat", {"tools": None}, True),
        ("chat", {"tools": [{"type": "function"}]}, False),
        ("messages", {"tools": [{"name": "Bash"}]}, False),
        ("responses", {"input": "hi"}, True),
        ("responses", {"input": [{"type": "additional_tools", "tools": []}]}, False),
        ("responses", {"input": [{"role": "user", "content": 'say "additional_tools"'}]}, True),
    ],
)
def test_no_tools(dialect: Dialect, body: dict[str, Any], none: bool) -> None:
    assert hints.offers_no_tools(ask(dialect, **body)) is none


@pytest.mark.parametrize("compact", [True, False])
@pytest.mark.parametrize(
    ("dialect", "member"), [("chat", "messages"), ("messages", "messages"), ("responses", "input")]
)
def test_an_earlier_answer(dialect: Dialect, member: str, compact: bool) -> None:
    person = {"role": "user", "content": 'what does {"role":"assistant"} mean?'}
    answer = {"role": "assistant", "content": "you see"}
    assert not hints.was_answered(ask(dialect, compact, **{member: [person]}))
    assert hints.was_answered(ask(dialect, compact, **{member: [person, answer, person]}))
    assert not hints.was_answered(ask(dialect, compact, metadata=answer))


def test_a_compaction_is_asked_for_by_the_newest_item() -> None:
    trigger, person = {"type": "compaction_trigger"}, {"role": "user", "content": "x" * hints.EDGE_BYTES}
    assert hints.ends_in_compaction(ask("responses", input=[person, trigger]))
    assert not hints.ends_in_compaction(ask("responses", input=[trigger, person]))
    assert not hints.ends_in_compaction(ask("responses", input=[{"role": "user", "content": '"compaction_trigger"'}]))
    assert not hints.ends_in_compaction(ask("responses"))


def test_marks_at_the_beginning() -> None:
    billing = "x-anthropic-billing-header: cc_version=2.1.330.682; cc_entrypoint=sdk-cli; cc_is_subagent=true;"
    assert hints.is_claude_subagent(ask("messages", system=[{"type": "text", "text": billing}]))
    assert not hints.is_claude_subagent(
        ask("messages", system=[{"type": "text", "text": "a" * hints.EDGE_BYTES + billing}])
    )
    assert not hints.is_claude_subagent(ask("messages", messages=[{"role": "user", "content": billing}]))
    assert hints.begins_with(ask(messages=[{"role": "system", "content": "you keep the yard book"}]), b"yard book")
    assert not hints.begins_with(ask(metadata={"note": "yard book"}), b"yard book")


def test_the_name_of_a_schema() -> None:
    named = ask("responses", text={"format": {"type": "json_schema", "name": "yard_list"}})
    assert hints.names_schema(named, b"yard_list")
    assert not hints.names_schema(named, b"yard")
    assert not hints.names_schema(ask("responses", input="yard_list"), b"yard_list")


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)
MEMBERS = st.sampled_from(["client_metadata", "metadata", "tools", "input", "messages", "system", "text"])


@given(st.dictionaries(MEMBERS, JSON), st.sampled_from(["chat", "responses", "messages"]))
def test_no_body_is_too_odd(body: dict[str, Any], dialect: Dialect) -> None:
    try:
        made = read(json.dumps({"model": "auto", **body}).encode(), dialect, dialect)
    except NotReadable:  # NaN and infinity are no JSON
        return
    assert all(isinstance(word, str) for word in hints.codex_told(made).values())
    assert isinstance(hints.claude_session(made), str)
    for judge in (hints.is_claude_subagent, hints.offers_no_tools, hints.was_answered, hints.ends_in_compaction):
        assert judge(made) in (True, False)
