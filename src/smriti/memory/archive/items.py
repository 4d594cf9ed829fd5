"""Archived passages as items of the table, and as documents that are searched."""

import hashlib
from datetime import UTC, datetime, timedelta
from typing import Final

from smriti.core.clock import EPOCH, id_at, utc_now
from smriti.db.repository import stored
from smriti.db.table import Item
from smriti.memory import keys
from smriti.memory.archive.models import ArchivalMemory, Draft
from smriti.memory.models import MemoryOwner
from smriti.retrieval.documents import FACTS, MESSAGES, Corpus, Document, Filter

_PLACES: Final = 4096
_TICK: Final = timedelta(microseconds=1)


def hash_of(content: str) -> str:
    return hashlib.sha256(content.encode()).hexdigest()


def new_memory(draft: Draft, place: int = 0) -> ArchivalMemory:
    """A passage whose time is the one that its id tells, so that the id alone finds it. Those of
    one millisecond are in the order of `place`."""
    memory_id = id_at(draft.created_at or utc_now(), place % _PLACES)
    return ArchivalMemory(
        memory_id=memory_id,
        content=draft.content,
        content_hash=hash_of(draft.content),
        created_at=keys.time_of(memory_id) or utc_now(),
        author=draft.origin.author,
        conversation_id=draft.origin.conversation_id,
        sequence=draft.origin.sequence,
        turn_id=draft.origin.turn_id,
        tags=list(draft.tags),
    )


def lock_of(memory: ArchivalMemory) -> str:
    """What no two passages have in common."""
    return keys.text_lock(memory.content_hash, memory.conversation_id, memory.sequence)


def item_of(owner: MemoryOwner, memory: ArchivalMemory) -> Item:
    pk, sk = keys.archival_key(owner, memory.memory_id, memory.created_at)
    return {
        **stored(memory),
        "pk": pk,
        "sk": sk,
        "entity_type": "ArchivalMemory",
        "agent_id": owner.agent_id,
        "user_id": owner.user_id,
    }


def load(item: Item) -> ArchivalMemory:
    return ArchivalMemory.model_validate(item)


def archive_corpus(agent_id: str, user_id: str) -> Corpus:
    """All passages, for a retriever to rank."""
    pk = keys.partition(agent_id, user_id)
    return Corpus(pk, keys.ARCHIVAL, "Archive", _documents, counted=True, marker="content_hash")


def tag_label(tag: str) -> str:
    """How a search asks for a tag, in whatever case it was written."""
    return f"tag:{tag.casefold()}"


def has_labels(item: Item, where: Filter) -> bool:
    labels = _labels(item)
    return where.all_of <= labels and (not where.any_of or not where.any_of.isdisjoint(labels))


def _labels(item: Item) -> frozenset[str]:
    tags = item.get("tags")
    return frozenset(tag_label(str(tag)) for tag in tags) if isinstance(tags, list) else frozenset()


def _documents(item: Item) -> list[Document]:
    moment = datetime.fromisoformat(str(item["created_at"]))
    created_at = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    thread, sequence = item.get("conversation_id"), item.get("sequence")
    said = isinstance(thread, str) and isinstance(sequence, int)
    vector, model = item.get("vector"), item.get("vector_model")
    document = Document(
        sk=str(item["sk"]),
        text=str(item["content"]),
        created_at=created_at,
        author=str(item.get("author") or ""),
        thread=thread if isinstance(thread, str) else None,
        place=sequence if said and isinstance(sequence, int) else (created_at - EPOCH) // _TICK,
        kernel=MESSAGES if said else FACTS,
        labels=_labels(item),
        vector=vector if isinstance(vector, bytes) else None,
        vector_model=model if isinstance(model, str) else "",
    )
    return [document]
