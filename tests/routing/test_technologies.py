"""Names and jargon: words as the splitter makes them, and none that everybody uses."""

import pytest

from routing.lexicon import lexicon
from routing.split import reading
from routing.technologies import JARGON, LANGUAGES, TOOLS

EVERYDAY = "express spring flask go rest rails unity swift spark ruby pearl java python class list tree table string book".split()


@pytest.mark.parametrize("listed", [LANGUAGES, TOOLS, JARGON])
def test_every_entry_is_one_word_that_can_be_met(listed: str) -> None:
    words = [word.decode() for word in reading(listed).words]
    assert words == listed.split()
    assert not set(EVERYDAY) & set(words)


@pytest.mark.parametrize(
    ("text", "clue"),
    [
        ("How do I use tailscale at home?", "framework"),
        ("a testbench with cocotb", "framework"),
        ("could you do that in ocaml", "language"),
        ("which middleware comes first", "term"),
    ],
)
def test_they_are_clues(text: str, clue: str) -> None:
    assert clue in {sight.clue.name for sight in lexicon(text)}
