"""Messages in the table.

    CONVERSATION#<id>  MESSAGE#<time>#<message id>   a message; in order of time
    CONVERSATION#<id>  PIECE#<body id>#<number>      the body of a long one, in pieces
    CONVERSATION#<id>  IMAGE#<message id>#<file>#<number>   a picture that came with it, in pieces

A message whose body is long is stored as a head that counts its pieces, written after them: who
sees the head finds them all. An answer is stored anew after each step, every time with pieces of
its own: neither a crash nor a reader between the two writes may find the pieces of one body mixed
with those of another. The older ones go with the conversation.

Parts are stored as JSON text: what models give to tools may be nested deeper than an item may be.
Pictures stand apart, because lists and most prompts do without them.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final

import orjson

from smriti.core.clock import new_id, sort_time
from smriti.core.paging import Page, PageRequest
from smriti.db.position import position_of
from smriti.db.repository import Repository, collect, everything
from smriti.db.table import NEW, Absent, Compare, Get, Item, Key, Put, Query
from smriti.messages.models import MAX_ATTACHMENTS, Attachment, Message

INLINE_BYTES: Final = 64 * 1024
PIECE_BYTES: Final = 350 * 1024
_BODY: Final = ("content", "parts", "attachments")


type Place = tuple[str, datetime, str]
"""Where a message is: its conversation, time and id."""


def conversation_partition(conversation_id: str) -> str:
    return f"CONVERSATION#{conversation_id}"


def message_key(message: Message) -> str:
    """The sort key of a message: in order of time."""
    return f"MESSAGE#{sort_time(message.created_at)}#{message.message_id}"


def newest_messages(conversation_id: str, limit: int, *, after: str | None = None) -> Query:
    partition = conversation_partition(conversation_id)
    return Query(partition, begins="MESSAGE#", limit=limit, newest_first=True, after=after)


class MessageRepository(Repository[Message]):
    entity = Message

    def key(self, entity: Message) -> Key:
        return conversation_partition(entity.conversation_id), message_key(entity)

    def item(self, entity: Message) -> Item:
        item = super().item(entity)
        return {**item, "parts": orjson.dumps(item["parts"]).decode()}

    def load(self, item: Item) -> Message:
        parts = item.get("parts")
        return super().load(
            {**item, "parts": orjson.loads(parts)} if isinstance(parts, str) else item
        )

    async def put(self, message: Message, *, fence: int = 0) -> None:
        """Store a message, or store it anew.

        `fence` is that of the lease under which it is written. `ConditionFailed`: a turn with a
        later lease has written it since.
        """
        earlier = NEW | Absent("fence") | Compare("fence", "<=", fence)
        await self._table.write(Put({**await self.head_of(message), "fence": fence}, when=earlier))

    async def head_of(self, message: Message) -> Item:
        """The item that makes the message one, once it is written; what it refers to is stored."""
        pictures = list(_pictures(message))
        if pictures:
            await self._table.bulk(puts=pictures)
        item = self.item(_without_pictures(message))
        body = orjson.dumps({name: item[name] for name in _BODY})
        if len(body) > INLINE_BYTES:
            cuts = range(0, len(body), PIECE_BYTES)
            item = {name: value for name, value in item.items() if name not in _BODY}
            item |= {"body_id": new_id(), "pieces": len(cuts)}
            await self._table.bulk(
                puts=[
                    {"pk": pk, "sk": sk, "body": body[start : start + PIECE_BYTES]}
                    for start, (pk, sk) in zip(cuts, _piece_keys(item), strict=True)
                ]
            )
        return item

    async def find(self, conversation_id: str, message_id: str) -> Message | None:
        """A message by its id. Its time is not known, so newer ones are read first."""
        return await self._newest_with(
            conversation_id, lambda item: item.get("message_id") == message_id
        )

    async def answer_of(self, conversation_id: str, turn_id: str) -> Message | None:
        return await self._newest_with(
            conversation_id,
            lambda item: item.get("turn_id") == turn_id and item.get("role") == "assistant",
        )

    async def _newest_with(
        self, conversation_id: str, wanted: Callable[[Item], bool]
    ) -> Message | None:
        after: str | None = None
        while True:
            page = await self._table.query(newest_messages(conversation_id, 250, after=after))
            for item in filter(wanted, page.items):
                return (await self.read_items([item]))[0]
            after = page.next
            if after is None:
                return None

    async def find_at(
        self, conversation_id: str, created_at: datetime, message_id: str
    ) -> Message | None:
        """A message whose time is known, with the pictures that came with it."""
        found = await self._table.get(_key_at((conversation_id, created_at, message_id)))
        if found is None:
            return None
        messages = await self.read_items([found])
        return (await self.with_pictures(messages, limit=MAX_ATTACHMENTS))[0]

    async def find_all(self, places: Sequence[Place]) -> list[Message | None]:
        """Messages of whatever conversations, without pictures; None for those that are gone."""
        found = await self._table.read(*(Get(_key_at(place)) for place in places)) if places else []
        items = [item for item in found if isinstance(item, dict)]
        messages = iter(await self.read_items(items))
        return [next(messages) if isinstance(item, dict) else None for item in found]

    async def existing(self, messages: Sequence[Message]) -> list[bool]:
        """Which of these are stored already."""
        found = await self._table.read(*(Get(self.key(message)) for message in messages))
        return [item is not None for item in found]

    async def put_all(self, messages: Sequence[Message]) -> None:
        """Store messages that are written once, by nobody else."""
        heads = [await self.head_of(message) for message in messages]
        await self._table.bulk(puts=[{**head, "fence": 0} for head in heads])

    async def between(
        self, conversation_id: str, first: str, last: str, *, limit: int
    ) -> list[Message]:
        """The messages from one sort key to another, oldest first."""
        if first > last:
            return []
        partition = conversation_partition(conversation_id)
        query = Query(partition, between=(first, last), limit=min(limit, 250))
        items: list[Item] = []
        while len(items) < limit:
            page = await self._table.query(query)
            items += page.items
            if page.next is None:
                break
            query = replace(query, after=page.next)
        return await self.read_items(items[:limit])

    async def newest(self, conversation_id: str, *, limit: int) -> list[Message]:
        page = await self._table.query(newest_messages(conversation_id, limit))
        return await self.read_items(page.items)

    async def page(
        self, conversation_id: str, page: PageRequest, *, oldest_first: bool = False
    ) -> Page[Message]:
        """Messages of a conversation, newest first unless asked otherwise."""
        partition = conversation_partition(conversation_id)
        query = Query(partition, begins="MESSAGE#", newest_first=not oldest_first)
        items, cursor = await collect(self._table, query, page)
        return Page[Message].of(await self.read_items(items), cursor)

    async def beside(self, message: Message, *, limit: int, oldest_first: bool) -> Page[Message]:
        """The messages that follow this one in an order, and the cursor of those behind them."""
        cursor = position_of({"sk": message_key(message)})
        page = PageRequest(limit=limit, cursor=cursor)
        return await self.page(message.conversation_id, page, oldest_first=oldest_first)

    async def with_pictures(self, newest_first: Sequence[Message], *, limit: int) -> list[Message]:
        """The messages with the newest `limit` of their pictures; other pictures stay away."""
        shown: list[Message] = []
        for message in newest_first:
            files: list[Attachment] = []
            for number, file in enumerate(message.attachments):
                if file.is_image and limit > 0:
                    limit -= 1
                    content = await self._picture(message, number)
                    files.append(file.model_copy(update={"content": content}))
                else:
                    files.append(file)
            shown.append(message.model_copy(update={"attachments": files}))
        return shown

    async def file(self, message: Message, number: int) -> Attachment:
        """One of the message's attachments, with its content."""
        file = message.attachments[number]
        if not file.is_image:
            return file
        return file.model_copy(update={"content": await self._picture(message, number)})

    async def _picture(self, message: Message, number: int) -> str:
        partition = conversation_partition(message.conversation_id)
        query = Query(partition, begins=_picture_prefix(message, number))
        pieces = [item["body"] for item in await everything(self._table, query)]
        return b"".join(piece for piece in pieces if isinstance(piece, bytes)).decode()

    async def read_items(self, items: Sequence[Item]) -> list[Message]:
        """The messages of stored items; the pieces of all long ones are read at once."""
        wanted = [key for item in items for key in _piece_keys(item)]
        found = await self._table.read(*map(Get, wanted)) if wanted else []
        pieces = {
            key: body
            for key, piece in zip(wanted, found, strict=True)
            if isinstance(piece, dict) and isinstance(body := piece["body"], bytes)
        }
        return [self.load(_whole(item, pieces)) for item in items]


def _key_at(place: Place) -> Key:
    conversation_id, created_at, message_id = place
    return conversation_partition(conversation_id), f"MESSAGE#{sort_time(created_at)}#{message_id}"


def _picture_prefix(message: Message, number: int) -> str:
    return f"IMAGE#{message.message_id}#{number:02}#"


def _pictures(message: Message) -> Iterator[Item]:
    pk = conversation_partition(message.conversation_id)
    for number, file in enumerate(message.attachments):
        if file.is_image:
            body = file.content.encode()
            prefix = _picture_prefix(message, number)
            for piece, start in enumerate(range(0, len(body), PIECE_BYTES)):
                cut = body[start : start + PIECE_BYTES]
                yield {"pk": pk, "sk": f"{prefix}{piece:04}", "body": cut}


def _without_pictures(message: Message) -> Message:
    files = [
        file.model_copy(update={"content": ""}) if file.is_image else file
        for file in message.attachments
    ]
    return message.model_copy(update={"attachments": files})


def _piece_keys(item: Item) -> list[Key]:
    """Where the body of a stored message is; nowhere else when it is short."""
    count = item.get("pieces")
    if not isinstance(count, int):
        return []
    return [(str(item["pk"]), f"PIECE#{item['body_id']!s}#{number:04}") for number in range(count)]


def _whole(item: Item, pieces: Mapping[Key, bytes]) -> Item:
    keys = _piece_keys(item)
    if not keys or not all(key in pieces for key in keys):  # short, or just being deleted
        return item
    return {**item, **orjson.loads(b"".join(pieces[key] for key in keys))}
