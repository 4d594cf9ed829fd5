"""The vocabulary of what is said."""

from smriti.llm.types import (
    MAX_KEPT_BYTES,
    ChatMessage,
    ImagePart,
    ModelRequest,
    TextPart,
    wires_of,
)


class Maker:
    """Makes a message's wire form, and counts how often."""

    def __init__(self) -> None:
        self.made = 0

    def __call__(self, message: ChatMessage) -> bytes:
        self.made += 1
        return message.text.encode() or b"x" * (MAX_KEPT_BYTES + 1)


def said(text: str) -> ChatMessage:
    return ChatMessage(role="user", parts=(TextPart(text=text),))


def test_a_wire_form_is_made_once_for_each_form_also_through_requests() -> None:
    one, two, make = said("one"), said("two"), Maker()
    request = ModelRequest(model="m", system="", messages=(one, two))

    assert wires_of((one, two), "a", make) == b"onetwo"
    assert wires_of(request.continued(TextPart(text="!")).messages[:2], "a", make) == b"onetwo"
    assert make.made == 2
    assert wires_of((two,), "b", make) == b"two"
    assert make.made == 3


def test_a_long_wire_form_is_not_kept() -> None:
    picture = ChatMessage(role="user", parts=(ImagePart(media_type="image/png", data="iVBO"),))
    make = Maker()

    assert wires_of((picture,), "a", make) == wires_of((picture,), "a", make)
    assert make.made == 2


def test_what_was_kept_makes_no_difference_between_messages() -> None:
    sent, new = said("same"), said("same")

    wires_of((sent,), "a", Maker())

    assert (sent, hash(sent), repr(sent)) == (new, hash(new), repr(new))
