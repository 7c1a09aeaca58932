"""Blocks and their chained digests."""

from gateway.simulator.prompt import block, chain, digest, listing, mapping, name_of, text_of, whole

TOOLS, SYSTEM, ONE, TWO = (
    block("tools", {"name": "f"}, "tools"),
    block("system", "rules", "system"),
    block("messages", "one", "user"),
    block("messages", "two", "user"),
)


def test_a_digest_depends_on_all_before_it():
    keys = chain(b"seed", [TOOLS, ONE, TWO])
    assert chain(b"seed", [TOOLS, ONE])[:2] == keys[:2]
    assert chain(b"seed", [ONE, TWO])[-1] != keys[-1]
    assert chain(b"other", [TOOLS])[0] != keys[0]
    assert len(set(keys)) == 3


def test_what_changes_messages_leaves_tools_and_system_alone():
    plain, changed = (chain(b"", [TOOLS, SYSTEM, ONE, TWO], mark) for mark in (b"a", b"b"))
    assert plain[:2] == changed[:2]
    assert not set(plain[2:]) & set(changed[2:])


def test_a_digest_of_a_value_knows_the_order_of_its_keys():
    assert digest({"a": 1, "b": 2}) == digest({"a": 1, "b": 2}) != digest({"b": 2, "a": 1})
    assert digest(None) != digest({})


def test_json_is_read_leniently():
    assert [mapping(value) for value in ({"a": 1}, [], None, "x")] == [{"a": 1}, {}, {}, {}]
    assert [listing(value) for value in ([1], {}, None, "x")] == [[1], [], [], []]
    assert [whole(value) for value in (3, 0, -1, True, 1.0, "3", None)] == [3, 0, None, None, None, None, None]
    assert text_of([{"text": "a"}, {"text": 4}, "b", {"text": "c"}]) == "a\nc"
    assert [text_of(value) for value in ("x", None, {})] == ["x", "", ""]
    assert name_of({"model": "m"}) == "m"
