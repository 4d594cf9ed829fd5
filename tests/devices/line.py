"""A client that is connected, without the connection."""

from typing import Any

from smriti.devices.hub import Hub, Peer
from smriti.devices.protocol import Role, ToDevice
from tests.home import Home


class Line:
    """Keeps what a client would be sent; hangs up at once."""

    def __init__(self) -> None:
        self.sent: list[ToDevice] = []
        self.closed: tuple[int, str] | None = None

    def send(self, message: ToDevice) -> None:
        self.sent.append(message)

    def hang_up(self, code: int, reason: str) -> None:
        self.closed = (code, reason)

    async def answers(self) -> bool:
        return True


def plug_in(
    home: Home,
    client_id: str,
    *,
    owner: str = "alice@local",
    role: Role = "device",
    system_info: dict[str, Any] | None = None,
) -> tuple[Peer, Line]:
    """A client that has just registered."""
    line = Line()
    peer = Peer(owner, client_id, role, "key", line, platform="linux")
    peer.system_info = system_info or {}
    home.services.get(Hub).join(peer)
    return peer, line
