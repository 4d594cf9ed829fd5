"""A person's account, and the job that deletes it."""

import secrets
from datetime import datetime
from typing import Final, Self

from pydantic import BaseModel, Field

from smriti.core.clock import new_id, utc_now

LOCAL_DOMAIN: Final = "@local"  # accounts made on this server; no mail address ends like this
_VERSION_BITS: Final = 48  # exact in JavaScript, where tokens are read


def normal_email(text: str) -> str:
    """A user's id: the e-mail, trimmed and lower-cased."""
    return text.strip().lower()


class User(BaseModel):
    """An account. An older table's users have more members, and may lack these with a default."""

    email: str
    name: str = ""
    picture: str | None = None
    token_version: int = 0
    password_hash: str | None = Field(default=None, repr=False)
    deleted_at: datetime | None = None
    created_at: datetime = Field(default_factory=utc_now)
    updated_at: datetime | None = None

    @classmethod
    def new(
        cls, email: str, name: str, *, picture: str | None = None, password_hash: str | None = None
    ) -> Self:
        """An account that no token made before can open, not even one for the same address."""
        return cls(
            email=normal_email(email),
            name=name,
            picture=picture,
            password_hash=password_hash,
            token_version=secrets.randbits(_VERSION_BITS),
        )


class AccountDeletion(BaseModel):
    """The tombstone of an account; without `finished_at` it is a job that is still to be done."""

    email: str
    job_id: str = Field(default_factory=new_id)
    started_at: datetime = Field(default_factory=utc_now)
    finished_at: datetime | None = None
