"""The sum, and what is stronger than any sum."""

from msgspec.structs import replace

from routing.stay import STAYS, Scales, Side, choose, gain_of

WARM = Scales(stays=Side(now=60, later=60), goes=Side(now=500, later=40), back=20, requests=5.0)


def word(scales: Scales, demanded: bool = False) -> str:
    return choose(scales, demanded).word


def test_a_warm_cache_is_not_left_for_little():
    assert gain_of(WARM) == 60 - 500 + 4 * 20 - 20
    choice = choose(WARM, demanded=False)
    assert (choice.word, choice.saved, choice.goes) == ("cache_worth_more", 380, False)


def test_many_requests_ahead_pay_for_the_change():
    choice = choose(replace(WARM, requests=40.0), demanded=False)
    assert (choice.word, choice.saved, choice.goes) == ("saves_more", 60 - 500 + 39 * 20 - 20, True)


def test_a_cold_thread_goes_where_it_is_cheaper_return_included():
    cold = Scales(stays=Side(now=750, later=60), goes=Side(now=100, later=10), back=700, p_back=0.5, cold=True)
    assert word(cold) == "cold_anyway"
    assert word(replace(cold, p_back=1.0)) == "cache_worth_more", "who comes back finds nothing and writes it all"


def test_work_that_no_other_may_do_moves_the_thread():
    choice = choose(WARM, demanded=True)
    assert (choice.word, choice.saved, choice.goes) == ("work_demands", -380, True)
    assert word(replace(WARM, stays=None), demanded=True) == "work_demands"


def test_a_model_that_cannot_take_it_is_left():
    assert word(replace(WARM, takes=False)) == "cannot_take"


def test_opaque_state_is_stronger_than_all():
    for scales in (WARM, replace(WARM, requests=400.0), replace(WARM, takes=False)):
        bound = replace(scales, opaque="encrypted_reasoning")
        assert word(bound) == word(bound, demanded=True) == "opaque_state"


def test_without_a_price_nothing_moves():
    unknown = choose(replace(WARM, goes=None), demanded=False)
    assert (unknown.word, unknown.saved) == ("price_unknown", None)
    assert word(replace(WARM, stays=None)) in STAYS
