"""Passwords at rest: scrypt, in threads, a few at a time."""

import asyncio
import base64
import hashlib
import hmac
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from pydantic import SecretStr

from smriti.core.errors import Unavailable

# OWASP Password Storage: N=2^14, r=8, p=5 is as good as the larger sets and takes 16 MB a hash.
_COST: Final = 1 << 14
_BLOCK: Final = 8
_ROUNDS: Final = 5
_MEMORY_BYTES: Final = 64 * 1024 * 1024
_SALT_BYTES: Final = 16
_KEY_BYTES: Final = 32
_AT_ONCE: Final = 2
_WAITING: Final = 256
_NOBODY: Final = base64.b64encode(bytes(_KEY_BYTES)).decode()


class PasswordsBusy(Unavailable):
    slug = "sign-in-busy"

    def __init__(self) -> None:
        super().__init__(
            "Too many people sign in at this moment. Try again in a few seconds.",
            headers={"Retry-After": "5"},
        )


class Passwords:
    """Hashes and checks. `cost` is scrypt's N, a power of two; it is stored with each hash."""

    def __init__(self, *, cost: int = _COST) -> None:
        self._cost = cost
        self._slots = asyncio.Semaphore(_AT_ONCE)
        self._waiting = 0

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """A place among the few that may hash at once; `PasswordsBusy` when too many wait."""
        if self._waiting >= _WAITING:
            raise PasswordsBusy
        self._waiting += 1
        try:
            async with self._slots:
                yield
        finally:
            self._waiting -= 1

    async def hash(self, password: SecretStr) -> str:
        """To be awaited in a `turn`."""
        salt = secrets.token_bytes(_SALT_BYTES)
        key = await asyncio.to_thread(_scrypt, password, self._cost, salt)
        encoded = (base64.b64encode(part).decode() for part in (salt, key))
        return "$".join(("scrypt", str(self._cost), *encoded))

    async def matches(self, password: SecretStr, stored: str | None) -> bool:
        """Whether this is the password. Without one stored it takes as long, and is false.

        To be awaited in a `turn`.
        """
        parts = (stored or "").split("$")
        if len(parts) != 4 or parts[0] != "scrypt":
            parts = ["scrypt", str(self._cost), _NOBODY, _NOBODY]
        salt, wanted = base64.b64decode(parts[2]), base64.b64decode(parts[3])
        key = await asyncio.to_thread(_scrypt, password, int(parts[1]), salt)
        return hmac.compare_digest(key, wanted)


def _scrypt(password: SecretStr, cost: int, salt: bytes) -> bytes:
    return hashlib.scrypt(
        password.get_secret_value().encode(),
        salt=salt,
        n=cost,
        r=_BLOCK,
        p=_ROUNDS,
        maxmem=_MEMORY_BYTES,
        dklen=_KEY_BYTES,
    )
