"""Cards and tables: headed, captioned, marked for narrow screens."""

from gateway.api.page_table import bar, card, heads, state_word, table
from tests.gateway.api.pages import Reader


def test_a_card_is_a_region_with_its_heading():
    page = Reader(card("teams", "Spend", "x").encode())
    assert ("id", "teams") in page.attributes
    assert ("aria-labelledby", "teams-title") in page.attributes
    assert ("id", "teams-title") in page.attributes


def test_a_table_has_a_caption_or_says_that_it_is_empty():
    assert "<caption" in table("Spend", "", ["<tr><td>1</td></tr>"], "none")
    assert table("Spend", "", [], "none") == '<p class="quiet">none</p>'


def test_heads_mark_numbers_what_is_wide_and_bars():
    assert heads("Team", "#Cost", "#~Requests", "") == (
        '<thead><tr><th scope="col">Team</th><th scope="col" class="number">Cost</th>'
        '<th scope="col" class="number wide">Requests</th><td class="bar"></td></tr></thead>'
    )


def test_a_bar_is_never_wider_than_its_place():
    assert 'width="50.0"' in bar(1, 2)
    assert 'width="100.0"' in bar(3, 2)
    assert 'width="0.0"' in bar(3, 0)
    assert 'aria-hidden="true"' in bar(1, 2)


def test_a_state_is_one_of_five():
    assert state_word("warm") == '<span class="state warm" title="cache is there">warm</span>'
    assert ">unknown<" in state_word("<b>")
