"""YAML read strictly, within bounds, and with the environment filled in as text only."""

import pytest

from gateway.config import document
from gateway.config.document import parse
from gateway.config.problems import ConfigError


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("a: no", "no"),
        ("a: on", "on"),
        ("a: 22:00", "22:00"),
        ("a: 2026-01-01", "2026-01-01"),
        ("a: 0x10", "0x10"),
        ("a: 1_000", "1_000"),
        ("a: true", True),
        ("a: 'true'", "true"),
        ("a: 12", 12),
        ("a: -1.5e3", -1500.0),
        ("a: '12'", "12"),
        ("a: " + "9" * 30, "9" * 30),
        ("a: ~", None),
        ("a:", None),
        ("a: ''", ""),
        ("a: {<<: {b: 1}}", {"<<": {"b": 1}}),
        ("a: [&x 1, *x]", [1, 1]),
    ],
)
def test_plain_scalars_follow_the_core_schema(text: str, value: object) -> None:
    found = parse(text.encode(), {})
    assert found.problems == ()
    assert found.tree == {"a": value}


def test_what_the_environment_holds_stays_text() -> None:
    found = parse(b'a: ${X}\nb: ["<${X}>"]\nc: ${Y:-5}\n${X}: ${Y:-}', {"X": "[1, {b: 2}] # ${Z}", "Y": ""})
    assert found.problems == ()
    assert found.tree == {"a": "[1, {b: 2}] # ${Z}", "b": ["<[1, {b: 2}] # ${Z}>"], "c": "5", "${X}": ""}
    assert found.written == {"a": "${X}", "b.0": "<${X}>", "c": "${Y}", "${X}": "${Y}"}


def test_a_variable_set_to_nothing_is_set() -> None:
    assert parse(b"a: ${X}", {"X": ""}).tree == {"a": ""}


@pytest.mark.parametrize("value", ["\udc80", "ok\ud800"])
def test_an_environment_that_is_no_text_is_named(value: str) -> None:
    (problem,) = parse(b"a: ${X}", {"X": value}).problems
    assert str(problem) == "a: the environment variable X is not valid Unicode"


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"a: 1\nb: \xff", "line 2: is not valid UTF-8"),
        (b"a: 1\nb: \x00", "line 2, column 4: not valid YAML: a control character"),
        (b'a: "\\UFFFFFFFF"', "not valid YAML"),
        (b"a: " + b"[" * 5000, "nested too deeply"),
        (b"a: " + b"[" * 40 + b"]" * 40, "nested more than 32 deep"),
        (b"#" * (document.BYTES_MAX + 1), "the file is larger than 1024 KiB"),
        (b"", "the file is empty"),
    ],
)
def test_what_is_no_document_is_refused_whole(data: bytes, said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse(data, {})
    assert said in str(caught.value)


def test_lone_surrogates_are_named_and_printable() -> None:
    found = parse(b'a: "\\ud800"\n"\\ud800": 1\nb: [!mine x]', {})
    assert [str(problem) for problem in found.problems] == [
        "a: is not valid Unicode",
        "line 2 has a key that is not a word",
        "b.0: tags such as !!str and !name are not used here",
    ]


def test_a_byte_order_mark_is_no_part_of_the_first_key() -> None:
    assert parse(b"\xef\xbb\xbfa: 1", {}).tree == {"a": 1}
