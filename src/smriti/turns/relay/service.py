"""Making agents at the specialised servers, and asking them."""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

import httpx2

from smriti.agents.models import Agent
from smriti.core.crypto import SecretBox, SecretUnreadable
from smriti.turns.relay.models import Likeness, Link, Question
from smriti.turns.relay.pool import Instance, Json, NotThere, Pool, RequestRefused, ServerFailed
from smriti.turns.relay.repository import LinkRepository
from smriti.turns.relay.servers import Wire, made_id


@dataclass(frozen=True, slots=True)
class Side:
    """One kind of server, and those that there are."""

    wire: Wire
    pool: Pool

    @property
    def makes(self) -> bool:
        return any(instance.make for instance in self.pool.instances)

    @property
    def answers(self) -> bool:
        return any(instance.ask for instance in self.pool.instances)


class Relay:
    def __init__(
        self, sides: Sequence[Side], links: LinkRepository, box: SecretBox, http: httpx2.AsyncClient
    ) -> None:
        self.sides = tuple(sides)
        self._http = http
        self._links = links
        self._box = box

    @property
    def configured(self) -> bool:
        """Whether there is anybody to ask."""
        return any(side.answers for side in self.sides)

    async def watch(self) -> None:
        """See which servers are well, for as long as the process lives."""
        await asyncio.gather(*(side.pool.watch() for side in self.sides))

    async def close(self) -> None:
        await self._http.aclose()

    async def keep(self, agent: Agent, likeness: Likeness) -> None:
        """Store what the agent is made from, encrypted; what was made before counts no more."""
        sealed = self._box.seal(
            likeness.model_dump_json(), place=_place(agent.agent_id, "likeness")
        )
        await self._links.change(agent, sealed=sealed, sealed_key=None, eliza={}, tools={})

    async def make(self, side: Side, agent: Agent, likeness: Likeness) -> str:
        """Make the agent at the least busy server of a kind, and answer its id there.

        `ServerFailed`, `RequestRefused`.
        """
        link = await self._links.find(agent.agent_id)
        return await side.pool.run(lambda at: self._make(side, at, agent, link, likeness))

    async def name_key(self, agent: Agent, link: Link, key: str) -> None:
        """From now on, ask Tools with this key instead of the one that it gave."""
        place = _place(agent.agent_id, "key")
        if link.sealed_key is None or self._open(link.sealed_key, place) != key:
            await self._links.change(agent, sealed_key=self._box.seal(key, place=place))

    async def ask(self, side: Side, agent: Agent, question: Question) -> Json:
        """What the servers of a kind answer; an agent that one of them does not know is made there.

        `ServerFailed`, `RequestRefused`.
        """
        link = await self._links.find(agent.agent_id)
        if link.sealed_key is not None and side.wire.field == "tools":
            key = self._open(link.sealed_key, _place(agent.agent_id, "key"))
            return await side.pool.run(lambda at: _asked(side, at, key, question))
        return await side.pool.run(self._at(side, agent, link, question))

    def _at(
        self, side: Side, agent: Agent, link: Link, question: Question
    ) -> Callable[[Instance], Awaitable[Json]]:
        async def ask(instance: Instance) -> Json:
            ids = side.wire.ids(link)
            # Servers may share their agents: only the answer tells.
            known = ids.get(instance.name) or next(iter(ids.values()), None)
            if known is not None or not instance.make:
                try:
                    return await _asked(side, instance, known or agent.agent_id, question)
                except NotThere:
                    if not instance.make:
                        raise
            made = await self._make(side, instance, agent, link, self._likeness(agent, link))
            return await _asked(side, instance, made, question)

        return ask

    async def _make(
        self, side: Side, instance: Instance, agent: Agent, link: Link, likeness: Likeness
    ) -> str:
        answer = await side.pool.post(
            instance, instance.make, side.wire.making(agent.agent_id, likeness)
        )
        made = made_id(answer, side.wire.id_name)
        if made is None:
            raise ServerFailed(f"{side.wire.name} did not say under which id it made the agent.")
        ids = side.wire.ids(link)
        ids[instance.name] = made
        await self._links.change(agent, **{side.wire.field: ids})
        return made

    def _likeness(self, agent: Agent, link: Link) -> Likeness:
        """What is kept, else what the definition says."""
        if link.sealed is None:
            return Likeness(character={"name": agent.agent_name, "bio": [agent.agent_persona]})
        text = self._open(link.sealed, _place(agent.agent_id, "likeness"))
        return Likeness.model_validate_json(text)

    def _open(self, sealed: str, place: str) -> str:
        try:
            return self._box.open(sealed, place=place)
        except SecretUnreadable as error:
            raise RequestRefused(
                "The agent's secrets were stored with another ENCRYPTION_KEY. Create its session "
                "again."
            ) from error


async def _asked(side: Side, instance: Instance, agent_id: str, question: Question) -> Json:
    address, body = side.wire.asking(instance.ask, agent_id, question)
    return await side.pool.post(instance, address, body)


def question_of(text: str, agent: Agent, user: str, conversation_id: str) -> Question:
    """`text`, from somebody whom the servers shall tell from others, and not know."""
    person = hashlib.sha256(f"{agent.agent_id}/{user}".encode()).hexdigest()[:32]
    return Question(text, person, conversation_id)


def _place(agent_id: str, what: str) -> str:
    return f"relay/{agent_id}/{what}"
