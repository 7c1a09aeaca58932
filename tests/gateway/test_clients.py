"""Programs by their headers; and that nobody fills our memory with names."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.clients import AGENT_BYTES, VERSION_CHARS, client_of


@pytest.mark.parametrize(
    ("agent", "expected"),
    [
        ("codex_exec/0.169.0 (Debian 12.0.0; x86_64) unknown (codex_exec; 0.169.0)", ("codex", "0.169.0")),
        ("claude-cli/2.1.330 (external, cli)", ("claude-code", "2.1.330")),
        ("claude-code/2.1.330", ("claude-code", "2.1.330")),
        ("opencode/1.18.33 (linux 6.1.0; x64) ai-sdk/provider-utils/4.0.40", ("opencode", "1.18.33")),
        ("GeminiCLI-tui/0.61.0/gemini-3.1-pro-preview (linux; x64)", ("gemini-cli", "0.61.0")),
        ("QwenCode/0.15.10 (linux; x64)", ("qwen-code", "0.15.10")),
        ("RooCode/3.9", ("roo-code", "3.9")),
        ("AsyncOpenAI/Python 3.54.0", ("openai-python", "3.54.0")),
        ("ai-sdk/openai-compatible/3.0.37 runtime/bun/1.3.13", ("ai-sdk", "3.0.37")),
        ("ls/JS 5.23.2", ("continue", "")),
        ("curl", ("curl", "")),
        ("Mozilla/5.0", ("unknown", "")),
        ("", ("unknown", "")),
    ],
)
def test_a_user_agent_names_its_program(agent: str, expected: tuple[str, str]) -> None:
    assert client_of(agent.encode(), b"", False) == expected


def test_originator_goes_before_the_user_agent() -> None:
    assert client_of(b"OpenAI/JS 6.0.0", b"codex_vscode", False) == ("codex", "6.0.0")
    assert client_of(b"OpenAI/JS 6.0.0", b"opencode", False) == ("openai-js", "6.0.0")


def test_copilot_is_known_by_its_initiator_and_keeps_its_library_version_to_itself() -> None:
    assert client_of(b"OpenAI/JS 5.20.1", b"", True) == ("copilot", "")
    assert client_of(b"curl/8.5.0", b"", True) == ("curl", "8.5.0")


def test_what_a_name_has_too_much_of_is_not_looked_at() -> None:
    assert client_of(b"x" * AGENT_BYTES + b"codex", b"", False) == ("unknown", "")
    assert client_of(b"curl/8" + b"1" * 10_000, b"", False) == ("curl", "8" + "1" * (VERSION_CHARS - 1))


@given(st.binary(max_size=300), st.binary(max_size=30), st.booleans())
def test_any_bytes_give_short_printable_names(agent: bytes, originator: bytes, copilot: bool) -> None:
    family, version = client_of(agent, originator, copilot)
    assert family
    assert len(family) <= VERSION_CHARS
    assert len(version) <= VERSION_CHARS
    assert (family + version).isprintable()
    assert (family + version).isascii()
