"""Messages in the table.

    CONVERSATION#<id>  MESSAGE#<time>#<message id>       a message; in order of time
    CONVERSATION#<id>  PIECE#<message id>#<number>       the body of a long one, in pieces

A message whose body is long is stored as a head that counts its pieces, written after them: who
sees the head finds them all. Parts are stored as JSON text: what models give to tools may be
nested deeper than an item may be.
"""

from collections.abc import Sequence
from typing import Final

import orjson

from smriti.core.clock import sort_time
from smriti.core.paging import Page, PageRequest
from smriti.db.repository import Repository, collect
from smriti.db.table import Get, Item, Key, Put, Query
from smriti.messages.models import Message

INLINE_BYTES: Final = 64 * 1024
PIECE_BYTES: Final = 350 * 1024
_BODY: Final = ("content", "parts", "attachments")


def conversation_partition(conversation_id: str) -> str:
    return f"CONVERSATION#{conversation_id}"


def newest_messages(conversation_id: str, limit: int, *, after: str | None = None) -> Query:
    partition = conversation_partition(conversation_id)
    return Query(partition, begins="MESSAGE#", limit=limit, newest_first=True, after=after)


class MessageRepository(Repository[Message]):
    entity = Message

    def key(self, entity: Message) -> Key:
        sk = f"MESSAGE#{sort_time(entity.created_at)}#{entity.message_id}"
        return conversation_partition(entity.conversation_id), sk

    def item(self, entity: Message) -> Item:
        item = super().item(entity)
        return {**item, "parts": orjson.dumps(item["parts"]).decode()}

    def load(self, item: Item) -> Message:
        parts = item.get("parts")
        return super().load(
            {**item, "parts": orjson.loads(parts)} if isinstance(parts, str) else item
        )

    async def put(self, message: Message) -> None:
        """Store a message, or store it anew."""
        item = self.item(message)
        body = orjson.dumps({name: item[name] for name in _BODY})
        if len(body) > INLINE_BYTES:
            cuts = range(0, len(body), PIECE_BYTES)
            pieces = [body[start : start + PIECE_BYTES] for start in cuts]
            await self._table.bulk(
                puts=[
                    _keyed(_piece_key(item, number), {"body": piece})
                    for number, piece in enumerate(pieces)
                ]
            )
            item = {name: value for name, value in item.items() if name not in _BODY}
            item["pieces"] = len(pieces)
        await self._table.write(Put(item))

    async def page(
        self, conversation_id: str, page: PageRequest, *, oldest_first: bool = False
    ) -> Page[Message]:
        """Messages of a conversation, newest first unless asked otherwise."""
        partition = conversation_partition(conversation_id)
        query = Query(partition, begins="MESSAGE#", newest_first=not oldest_first)
        items, cursor = await collect(self._table, query, page)
        return Page[Message].of(await self.read_items(items), cursor)

    async def read_items(self, items: Sequence[Item]) -> list[Message]:
        """The messages of stored items; the pieces of all long ones are read at once."""
        wanted = [_piece_key(item, number) for item in items for number in range(_pieces_of(item))]
        pieces: dict[Key, bytes] = {}
        if wanted:
            found = await self._table.read(*(Get(key) for key in wanted))
            for key, piece in zip(wanted, found, strict=True):
                body = piece.get("body") if isinstance(piece, dict) else None
                pieces[key] = body if isinstance(body, bytes) else b""
        return [self.load(_whole(item, pieces)) for item in items]


def _pieces_of(item: Item) -> int:
    count = item.get("pieces")
    return count if isinstance(count, int) else 0


def _piece_key(item: Item, number: int) -> Key:
    return str(item["pk"]), f"PIECE#{item['message_id']!s}#{number:04}"


def _keyed(key: Key, attributes: Item) -> Item:
    return {"pk": key[0], "sk": key[1], **attributes}


def _whole(item: Item, pieces: dict[Key, bytes]) -> Item:
    count = _pieces_of(item)
    if count == 0:
        return item
    body = b"".join(pieces[_piece_key(item, number)] for number in range(count))
    return {**item, **orjson.loads(body)} if body else item
