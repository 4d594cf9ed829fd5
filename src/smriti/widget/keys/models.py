"""What a widget key is, and what its owner may say of it."""

import re
import secrets
from datetime import datetime
from typing import Annotated, Final
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StrictBool, StringConstraints

from smriti.core.clock import new_id, utc_now

PREFIX: Final = "pk_live_"
PUBLIC_KEY: Final = rf"{PREFIX}[0-9a-f]{{32}}"
_RANDOM_BYTES: Final = 16
_HOST: Final = re.compile(r"[a-z0-9._-]+|[0-9a-f:.]+")
_USUAL_PORTS: Final = {"http": 80, "https": 443}


def origin_of(url: str) -> str:
    """The origin of an address, as browsers write it; `ValueError` when it has none."""
    parts = urlsplit(url.strip())
    usual = _USUAL_PORTS.get(parts.scheme)
    if usual is None or not parts.hostname or parts.username is not None:
        raise ValueError("must be the origin of a web site, like https://shop.example")
    host = parts.hostname.encode("idna").decode()
    # Of what IDNA 2003 spells anew, browsers make another host: straße is not strasse to them.
    is_as_browsers_read_it = (
        parts.hostname.isascii() or host.encode().decode("idna") == parts.hostname
    )
    if not (is_as_browsers_read_it and _HOST.fullmatch(host)):
        raise ValueError(f"{parts.hostname!r} is no name of a host; try it in ASCII, with xn--")
    port = "" if parts.port in {None, usual} else f":{parts.port}"
    return f"{parts.scheme}://{f'[{host}]' if ':' in host else host}{port}"


def _origin(text: str) -> str:
    origin = origin_of(text)
    parts = urlsplit(text.strip())
    if parts.path not in {"", "/"} or parts.query or parts.fragment:
        raise ValueError(f"must be an origin without a path: {origin}")
    return origin


type Origin = Annotated[
    str, Field(max_length=300, examples=["https://shop.example"]), AfterValidator(_origin)
]
type Origins = Annotated[list[Origin], Field(max_length=50)]
type KeyName = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100)
]
type Welcome = Annotated[str, Field(max_length=500)]


class WidgetKey(BaseModel):
    """A key that pages show to everybody: it only opens `/widget/*`, for one agent.

    `allowed_origins`: whose pages may use it; none: those of any site.
    """

    key_id: str = Field(default_factory=new_id)
    agent_id: str
    public_key: str = Field(default_factory=lambda: PREFIX + secrets.token_hex(_RANDOM_BYTES))
    name: str
    allowed_origins: list[str] = Field(default_factory=list)
    allow_anonymous: bool = True
    welcome_message: str | None = None
    is_active: bool = True
    created_by: str
    created_at: datetime = Field(default_factory=utc_now)
    last_used_at: datetime | None = None
    request_count: int = 0

    def admits(self, origin: str | None) -> bool:
        return not self.allowed_origins or origin in self.allowed_origins


class WidgetKeyCreate(BaseModel):
    """`allow_anonymous`: whether visitors may talk without signing in with Google."""

    model_config = ConfigDict(
        json_schema_extra={"example": {"name": "Shop", "allowed_origins": ["https://shop.example"]}}
    )

    name: KeyName
    allowed_origins: Origins = Field(default_factory=list)
    allow_anonymous: StrictBool = True
    welcome_message: Welcome | None = None


class WidgetKeyUpdate(BaseModel):
    """A partial change; null is no change."""

    model_config = ConfigDict(json_schema_extra={"example": {"is_active": False}})

    name: KeyName | None = None
    allowed_origins: Origins | None = None
    allow_anonymous: StrictBool | None = None
    welcome_message: Welcome | None = None
    is_active: StrictBool | None = None
