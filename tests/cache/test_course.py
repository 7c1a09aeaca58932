"""Turns of a kind follow each other, and that is counted by the route they suit."""

from cache.course import RUNS_MAX, Course, Run


def after(*suits: str) -> Course:
    course = Course()
    for each in suits:
        course = course.after(begins_turn=True, suits=each)
    return course


def test_turns_and_those_followed_by_their_like_are_counted():
    course = after("code", "general", "general", "code", "code", "general")
    assert (course.turns, course.suited) == (6, "general")
    assert course.run("general") == Run("general", turns=2, again=1)
    assert course.run("code") == Run("code", turns=3, again=1)


def test_the_requests_within_a_turn_change_nothing():
    course = after("code")
    assert course.after(begins_turn=False, suits="") is course


def test_a_turn_that_nobody_judged_counts_as_a_turn_only():
    assert after("").suited == ""
    course = after("code", "", "code")
    assert (course.turns, course.suited, course.run("code")) == (3, "code", Run("code", turns=1, again=1))
    assert Course().run("code") == Run("code")


def test_few_routes_are_remembered():
    assert len(after(*[f"r{number}" for number in range(20)]).runs) == RUNS_MAX
