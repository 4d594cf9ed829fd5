"""Request bodies out of pieces that are JSON already."""

from collections.abc import Callable, Iterable

import orjson

from smriti.llm.types import ChatMessage, ImagePart

type Wire = dict[str, object]


def led(documents: Iterable[object]) -> bytes:
    """The documents as JSON, each with a comma before it, so that pieces can be put in a row."""
    return b"".join(b"," + orjson.dumps(document) for document in documents)


def spliced(body: Wire, name: str, items: bytes) -> bytes:
    """The body as JSON, with one more member: an array of items that are led by their commas.

    orjson's own `Fragment` copies what it holds several times.
    """
    return b'%b,"%b":[%b]}' % (orjson.dumps(body)[:-1], name.encode(), items[1:])


def question(message: ChatMessage, image: Callable[[str], Wire], *, text_type: str) -> Wire:
    """A user's message: plain text, which every server understands, unless it has pictures."""
    images = [
        image(f"data:{part.media_type};base64,{part.data}")
        for part in message.parts
        if isinstance(part, ImagePart)
    ]
    text = message.text
    if not images:
        return {"role": "user", "content": text}
    said: list[Wire] = [{"type": text_type, "text": text}] if text else []
    return {"role": "user", "content": [*images, *said]}
