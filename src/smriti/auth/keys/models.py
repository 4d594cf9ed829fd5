"""What an API key is, and what its owner sends to make one."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from smriti.core.clock import new_id, utc_now

PREFIX: Final = "sk_smriti_"
"""With which every key begins, so that it is recognised where it should not be."""

type KeyKind = Literal["device", "constellation"]
"""A `device` key registers devices; a `constellation` key also commands them."""

type KeyName = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100)
]
type ClientId = Annotated[str, Field(pattern=r"^[A-Za-z0-9._@:-]{1,200}$")]


class ApiKey(BaseModel):
    """A key without its secret. `hint` is the end of the secret; times are UTC.

    `client_ids`: the ids that may be registered with it; null: any.
    """

    key_id: str = Field(default_factory=new_id)
    name: str
    kind: KeyKind
    client_ids: list[str] | None = None
    hint: str
    created_by: str
    created_at: datetime = Field(default_factory=utc_now)
    last_used_at: datetime | None = None

    def admits(self, client_id: str) -> bool:
        return self.client_ids is None or client_id in self.client_ids


class KeyCreate(BaseModel):
    model_config = ConfigDict(
        json_schema_extra={"example": {"name": "My laptop", "kind": "device"}}
    )

    name: KeyName
    kind: KeyKind
    client_ids: Annotated[list[ClientId], Field(min_length=1, max_length=100)] | None = None


class NewKey(ApiKey):
    """A key that was just made: `key` is shown this once."""

    key: str = Field(repr=False)


@dataclass(frozen=True, slots=True)
class Principal:
    """Who acts for `owner`: the user in person, or a program with this `key`."""

    owner: str
    kind: Literal["user"] | KeyKind
    key: ApiKey | None = None
