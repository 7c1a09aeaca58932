"""What of a request is translated, what is refused, and that nothing else gets through to LiteLLM."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.upstream.translate import CHAT, NotTranslatable, decoded, readable, settings, settled, shape_of
from gateway.wire.types import Translate

HI = {"role": "user", "content": "hi"}
TOOL = {"type": "function", "function": {"name": "f", "parameters": {}}}
OURS = {
    "model", "custom_llm_provider", "api_key", "api_base", "num_retries", "max_retries", "drop_params", "extra_headers",
    "_skip_mcp_handler", "_skip_responses_api_bridge",
}  # fmt: skip


def to(dialect="chat", speaks="messages", provider="", stream=False, base="http://h:1/v1"):
    return Translate(dialect, speaks, "m", base, "sk-up", stream, provider)


def test_the_settings_are_ours_alone():
    made = settings(to(), [(b"x-session-id", b"s"), (b"authorization", b"Bearer caller"), (b"anthropic-beta", b"b")])
    assert set(made) == OURS
    assert made["extra_headers"] == {"x-session-id": "s"}
    assert (made["api_key"], made["api_base"]) == ("sk-up", "http://h:1/v1/messages")
    assert settings(to(speaks="chat"), [])["api_base"] == "http://h:1/v1"
    assert settings(to(base="http://h:1/anthropic"), [])["api_base"] == "http://h:1/anthropic/messages"


@given(st.dictionaries(st.text(max_size=12) | st.sampled_from(["base_url", "api_base", "mock_response", "callbacks"]), st.none()))
def test_a_caller_reaches_none_of_litellms_settings(more):
    asked = {**dict.fromkeys(more, "http://elsewhere"), "messages": [HI]}
    for speaks in ("chat", "messages"):
        request = settled(to(speaks=speaks), readable(to(speaks=speaks), asked), asked)
        assert set(request) <= CHAT
        assert not set(request) & OURS


def test_what_the_bridges_add_goes_no_further():
    made = settled(to("responses", "chat"), {"messages": [], "user": "u", "web_search_options": {}, "metadata": {}, "api_base": "x"}, {})
    assert made == {"messages": []}


def test_streams_report_usage():
    assert settled(to(stream=True), {"messages": []}, {})["stream_options"] == {"include_usage": True}
    assert "stream" not in settled(to(), {"messages": [], "stream": True}, {})


def test_a_responses_body_is_known_wherever_it_is_posted():
    assert shape_of(to(), {"input": "hi"}) == "responses"
    assert shape_of(to(), {"input": "hi", "messages": []}) == "chat"
    assert shape_of(to("messages"), {"input": "hi"}) == "messages"


@pytest.mark.parametrize("name", ["previous_response_id", "conversation", "prompt"])
def test_what_another_provider_holds_is_refused(name):
    with pytest.raises(NotTranslatable, match=name):
        readable(to("responses"), {"input": [], name: "resp_1"})


def test_work_in_the_background_is_refused():
    with pytest.raises(NotTranslatable):
        readable(to("responses"), {"input": [], "background": True})


@pytest.mark.parametrize("kind", ["compaction", "compaction_summary", "compaction_trigger", "item_reference"])
def test_conversations_only_their_provider_can_read_are_refused(kind):
    with pytest.raises(NotTranslatable, match=kind):
        readable(to("responses"), {"input": [{"type": kind}]})


def test_a_sealed_summary_in_messages_is_refused():
    with pytest.raises(NotTranslatable):
        readable(to("messages", "chat"), {"messages": [{"role": "assistant", "content": [{"type": "compaction"}]}]})


def test_tools_in_the_input_are_hoisted_and_hosted_ones_left_out():
    items = [{"type": "additional_tools", "tools": [{"type": "namespace", "name": "fs"}]}, {"type": "web_search_call"}, HI]
    made = readable(to("responses"), {"input": items, "tools": [{"type": "web_search"}, {"type": "custom", "name": "p"}]})
    assert [tool["type"] for tool in made["tools"]] == ["custom", "namespace"]
    assert made["input"] == [HI]


@pytest.mark.parametrize(
    ("choice", "made"),
    [
        ("required", "required"),
        ({"type": "custom", "name": "p"}, {"type": "function", "name": "p"}),
        ({"type": "web_search"}, "auto"),
        ({"type": "allowed_tools", "tools": []}, "auto"),
    ],
)
def test_a_choice_of_tools(choice, made):
    tools = [{"type": "custom", "name": "p"}]
    assert readable(to("responses"), {"input": [], "tools": tools, "tool_choice": choice})["tool_choice"] == made


def test_no_choice_among_no_tools():
    made = readable(to("messages", "chat"), {"messages": [], "tools": [{"type": "web_search_20250305"}], "tool_choice": {"type": "any"}})
    assert "tools" not in made
    assert "tool_choice" not in made


def test_the_billing_block_stays_behind():
    system = [{"type": "text", "text": "x-anthropic-billing-header: a=b"}, {"type": "text", "text": "Be kind."}]
    assert readable(to("messages", "chat"), {"messages": [], "system": system})["system"] == system[1:]
    assert readable(to("messages", "chat"), {"messages": [], "system": system[1:]})["system"] == system[1:]


def test_signed_thinking_stays_and_unsigned_goes_back():
    blocks = [{"type": "thinking", "thinking": "a", "signature": "s"}, {"type": "thinking", "thinking": "b", "signature": ""},
              {"type": "redacted_thinking", "data": "d"}, {"type": "server_tool_use"}, {"type": "text", "text": "t"}]  # fmt: skip
    made = readable(to("messages", "chat"), {"messages": [{"role": "assistant", "content": blocks}, HI]})
    assert made["messages"] == [{"role": "assistant", "content": [blocks[1], blocks[4]]}, HI]


def test_marks_only_anthropic_reads_are_taken_off_for_others():
    mark = {"cache_control": {"type": "ephemeral"}}
    chat = {
        "messages": [
            {"role": "user", "content": [{"type": "text", "text": "t", **mark}], **mark},
            {"role": "assistant", "tool_calls": [{"id": "a", "index": 0}], "thinking_blocks": [], "reasoning_content": "r"},
        ],
        "tools": [{**TOOL, **mark}],
        "thinking": {"type": "adaptive"},
    }
    made = settled(to("messages", "chat"), chat, {})
    assert "cache_control" not in json.dumps(made)
    assert made["messages"][1] == {"role": "assistant", "tool_calls": [{"id": "a"}], "reasoning_content": "r"}
    assert "thinking" not in made
    assert "reasoning_content" not in settled(to("messages", "chat", "openai"), chat, {})["messages"][1]
    assert settled(to("chat", "messages"), chat, {})["messages"] == chat["messages"]


def test_arguments_a_model_got_wrong_do_not_end_a_thread_at_anthropic():
    calls = [{"id": "a", "function": {"name": "f", "arguments": "*** Begin"}}, {"id": "b", "function": {"name": "f"}}]
    made = settled(to("responses", "messages"), {"messages": [HI, {"role": "assistant", "tool_calls": calls}]}, {})
    assert made["messages"][1]["tool_calls"] == [{"id": "a", "function": {"name": "f", "arguments": '{"input":"*** Begin"}'}}, calls[1]]


@pytest.mark.parametrize(
    ("provider", "given", "made"),
    [("vllm", "max", "high"), ("vllm", {"effort": "xhigh", "summary": "auto"}, "high"), ("vllm", "low", "low"), ("openai", "xhigh", "xhigh")],
)
def test_efforts(provider, given, made):
    assert settled(to("messages", "chat", provider), {"messages": [], "reasoning_effort": given}, {})["reasoning_effort"] == made


def test_cache_keys_go_to_openai_alone():
    asked = {"prompt_cache_key": "k"}
    assert settled(to("responses", "chat", "openai"), {"messages": []}, asked)["prompt_cache_key"] == "k"
    assert "prompt_cache_key" not in settled(to("responses", "chat", "vllm"), {"messages": []}, asked)


@pytest.mark.parametrize("part", [
    {"type": "image_url", "image_url": {"url": "http://169.254.169.254/latest"}},
    {"type": "image_url", "image_url": "HTTP://h/x.png"},
    {"type": "file", "file": {"file_data": " http://h/x.pdf"}},
])  # fmt: skip
def test_litellm_is_sent_to_fetch_nothing(part):
    with pytest.raises(NotTranslatable):
        readable(to(), {"messages": [{"role": "user", "content": [part]}]})
    assert readable(to("chat", "chat"), {"messages": [{"role": "user", "content": [part]}]})


def test_a_body_is_plain_values():
    assert decoded(b'{"model": "m", "n": 1.5}') == {"model": "m", "n": 1.5}
