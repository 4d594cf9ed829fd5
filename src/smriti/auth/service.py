"""Accounts of a name and a password, kept on this server."""

from typing import Final

from pydantic import SecretStr

from smriti.auth.models import Credentials, NewAccount, PasswordChange, SignedIn
from smriti.auth.passwords import Passwords
from smriti.auth.throttle import FailureThrottle, network_of
from smriti.auth.tokens import NotSignedIn, Tokens
from smriti.core.errors import BadRequest, Conflict, Forbidden
from smriti.users.models import LOCAL_DOMAIN, User
from smriti.users.service import AccountBeingDeleted, AccountExists, UserService

OWNER: Final = "owner"  # who comes by the sign-in link; no password opens this account


class LocalAccountsOff(Forbidden):
    slug = "local-accounts-off"

    def __init__(self) -> None:
        super().__init__("Accounts with a name and a password are switched off on this server.")


class UsernameTaken(BadRequest):
    slug = "username-taken"

    def __init__(self) -> None:
        super().__init__("Username already taken")


class WrongPassword(Forbidden):
    slug = "wrong-password"

    def __init__(self) -> None:
        super().__init__("The current password is not right.")


class NoPassword(Conflict):
    slug = "no-password"

    def __init__(self) -> None:
        super().__init__("This account has no password: it signs in another way.")


class LocalAccounts:
    """Sign-up, sign-in and password change. `is_open` says whether the first two are on."""

    def __init__(
        self,
        users: UserService,
        tokens: Tokens,
        passwords: Passwords,
        throttle: FailureThrottle,
        *,
        is_open: bool,
    ) -> None:
        self._users = users
        self._tokens = tokens
        self._passwords = passwords
        self._throttle = throttle
        self.is_open = is_open

    async def sign_up(self, new: NewAccount) -> SignedIn:
        self._require_open()
        email = new.username + LOCAL_DOMAIN
        holder = await self._users.find(email)
        if new.username == OWNER or (holder is not None and holder.deleted_at is None):
            raise UsernameTaken
        password_hash = await self._hash(new.password)
        user = User.new(email, new.username, password_hash=password_hash)
        try:
            return self._tokens.sign_in(await self._users.create(user))
        except AccountExists as error:
            raise UsernameTaken from error

    async def log_in(self, given: Credentials, client: str) -> SignedIn:
        """`client` is the address that the request comes from."""
        self._require_open()
        user = await self._users.find(given.username + LOCAL_DOMAIN)
        if not await self._is_password(given.username, client, given.password, user):
            raise NotSignedIn("Invalid username or password")
        if user is None or user.deleted_at is not None:
            raise AccountBeingDeleted
        return self._tokens.sign_in(user)

    async def change_password(self, user: User, change: PasswordChange, client: str) -> SignedIn:
        """Every sign-in so far ends; the answer carries a new one."""
        if user.password_hash is None:
            raise NoPassword
        username = user.email.removesuffix(LOCAL_DOMAIN)
        if not await self._is_password(username, client, change.current_password, user):
            raise WrongPassword
        new_hash = await self._hash(change.new_password)
        changed = await self._users.change_password(user.email, user.password_hash, new_hash)
        if changed is None:
            raise WrongPassword
        return self._tokens.sign_in(changed)

    async def _is_password(
        self, username: str, client: str, given: SecretStr, user: User | None
    ) -> bool:
        """Counts a failure, and refuses to look when there were too many."""
        keys = f"name:{username}", f"address:{network_of(client)}"
        self._throttle.check(*keys)
        async with self._passwords.turn():
            self._throttle.check(*keys)  # again: many guesses may have waited for this turn
            if await self._passwords.matches(given, user.password_hash if user else None):
                self._throttle.forget(keys[0])
                return True
            self._throttle.fail(*keys)
            return False

    async def _hash(self, password: SecretStr) -> str:
        async with self._passwords.turn():
            return await self._passwords.hash(password)

    def _require_open(self) -> None:
        if not self.is_open:
            raise LocalAccountsOff
