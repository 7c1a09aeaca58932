"""Excerpts: both ends of what is long, whatever was cut through, and a person's words without an agent's wrapping."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Raw

from gateway.dialects.excerpt import EXCERPT_BYTES, excerpt, said


def raw(text: str, ascii_only: bool = True) -> Raw:
    return Raw(json.dumps(text, ensure_ascii=ascii_only).encode("utf-8", "surrogatepass"))


@given(st.text(max_size=300), st.booleans())
def test_a_short_text_comes_whole(text: str, ascii_only: bool) -> None:
    assert excerpt(raw(text, ascii_only)) == text


@pytest.mark.parametrize("piece", ["\n\t\"\\", "😀", "é", "日本", "\\u00e9", "a"])
@pytest.mark.parametrize("ascii_only", [True, False])
@pytest.mark.parametrize("shift", range(13))
def test_a_long_text_is_cut_anywhere(piece: str, ascii_only: bool, shift: int) -> None:
    text = "x" * shift + piece * 20_000
    found = excerpt(raw(text, ascii_only))
    head, middle, tail = found[:1200], found[1200:-600], found[-600:]
    assert head == text[:1200]
    assert tail == text[-600:]
    assert len(head) + len(middle) + len(tail) <= 2 * EXCERPT_BYTES + 1


def test_half_a_pair_is_a_question_mark() -> None:
    assert excerpt(Raw(b'"cut \\ud83d here"')) == "cut ? here"
    assert excerpt(Raw(b'"' + b"a" * 40_000 + b'\\ud83d"')).endswith("a?")


@pytest.mark.parametrize("data", [b"", b"null", b"3", b"{", b'"', b'"\xff\\u0041"', b'"\\u12"', b'["\\u0041"]', b"\\u" * 40_000])
def test_what_is_no_text_is_empty(data: bytes) -> None:
    assert excerpt(Raw(data)).strip("\n") == ""


@given(st.binary(max_size=200) | st.binary(max_size=60).map(lambda part: b'"' + part * 2000 + b'"'))
def test_it_never_raises(data: bytes) -> None:
    assert isinstance(excerpt(Raw(data)), str)


@pytest.mark.parametrize(
    "wrapping",
    [
        "<environment_details>\n# Open tabs\nsrc/a.py\n</environment_details>",
        "<environment_info>\nThe user's current OS is: Linux\n</environment_info>",
        "[read_file for 'src/a.py'] Result:\n 1 | print()",
        "<system-reminder>\nToday is Monday\n</system-reminder>",
        "<environment_context>\n  <cwd>/repo</cwd>\n</environment_context>",
        "# AGENTS.md instructions for /repo\n\n<INSTRUCTIONS>\nfix bugs\n</INSTRUCTIONS>",
        "<command-name>/clear</command-name>",
        "<permissions instructions>\nyou may",
        "Another language model started to solve this problem and produced a summary",
    ],
)
def test_wrapping_is_nobodys_words(wrapping: str) -> None:
    assert said(wrapping) == ""
    assert said(f"please {wrapping}") == f"please {wrapping}", "a person may quote it"


def test_words_behind_whole_wrapping_are_kept() -> None:
    words = "<current_datetime>2026-11-25</current_datetime>\n<system-reminder>\na\n</system-reminder>\n write a poem \n"
    assert said(words) == "write a poem"
    assert said("<system-reminder>" * 50) == ""
    assert said("<system-reminder></system-reminder>" * 50 + "hidden") == "", "bounded"


def test_what_is_put_behind_a_persons_words() -> None:
    reminder = "To suggest changes to a file you MUST return the entire content of the updated file.\n```\n...\n```"
    assert said(f"say ok\n\n{reminder}") == "say ok"
    assert said("rename it\n\n# *SEARCH/REPLACE block* Rules:\n\nEvery block MUST use this format") == "rename it"
    assert said("you MUST NOT say so") == "you MUST NOT say so"


@pytest.mark.parametrize(
    "turn",
    [
        "<task>\nwhat rhymes with orange?\n</task>",
        "<attachments>\n<attachment id=\"a.ts\">\nexport const a = 1\n</attachment>\n</attachments>\n<context>\nToday is Monday.\n"
        "</context>\n<userRequest>\nwhat rhymes with orange?\n</userRequest>",
        "<timestamp>Monday</timestamp>\n<user_query>\nwhat rhymes with orange?\n</user_query>",
        "<USER_REQUEST>what rhymes with orange?</USER_REQUEST><ADDITIONAL_METADATA>two files are open</ADDITIONAL_METADATA>",
        "<feedback>\nwhat rhymes with orange?\n</feedback>",
    ],
)
def test_a_persons_words_inside_an_editors_tag(turn: str) -> None:
    assert said(turn) == "what rhymes with orange?"


def test_a_tag_that_a_person_quotes_is_no_editors() -> None:
    quoted = "Name the session. Task of the user: <task>why does my pod restart</task>"
    assert said(quoted) == quoted
    assert said("<p>one</p>\nwhat is wrong with this page?") == "<p>one</p>\nwhat is wrong with this page?"
    assert said("<user_query>" * 9) == "<user_query>" * 9, "never closed"
