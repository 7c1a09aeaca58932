"""What a prompt keeps of the last one: counted where one ended, reckoned between, and only what may still be there."""

import json

import msgspec
from msgspec import Raw

from cache.fingerprint import Fingerprint
from cache.kept import kept, lead_tokens, reckoned
from cache.prefixes import Prefixes
from cache.providers import rules_for
from cache.standing import Standing
from cache.types import Boundary

NOW = 1_795_600_000.0
BLOCKS, MARKERS = rules_for("openai", "gpt-5.5"), rules_for("anthropic", "claude-opus-5-5")
HEAD = "You are " + "s" * 9000


class Talk:
    """A thread whose prompts are hashed as the gateway does."""

    def __init__(self) -> None:
        self._prefixes = Prefixes(seed=7)

    def says(self, *turns: str) -> Fingerprint:
        items = [{"role": "user", "content": turn * 1000} for turn in turns]
        body = json.dumps({"model": "m", "instructions": HEAD, "input": items}).encode()
        return self._prefixes.fingerprint("a", "t", "responses", msgspec.json.decode(body, type=dict[str, Raw]), body)


def end(print_: Fingerprint, at: float = NOW, tokens: int | None = None) -> Boundary:
    size = print_.sizes[-1]
    return Boundary(print_.digests[-1].hex(), size, size // 4 if tokens is None else tokens, at)


def test_the_longest_end_that_is_still_there() -> None:
    talk = Talk()
    ends = (end(talk.says("a")), end(talk.says("a", "b")), end(talk.says("a", "b", "c")))
    assert kept(ends, talk.says("a", "b", "c", "d"), BLOCKS, 0.0, NOW) is ends[2]
    assert kept(ends, talk.says("a", "b", "x"), MARKERS, 300.0, NOW) is ends[1]
    old = (Boundary(ends[0].digest, ends[0].size, ends[0].tokens, NOW), Boundary(ends[1].digest, ends[1].size, 9, NOW - 400), ends[2])
    assert kept(old, talk.says("a", "b", "x"), MARKERS, 300.0, NOW) is old[0], "the longer one was not used for too long"
    assert kept(old[1:], talk.says("a", "b", "x"), MARKERS, 300.0, NOW) is old[1], "for want of another"
    assert kept(ends, talk.says("z"), MARKERS, 300.0, NOW) is None


def test_between_ends_it_is_reckoned_where_a_provider_reads_any_block() -> None:
    talk = Talk()
    first, last = talk.says("a"), talk.says("a", "b", "c")
    ends = (end(first), end(last))
    edited = talk.says("a", "b", "x")
    found = kept(ends, edited, BLOCKS, 0.0, NOW)
    assert found is not None
    assert found.size == edited.sizes[-2]
    assert abs(found.tokens - found.size // 4) <= 1
    talk.says("a", "b", "c")
    assert kept(ends, talk.says("a", "b", "y"), MARKERS, 300.0, NOW) == ends[0], "a marker stood at ends alone"


def test_a_prompt_that_was_never_answered_is_not_taken_for_the_last_one() -> None:
    talk = Talk()
    ends = (end(talk.says("a")), end(talk.says("a", "b", "c")))
    talk.says("a", "b", "q")
    assert kept(ends, talk.says("a", "b", "r"), BLOCKS, 0.0, NOW) is ends[0]


def test_reckoning_goes_by_bytes() -> None:
    above = Boundary("", 1000, 300)
    assert reckoned(500, None, above) == 150
    assert reckoned(750, Boundary("", 500, 100), above) == 200


def test_tools_and_system_prompt_are_reckoned_while_they_are_the_same() -> None:
    talk = Talk()
    told = talk.says("a")
    standing = Standing(beginning=told.digests[told.lead].hex())
    lead = lead_tokens((end(told),), talk.says("b"), standing)
    assert abs(lead - told.sizes[told.lead] // 4) <= 1
    assert lead_tokens((end(told),), talk.says("b"), Standing(beginning="other")) == 0
    assert lead_tokens((), told, standing) == 0
