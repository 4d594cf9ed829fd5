"""The machines of a user as a page watches them: whoever changes is told anew, as it is then."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import Final

from smriti.core.errors import Conflict
from smriti.db.table import TableError
from smriti.devices.hub import Peer
from smriti.devices.models import DeviceView
from smriti.devices.service import DeviceService
from smriti.realtime.sse import KEEP_ALIVE, data_frame

MOST_OF_USER: Final = 4
"""Streams at a time."""

POLL_S: Final = 5.0
LIFE_S: Final = 600.0
"""After that a stream ends: whoever goes on says again who asks."""

_AT_ONCE: Final = 20
_LOOKING_SHARE: Final = 0.05


class TooManyWatches(Conflict):
    slug = "too-many-device-streams"

    def __init__(self) -> None:
        super().__init__(
            f"{MOST_OF_USER} streams of your devices are open already. Close one, or ask for the "
            "list from time to time."
        )


class Watch:
    """One stream. What this process knows to have changed is looked at at once, the rest in turn:
    other processes share the table, but tell nobody."""

    def __init__(self, owner: str, devices: DeviceService, *, keep_alive_s: float) -> None:
        self._owner = owner
        self._devices = devices
        self._keep_alive_s = keep_alive_s
        self._told: dict[str, DeviceView] = {}
        self._changed: set[str] = set()
        self._woken = asyncio.Event()
        self._closed = False
        self._next_look = 0.0

    def hear(self, client_id: str) -> None:
        self._changed.add(client_id)
        self._woken.set()

    def close(self) -> None:
        self._closed = True
        self._woken.set()

    async def follow(self) -> AsyncIterator[bytes]:
        """Every machine as it is now, which is read before this returns; then those that change."""
        return self._chunks(await self._look())

    async def _chunks(self, first: Iterable[DeviceView]) -> AsyncIterator[bytes]:
        clock = asyncio.get_running_loop().time
        views, ends = first, clock() + LIFE_S
        quiet_since = clock()
        while not self._closed and clock() < ends:
            if frames := b"".join(map(data_frame, self._news(views))):
                quiet_since = clock()
                yield frames
            elif clock() - quiet_since >= self._keep_alive_s:
                quiet_since = clock()
                yield KEEP_ALIVE
            await self._wait(min(self._next_look, ends, clock() + self._keep_alive_s) - clock())
            with suppress(TableError):  # a store that fails now and then costs nothing
                views = await self._looked()

    def _news(self, views: Iterable[DeviceView]) -> Iterator[object]:
        """What has not been told; that a machine is online, it is not told again every moment."""
        for view in views:
            lasting = view.model_copy(update={"last_seen_at": None}) if view.online else view
            if self._told.get(view.client_id) != lasting:
                self._told[view.client_id] = lasting
                yield view.model_dump(mode="json")

    async def _wait(self, seconds: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(max(seconds, 0)):
                await self._woken.wait()

    async def _looked(self) -> list[DeviceView]:
        changed, self._changed = self._changed, set()
        self._woken.clear()
        if len(changed) > _AT_ONCE or asyncio.get_running_loop().time() >= self._next_look:
            return await self._look()
        found = [await self._devices.find(self._owner, client_id) for client_id in changed]
        return [self._devices.view(device) for device in found if device is not None]

    async def _look(self) -> list[DeviceView]:
        """All of them; of a user with thousands, seldom."""
        clock = asyncio.get_running_loop().time
        began = clock()
        views = await self._devices.listing(self._owner)
        self._next_look = clock() + max(POLL_S, (clock() - began) / _LOOKING_SHARE)
        return views


class Watches:
    """The streams of this process."""

    def __init__(self, devices: DeviceService, *, keep_alive_s: float) -> None:
        self._devices = devices
        self._keep_alive_s = keep_alive_s
        self._watches: dict[str, set[Watch]] = {}

    @contextmanager
    def opened(self, owner: str) -> Iterator[Watch]:
        """One more stream of the user, for so long: `TooManyWatches`."""
        if len(self._watches.get(owner, ())) >= MOST_OF_USER:
            raise TooManyWatches
        watch = Watch(owner, self._devices, keep_alive_s=self._keep_alive_s)
        self._watches.setdefault(owner, set()).add(watch)
        try:
            yield watch
        finally:
            self._watches[owner].discard(watch)
            if not self._watches[owner]:
                del self._watches[owner]

    def moved(self, peer: Peer) -> None:
        self.changed(peer.owner, peer.client_id)

    def changed(self, owner: str, client_id: str) -> None:
        for watch in self._watches.get(owner, ()):
            watch.hear(client_id)

    def close(self) -> None:
        """End them all, because the server stops."""
        for watches in self._watches.values():
            for watch in watches:
                watch.close()
