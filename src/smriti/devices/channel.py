"""Commands on their way: each waits for the results of the one device that executes it."""

import asyncio
from typing import NamedTuple

from smriti.devices.hub import Peer
from smriti.devices.protocol import Command, CommandResults, Result


class _Waiting(NamedTuple):
    peer: Peer
    result: asyncio.Future[Result]


class Channel:
    """All commands of the process, by their `response_id`."""

    def __init__(self) -> None:
        self._waiting: dict[str, _Waiting] = {}

    async def execute(self, peer: Peer, command: Command, *, limit_s: float) -> Result:
        """What became of the command's one action; `TimeoutError` when the device is silent."""
        result: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        self._waiting[command.response_id] = _Waiting(peer, result)
        try:
            peer.send(command)
            async with asyncio.timeout(limit_s):
                return await result
        finally:
            del self._waiting[command.response_id]

    def answer(self, peer: Peer, message: CommandResults) -> None:
        """What nobody waits for, or not from this device, is nothing; so is a second answer."""
        waiting = self._waiting.get(message.prev_response_id)
        if waiting is not None and waiting.peer is peer and not waiting.result.done():
            results = message.action_results or [Result(status="none")]
            waiting.result.set_result(results[0])
