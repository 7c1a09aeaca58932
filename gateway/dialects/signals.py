"""What the classifier may see of a request: bounded excerpts of the newest turns, the tools' names, a few facts.

One array is split, then it is read from its end, and only as far as the newest turns go. Agents wrap what a person wrote in
reminders and environment facts; those are no words of a person and are left out.
"""

from collections.abc import Iterator, Mapping, Sequence

import msgspec
from msgspec import Raw, Struct

from gateway.dialects.ask import Ask, items, members, opening, text
from gateway.dialects.excerpt import excerpt, said
from routing.types import Signals

TURN_HEAD = 1200
TURN_TAIL = 600
"""Characters of the newest turn: a task stands at its beginning or its end, whatever was pasted in between."""
PREVIOUS_MAX = 300
"""Of what a person said before, and of the answer: twice as much changed hardly a verdict, and all of it is scored."""
SYSTEM_MAX = 600
TOOLS_MAX = 64
DEFINITIONS_MAX, DEFINITION_HEAD = 8, 800
"""Tools whose definitions are looked into, and bytes of each: who has one trade has few tools, and says it first."""
TURNS_LOOKED_AT = 40
"""Turns from the end that are opened: an agent's newest answer may come with as many tool results."""
PARTS_MAX = 32
"""Parts of one turn that are looked at, from its end."""
FAR_LOOKED_AT = 400
"""Turns before those that are opened only if they look like a person's: long work of an agent lies after what was asked."""
FAR_GLANCE = 120
"""Bytes at either end of a far turn where its role stands."""

_MESSAGE_TYPES = frozenset(("", "message"))
_RESULT_TYPES = frozenset(
    ("function_call_output", "custom_tool_call_output", "local_shell_call_output", "shell_call_output",
     "computer_call_output", "apply_patch_call_output", "mcp_call_output")
)  # fmt: skip
_IMAGE_TYPES = frozenset(("image", "image_url", "input_image", "computer_screenshot"))
_AUDIO_TYPES = frozenset(("input_audio", "audio"))


class _Turn(Struct):
    """One message or input item; content and output stay raw."""

    role: Raw = Raw(b'""')
    type: Raw = Raw(b'""')
    content: Raw = Raw(b"null")
    output: Raw = Raw(b"null")


class _Part(Struct):
    type: Raw = Raw(b'""')
    text: Raw = Raw(b'""')
    content: Raw = Raw(b"null")


_turn = msgspec.json.Decoder(_Turn)
_part = msgspec.json.Decoder(_Part)
_EMPTY = Raw(b'""')
_LIST = Raw(b"[]")


class _Newest(Struct):
    """What was found while reading from the end."""

    text: str = ""
    role: str = ""
    image: bool = False
    audio: bool = False
    previous: str = ""


def signals(ask: Ask, turns: Sequence[Raw] = ()) -> Signals:
    """The signals of a request in any dialect; whatever is malformed counts as absent.

    `turns` are the elements of `messages` or `input` where they have been split already.
    """
    fields = ask.fields
    turns = turns or _turns(ask)
    newest = _read_newest(turns)
    offered = _offered(fields, turns)
    names, count = _named(offered)
    return Signals(
        turn_text=newest.text,
        previous_text=newest.previous,
        system_text=_system(fields, turns),
        tool_names=names,
        tools=count,
        queries=any(b"SQL" in opening(tool, DEFINITION_HEAD) for tool in offered[:DEFINITIONS_MAX]),
        image=newest.image,
        audio=newest.audio,
        structured=wants_structure(fields),
        newest_role=newest.role,
        turns=len(turns),
        size=len(ask.body),
    )


def _turns(ask: Ask) -> Sequence[Raw]:
    raw = ask.fields.get("input" if ask.dialect == "responses" else "messages")
    if raw is None:
        raw = ask.fields.get("prompt") or ask.fields.get("input")
    if raw is None:
        return ()
    return (raw,) if opening(raw) == b'"' else items(raw)


def _read_newest(turns: Sequence[Raw]) -> _Newest:
    """The newest turn is all that came after the assistant spoke last; the text is the last a person wrote."""
    found = _Newest()
    answered = False
    for raw in _from_the_end(turns):
        role, content = _opened(raw)
        if role in ("system", ""):
            continue
        found.role = found.role or role
        if role == "assistant":
            answered = True
            if found.text and not found.previous:
                found.previous = _plain(content, PREVIOUS_MAX)
            continue
        if not answered:
            _look_for_media(content, found)
        if role != "user":
            continue
        words = _plain(content, TURN_HEAD + TURN_TAIL)
        if not words:
            continue
        if found.text:
            found.previous = f"{words[:PREVIOUS_MAX]}\n{found.previous}"
            break
        found.text = words
    return found


def _from_the_end(turns: Sequence[Raw]) -> Iterator[Raw]:
    """The newest turns, then of those before them the ones that may be a person's."""
    near = max(0, len(turns) - TURNS_LOOKED_AT)
    yield from reversed(turns[near:])
    for raw in reversed(turns[max(0, near - FAR_LOOKED_AT) : near]):
        view = memoryview(raw)
        if b'"user"' in bytes(view[:FAR_GLANCE]) or b'"user"' in bytes(view[-FAR_GLANCE:]):
            yield raw


def _opened(raw: Raw) -> tuple[str, Raw]:
    """Who speaks in a turn (`user`, `tool`, `assistant`, `system`, or nobody), and what."""
    if opening(raw) == b'"':
        return "user", raw
    try:
        turn = _turn.decode(raw)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return "", Raw(b"null")
    kind = text(turn.type)
    if kind in _RESULT_TYPES:
        return "tool", turn.output
    if kind not in _MESSAGE_TYPES:
        return ("assistant" if kind.endswith(("_call", "reasoning")) else ""), Raw(b"null")
    role = text(turn.role)
    if role == "developer":
        role = "system"
    if role == "function":
        role = "tool"
    if role == "user" and _is_result_only(turn.content):
        return "tool", turn.content
    return (role if role in ("user", "tool", "assistant", "system") else ""), turn.content


def _is_result_only(content: Raw) -> bool:
    """Anthropic sends tool results as the user's; a turn with nothing else is the tool's."""
    parts = list(_parts(content))
    return bool(parts) and all(text(part.type) == "tool_result" or _is_wrapping(part) for part in parts)


def _is_wrapping(part: _Part) -> bool:
    return text(part.type) == "text" and not said(excerpt(part.text))


def _parts(content: Raw) -> Iterator[_Part]:
    """The parts of a turn's content; a screenshot of a computer comes as one part without a list."""
    first = opening(content)
    if first not in (b"[", b"{"):
        return
    for raw in items(content)[-PARTS_MAX:] if first == b"[" else (content,):
        try:
            yield _part.decode(raw)
        except (msgspec.DecodeError, UnicodeError, RecursionError):
            continue


def _plain(content: Raw, limit: int) -> str:
    """The words of a turn, head and tail of them, without what an agent wrapped around."""
    texts = [content] if opening(content) == b'"' else [part.text for part in _parts(content)]
    words = "\n".join(filter(None, (said(excerpt(each)) for each in texts)))
    if len(words) <= limit:
        return words
    head = limit * TURN_HEAD // (TURN_HEAD + TURN_TAIL)
    return f"{words[:head]}\n{words[head - limit + 1 :]}"


def _look_for_media(content: Raw, found: _Newest) -> None:
    for part in _parts(content):
        kind = text(part.type)
        if kind in _IMAGE_TYPES:
            found.image = True
        elif kind in _AUDIO_TYPES:
            found.audio = True
        elif kind == "tool_result":
            _look_for_media(part.content, found)


def _system(fields: Mapping[str, Raw], turns: Sequence[Raw]) -> str:
    """The head of the instructions: their own member, else the first turns that are not a person's."""
    for name in ("instructions", "system"):
        raw = fields.get(name)
        if raw is not None and (found := _head(raw)):
            return found
    for raw in turns[:3]:
        role, content = _opened(raw)
        if role == "system" and (found := _head(content)):
            return found
    return ""


def _head(content: Raw) -> str:
    if opening(content) == b'"':
        return excerpt(content)[:SYSTEM_MAX]
    texts = (excerpt(part.text) for part in _parts(content))
    return "\n".join(each[:SYSTEM_MAX] for each in texts if not each.startswith("x-anthropic-billing"))[:SYSTEM_MAX]


def _offered(fields: Mapping[str, Raw], turns: Sequence[Raw]) -> list[Raw]:
    """Definitions of the offered tools: at the top, in `functions`, or inside `additional_tools`."""
    raws = [fields[name] for name in ("tools", "functions") if name in fields]
    raws += [members(raw).get("tools", _LIST) for raw in turns[:2] if b'"additional_tools"' in opening(raw, 120)]
    return [tool for raw in raws for tool in items(raw)]


def _named(offered: Sequence[Raw]) -> tuple[tuple[str, ...], int]:
    """Their names, and how many there are."""
    names: list[str] = []
    count = sum(_name_tools(tool, names, nested=True) for tool in offered)
    return tuple(names), count


def _name_tools(raw: Raw, names: list[str], nested: bool) -> int:
    """Add the names of one tool, or of all in a namespace; how many there were."""
    if len(names) >= TOOLS_MAX:
        return 1
    tool = members(raw)
    if nested and text(tool.get("type", _EMPTY)) == "namespace":
        return sum(_name_tools(inner, names, nested=False) for inner in items(tool.get("tools", _LIST)))
    name = text(tool.get("name", _EMPTY))
    if not name and ("function" in tool or "custom" in tool):
        name = text(members(tool.get("function") or tool["custom"]).get("name", _EMPTY))
    names.append((name or text(tool.get("type", _EMPTY)))[:100])
    return 1


def wants_structure(fields: Mapping[str, Raw]) -> bool:
    """Whether the answer must follow a schema: `response_format`, `text.format`, `output_config.format`."""
    for name, inner in (("response_format", ""), ("text", "format"), ("output_config", "format")):
        raw = fields.get(name)
        if raw is None:
            continue
        form = members(raw)
        if inner:
            form = members(form.get(inner, Raw(b"{}")))
        if text(form.get("type", _EMPTY)) in ("json_schema", "json_object"):
            return True
    return False
