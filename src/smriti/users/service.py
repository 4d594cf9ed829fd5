"""Accounts: made once, found by address, deleted whole."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

import structlog

from smriti.core.errors import Conflict, NotFound
from smriti.users.models import AccountDeletion, User
from smriti.users.repository import DeletionRepository, UserRepository

type DeleteHook = Callable[[str], Awaitable[None]]

_CLOSE_S: Final = 20.0
_RETRY_AFTER_S: Final = 60.0
log = structlog.get_logger()


class UserNotFound(NotFound):
    slug = "user-not-found"


class AccountExists(Conflict):
    slug = "account-exists"


class AccountBeingDeleted(Conflict):
    slug = "account-being-deleted"

    def __init__(self) -> None:
        super().__init__("The account of this address is being deleted. Try again in some minutes.")


class UserService:
    """The accounts of this server.

    `on_delete` are the steps that delete what other modules keep of a user, in order; each may run
    more than once for one account, after a crash. The list may be filled until the first deletion.
    """

    def __init__(
        self,
        users: UserRepository,
        deletions: DeletionRepository,
        on_delete: Sequence[DeleteHook] = (),
        *,
        retry_after_s: float = _RETRY_AFTER_S,
    ) -> None:
        self._users = users
        self._deletions = deletions
        self._on_delete = on_delete
        self._retry_after_s = retry_after_s
        self._jobs: dict[str, asyncio.Task[None]] = {}

    async def find(self, email: str) -> User | None:
        return await self._users.find(email)

    async def get(self, email: str) -> User:
        user = await self._users.find(email)
        if user is None:
            raise UserNotFound("User not found")
        return user

    async def create(self, user: User) -> User:
        """A new account; `AccountExists`, or `AccountBeingDeleted` while the last one still is."""
        if await self._users.create(user):
            return user
        await self._existing(user.email)
        raise AccountExists("There is an account of this name already.")

    async def find_or_create(self, user: User) -> User:
        """The account of that address, made as `user` says when there is none."""
        if await self._users.create(user):
            return user
        return await self._existing(user.email)

    async def sign_in(self, email: str, *, name: str, picture: str | None) -> User:
        """The account of somebody whom a sign-in service vouches for, with the profile of today."""
        user = await self.find_or_create(User.new(email, name, picture=picture))
        if (user.name, user.picture) == (name, picture):
            return user
        changed = await self._users.set_profile(email, name, picture)
        if changed is None:
            raise AccountBeingDeleted
        return changed

    async def change_password(self, email: str, old_hash: str, new_hash: str) -> User | None:
        """The user with the new password and no sign-in left; None when the old one has changed."""
        return await self._users.set_password(email, old_hash, new_hash)

    async def sign_out_everywhere(self, email: str) -> None:
        await self._users.raise_token_version(email)

    async def delete(self, email: str) -> None:
        """End every sign-in at once, and begin to delete all there is of the user.

        What fails is tried again every minute, and after a crash by `resume_deletions`.
        """
        deletion = AccountDeletion(email=email)
        if await self._deletions.begin(deletion):
            self._start(deletion)

    async def resume_deletions(self) -> None:
        """Go on with what a crash left behind."""
        for deletion in await self._deletions.unfinished():
            self._start(deletion)

    async def close(self, *, patience_s: float = _CLOSE_S) -> None:
        """Let running deletions end; what takes too long is stopped, to be resumed at start."""
        if not self._jobs:
            return
        _, late = await asyncio.wait(self._jobs.values(), timeout=patience_s)
        for job in late:
            job.cancel()
        await asyncio.gather(*late, return_exceptions=True)

    async def _existing(self, email: str) -> User:
        user = await self._users.find(email)
        if user is None or user.deleted_at is not None:
            raise AccountBeingDeleted
        return user

    def _start(self, deletion: AccountDeletion) -> None:
        email = deletion.email
        if email in self._jobs:
            return
        job = asyncio.create_task(self._run(deletion), name="account-deletion")
        self._jobs[email] = job
        job.add_done_callback(lambda _: self._jobs.pop(email, None))

    async def _run(self, deletion: AccountDeletion) -> None:
        try:
            await self._delete_all(deletion)
        except Exception:
            log.exception("account_deletion.failed", job_id=deletion.job_id)
            asyncio.get_running_loop().call_later(self._retry_after_s, self._start, deletion)

    async def _delete_all(self, deletion: AccountDeletion) -> None:
        for hook in self._on_delete:
            # Another process may have finished the job, and the address may have a new account.
            if not await self._deletions.is_current(deletion):
                return
            await hook(deletion.email)
        if await self._deletions.is_current(deletion):
            await self._deletions.wipe(deletion.email)
            await self._deletions.finish(deletion)
            log.info("account.deleted", job_id=deletion.job_id)
