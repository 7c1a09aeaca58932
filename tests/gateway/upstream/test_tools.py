"""Names of tools there and back."""

import pytest

from gateway.upstream.tools import content_of, names, object_of


def test_names_of_namespaces_and_grammars():
    inner = [{"type": "function", "name": "read"}, {"type": "custom", "name": "patch"}]
    found = names([{"type": "function", "name": "read"}, {"type": "namespace", "name": "fs", "tools": inner}, 5, {"type": "custom"}])
    assert found.spaces == {"fs__read": ("fs", "read")}
    assert found.custom == {"patch": "fs"}
    assert [found.of(each) for each in ("fs__read", "patch", "read")] == [("fs", "read"), ("fs", "patch"), ("", "read")]


@pytest.mark.parametrize(
    ("arguments", "content"),
    [('{"content": "*** Begin"}', "*** Begin"), ("*** Begin", "*** Begin"), ('{"content": 5}', '{"content": 5}'), ("[1]", "[1]"), ("", "")],
)
def test_the_input_inside_the_arguments(arguments, content):
    assert content_of(arguments) == content


@pytest.mark.parametrize(
    ("arguments", "made"), [('{"a": 1}', {"a": 1}), ("", {}), ("[1]", {"input": [1]}), ("{oh", {"input": "{oh"})]
)
def test_arguments_are_an_object(arguments, made):
    assert object_of(arguments) == made
