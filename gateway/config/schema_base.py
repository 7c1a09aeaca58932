"""What the sections of a config have in common."""

from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from gateway.config.scalars import Line, one_or_many
from routing.types import InputKind, OutputKind


class Section(BaseModel):
    """What all sections have in common: unknown keys are errors, and a value read is never changed."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def many(item: object) -> BeforeValidator:
    """Lets a single word stand for a list of one."""
    return BeforeValidator(one_or_many, json_schema_input_type=item)


Lines = Annotated[tuple[Line, ...], Field(min_length=1), many(Line | tuple[Line, ...])]
Inputs = Annotated[tuple[InputKind, ...], Field(min_length=1), many(InputKind | tuple[InputKind, ...])]
Outputs = Annotated[tuple[OutputKind, ...], Field(min_length=1), many(OutputKind | tuple[OutputKind, ...])]

