"""Warnings of all and of a team: exact dollars, and what a team leaves out is as for all."""

from decimal import Decimal

import pytest
from pydantic import ValidationError

from gateway.config.schema_warnings import TeamWarnings, Warnings


def test_the_defaults_are_quiet():
    usual = Warnings()
    assert (usual.at_least_usd, usual.at_least_times, usual.inline, usual.ask_first) == (Decimal("0.25"), 3.0, False, False)
    assert TeamWarnings().model_dump(exclude_none=True) == {}


@pytest.mark.parametrize("written", [{"at_least_usd": -1}, {"at_least_times": 0.5}, {"at_least_usd": True}, {"loud": True}])
def test_what_could_not_be_meant_is_not_taken(written):
    for section in (Warnings, TeamWarnings):
        with pytest.raises(ValidationError):
            section.model_validate(written)
