"""The one parse: what is refused, what survives, and that a splice changes nothing else."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.dialects.ask import Ask, NotReadable, read, splice


def where(ask: Ask, name: str) -> tuple[int, int]:
    """The place of a member that is there."""
    span = ask.span(name)
    assert span is not None
    return span


BAD = [
    b"",
    b"[]",
    b"{}",
    b"nothing",
    b'{"model":1}',
    b'{"model":""}',
    b'{"model":"a","stream":1}',
    b'{"model":"a","x":NaN}',
    b'{"model":"a"}trailing',
    b'{"model":"\\ud800"}',
    b'{"\\ud800":1,"model":"a"}',
    b'{"m\xff":1,"model":"a"}',
    b'{"model":"a","x":' + b"[" * 10_000 + b"]" * 10_000 + b"}",
    b'{"model":"a","model":"b"}',
    b'{"model":"a","model":"longer","x":1}',
    b'{"model":"a","mod\\u0065l":"a"}',
]


@pytest.mark.parametrize("body", BAD, ids=range(len(BAD)))
def test_unreadable_bodies_are_refused(body):
    with pytest.raises(NotReadable):
        read(body, "chat", "chat")


def test_a_nested_model_is_left_alone():
    body = b' { "tools" : [{"model":"inner"}] ,\n "model" :"auto", "x":1e2,"y":"caf\\u00e9"}'
    ask = read(body, "chat", "chat")
    out = splice(body, [(*where(ask, "model"), b'"gpt"')])
    assert out == body.replace(b'"auto"', b'"gpt"')


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(st.characters(codec="utf-8")),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(st.characters(codec="utf-8")), inner, max_size=3),
    max_leaves=12,
)


@given(
    st.dictionaries(st.text(st.characters(codec="utf-8")).filter(lambda k: k not in ("model", "stream")), JSON),
    st.text(st.characters(codec="utf-8"), min_size=1, max_size=20),
    st.booleans(),
    st.sampled_from([{}, {"indent": 1}, {"separators": (",", ":")}]),
)
def test_only_the_model_changes(fields, model, ascii_only, written):
    body = json.dumps({**fields, "model": "auto"}, ensure_ascii=ascii_only, **written).encode()
    ask = read(body, "chat", "chat")
    out = splice(body, [(*where(ask, "model"), json.dumps(model).encode())])
    assert json.loads(out) == {**fields, "model": model}
    for name, value in fields.items():
        start, end = where(ask, name)
        assert json.loads(body[start:end]) == value
    start, end = where(ask, "model")
    assert out[:start] == body[:start]
    assert out[len(out) - (len(body) - end) :] == body[end:]
