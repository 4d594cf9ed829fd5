"""What may be used once, in the table. Only hashes of the secrets are stored.

LoginLink#<sha256>   the same   a sign-in link that nobody has used yet
OAuthState#<sha256>  the same   a sign-in by Google that has come back
"""

import hashlib

from smriti.core.clock import unix_now
from smriti.db.table import EXISTS, NEW, TTL, Compare, ConditionFailed, Delete, Key, Put, Table


def _key(kind: str, secret: str) -> Key:
    key = f"{kind}#{hashlib.sha256(secret.encode()).hexdigest()}"
    return key, key


class OneTimeRepository:
    def __init__(self, table: Table) -> None:
        self._table = table

    async def add_link(self, token: str, *, lifetime_s: int) -> None:
        pk, sk = _key("LoginLink", token)
        ttl = unix_now() + lifetime_s
        await self._table.write(
            Put({"pk": pk, "sk": sk, "entity_type": "LoginLink", TTL: ttl}, when=NEW)
        )

    async def take_link(self, token: str) -> bool:
        """True for exactly one caller, before the link expires."""
        fresh = EXISTS & Compare(TTL, ">", unix_now())
        try:
            await self._table.write(Delete(_key("LoginLink", token), when=fresh))
        except ConditionFailed:
            return False
        return True

    async def take_state(self, state: str, *, lifetime_s: int) -> bool:
        """True for the first caller with this state."""
        pk, sk = _key("OAuthState", state)
        ttl = unix_now() + lifetime_s
        try:
            await self._table.write(
                Put({"pk": pk, "sk": sk, "entity_type": "OAuthState", TTL: ttl}, when=NEW)
            )
        except ConditionFailed:
            return False
        return True
