"""A wrong decision as numbers, or with the excerpts that were looked at."""

import json

import pytest

from gateway.evaluation.routing_cases import cases, seen
from gateway.feedback import NothingToLearn, corrected, excerpted, quoted
from routing.weights import weights

SECRET = "why does the Zanzibar launch of my function crash?"
BODY = json.dumps(
    {
        "model": "auto",
        "instructions": "You are the assistant of Umbrella Ltd.",
        "input": [
            {"role": "user", "content": "hello from Wagadugu"},
            {"role": "assistant", "content": "Hello!"},
            {"role": "user", "content": SECRET},
        ],
        "tools": [{"type": "function", "name": "read_file", "parameters": {}}],
    }
).encode()


def test_numbers_and_no_word() -> None:
    line = corrected("responses", BODY, "general", "house")
    assert (line["label"], line["source"]) == ("general", "house")
    assert line["observed"].keys() <= weights().score.observations.keys()
    assert line["observed"]["text"] != 0
    text = json.dumps(line).lower()
    assert not any(word in text for word in ("zanzibar", "umbrella", "wagadugu", "read_file"))


def test_with_text_it_is_a_case_that_looks_the_same() -> None:
    line = quoted("responses", BODY, "code", "house", "the author agreed")
    (case,) = cases([line])
    assert (case.code, case.source) == (True, "house")
    before, _ = seen("responses", BODY)
    assert case.signals.turn_text == before.turn_text == SECRET
    assert case.signals.system_text == before.system_text
    assert case.signals.tool_names == before.tool_names
    assert before.previous_text.split("\n")[0] in case.signals.previous_text
    assert line["license"] == "the author agreed"


def test_what_was_not_there_is_not_made_up() -> None:
    signals, _ = seen("chat", b'{"model":"auto","messages":[{"role":"user","content":"hi"}]}')
    assert excerpted(signals) == {"model": "auto", "messages": [{"role": "user", "content": "hi"}]}


def test_structure_teaches_nothing() -> None:
    image = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA=="}}
    body = json.dumps({"model": "auto", "messages": [{"role": "user", "content": [image]}]}).encode()
    with pytest.raises(NothingToLearn, match="image"):
        corrected("chat", body, "code", "house")
