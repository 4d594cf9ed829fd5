"""A person's word on a command that waits for it."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field


class Decision(BaseModel):
    """The owner's answer. `note` is told to the model."""

    model_config = ConfigDict(json_schema_extra={"example": {"approval_id": "…", "approve": True}})

    approval_id: Annotated[str, Field(max_length=200)]
    approve: bool
    note: Annotated[str, Field(max_length=2000)] | None = None
