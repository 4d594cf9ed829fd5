"""One-time sign-in links for the owner of a local server, as the terminal prints them."""

import secrets
from typing import Final

from smriti.auth.repository import OneTimeRepository
from smriti.auth.service import OWNER
from smriti.auth.tokens import NotSignedIn
from smriti.core.errors import Forbidden
from smriti.users.models import LOCAL_DOMAIN, User
from smriti.users.service import UserService

LINK_LIFETIME_S: Final = 600
OWNER_EMAIL: Final = OWNER + LOCAL_DOMAIN
_TOKEN_BYTES: Final = 32


class LinksOff(Forbidden):
    slug = "links-off"

    def __init__(self) -> None:
        super().__init__("Sign-in links are for servers in local mode only.")


class LinkSpent(NotSignedIn):
    slug = "link-spent"

    def __init__(self) -> None:
        super().__init__("This sign-in link was used already, or is older than 10 minutes.")


class LoginLinks:
    """Makes and takes sign-in links. `is_open`: whether this server is in local mode."""

    def __init__(self, once: OneTimeRepository, users: UserService, *, is_open: bool) -> None:
        self._once = once
        self._users = users
        self.is_open = is_open

    async def create(self) -> str:
        """The token of a new link `<base>/login?token=…`, good once, for ten minutes."""
        self._require_open()
        token = secrets.token_urlsafe(_TOKEN_BYTES)
        await self._once.add_link(token, lifetime_s=LINK_LIFETIME_S)
        return token

    async def redeem(self, token: str) -> User:
        """The owner of this server, for the first who brings the token; else `LinkSpent`."""
        self._require_open()
        if not await self._once.take_link(token):
            raise LinkSpent
        return await self._users.find_or_create(User.new(OWNER_EMAIL, "Owner"))

    def _require_open(self) -> None:
        if not self.is_open:
            raise LinksOff
