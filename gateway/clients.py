"""Which program asks: its family and version, from the headers it gives itself away by."""

from functools import lru_cache

AGENT_BYTES = 200
"""Of a user agent; what is longer is no name, and the memory of names stays small."""
VERSION_CHARS = 40

_FAMILIES = (
    ("codex", "codex"),
    ("claude-cli", "claude-code"),
    ("claude-code", "claude-code"),
    ("opencode", "opencode"),
    ("qwencode", "qwen-code"),
    ("geminicli", "gemini-cli"),
    ("roocode", "roo-code"),
    ("crush", "crush"),
    ("aider", "aider"),
    ("openai/python", "openai-python"),
    ("asyncopenai/python", "openai-python"),
    ("openai/js", "openai-js"),
    ("anthropic/python", "anthropic-python"),
    ("asyncanthropic/python", "anthropic-python"),
    ("anthropic/js", "anthropic-js"),
    ("ai-sdk", "ai-sdk"),
    ("curl", "curl"),
    ("python-httpx", "python-httpx"),
    ("python-requests", "python-requests"),
)
"""How a user agent begins, in lower case, and whose it is. As recorded from the programs of November 2026."""
_UNDER_A_LIBRARY = (("ls/js", "continue"),)
"""Programs whose user agent is that of a library they bundle: its version is not theirs. Continue's bundler renames the
library's class to `ls`; should it choose another name, Continue becomes `unknown`, and nothing else changes."""


@lru_cache(maxsize=1024)
def _client_of(agent: bytes, originator: bytes, copilot: bool) -> tuple[str, str]:
    said = agent.decode("latin-1")
    lowered = said.lower()
    if originator.startswith(b"codex"):
        return "codex", _version(said)
    if copilot and lowered.startswith("openai/js"):
        return "copilot", ""
    for start, family in _UNDER_A_LIBRARY:
        if lowered.startswith(start):
            return family, ""
    for start, family in _FAMILIES:
        if lowered.startswith(start):
            return family, _version(said)
    return "unknown", ""


def client_of(agent: bytes, originator: bytes, copilot: bool) -> tuple[str, str]:
    """Family and version by user agent and `originator`, `unknown` and empty where they are none we know.

    `copilot` says that `x-initiator` was sent: Copilot has no user agent of its own. Remembered because the same few
    come with every request; the memory is bounded, in number and in length, because anybody may send anything.
    """
    return _client_of(agent[:AGENT_BYTES], originator[:5], copilot)


def is_attended(agent: bytes, originator: bytes) -> bool:
    """Whether a person may sit before the program: `codex exec` and `claude -p` say that a script runs them."""
    return originator != b"codex_exec" and b"sdk-cli" not in agent[:AGENT_BYTES]


def _version(agent: str) -> str:
    """The first word that looks like a version: `codex_exec/0.169.0 (…)`, `OpenAI/Python 3.54.0`."""
    for part in agent.replace("/", " ").split(" ")[1:4]:
        if part[:1].isdecimal() and part.isascii() and part.isprintable():
            return part[:VERSION_CHARS]
    return ""
