"""The sum, and what is stronger than any sum."""

from msgspec.structs import replace

from routing.stay import STAYS, Scales, choose, gain_of, told

WARM = Scales(stays=300, goes=680)


def word(scales: Scales, demanded: bool = False) -> str:
    return choose(scales, demanded).word


def test_a_warm_cache_is_not_left_for_little():
    assert gain_of(WARM) == -380
    choice = choose(WARM, demanded=False)
    assert (choice.word, choice.saved, choice.goes) == ("cache_worth_more", 380, False)


def test_what_saves_more_than_it_costs_is_done():
    choice = choose(replace(WARM, stays=1000), demanded=False)
    assert (choice.word, choice.saved, choice.goes) == ("saves_more", 320, True)


def test_a_cold_thread_goes_where_it_is_cheaper():
    assert word(replace(WARM, stays=1000, cold=True)) == "cold_anyway"
    assert word(replace(WARM, cold=True)) == "return_costs_more", "who comes back finds nothing and writes it all"


def test_as_dear_is_no_reason_to_go():
    assert word(Scales(stays=500, goes=500)) == "cache_worth_more"


def test_work_that_no_other_may_do_moves_the_thread():
    choice = choose(WARM, demanded=True)
    assert (choice.word, choice.saved, choice.goes) == ("work_demands", -380, True)
    assert word(replace(WARM, stays=None), demanded=True) == "work_demands"


def test_a_model_that_cannot_take_it_is_left():
    assert word(replace(WARM, takes=False)) == "cannot_take"


def test_opaque_state_is_stronger_than_all():
    for scales in (WARM, replace(WARM, stays=10**6), replace(WARM, takes=False)):
        bound = replace(scales, opaque="encrypted_reasoning")
        assert word(bound) == word(bound, demanded=True) == "opaque_state"


def test_without_a_price_nothing_moves():
    unknown = choose(replace(WARM, goes=None), demanded=False)
    assert (unknown.word, unknown.saved) == ("price_unknown", None)
    assert word(replace(WARM, stays=None)) in STAYS


def test_every_choice_is_told_in_words():
    for scales in (WARM, replace(WARM, cold=True), replace(WARM, stays=1000), replace(WARM, stays=1000, cold=True), replace(WARM, takes=False)):
        text = told(choose(scales, demanded=False), "opus", "haiku")
        assert "opus" in text or "haiku" in text
    assert "price" in told(choose(replace(WARM, goes=None), demanded=False), "opus", "haiku")
