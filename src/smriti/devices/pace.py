"""How many messages of a client are heard in a second."""

import asyncio
from typing import Final

PER_SECOND: Final = 50
BURST: Final = 200


class Pace:
    """A bucket of tokens. Who is too fast is heard later, and nothing is lost."""

    def __init__(self) -> None:
        self._tokens = float(BURST)
        self._filled_at = asyncio.get_running_loop().time()

    async def step(self) -> None:
        now = asyncio.get_running_loop().time()
        self._tokens = min(BURST, self._tokens + (now - self._filled_at) * PER_SECOND) - 1
        self._filled_at = now
        if self._tokens < 0:
            await asyncio.sleep(-self._tokens / PER_SECOND)
