"""Users and the tombstones of their accounts in the table.

User#<email>     User#Metadata   one user
User#<email>     Deleted         the tombstone of an account, for 8 days after the job is done
AccountDeletion  <email>         (gsi2) the jobs that are not done yet
"""

from typing import Final

from smriti.core.clock import sort_time, unix_now, utc_now
from smriti.db.repository import Repository, pages
from smriti.db.table import (
    EXISTS,
    INDEX,
    NEW,
    TTL,
    Absent,
    Add,
    Change,
    Check,
    ConditionFailed,
    Item,
    Key,
    Put,
    Query,
    Remove,
    Set,
    TransactionFailed,
    Update,
    eq,
    key_of,
)
from smriti.users.models import AccountDeletion, User

_TOMBSTONE_S: Final = 8 * 24 * 3600  # a day longer than any token of the account lives
_UNFINISHED: Final = "AccountDeletion"
ALIVE: Final = EXISTS & Absent("deleted_at")


def user_key(email: str) -> Key:
    """Where a user is stored: for readers that fetch it together with other items."""
    return f"User#{email}", "User#Metadata"


def _tombstone_key(email: str) -> Key:
    return f"User#{email}", "Deleted"


class UserRepository(Repository[User]):
    entity = User

    def key(self, entity: User) -> Key:
        return user_key(entity.email)

    async def find(self, email: str) -> User | None:
        return await self._find(user_key(email))

    async def create(self, user: User) -> bool:
        """False when there is one already, or the last of that address is still being deleted."""
        free = Check(_tombstone_key(user.email), Absent(f"{INDEX}_pk"))
        try:
            await self._table.write(Put(self.item(user), when=NEW), free)
        except TransactionFailed:
            return False
        return True

    async def set_profile(self, email: str, name: str, picture: str | None) -> User | None:
        """None when the account is gone or going."""
        shown = Remove("picture") if picture is None else Set("picture", picture)
        return await self._change(email, Set("name", name), shown)

    async def set_password(self, email: str, old_hash: str, new_hash: str) -> User | None:
        """Replace the password and end every sign-in; None when the old one is no longer it."""
        try:
            item = await self._table.update(
                user_key(email),
                Set("password_hash", new_hash),
                Add("token_version", 1),
                Set("updated_at", sort_time(utc_now())),
                when=ALIVE & eq("password_hash", old_hash),
            )
        except ConditionFailed:
            return None
        return self.load(item)

    async def raise_token_version(self, email: str) -> None:
        await self._change(email, Add("token_version", 1))

    async def _change(self, email: str, *changes: Change) -> User | None:
        now = Set("updated_at", sort_time(utc_now()))
        try:
            item = await self._table.update(user_key(email), *changes, now, when=ALIVE)
        except ConditionFailed:
            return None
        return self.load(item)


class DeletionRepository(Repository[AccountDeletion]):
    entity = AccountDeletion

    def key(self, entity: AccountDeletion) -> Key:
        return _tombstone_key(entity.email)

    def item(self, entity: AccountDeletion) -> Item:
        index: Item = {f"{INDEX}_pk": _UNFINISHED, f"{INDEX}_sk": entity.email}
        return super().item(entity) | index

    async def begin(self, deletion: AccountDeletion) -> bool:
        """Set the tombstone and end every sign-in, together; False when there is none to delete."""
        mark = Set("deleted_at", sort_time(deletion.started_at))
        try:
            await self._table.write(
                Put(self.item(deletion), when=Absent(f"{INDEX}_pk")),
                Update(user_key(deletion.email), (mark, Add("token_version", 1)), when=ALIVE),
            )
        except TransactionFailed:
            return False
        return True

    async def unfinished(self) -> list[AccountDeletion]:
        return await self._all(Query(_UNFINISHED, index=True))

    async def is_current(self, deletion: AccountDeletion) -> bool:
        """Whether this very job is still to be done."""
        found = await self._find(self.key(deletion))
        return found is not None and found.job_id == deletion.job_id and found.finished_at is None

    async def wipe(self, email: str) -> None:
        """Delete every item of the user's partition but the tombstone."""
        async for items in pages(self._table, Query(f"User#{email}")):
            keys = {key_of(item) for item in items} - {_tombstone_key(email)}
            await self._table.bulk(deletes=list(keys))

    async def finish(self, deletion: AccountDeletion) -> None:
        """From here on the address is free again."""
        try:
            await self._table.update(
                self.key(deletion),
                Set("finished_at", sort_time(utc_now())),
                Set(TTL, unix_now() + _TOMBSTONE_S),
                Remove(f"{INDEX}_pk"),
                Remove(f"{INDEX}_sk"),
                when=eq("job_id", deletion.job_id),
            )
        except ConditionFailed:
            return  # another process finished it, and the address has had another account since
