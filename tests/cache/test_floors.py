"""Shared beginnings: the newest stay, with what was read of them."""

from cache.floors import KEPT_MAX, Floors


def test_a_use_without_a_read_keeps_the_tokens() -> None:
    floors = Floors()
    floors.touched("a", 16_606, 10.0)
    floors.touched("a", None, 20.0)
    assert floors.of("a") == (16_606, 20.0)
    assert floors.of("b") == (0, 0.0)


def test_the_oldest_goes() -> None:
    floors = Floors()
    for number in range(KEPT_MAX + 1):
        floors.touched(str(number), number, float(number))
    assert floors.of("0") == (0, 0.0)
    assert floors.of(str(KEPT_MAX)) == (KEPT_MAX, float(KEPT_MAX))
