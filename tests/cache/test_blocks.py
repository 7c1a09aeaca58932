"""Steps of reads: believed when enough of them agree, documented ones until then."""

from cache.blocks import AGREED, MODELS_MAX, Blocks


def test_the_largest_step_that_all_agree_on() -> None:
    blocks = Blocks()
    for number in range(AGREED):
        blocks.saw("gpt-5.5", 384 + 512 * number)
    assert blocks.of("gpt-5.5", 128) == (512, 384)


def test_documented_until_enough_agree_and_after_one_that_does_not() -> None:
    blocks = Blocks()
    assert blocks.of("m", 128) == (128, 0)
    for number in range(AGREED - 1):
        blocks.saw("m", 384 + 512 * number)
    assert blocks.of("m", 128) == (128, 0)
    blocks.saw("m", 384)
    blocks.saw("m", 384 + 128)
    assert blocks.of("m", 128)[0] == 128


def test_exact_counts_have_no_step() -> None:
    blocks = Blocks()
    for number in range(100):
        blocks.saw("claude", 24_091 + 173 * number)
    assert blocks.of("claude", 1) == (1, 0)


def test_clients_cannot_fill_it() -> None:
    blocks = Blocks()
    for number in range(MODELS_MAX + 10):
        blocks.saw(f"m{number}", 128)
    assert len(blocks._seen) == MODELS_MAX
