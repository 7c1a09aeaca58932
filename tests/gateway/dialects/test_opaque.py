"""What binds a thread to the model that made it."""

import json

import pytest

from gateway.dialects.ask import read
from gateway.dialects.opaque import opaque

SAID = {"role": "user", "content": 'what is "signature":"x" or {"encrypted_content":"y"}?'}


@pytest.mark.parametrize("spaces", [(",", ":"), (", ", ": ")])
@pytest.mark.parametrize(
    ("dialect", "more", "turns", "word"),
    [
        ("responses", {}, [{"type": "reasoning", "encrypted_content": "gAAA"}], "encrypted_reasoning"),
        ("responses", {}, [{"type": "compaction", "encrypted_content": "gAAA"}], "compaction"),
        ("responses", {"previous_response_id": "resp_1"}, [], "stored_response"),
        ("responses", {"conversation": {"id": "conv_1"}}, [], "stored_response"),
        ("responses", {"previous_response_id": None}, [{"type": "reasoning", "encrypted_content": None}], ""),
        ("messages", {}, [{"role": "assistant", "content": [{"type": "thinking", "thinking": "", "signature": "Eq"}]}], "signed_thinking"),
        ("messages", {}, [], ""),
        ("chat", {}, [{"role": "assistant", "content": "x", "reasoning_content": "y"}], ""),
    ],
)
def test_it_is_found_and_not_what_somebody_wrote_of_it(spaces, dialect, more, turns, word):
    name = "input" if dialect == "responses" else "messages"
    body = json.dumps({"model": "m", **more, name: [SAID, *turns]}, separators=spaces)
    assert opaque(read(body.encode(), dialect, dialect)) == word
