"""Things on a screen and what goes wrong with them, in many languages."""

import pytest

from routing.interfaces import CONTROLS, CONTROLS_ELSEWHERE, DEFECTS, DEFECTS_ELSEWHERE, THINGS, THINGS_ELSEWHERE
from routing.observe import observe
from routing.split import reading
from routing.types import Signals

LISTS = [CONTROLS, CONTROLS_ELSEWHERE, DEFECTS, DEFECTS_ELSEWHERE, THINGS, THINGS_ELSEWHERE]


@pytest.mark.parametrize("listed", LISTS)
def test_every_entry_is_one_word_that_can_be_met(listed: str) -> None:
    assert [word.decode() for word in reading(listed).words] == listed.split()
    assert len(set(listed.split())) == len(listed.split())


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("the gallery still shows the old photos", True),
        ("Die Suche findet nichts", True),
        ("поиск ничего не находит", True),
        ("搜索框没有反应", True),
        ("my gallery", False),
        ("the soup is still cold", False),
        ("write a poem: the gallery is still empty", False),
    ],
)
def test_both_together_are_a_report(text: str, shown: bool) -> None:
    seen = observe(Signals(turn_text=text), "unknown", lambda _: 0.0)
    assert ("defect_shown" in seen.values) is shown
