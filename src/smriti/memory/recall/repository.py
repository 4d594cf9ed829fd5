"""Exchanges in the table; `memory/keys.py` lists the keys.

An exchange is written when its turn ends, and again when a crash has hidden whether it was. Whoever
held the conversation last writes last: a process that lost it cannot put an older text back.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from itertools import batched
from typing import Final, NamedTuple

from smriti.core.clock import EPOCH, utc_now
from smriti.db.repository import Repository
from smriti.db.table import (
    NEW,
    Absent,
    Compare,
    ConditionFailed,
    Get,
    Item,
    Key,
    Put,
)
from smriti.memory import keys
from smriti.memory.models import MemoryOwner
from smriti.memory.recall.models import Exchange, ExchangeKey
from smriti.retrieval.changes import MOST_KEYS, changed
from smriti.retrieval.documents import MESSAGES, Corpus, Document

LATE: Final = timedelta(minutes=4)
"""An index looks five minutes back for what is new; of what may sort before that it is told."""

QUESTION: Final = 0
ANSWER: Final = 1
"""The parts of an exchange that are searched."""

_TICK: Final = timedelta(microseconds=1)


class _Part(NamedTuple):
    """The attributes of an item in which a part of it stands, and who spoke."""

    text: str
    author: str
    labels: frozenset[str]


_MADE_BY: Final = (
    _Part("question", "user_name", frozenset({"user"})),
    _Part("answer", "agent_name", frozenset({"assistant"})),
)


class RecallRepository(Repository[Exchange]):
    entity = Exchange

    def key(self, entity: Exchange) -> Key:
        return keys.recall_key(entity.agent_id, entity.user_id, entity.created_at, entity.turn_id)

    async def put(self, exchange: Exchange, *, fence: int) -> None:
        """Keep an exchange, unless a turn with a later lease has."""
        earlier = NEW | Absent("fence") | Compare("fence", "<=", fence)
        try:
            await self._table.write(Put({**self.item(exchange), "fence": fence}, when=earlier))
        except ConditionFailed:
            return
        if utc_now() - exchange.created_at > LATE:
            await self._tell([self.key(exchange)])

    async def put_all(self, exchanges: Sequence[Exchange]) -> None:
        """Keep exchanges of one agent and user, of whatever time."""
        await self._table.bulk(puts=[self.item(exchange) for exchange in exchanges])
        await self._tell([self.key(exchange) for exchange in exchanges])

    async def delete(self, wanted: Iterable[ExchangeKey]) -> None:
        """Remove exchanges; those that do not exist are gone already."""
        owners: dict[tuple[str, str], list[Key]] = {}
        for each in wanted:
            key = keys.recall_key(each.agent_id, each.user_id, each.asked_at, each.turn_id)
            owners.setdefault((each.agent_id, each.user_id), []).append(key)
        for owner, found in owners.items():
            await self._table.bulk(deletes=found)
            # Where all memory was deleted, nothing may be left, not even word of a change.
            if await self._table.get(keys.owner_key(*owner)) is not None:
                await self._tell(found)

    async def read(self, owner: MemoryOwner, wanted: Sequence[str]) -> list[Exchange | None]:
        """The exchanges under these sort keys; None for those that are gone."""
        pk = keys.partition(owner.agent_id, owner.user_id)
        found = await self._table.read(*(Get((pk, sk)) for sk in wanted)) if wanted else []
        return [self.load(item) if isinstance(item, dict) else None for item in found]

    async def _tell(self, moved: Sequence[Key]) -> None:
        """Only when it is done: an index that hears of it reads what there is now."""
        for batch in batched(moved, MOST_KEYS, strict=False):
            corpus = _corpus(batch[0][0])
            await self._table.write(*changed(corpus, [sk for _, sk in batch]))


def recall_corpus(agent_id: str, user_id: str) -> Corpus:
    """All that was said between the two, for a retriever to rank."""
    return _corpus(keys.partition(agent_id, user_id))


def _corpus(pk: str) -> Corpus:
    return Corpus(pk, keys.RECALL, "Recall", documents_of, marker="fence")


def documents_of(item: Item) -> list[Document]:
    """The question and the answer of an exchange, without those that say nothing."""
    asked_at = datetime.fromisoformat(str(item["created_at"]))
    answered_at = item.get("answer_at")
    return [
        _document(item, part, _MADE_BY[part], moment)
        for part, moment in (
            (QUESTION, asked_at),
            (ANSWER, datetime.fromisoformat(str(answered_at)) if answered_at else asked_at),
        )
        if str(item.get(_MADE_BY[part].text, "")).strip()
    ]


def _document(item: Item, part: int, made: _Part, moment: datetime) -> Document:
    return Document(
        sk=str(item["sk"]),
        text=str(item[made.text]),
        created_at=moment,
        part=part,
        author=str(item.get(made.author, "")),
        thread=str(item["conversation_id"]),
        place=(moment - EPOCH) // _TICK,
        kernel=MESSAGES,
        labels=made.labels,
    )
