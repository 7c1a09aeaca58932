"""Hard requests: readable in every dialect, of both labels, and what is learned apart from what is not."""

import re
from collections import Counter

import pytest

from gateway.evaluation.routing_cases import cases, lines_of
from training.templates import books
from training.written import FOLDER, LEARNED, SETS, requests_of

HELD = [FOLDER / f"{name}.jsonl" for name in SETS]


@pytest.mark.parametrize("file", [*LEARNED, *HELD])
def test_three_dialects_that_show_the_same(file) -> None:
    found = list(cases(requests_of(file)))
    assert len(found) == 3 * sum(1 for _ in lines_of(file))
    for at in range(0, len(found), 3):
        chat, responses, messages = (found[at + each].signals for each in range(3))
        assert chat.turn_text == responses.turn_text == messages.turn_text != ""
        assert chat.tool_names == responses.tool_names == messages.tool_names
        assert chat.system_text == responses.system_text == messages.system_text
        assert chat.image == responses.image == messages.image


@pytest.mark.parametrize("files", [LEARNED, *((file,) for file in HELD)])
def test_both_labels_about_evenly(files) -> None:
    labels = Counter(line["label"] for file in files for line in lines_of(file))
    assert min(labels.values()) > 0.4 * labels.total()


@pytest.mark.parametrize("file", HELD)
def test_nothing_that_is_kept_aside_is_learned(file) -> None:
    composed = {template for book in books() for family in book.families for template in family.templates}
    lines = [line for path in LEARNED for line in lines_of(path)]
    learned = {_words(text) for text in composed | {line["turn"] for line in lines}}
    kept = [line for line in lines_of(file) if not line.get("past")]
    assert not [line["turn"] for line in kept if _words(line["turn"]) in learned]
    assert not _houses(kept) & _houses(lines)


def test_nothing_that_is_learned_nearly_repeats_what_is_kept_aside() -> None:
    """Seven words in ten, where there are five or more."""
    held = [set(_words(line["turn"]).split()) for file in HELD for line in lines_of(file) if not line.get("past")]
    where: dict[str, list[int]] = {}
    for number, words in enumerate(held):
        for word in words:
            where.setdefault(word, []).append(number)
    composed = (template for book in books() for family in book.families for template in family.templates)
    near = []
    for text in (*composed, *(line["turn"] for path in LEARNED for line in lines_of(path))):
        words = set(_words(text).split())
        common = Counter(number for word in words for number in where.get(word, ()))
        for number, count in common.most_common(3):
            whole = len(words | held[number])
            if whole >= 5 and count >= 0.7 * whole:
                near.append(text)
    assert not near


def _houses(lines) -> set[tuple[str, ...]]:
    """Lists of tools that tell one product from another; three ordinary names do not ("read_file", "write_file", "run_tests")."""
    return {tuple(line["tools"]) for line in lines if len(line.get("tools", ())) > 3}


def _words(text: str) -> str:
    """What is left of a request without case and punctuation; of signs alone, the signs."""
    return " ".join(re.findall(r"\w+", text.casefold())) or text
