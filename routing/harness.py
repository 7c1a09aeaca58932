"""The trade of whoever asks, told by what it is equipped with: offered tools, system prompt, client.

An agent that can edit files was not opened to chat, and one that can query a database answers with queries. Both say less
about a turn than the turn's own words do: people ask their coding agents for letters, too.
"""

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Literal

from routing.types import Evidence, Signals

Trade = Literal["code", "data", "other"]

CODING_CLIENTS = frozenset(
    ("codex", "claude-code", "opencode", "aider", "qwen-code", "gemini-cli", "roo-code", "crush", "copilot", "continue")
)
"""Programs whose only trade is code; what they compact is a coding session."""
CODING_TOOLS_MIN = 2
"""One tool that reads a file may belong to any assistant; two of the kind, or one beside instructions that speak of code,
belong to a programmer's."""

ALONE = 2.2
"""Weight of coding tools where the turn's words say nothing either way."""
BESIDE = 0.5
"""Their weight beside words that say something."""
SHELL_ALONE = 1.2
"""One tool of the kind: a shell and little else."""
INTERPRETER = 1.4
"""A tool that runs programs, beside which no file is edited: figures are worked out with it."""
DATA = 2.6
"""Tools or instructions to query a database."""
OTHER = -1.6
"""Tools of which none works on code: calendars, shops, searches."""
PROMPT = 0.7
FULL = {
    "coding_tools": ALONE, "shell_tool": SHELL_ALONE, "interpreter_tool": INTERPRETER,
    "data_tools": DATA, "data_prompt": DATA, "other_tools": OTHER, "coding_prompt": PROMPT,
}  # fmt: skip
"""What each says at most, by name. Whether a tool's result is newest says nothing: an agent's steps are one task, and a
verdict that changed between them would throw away its prompt cache."""

PROMPTS_CACHED = 256
"""Heads of instructions whose trade is remembered: a house has a few dozen of 600 characters each."""
NAMES_CACHED = 4096
"""Tool names whose trade is remembered: a company's agents offer a few hundred, and anybody may send anything."""

_CODING_TOOL = re.compile(
    r"bash|shell|^(?:z|k|fi)?sh$|exec|terminal|command|edit|patch|str_replace|grep|glob|notebook|^write$"
    r"|(?:^|_)(?:read|write|run|create|list|search|view|open|delete)_?(?:to_)?(?:file|code|repo|dir|test)"
    r"|^(?:read|ls|run|python)$|svg|html|mermaid|plantuml|latex",
    re.IGNORECASE,
)
_SHELL_TOOL = re.compile(
    r"bash|shell|^(?:z|k|fi)?sh$|terminal|^(?:exec|execute|run)(?:_?(?:command|cmd))?$|ssh",
    re.IGNORECASE,
)
_INTERPRETER_TOOL = re.compile(
    r"python|interpreter|jupyter|notebook|(?:run|execute|exec)_?(?:code|cells?)|code_?exec|^repl$",
    re.IGNORECASE,
)
_DATA_TOOL = re.compile(
    r"(?:^|[_.-])(?:(?:my|ms|p|t)?sql(?:ite)?|pg|clickhouse|duckdb|warehouse|athena|trino)(?:$|[_.-])"
    r"|bigquery|snowflake|postgres|redshift|databricks|(?:execute|run|read|db|data)_query|(?:execute|run)_(?:statement|select)"
    r"|^query(?:_(?:db|database|data|table|tables))?$|(?:describe|list|get|show|inspect)_?(?:table|schema|column)s?$|^schema(?:$|_)",
    re.IGNORECASE,
)
_DATA_PROMPT = (
    "sql", "data agent", "query the database", "database schema", "query it", "warehouse", "the database",
)  # fmt: skip
_CODING_PROMPT = (
    "coding agent", "coding assistant", "software engineer", "software develop", "expert developer", "senior developer",
    "programmer", "a developer", "java developer", "web developer", "stack developer", "backend", "frontend", "codebase",
    "repositor", "code review", "codex", "claude code", "programming assistant",
)  # fmt: skip
"""Pieces of lower-case text."""


def is_coding(signals: Signals, client: str) -> bool:
    """Whether the request comes from a programmer's agent."""
    if client in CODING_CLIENTS:
        return True
    of_code = [trade(name) for name in signals.tool_names].count("code")
    return of_code >= CODING_TOOLS_MIN or (of_code > 0 and prompts(signals.system_text)[1])


@lru_cache(maxsize=PROMPTS_CACHED)
def prompts(system: str) -> tuple[bool, bool]:
    """Whether instructions speak of queries, and whether they make a programmer of the model."""
    prompt = system.lower()
    return any(piece in prompt for piece in _DATA_PROMPT), any(piece in prompt for piece in _CODING_PROMPT)


@lru_cache(maxsize=NAMES_CACHED)
def trade(tool: str) -> Trade:
    """What a tool of this name is for."""
    if _DATA_TOOL.search(tool):
        return "data"
    return "code" if _CODING_TOOL.search(tool) else "other"


@lru_cache(maxsize=NAMES_CACHED)
def runner(tool: str) -> Literal["shell", "program", ""]:
    """What a tool of this name runs: commands, programs, or neither."""
    if _SHELL_TOOL.search(tool):
        return "shell"
    return "program" if _INTERPRETER_TOOL.search(tool) else ""


def harness(signals: Signals, client: str, silent: bool) -> Iterator[Evidence]:
    """What the equipment says. `silent`: the turn's own words say nothing either way."""
    if not (signals.tool_names or signals.system_text or signals.queries or client in CODING_CLIENTS):
        return
    of_data, of_code = prompts(signals.system_text)
    trades = {trade(name) for name in signals.tool_names}
    coding = is_coding(signals, client)
    if signals.queries and not coding:
        trades = trades - {"other"} | {"data"}
    if "data" in trades:
        yield Evidence(name="data_tools", weight=DATA, detail=f"{signals.tools} tools, one of them queries a database")
    elif of_data:
        yield Evidence(name="data_prompt", weight=DATA, detail="the system prompt speaks of queries")
    if coding:
        yield Evidence(name="coding_tools", weight=ALONE if silent else BESIDE, detail=f"{signals.tools} tools of {client}")
    elif "code" in trades and "shell" in set(map(runner, signals.tool_names)):
        yield Evidence(name="shell_tool", weight=SHELL_ALONE, detail=f"{signals.tools} tools, one of them a shell")
    elif trades and "program" in set(map(runner, signals.tool_names)):
        yield Evidence(name="interpreter_tool", weight=INTERPRETER, detail=f"{signals.tools} tools, one runs programs")
    elif trades == {"other"}:
        yield Evidence(name="other_tools", weight=OTHER, detail=f"{signals.tools} tools, none for code")
    if of_code:
        yield Evidence(name="coding_prompt", weight=PROMPT, detail="the system prompt speaks of code")
