"""The simulator's way to count can be recounted by hand."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.simulator.tokens import IMAGE_TOKENS, count_text, has_image, render, tokens_in

IMAGE = {"type": "image", "source": {"data": "AAAA" * 5000}}


@pytest.mark.parametrize(("text", "tokens"), [("", 0), ("a", 1), ("four", 1), ("fours", 2), ("é", 1), ("éé!", 2), ("🚂", 1)])
def test_four_bytes_are_a_token(text, tokens):
    assert count_text(text) == tokens


def test_a_block_is_a_frame_and_its_json():
    json = b'{"type":"text","text":"hello"}'
    assert render("hello", "user") == b"usr " + json + b"  "
    assert tokens_in(render("hello", "user")) == 1 + -(-len(json) // 4)


@given(st.text(st.characters(exclude_categories=("Cs",)), max_size=50), st.sampled_from(("user", "assistant", "system", "x")))
def test_a_rendered_block_is_whole_tokens(text, role):
    assert len(render(text, role)) % 4 == 0
    assert render(text, role) == render({"type": "text", "text": text}, role)


def test_roles_are_told_apart():
    assert render("hello", "user") != render("hello", "assistant")


@pytest.mark.parametrize("member", ["cache_control", "prompt_cache_breakpoint", "id", "status"])
def test_what_no_model_reads_is_not_counted(member):
    bare = {"type": "text", "text": "hello"}
    assert render({**bare, member: {"a": 1}}, "user") == render(bare, "user")


def test_the_order_of_keys_counts():
    assert render({"a": 1, "b": 2}) != render({"b": 2, "a": 1})


@pytest.mark.parametrize("kind", ["image", "input_image", "image_url"])
def test_an_image_has_its_price_whatever_its_bytes(kind):
    small, large = {"type": kind, "data": "A"}, {"type": kind, "data": "A" * 100_000}
    assert tokens_in(render(small)) == tokens_in(render(large)) == IMAGE_TOKENS + 1
    assert render(small) != render(large)


def test_an_image_inside_a_tool_result_is_one_too():
    result = {"type": "tool_result", "tool_use_id": "t", "content": [{"type": "text", "text": "see"}, IMAGE]}
    assert has_image(result)
    assert IMAGE_TOKENS < tokens_in(render(result)) < IMAGE_TOKENS + 50


@pytest.mark.parametrize("block", ["text", None, 4, {"type": []}, {"type": "text"}, {"content": "image"}, {"content": [["image"]]}])
def test_what_is_none_is_none(block):
    assert not has_image(block)
