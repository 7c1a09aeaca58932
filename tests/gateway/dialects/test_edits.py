"""A reasoning effort lands where each API has it, and nothing else moves."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.dialects.ask import read, splice
from gateway.dialects.edits import edits_for, with_effort

PATHS = {"chat": ("reasoning_effort",), "responses": ("reasoning", "effort"), "messages": ("output_config", "effort")}
HOLDERS = {"chat": "reasoning_effort", "responses": "reasoning", "messages": "output_config"}
SPACES = st.sampled_from(((",", ":"), (", ", ": "), (" ,\n", " : ")))
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)


def expected(body: dict, dialect: str, effort: str) -> dict:
    if dialect == "chat":
        return {**body, "reasoning_effort": effort}
    given_ = body.get(HOLDERS[dialect])
    return {**body, HOLDERS[dialect]: {**(given_ if isinstance(given_, dict) else {}), "effort": effort}}


@given(
    st.sampled_from(tuple(PATHS)),
    st.dictionaries(st.text(max_size=6), VALUES, max_size=4),
    st.none() | st.dictionaries(st.sampled_from(("effort", "summary", "format")), VALUES) | VALUES,
    st.booleans(),
    st.booleans(),
    SPACES,
)
def test_an_effort_is_set_and_all_else_stays(dialect, others, holder, holds, renames, spaces):
    body = {**others, "model": "auto"}
    if holds:
        body[HOLDERS[dialect]] = holder
    asked = read(json.dumps(body, separators=spaces).encode(), dialect, dialect)
    edits, _ = edits_for(asked, "m-2" if renames else "auto", "anthropic", "high")
    want = expected(body, dialect, "high")
    assert json.loads(splice(asked.body, edits)) == {**want, "model": "m-2" if renames else "auto"} | (
        {"stream_options": {"include_usage": True}} if asked.stream and dialect == "chat" else {}
    )
    assert json.loads(with_effort(asked, "high")) == want


def test_a_responses_body_on_the_chat_path_keeps_its_form():
    asked = read(b'{"model":"auto","input":"hi","reasoning":{"summary":"auto"}}', "chat", "chat")
    assert json.loads(with_effort(asked, "low"))["reasoning"] == {"summary": "auto", "effort": "low"}


@pytest.mark.parametrize("dialect", PATHS)
def test_without_an_effort_nothing_is_touched(dialect):
    asked = read(b'{"model":"auto","reasoning":{"effort":"low"}}', dialect, dialect)
    assert edits_for(asked, "auto", "anthropic") == ([], False)
