"""A turn that says itself that it is about something else."""

import pytest

from routing.topic import other_topic


@pytest.mark.parametrize(
    ("text", "other"),
    [
        ("By the way, what is a good name for a cat?", True),
        ("New topic: dinner", True),
        ("forget the parser", True),
        ("now make it faster", False),
        ("x" * 200 + " new topic", False),
    ],
)
def test_topics(text: str, other: bool) -> None:
    assert other_topic(text) is other
