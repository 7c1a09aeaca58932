"""Series that are there before their first event: those of every cause and comparison there is."""

import ast
import inspect
from typing import get_args

from gateway.metering import foreseen, ledger_savings, rebuilt
from gateway.metering.families import CONFIGURED, DECISIONS, DECLARED, SAVED, STALE_CLIENT_COST, STALE_COST, WASTED
from gateway.metering.ledger_savings import amounts
from gateway.metering.metrics import Metrics
from gateway.metering.whatif import WhatIf
from routing.stay import Choice, Word


def test_their_words_are_labels_of_theirs() -> None:
    for family, cases in foreseen.FORESEEN.items():
        labels = set(DECLARED[family].labels)
        assert all(set(case) <= labels and labels - set(case) <= set(CONFIGURED) for case in cases), family


def test_every_comparison_is_foreseen() -> None:
    dearer, cheaper = WhatIf(code=2, uncached=2, stayed=2), WhatIf(code=0, uncached=0, stayed=0)
    assert {reason for _, reason, _ in amounts(1, dearer)} == set(foreseen.COMPARED)
    assert {reason for _, reason, _ in amounts(1, cheaper)} == set(foreseen.COMPARED)


def test_every_documented_cause_is_foreseen() -> None:
    """The words of `Rebuilt.cause`, as its docstring lists them."""
    tree = ast.parse(inspect.getsource(rebuilt))
    (of_rebuilt,) = (node for node in tree.body if isinstance(node, ast.ClassDef) and node.name == "Rebuilt")
    listed = next(each.value.value for each in of_rebuilt.body[1:] if isinstance(each, ast.Expr))
    assert set(foreseen.CAUSES) == {word.split("`")[0] for word in listed.split("`")[1::2]}
    assert rebuilt.EXPIRED in foreseen.CAUSES
    assert ledger_savings.ALL_HOURS < 0


def test_every_word_for_staying_and_going_is_foreseen() -> None:
    page = Metrics(["payments"], ["code", "general", "cheap"], ["big"], ["openai"]).render().decode()
    for word in get_args(Word):
        source = "sticky" if Choice(word=word, saved=0).goes is False else "classifier"
        for route in ("code", "general", "cheap"):
            assert f'{DECISIONS.name}{{route="{route}",source="{source}",reason="{word}"}} 0\n' in page


def test_they_are_on_the_first_page() -> None:
    page = Metrics(["payments"], ["code"], ["big"], ["openai"]).render().decode()
    for declared, label, words in (
        (SAVED, "reason", foreseen.COMPARED),
        (WASTED, "reason", (*foreseen.COMPARED, *foreseen.CAUSES)),
        (STALE_COST, "cause", foreseen.CAUSES),
        (STALE_CLIENT_COST, "cause", foreseen.CAUSES),
    ):
        for word in words:
            assert any(
                line.startswith(f'{declared.name}{{team="payments"') and f'{label}="{word}"' in line and line.endswith(" 0.000000000000")
                for line in page.splitlines()
            ), (declared.name, word)
