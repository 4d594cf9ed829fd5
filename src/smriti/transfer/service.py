"""Imports: a file is looked through whole, then written, piece by piece."""

import asyncio
from typing import IO

from smriti.agents.service import check_lent
from smriti.auth.keys.models import ApiKey
from smriti.core.errors import AppError, Unavailable
from smriti.memory.blocks.models import DEFAULT_BLOCKS
from smriti.transfer.batches import Batches
from smriti.transfer.ids import DerivedIds
from smriti.transfer.models import Imported
from smriti.transfer.plan import Plan, plan_of
from smriti.transfer.recognition import pieces_of
from smriti.transfer.writing import Stores, Writer
from smriti.users.models import User


class ImportInterrupted(Unavailable):
    """Something of the file is written, the rest is not."""

    slug = "import-interrupted"

    def __init__(self, reason: str) -> None:
        super().__init__(
            f"The import was interrupted: {reason} Send the same file again, with the same "
            "Idempotency-Key: what is there already is not made twice."
        )


class ImportService:
    def __init__(self, stores: Stores) -> None:
        self._stores = stores

    async def run(
        self, user: User, file: IO[bytes], import_id: str, *, key: ApiKey | None = None
    ) -> Imported:
        """Make new agents of what stands in `file`. Again with the same `import_id`, it goes on.
        `key`: the program that asks for it.

        `UnknownFormat`, `ImportFileInvalid`, `ScopeMissing`, `TooManyAgents`, `PlanLimitReached`:
        then nothing was written.
        """
        ids = DerivedIds(import_id)
        plan = await asyncio.to_thread(lambda: plan_of(pieces_of(file), ids))
        for agent in plan.agents:
            check_lent(key, agent.capabilities)
        await self._check_room(user.email, plan)
        writer = Writer(self._stores, user, plan, ids)
        try:
            await self._write(writer, file)
        except AppError as error:
            raise ImportInterrupted(error.detail) from error
        return _told(writer, plan)

    async def _check_room(self, user: str, plan: Plan) -> None:
        await self._stores.agents.check_room(user, {agent.agent_id for agent in plan.agents})
        most = max((len(agent.blocks | DEFAULT_BLOCKS.keys()) for agent in plan.agents), default=0)
        await self._stores.blocks.check_room(user, most)

    async def _write(self, writer: Writer, file: IO[bytes]) -> None:
        batches = await asyncio.to_thread(lambda: Batches(pieces_of(file)))
        while values := await asyncio.to_thread(batches.take):
            await writer.write(values)
        await writer.end()


def _told(writer: Writer, plan: Plan) -> Imported:
    agents = writer.made
    first = agents[0] if agents else None
    return Imported(
        agent_id=first.agent_id if first else None,
        agent_name=first.agent_name if first else None,
        blocks=sum(len(agent.blocks) for agent in plan.agents),
        memories=sum(agent.memories for agent in plan.agents),
        conversations=sum(len(agent.conversations) for agent in plan.agents),
        messages=sum(agent.messages for agent in plan.agents),
        agents=agents,
        warnings=plan.warnings,
    )
