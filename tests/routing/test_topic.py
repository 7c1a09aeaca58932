"""A turn that says itself that it is about something else."""

import pytest

from routing.topic import other_topic


@pytest.mark.parametrize(
    ("text", "other"),
    [
        ("By the way, what is a good name for a cat?", True),
        ("New topic: dinner", True),
        ("forget the parser", True),
        ("Quick one, how many grams in an ounce", True),
        ("Something else: the dog barks", True),
        ("okay, and privately: is that much?", True),
        ("let's talk about Norway instead", True),
        ("Übrigens, wie spät ist es?", True),
        ("кстати, как дела", True),
        ("换个话题，晚饭吃什么", True),
        ("now make it faster", False),
        ("drop the index on users", False),
        ("leave that as it is", False),
        ("something else broke", False),
        ("don't forget the tests", False),
        ("x" * 200 + " new topic", False),
    ],
)
def test_topics(text: str, other: bool) -> None:
    assert other_topic(text) is other
