"""How a Chat Completions request becomes blocks."""

import pytest

from gateway.simulator.prompt import Refused
from gateway.simulator.read_chat import read, read_completion, read_embedding

TOOL = {"type": "function", "function": {"name": "grep", "parameters": {"type": "object"}}}
CALL = {"id": "c", "type": "function", "function": {"name": "grep", "arguments": "{}"}}
TURNS = [
    {"role": "system", "content": "rules"},
    {"role": "user", "content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]},
    {"role": "assistant", "content": None, "tool_calls": [CALL, CALL]},
    {"role": "tool", "tool_call_id": "c", "content": "found"},
    {"role": "tool", "tool_call_id": "c", "content": "nothing"},
]


def test_tools_come_first_and_every_part_and_call_is_a_block():
    prompt = read({"model": "m", "messages": TURNS, "tools": [TOOL]})
    assert [one.section for one in prompt.blocks] == ["tools"] + ["messages"] * 7
    assert [place for place, one in enumerate(prompt.blocks) if one.turn_end] == [3, 6, 7]
    assert (prompt.user_text, prompt.results) == ("a\nb", 2)
    assert list(prompt.tools) == ["grep"]


def test_the_newer_limit_wins():
    body = {"model": "m", "messages": TURNS}
    limits = [{}, {"max_tokens": 5}, {"max_tokens": 5, "max_completion_tokens": 7}, {"max_completion_tokens": 0}]
    assert [read({**body, **limit}).max_tokens for limit in limits] == [None, 5, 7, 0]


@pytest.mark.parametrize(("given", "found"), [(True, True), (False, False), (1, False), ("true", False), (None, False)])
def test_a_stream_is_asked_for_by_true_alone(given, found):
    body = {"model": "m", "messages": TURNS, "stream": given, "stream_options": {"include_usage": given}}
    prompt = read(body)
    assert (prompt.stream, prompt.include_usage) == (found, found)


def test_a_breakpoint_is_a_marker_and_no_part_of_the_block():
    part = {"type": "text", "text": "x" * 100}
    marked, bare = (
        read({"model": "m", "messages": [{"role": "user", "content": [one]}]}).blocks[0]
        for one in ({**part, "prompt_cache_breakpoint": {}}, part)
    )
    assert (bool(marked.ttl), bool(bare.ttl)) == (True, False)
    assert marked.data == bare.data


def test_text_completions_are_never_cached_and_keep_their_prompts():
    prompt = read_completion({"model": "m", "prompt": ["a", "b"]})
    assert (len(prompt.blocks), prompt.user_text, dict(prompt.scope)) == (2, "a\nb", {})


@pytest.mark.parametrize(("given", "count"), [("a", 1), (["a", "b"], 2), ([1, 2, 3], 1), ([[1, 2], [3]], 2)])
def test_embeddings_take_texts_and_token_numbers(given, count):
    assert len(read_embedding({"model": "m", "input": given}).blocks) == count


@pytest.mark.parametrize("given", [None, "", [], {}])
def test_an_embedding_of_nothing_is_refused(given):
    with pytest.raises(Refused, match="input"):
        read_embedding({"model": "m", "input": given})
