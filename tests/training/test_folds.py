"""Folds: nothing that is connected is parted."""

from msgspec.structs import replace

from gateway.evaluation.routing_cases import Case, cases
from training.folds import folds

(ONE,) = cases([{"request": {"model": "auto", "messages": [{"role": "user", "content": "x"}]}, "label": "code"}])


def case(source: str, slice_: str, ours: bool = False) -> Case:
    return replace(ONE, source=source, slice=slice_, ours=ours)


def test_what_shares_a_source_or_a_slice_stays_together() -> None:
    found = folds([case("a", "1"), case("a+b", "2"), case("b", "3"), case("c", "3"), case("d", "4")], 3)
    assert len(set(found[:4])) == 1
    assert found[4] != found[0]


def test_our_own_move_nothing() -> None:
    real = [case(name, name) for name in "abcdef"]
    alone = folds(real, 3)
    own = [case(f"own/{number}", f"own/{number}", ours=True) for number in range(50)]
    assert folds([*own, *real], 3)[50:] == alone
