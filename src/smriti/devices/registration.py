"""What must hold before a client is registered."""

from typing import Final

from smriti.auth.keys.models import ApiKey
from smriti.core.errors import Forbidden
from smriti.devices.hub import Hub, Line, Peer
from smriti.devices.protocol import Register, RegisterMetadata, Unreadable, read

MAX_REGISTER: Final = 256 * 1024
"""Bytes or characters of a REGISTER."""


class Refused(Forbidden):
    """A rule of the protocol stands against what a client wants."""

    slug = "client-refused"


def registration(frame: str | bytes) -> Register:
    """The first frame of a connection; `Refused`."""
    if len(frame) > MAX_REGISTER:
        raise Refused(f"A REGISTER may have {MAX_REGISTER} bytes at most.")
    try:
        message = read(frame)
    except Unreadable as unreadable:
        raise Refused(str(unreadable)) from unreadable
    if not isinstance(message, Register):
        raise Refused("The first message must be REGISTER.")
    return message


def peer_of(asked: Register, key: ApiKey, line: Line) -> Peer:
    metadata = asked.metadata or RegisterMetadata()
    return Peer(
        owner=key.created_by,
        client_id=asked.client_id,
        role=asked.client_type or "device",
        key_id=key.key_id,
        line=line,
        target_id=asked.target_id,
        platform=metadata.platform or "windows",
        system_info=metadata.system_info,
    )


async def clear_the_way(hub: Hub, key: ApiKey, peer: Peer) -> None:
    """Free the id when its holder is dead. `Refused`."""
    _check_key(key, peer)
    await _free_if_dead(hub, peer)
    if peer.role == "constellation":
        _check_target(hub, peer)


def _check_key(key: ApiKey, peer: Peer) -> None:
    if peer.role == "constellation" and key.kind == "device":
        raise Refused("This key registers devices only.")
    if not key.admits(peer.client_id):
        raise Refused(f"This key does not register the client_id '{peer.client_id}'.")


async def _free_if_dead(hub: Hub, peer: Peer) -> None:
    """A machine that was cut off comes back before anybody has missed it."""
    holder = hub.find(peer.owner, peer.client_id)
    if holder is None or await holder.line.answers():
        return
    hub.leave(holder)
    holder.line.hang_up(1001, "You did not answer, and another took your place.")


def _check_target(hub: Hub, peer: Peer) -> None:
    if peer.target_id is None:
        raise Refused("A constellation must name a device as its target_id.")
    if hub.device(peer.owner, peer.target_id) is None:
        raise Refused(f"Target device '{peer.target_id}' is not connected")
