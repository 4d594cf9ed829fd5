"""Who is online: the connections of this process, by owner and client id."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, Protocol

from smriti.core.clock import utc_now
from smriti.core.errors import Conflict
from smriti.devices.protocol import Ack, Role, ToDevice

MOST_OF_OWNER: Final = 5000
"""Connections of one user."""


class Line(Protocol):
    """The way to a client. Never waits: what there is no room to keep ends the connection."""

    def send(self, message: ToDevice) -> None: ...

    def hang_up(self, code: int, reason: str) -> None:
        """Close the connection; the client is not waited for."""
        ...

    async def answers(self) -> bool:
        """Whether the client is still there, as far as can be told within some seconds."""
        ...


@dataclass(eq=False, slots=True)
class Peer:
    """A client that has registered: what it is bound to, from then on, is its connection.

    `target_id`: the device that a constellation declared. `system_info` as the device sent it.
    """

    owner: str
    client_id: str
    role: Role
    key_id: str
    line: Line
    target_id: str | None = None
    platform: str = "windows"
    system_info: Mapping[str, Any] = field(default_factory=dict)
    since: datetime = field(default_factory=utc_now)

    def send(self, message: ToDevice) -> None:
        self.line.send(message)


class ClientIdTaken(Conflict):
    slug = "client-id-taken"

    def __init__(self, client_id: str) -> None:
        super().__init__(
            f"client_id '{client_id}' is already registered; close that client first, or give "
            "this one another id."
        )


class TooManyClients(Conflict):
    slug = "too-many-clients"

    def __init__(self) -> None:
        super().__init__(f"At most {MOST_OF_OWNER} clients of one user may be connected.")


type Heard = Callable[[Peer], None]


class Hub:
    """Ids are unique among the clients of one owner, devices and constellations together."""

    def __init__(self) -> None:
        self._peers: dict[str, dict[str, Peer]] = {}
        self._on_join: list[Heard] = []
        self._on_leave: list[Heard] = []

    def listen(self, *, joined: Heard | None = None, left: Heard | None = None) -> None:
        """Call these whenever a client has come or gone. They must not fail, and not wait."""
        self._on_join += [joined] if joined else []
        self._on_leave += [left] if left else []

    def join(self, peer: Peer) -> None:
        """Acknowledge first, before anybody can reach it. `ClientIdTaken`, `TooManyClients`."""
        known = self._peers.get(peer.owner, {})
        if peer.client_id in known:
            raise ClientIdTaken(peer.client_id)
        if len(known) >= MOST_OF_OWNER:
            raise TooManyClients
        peer.send(Ack())
        self._peers.setdefault(peer.owner, known)[peer.client_id] = peer
        for hear in self._on_join:
            hear(peer)

    def leave(self, peer: Peer) -> bool:
        """Free its id, if it is the one that holds it."""
        known = self._peers.get(peer.owner, {})
        if known.get(peer.client_id) is not peer:
            return False
        del known[peer.client_id]
        if not known:
            del self._peers[peer.owner]
        for hear in self._on_leave:
            hear(peer)
        return True

    def find(self, owner: str, client_id: str) -> Peer | None:
        return self._peers.get(owner, {}).get(client_id)

    def device(self, owner: str, client_id: str) -> Peer | None:
        peer = self.find(owner, client_id)
        return peer if peer is not None and peer.role == "device" else None

    def of(self, owner: str) -> list[Peer]:
        return list(self._peers.get(owner, {}).values())

    def everybody(self) -> Iterable[Peer]:
        return [peer for known in self._peers.values() for peer in known.values()]

    def hang_up(self, which: Callable[[Peer], bool], reason: str) -> None:
        """Close the connections of these, 1008: a revoked key, a deleted account."""
        for peer in self.everybody():
            if which(peer):
                peer.line.hang_up(1008, reason)
