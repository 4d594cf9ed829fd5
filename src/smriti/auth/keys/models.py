"""What an API key is, and what its owner sends to make or change one."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from smriti.core.clock import new_id, utc_now

PREFIX: Final = "sk_smriti_"
"""With which every key begins, so that it is recognised where it should not be."""

type DeviceKeyKind = Literal["device", "constellation"]
"""A `device` key registers devices; a `constellation` key also commands them."""

type KeyKind = Literal["device", "constellation", "program"]
"""A `program` calls the API, as far as its scopes go."""

type KeyScope = Literal["chat", "agents:read", "agents:write", "devices", "admin"]
"""`admin` is all of the others, and whatever else may be done by who is not there in person."""

type KeyName = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100)
]
type ClientId = Annotated[str, Field(pattern=r"^[A-Za-z0-9._@:-]{1,200}$")]
type Scopes = Annotated[
    list[KeyScope], Field(min_length=1, max_length=5), AfterValidator(lambda each: sorted({*each}))
]
type DaysToLive = Annotated[int, Field(ge=1, le=366)]


class ApiKey(BaseModel):
    """A key without its secret. `hint` is the end of the secret; times are UTC.

    `client_ids`: the ids that may be registered with it; null: any. `scopes` and `expires_at` are
    those of a program's key.
    """

    key_id: str = Field(default_factory=new_id)
    name: str
    kind: KeyKind
    client_ids: list[str] | None = None
    scopes: list[KeyScope] = Field(default_factory=list)
    hint: str
    created_by: str
    created_at: datetime = Field(default_factory=utc_now)
    expires_at: datetime | None = None
    last_used_at: datetime | None = None

    def lacking(self, wanted: Iterable[str]) -> list[str]:
        """Those of the scopes that it has not."""
        return [] if "admin" in self.scopes else sorted({*wanted} - {*self.scopes})

    def admits(self, client_id: str) -> bool:
        return self.client_ids is None or client_id in self.client_ids


class KeyCreate(BaseModel):
    model_config = ConfigDict(
        json_schema_extra={"example": {"name": "My laptop", "kind": "device"}}
    )

    name: KeyName
    kind: DeviceKeyKind
    client_ids: Annotated[list[ClientId], Field(min_length=1, max_length=100)] | None = None


class ProgramKeyCreate(BaseModel):
    """`expires_in_days`: null is never."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {"name": "Nightly report", "scopes": ["chat"], "expires_in_days": 90}
        }
    )

    name: KeyName
    scopes: Scopes
    expires_in_days: DaysToLive | None = 30


class ProgramKeyUpdate(BaseModel):
    """A partial change; null is no change, but for `expires_in_days`, where it is never.

    The days count from now.
    """

    model_config = ConfigDict(json_schema_extra={"example": {"expires_in_days": 90}})

    name: KeyName | None = None
    scopes: Scopes | None = None
    expires_in_days: DaysToLive | None = None


class NewKey(ApiKey):
    """A key that was just made: `key` is shown this once."""

    key: str = Field(repr=False)


@dataclass(frozen=True, slots=True)
class Principal:
    """Who acts for `owner`: the user in person, or a program with this `key`."""

    owner: str
    kind: Literal["user"] | KeyKind
    key: ApiKey | None = None
