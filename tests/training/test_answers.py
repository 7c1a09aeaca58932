"""What was said before, by language and kind."""

from training.answers import answers


def test_each_language_has_both_kinds_and_the_others_have_english_ones() -> None:
    for code in (True, False):
        assert len(answers("en", code)) > 20
        assert set(answers("de", code)).isdisjoint(answers("en", code))
        assert answers("sv", code) == answers("en", code)


def test_an_answer_may_have_lines() -> None:
    assert any("\n" in each for each in answers("en", True))
