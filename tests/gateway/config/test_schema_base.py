"""What holds for every section."""

import pytest
from pydantic import ValidationError

from gateway.config.schema_base import Lines, Section


class Words(Section):
    words: Lines


def test_one_word_is_a_list_of_one():
    assert Words.model_validate({"words": "a"}).words == ("a",)
    assert Words.model_validate({"words": ["a", "b"]}).words == ("a", "b")


def test_unknown_keys_are_errors_and_values_stay():
    with pytest.raises(ValidationError, match="Extra inputs"):
        Words.model_validate({"words": "a", "more": 1})
    with pytest.raises(ValidationError, match="frozen"):
        Words.model_validate({"words": "a"}).words = ()
