"""Words out of raw JSON strings: both ends of a long one, and what a person said without what an agent wrapped around.

Nothing here raises: what cannot be read is empty.
"""

import json
import re

from msgspec import Raw

from gateway.dialects.ask import text

EXCERPT_BYTES = 16_384
"""Of either end of a long text: what is kept of it fits in, even if every character is an escaped pair of surrogates."""
CUT_MAX = 12
"""Bytes of the longest thing a cut can split: an escaped pair."""

_WRAPPED = re.compile(
    r"\s*(?:<(?:system-reminder|environment_context|user_instructions|permissions instructions|turn_aborted"
    r"|local-command-caveat|command-name|command-message|command-args|local-command-stdout|collaboration_mode"
    r"|skills_instructions|apps_instructions|plugins_instructions|available-deferred-tools|additional_context"
    r"|user_shell_command|environment_details|environment_info|workspace_info|reminderInstructions)\b"
    r"|\[[a-z_]+ for '[^\n]{0,400}'\] Result:"
    r"|# AGENTS\.md instructions|# Environment\n|This is the Qwen Code\b|The following deferred tools are"
    r"|Another language model started to solve this|This session is being continued from a previous)"
)
"""How texts begin that an agent put into a person's turn (recorded: Codex 0.169, Claude Code 2.1.330, Qwen Code 0.15; from
public transcripts: VS Code, Cline, Roo Code)."""
_AMONG = re.compile(r"<(userRequest|USER_REQUEST|user_request|user_query)>")
"""What opens a person's words among what an editor attaches, looked for only in what begins with a tag (public transcripts
of VS Code, Antigravity, Cursor)."""
_FIRST = re.compile(r"\s*<(task|feedback|answer)>")
"""The same of Cline and Roo Code: common names, so they count only where they stand first."""
_BEFORE = re.compile(r"\s*<(system-reminder|environment_context|user_instructions|current_datetime)>[\s\S]*?</\1>\s*")
"""Whole wrapping that some clients put before a person's words within one text."""
_AFTER = re.compile(r"\s*(?:To suggest changes to a file you MUST|# \*SEARCH/REPLACE block\* Rules)\b[\s\S]*\Z")
"""What Aider puts behind a person's words as its recordings show, looked for only where it shouts."""
WRAPPINGS_MAX = 8


def excerpt(raw: Raw) -> str:
    """The value of a raw JSON string, of a long one both ends."""
    if len(raw) <= 2 * EXCERPT_BYTES:
        return _lossy(bytes(raw))
    view = memoryview(raw)
    return f"{_head(bytes(view[:EXCERPT_BYTES]))}\n{_tail(bytes(view[-EXCERPT_BYTES:]))}"


def said(words: str) -> str:
    """What a person said in a text; nothing where all of it is an agent's wrapping."""
    for _ in range(WRAPPINGS_MAX):
        before = _BEFORE.match(words)
        if before is None:
            break
        words = words[before.end() :]
    if " MUST " in words:
        words = _AFTER.sub("", words)
    if words.lstrip()[:1] == "<":
        words = _inside(words)
    return "" if _WRAPPED.match(words) else words.strip()


def _inside(words: str) -> str:
    """A person's words out of the tag that an editor put around them; all where there is none."""
    opened = _FIRST.match(words) or _AMONG.search(words)
    closed = words.find(f"</{opened[1]}>", opened.end()) if opened else -1
    return words[opened.end() : closed] if opened and closed >= 0 else words


def _head(data: bytes) -> str:
    """The beginning of a JSON string that was cut off anywhere, inside an escape or a character perhaps."""
    return next(filter(None, (_lossy(data[: len(data) - cut] + b'"') for cut in range(CUT_MAX))), "")


def _tail(data: bytes) -> str:
    """The end of a JSON string whose beginning was cut off."""
    return next(filter(None, (_lossy(b'"' + data[cut:]) for cut in range(CUT_MAX))), "")


def _lossy(data: bytes) -> str:
    """The value of a JSON string; halves of surrogate pairs, which clients make by cutting texts, become `?`."""
    found = text(Raw(data))
    if found or b"\\u" not in data:
        return found
    try:
        value = json.loads(data)
    except (ValueError, RecursionError):
        return ""
    return value.encode("utf-8", "replace").decode() if isinstance(value, str) else ""
