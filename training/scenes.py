"""A turn becomes a request: with or without instructions, tools and a past, none of which tells the label.

Who trains on prose without tools and code with them learns to look at the tools. So the same turns are put into every
harness in every language, and only what a turn inherits from its past depends on that past.
"""

import random
from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from training.answers import answers

SYSTEMS = (
    "You are a helpful assistant.",
    "Be brief and friendly. Use the language of whoever writes.",
    "You are the assistant of a mid-sized company. Help employees with whatever they ask.",
    "Today is Thursday. The user has premium support.",
    "You help people get their things done.",
    "You speak like a calm teacher and never mention that you are a model.",
)
CODING_SYSTEMS = (
    "You are a coding agent that works in the user's terminal. Read files before you change them.",
    "You are an experienced software engineer. Follow the conventions of the repository you find.",
    "You are a pair programmer inside an editor. Keep changes small.",
    "You work in a sandbox with a checkout of the codebase; use the tools, then report briefly.",
)
OTHER_SYSTEMS = (
    "You are the concierge of a travel agency. Use the tools to look up flights and hotels.",
    "You answer questions of shop customers about their orders.",
    "You are a personal assistant with access to calendar and mail.",
    "You use a web browser for the user.",
    "You answer from the documents of the company.",
)
CODING_TOOLS = (
    ("bash", "read_file", "edit_file", "grep"),
    ("shell", "apply_patch"),
    ("run_shell", "read_file", "write_file", "list_dir"),
    ("Bash", "Read", "Edit", "Write", "Glob", "Grep", "Task"),
    ("web_search", "read_file", "run_command"),
    ("execute_command", "search_files", "replace_in_file"),
)
OTHER_TOOLS = (
    ("get_weather", "search_flights", "book_hotel"),
    ("lookup_order", "refund_order"),
    ("calendar_create", "mail_send", "contacts_search"),
    ("web_search",),
    ("get_stock_price", "convert_currency"),
    ("play_music", "set_timer", "turn_on_light"),
    ("browser_open", "browser_click", "browser_read"),
    ("find_customer", "create_ticket", "search_articles"),
    ("search_documents",),
)
DIALECTS = ("chat", "chat", "responses", "messages")
CODING_SHARE = {True: 0.35, False: 0.15}
"""Programmers' agents are asked for code more often than for letters, but for letters, too."""
OTHER_TOOLS_SHARE, SYSTEM_SHARE, HISTORY_SHARE = 0.2, 0.45, 0.3
CODE_AMONG_OTHER_TOOLS = 0.15
"""Somebody asks a travel agent for code now and then; a developer asks the support of a product about its API."""


class Scene(Struct, frozen=True):
    """What a turn stands in."""

    system: str = ""
    tools: tuple[str, ...] = ()
    past: tuple[tuple[str, str], ...] = ()
    """Role and text."""


def scene(
    code: bool, dice: random.Random, code_turn: str, other_turn: str, past_code: bool | None = None, language: str = "en"
) -> Scene:
    """A scene by chance. `past_code` says what the conversation was about before, where that matters."""
    tools: tuple[str, ...] = ()
    throw = dice.random()
    if throw < CODING_SHARE[code]:
        tools = dice.choice(CODING_TOOLS)
    elif throw < CODING_SHARE[code] + OTHER_TOOLS_SHARE and (not code or dice.random() < CODE_AMONG_OTHER_TOOLS):
        tools = dice.choice(OTHER_TOOLS)
    system = ""
    if dice.random() < SYSTEM_SHARE:
        fitting = OTHER_SYSTEMS if tools in OTHER_TOOLS else CODING_SYSTEMS if dice.random() < 2 * CODING_SHARE[code] else ()
        system = dice.choice(SYSTEMS + fitting)
    past: tuple[tuple[str, str], ...] = ()
    if past_code is not None or dice.random() < HISTORY_SHARE:
        about_code = dice.random() < 0.5 if past_code is None else past_code
        answer = dice.choice(answers(language, about_code))
        past = (("user", code_turn if about_code else other_turn), ("assistant", answer))
    return Scene(system=system, tools=tools, past=past)


def request(turn: str, setting: Scene, dialect: str) -> dict[str, Any]:
    """The body of a request in one of the dialects."""
    turns = [*({"role": role, "content": text} for role, text in setting.past), {"role": "user", "content": turn}]
    body: dict[str, Any] = {"model": "auto"}
    if dialect == "responses":
        body["input"] = turns
        if setting.system:
            body["instructions"] = setting.system
    else:
        body["messages"] = turns
        if dialect == "messages":
            body["max_tokens"] = 1024
            if setting.system:
                body["system"] = setting.system
        elif setting.system:
            turns.insert(0, {"role": "system", "content": setting.system})
    if setting.tools:
        body["tools"] = [_tool(name, dialect) for name in setting.tools]
    return body


def _tool(name: str, dialect: str) -> Mapping[str, Any]:
    schema = {"type": "object", "properties": {"value": {"type": "string"}}}
    if dialect == "messages":
        return {"name": name, "input_schema": schema}
    if dialect == "responses":
        return {"type": "function", "name": name, "parameters": schema}
    return {"type": "function", "function": {"name": name, "parameters": schema}}
