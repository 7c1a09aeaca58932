"""Recognises a prompt by its prefix: one hash chain over the raw bytes a provider's prompt cache would look at.

Providers cache prefixes, so the only question is how far two prompts agree from the start. The chain answers it with
one digest per place where a prompt can end: after the tools, after the system prompt, after every message. Two requests
that share a digest share everything before it.

The hash is XXH3 with 128 bits, keyed with a secret seed and with the team mixed in first. A cryptographic hash would
cost ten times as much per request and protect nothing here: a digest never decides who may read what, it only says
whether a cache is probably warm. Whoever forged a collision would have to know the seed, could do it only within one
team, and would win a wrong estimate of that team's own bill.

Bytes are hashed as the client sent them. Three things move from turn to turn although the prompt stays the same, and
are taken out first, textually, so that what is left equals the bytes of the turn without them: cache markers, Codex's
per-message bookkeeping, and Claude Code's billing block. Where there is nothing to take out, no turn is copied.
"""

import re
from collections.abc import Mapping, Sequence
from itertools import accumulate
from typing import Literal

import msgspec
from msgspec import Raw, Struct
from xxhash import xxh3_128, xxh3_128_digest

from cache.beside import goes_on, settings_of
from cache.types import Left

Dialect = Literal["chat", "responses", "messages"]
Bytes = bytes | Raw

PREAMBLE = 2
"""Boundaries before the first turn: after the tools and after the system prompt, present or not."""
FIRST_TURN_WITHIN = 50
"""How many items are searched for the first turn by a person; agents put at most a handful before it."""
LEADING_MAX = 4
"""Turns that instruct before a conversation begins: Codex puts its tools there, and two or three items."""
_INSTRUCTS = (b'"role":"system"', b'"role": "system"', b'"role":"developer"', b'"role": "developer"')
_SPEAKS = (b'{"role":"user"', b'{"role": "user"', b'{"role":"assistant"', b'{"role": "assistant"', b'{"role":"tool"')
"""How nearly every turn begins that does not instruct."""

_ABSENT = b"\0"
"""Stands for tools or a system prompt that are not there; no JSON value begins with it."""
_BILLING = b"x-anthropic-billing-header"
"""Claude Code's first system block; it differs per conversation and is not part of the cached prompt."""
_HEAD_BYTES = 96

_MARKERS: Mapping[Dialect, tuple[bytes, ...]] = {
    "messages": (b'"cache_control"',),
    "chat": (b'"cache_control"', b'"prompt_cache_breakpoint"'),
    "responses": (b'"prompt_cache_breakpoint"', b'"internal_chat_message_metadata_passthrough"'),
}
"""Members that move between turns without changing the prompt. With both quotes they cannot match inside a JSON string,
where the quotes are escaped. Sources: Anthropic and OpenAI API references; the last one is written by Codex."""

_STRING = rb'"(?:[^"\\]|\\.)*+"'
_FLAT = rb'\{(?:[^{}"]|' + _STRING + rb")*+\}"
_NESTED = rb'\{(?:[^{}"]|' + _STRING + rb"|" + _FLAT + rb")*+\}"
_MEMBER = re.compile(_STRING + rb"[ \t\r\n]*:[ \t\r\n]*(?:" + _NESTED + rb"|null)", re.DOTALL)
_COMMA = re.compile(rb"[ \t\r\n]*,[ \t\r\n]*")
_GAP = re.compile(rb"[ \t\r\n]*,?[ \t\r\n]*")
_COMMA_BYTE, _SPACE, _BRACE = b", {"
_NOWHERE = 1 << 62

_ROLES = (b"user", b"assistant", b"system", b"developer", b"tool")
_COMPACT = tuple(b'{"role":"' + role + b'","content":"' for role in _ROLES)
_SPACED = tuple(b'{"role": "' + role + b'", "content": "' for role in _ROLES)
_PLAIN = _COMPACT + _SPACED
"""How messages with plain string content begin, in the two ways JSON writers space them."""
_ROLE_FIRST = (b'{"role":', b'{"role" :')
_USER_FIRST = (b'{"role":"user"', b'{"role": "user"')


class Chain(Struct, frozen=True):
    """Digests of a growing prefix and its length, one of each per part."""

    digests: Sequence[bytes]
    sizes: Sequence[int]
    """Cumulative bytes, strictly growing as long as no part is empty."""


class Fingerprint(Struct, frozen=True):
    """A prompt's chain: boundary 0 ends the tools, 1 the system prompt, then one for each turn."""

    digests: Sequence[bytes]
    sizes: Sequence[int]
    whole: bool
    """False where part of the prompt lies at the provider (`previous_response_id`): the chain starts in its middle."""
    turns: Sequence[Raw]
    """The messages or input items as sent; views of the body, for whoever needs the same split. Empty where the beginning
    was recognised and nothing had to be split."""
    lead: int = PREAMBLE - 1
    """The boundary before the conversation: after the system prompt, which may be the first messages or input items."""
    settings: str = ""
    """What beside the prompt divides caches (`cache.beside`)."""
    left: Left | None = None  # None where it holds all of the last prompt, and where that is not remembered whole

    @property
    def first_turn(self) -> bytes:
        """Digest up to and including the first turn by a person: names a conversation whose client sends no id.

        Empty where there is no turn at all, and where none was split: then the thread has a name already.
        """
        if not self.turns:
            return b""
        return self.digests[PREAMBLE + _first_user(self.turns)]


class Mark(Struct, frozen=True):
    """How far a prompt without markers was hashed: to the end of its newest turn."""

    size: int
    """Bytes of `messages` or `input` up to there."""
    seal: bytes
    """Keyed hash of those bytes."""
    digests: Sequence[bytes]
    sizes: Sequence[int]
    lead: int
    hasher: xxh3_128
    """The chain's, after that turn; copied before it goes on."""


class Hashed(Struct, frozen=True):
    """A fingerprint, and where the next one of its thread may go on; None where it must begin anew."""

    fingerprint: Fingerprint
    mark: Mark | None


class _Role(Struct):
    role: str = ""


_array = msgspec.json.Decoder(list[Raw])
_members = msgspec.json.Decoder(dict[str, Raw])
_role = msgspec.json.Decoder(_Role)


def chain(seed: int, scope: bytes, parts: Sequence[Bytes]) -> Chain:
    """Hash parts in order, with a digest after each. `seed` is a secret of 64 bits; other scopes never share a digest.

    Parts must delimit themselves, as JSON objects, arrays and strings do: their lengths are not hashed.
    """
    digests = _chained(xxh3_128(scope + b"\0", seed=seed), parts)
    return Chain(digests=digests, sizes=list(accumulate(map(len, parts))))


def _chained(hasher: xxh3_128, parts: Sequence[Bytes]) -> list[bytes]:
    """The digest after each part; the hasher goes on from where it was."""
    update, digest = hasher.update, hasher.digest
    digests = []
    for part in parts:
        update(part)
        digests.append(digest())
    return digests


def fingerprint(
    dialect: Dialect,
    fields: Mapping[str, Raw],
    seed: int,
    scope: bytes,
    body: bytes | None = None,
) -> Fingerprint:
    """The fingerprint of one request from its raw top-level members; one linear pass, never an error.

    `body` is what they were cut from, where the caller has it: markers are then looked for once, not in every section.
    """
    listing = _listing(dialect, fields)
    turns = _split(listing)
    tools, system = _preamble(dialect, fields)
    if body is not None and not any([marker in body for marker in _MARKERS[dialect]]):
        parts = _plain_parts(tools, system, turns)
    else:
        parts = _parts(dialect, tools, system, listing, turns)
    made = chain(seed, scope, parts)
    return Fingerprint(
        digests=made.digests,
        sizes=made.sizes,
        whole=bool(turns) and not goes_on(dialect, fields),
        turns=turns,
        lead=_lead(dialect, turns),
        settings=settings_of(dialect, fields),
    )


def begun(dialect: Dialect, fields: Mapping[str, Raw], seed: int, scope: bytes, body: bytes) -> Hashed:
    """The fingerprint of a request, and a mark where it has no markers; `body` is what its members were cut from."""
    listing = _listing(dialect, fields)
    if listing is None or bytes(memoryview(listing)[:1]) != b"[" or any([marker in body for marker in _MARKERS[dialect]]):
        return Hashed(fingerprint=fingerprint(dialect, fields, seed, scope, body), mark=None)
    turns = _split(listing)
    hasher = xxh3_128(scope + b"\0", seed=seed)
    parts = _plain_parts(*_preamble(dialect, fields), turns)
    digests = _chained(hasher, parts)
    sizes = list(accumulate(map(len, parts)))
    whole, settings = bool(turns) and not goes_on(dialect, fields), settings_of(dialect, fields)
    made = Fingerprint(digests, sizes, whole, turns, _lead(dialect, turns), settings)
    return Hashed(fingerprint=made, mark=_mark(listing, turns, seed, made, hasher))


def resumed(mark: Mark, dialect: Dialect, fields: Mapping[str, Raw], seed: int, scope: bytes) -> Hashed | None:
    """What `begun` would give, from a mark of the same thread: only what came after it is split, searched and hashed.

    None where the request does not begin as the marked one did, tools and system prompt included, or has a marker.
    """
    listing = _listing(dialect, fields)
    if listing is None or len(listing) <= mark.size:
        return None
    view = memoryview(listing)
    if xxh3_128_digest(view[: mark.size], seed=seed) != mark.seal:
        return None
    tools, system = _preamble(dialect, fields)
    hasher = xxh3_128(scope + b"\0", seed=seed)
    if _chained(hasher, _plain_parts(tools, system, ())) != mark.digests[:PREAMBLE]:
        return None
    rest = bytes(view[mark.size :])
    if any([marker in part for marker in _MARKERS[dialect] for part in (rest, bytes(system or b""))]):
        return None
    turns = _split(b"[0" + rest)[1:]
    hasher = mark.hasher.copy()
    digests = [*mark.digests, *_chained(hasher, turns)]
    sizes = [*mark.sizes[:-1], *accumulate(map(len, turns), initial=mark.sizes[-1])]
    made = Fingerprint(digests, sizes, not goes_on(dialect, fields), (), mark.lead, settings_of(dialect, fields))
    return Hashed(fingerprint=made, mark=_mark(listing, turns, seed, made, hasher) if turns else mark)


def _mark(listing: Raw, turns: Sequence[Raw], seed: int, made: Fingerprint, hasher: xxh3_128) -> Mark | None:
    """A mark after the newest turn. None without a turn, or after one that more bytes could lengthen, such as a number."""
    view = memoryview(listing)
    size = len(view) - 1
    while size and view[size - 1] in b" \t\r\n":
        size -= 1
    if not turns or view[size - 1] not in b'}]"':
        return None
    seal = xxh3_128_digest(view[:size], seed=seed)
    return Mark(size=size, seal=seal, digests=made.digests, sizes=made.sizes, lead=made.lead, hasher=hasher)


def _listing(dialect: Dialect, fields: Mapping[str, Raw]) -> Raw | None:
    return fields.get("input" if dialect == "responses" else "messages")


def _preamble(dialect: Dialect, fields: Mapping[str, Raw]) -> tuple[Raw | None, Raw | None]:
    """Tools and system prompt; in chat the latter is a turn."""
    tools = fields.get("tools") or fields.get("functions")
    return tools, None if dialect == "chat" else fields.get("system" if dialect == "messages" else "instructions")


def _plain_parts(tools: Raw | None, system: Raw | None, turns: Sequence[Raw]) -> list[Bytes]:
    """What is hashed of a prompt without markers."""
    return [tools or _ABSENT, _ABSENT if system is None else _section(system, ())[0], *turns]


def _parts(
    dialect: Dialect, tools: Raw | None, system: Raw | None, listing: Raw | None, turns: Sequence[Raw]
) -> list[Bytes]:
    """What is hashed, in the order providers read it: tools, system prompt, turns."""
    markers = _MARKERS[dialect]
    first, tools_marked = _section(tools, markers)
    second, system_marked = _section(system, markers)
    data = b"" if listing is None else bytes(listing)
    places = _places(data, markers)
    marked = dialect != "responses" and bool(places or tools_marked or system_marked)
    if marked and second[:1] == b'"':
        # A client that marks blocks writes the same text now as a block, now as a plain string (Claude Code does);
        # one that never marks has no reason to, so only marked prompts pay for making the two equal.
        second = b'[{"type":"text","text":%b}]' % second
    if data[:1] != b"[" or not (marked or places):
        return [first, second, *turns]
    return [first, second, *_settled(data, turns, places, marked)]


def _section(raw: Raw | None, markers: Sequence[bytes]) -> tuple[bytes, bool]:
    """Tools or system prompt without what moves, and whether there was a marker."""
    if raw is None:
        return _ABSENT, False
    data = bytes(raw)
    places = _places(data, markers)
    if places:
        data = _without(data, places)
    if _BILLING in data[:_HEAD_BYTES]:
        data = _without_first(data)
    return data, bool(places)


def _settled(data: bytes, turns: Sequence[Raw], places: Sequence[int], marked: bool) -> list[Bytes]:
    """The turns with what moves taken out of those that hold it; `places` are offsets into `data`, ascending."""
    settled: list[Bytes] = []
    position = 1
    nearest = iter(places)
    place = next(nearest, _NOWHERE)
    for turn in turns:
        start = position
        if data[start] == _COMMA_BYTE:
            start += 1
        if data[start] == _SPACE:
            start += 1
        if data[start] != _BRACE:
            start = _gap_end(data, position)
        position = start + len(turn)
        if place < position:
            here = []
            while place < position:
                here.append(place - start)
                place = next(nearest, _NOWHERE)
            item = _without(data[start:position], here)
            settled.append(_as_block(item) if marked and item.startswith(_PLAIN) else item)
        elif marked and data.startswith(_PLAIN, start):
            settled.append(_as_block(data[start:position]))
        else:
            settled.append(turn)
    return settled


def _places(data: bytes, markers: Sequence[bytes]) -> list[int]:
    """Where the markers are, ascending."""
    places = []
    for marker in markers:
        place = data.find(marker)
        while place >= 0:
            places.append(place)
            place = data.find(marker, place + len(marker))
    places.sort()
    return places


def _without(data: bytes, places: Sequence[int]) -> bytes:
    """The bytes without the members that begin at these places, each with one comma, as if they had never been written.

    A place where no member with an object or null begins is a value that happens to have this name, and stays.
    """
    kept = []
    done = 0
    for place in places:
        found = _MEMBER.match(data, place) if place >= done else None
        if found is None:
            continue
        before = data[done:place].rstrip(b" \t\r\n")
        end = found.end()
        if before.endswith(b","):
            before = before[:-1]
        elif (comma := _COMMA.match(data, end)) is not None:
            before = data[done:place]
            end = comma.end()
        kept.append(before)
        done = end
    kept.append(data[done:])
    return b"".join(kept)


def _without_first(data: bytes) -> bytes:
    """A raw array without its first element; anything else as it is."""
    blocks = _split(data)
    if data[:1] != b"[" or not blocks or _BILLING not in bytes(blocks[0])[:_HEAD_BYTES]:
        return data
    return b"[" + data[_gap_end(data, _gap_end(data, 1) + len(blocks[0])) :]


def _gap_end(data: bytes, position: int) -> int:
    """Where the next element of an array begins: past white space and a comma."""
    gap = _GAP.match(data, position)
    assert gap is not None, "the pattern fits everywhere"
    return gap.end()


def _as_block(item: bytes) -> bytes:
    """A message with plain string content, written as the one text block it stands for, spaced as its client spaces."""
    spaced = item.startswith(_SPACED)
    start = item.index(b'"content":') + (11 if spaced else 10)
    try:
        content = bytes(_members.decode(item)["content"])
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return item
    end = start + len(content)
    if item[start:end] != content:
        return item  # the member is there twice; which one counts is not ours to say
    opening = b'[{"type": "text", "text": ' if spaced else b'[{"type":"text","text":'
    return b"%b%b%b}]%b" % (item[:start], opening, content, item[end:])


def _split(listing: Bytes | None) -> list[Raw]:
    """The elements of a raw array; a plain string is one turn, nothing is none."""
    if listing is None:
        return []
    try:
        return _array.decode(listing)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return [Raw(bytes(listing))]


def _lead(dialect: Dialect, turns: Sequence[Raw]) -> int:
    """The boundary after the turns that instruct; in Messages none do before the conversation."""
    lead = PREAMBLE - 1
    for turn in turns[:LEADING_MAX] if dialect != "messages" else ():
        head = bytes(memoryview(turn)[:_HEAD_BYTES])
        if head.startswith(_SPEAKS) or not any([mark in head for mark in _INSTRUCTS]):
            break
        lead += 1
    return lead


def _first_user(turns: Sequence[Raw]) -> int:
    """Index of the first turn by a person, the last one searched where there is none."""
    searched = turns[:FIRST_TURN_WITHIN]
    for index, turn in enumerate(searched):
        head = bytes(memoryview(turn)[:16])
        if head.startswith(_USER_FIRST) or head[:1] == b'"':
            return index
        if not head.startswith(_ROLE_FIRST) and _role_of(turn) == "user":
            return index
    return len(searched) - 1


def _role_of(turn: Raw) -> str:
    try:
        return _role.decode(turn).role
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return ""
