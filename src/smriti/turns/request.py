"""What the model is asked: system prompt, as much of the past as fits, the question."""

from itertools import dropwhile
from typing import Final

import orjson

from smriti.core.errors import BadRequest
from smriti.llm.catalog import Catalog, estimate_tokens
from smriti.llm.families import ModelTraits
from smriti.llm.types import ChatMessage, ModelRequest
from smriti.messages.models import Message
from smriti.turns.architecture import Architecture, Mind
from smriti.turns.history import Window, fitted, recent, session_of
from smriti.turns.opening import Opener, Opening
from smriti.turns.prompt import question as shown_question

PICTURES: Final = 4
"""Of earlier messages, the newest are shown again; each costs as much as a page of text."""

_ANSWER_SHARE: Final = 4
"""A quarter of the context is kept free for the answer, unless the model can say less."""


class ImagesNotSeen(BadRequest):
    slug = "images-not-seen"


def model_of(opening: Opening) -> str:
    """The agent's model, else the one saved with the provider."""
    return opening.agent.agent_model or opening.credentials.get("model") or "default"


def check_images(opening: Opening, question: Message, catalog: Catalog) -> None:
    """Refuse pictures for a model that has no eyes: `ImagesNotSeen`."""
    model = model_of(opening)
    sees_images = catalog.traits_of(model).sees_images
    if not sees_images and any(file.is_image for file in question.attachments):
        raise ImagesNotSeen(
            f"The model {model!r} does not see images. Choose another, or send text."
        )


async def build_request(
    mind: Mind,
    question: Message,
    opening: Opening,
    *,
    architecture: Architecture,
    opener: Opener,
    catalog: Catalog,
) -> ModelRequest:
    """The request of a turn's first step. Older history is read only while there is room."""
    model = model_of(opening)
    traits = catalog.traits_of(model, context_tokens=opening.agent.context_tokens)
    specs = tuple(mind.tools.specs()) if traits.takes_tools else ()
    described = orjson.dumps([spec.model_dump() for spec in specs]).decode()
    room = _room(traits) - estimate_tokens(mind.system) - estimate_tokens(described)
    window = Window(words=architecture.history_words, tokens=max(room, 0))

    if traits.sees_images:
        opening = await opener.with_pictures(opening, limit=PICTURES)
    asked = fitted(shown_question(question, with_images=traits.sees_images), window)
    past = await _past(question, opening, window, opener, with_images=traits.sees_images)
    return ModelRequest(
        model=model,
        system=mind.system,
        # History that begins with an answer makes some servers refuse the prompt.
        messages=(*dropwhile(lambda message: message.role == "assistant", past), asked),
        tools=specs,
        sampling=opening.agent.sampling,
    )


async def _past(
    question: Message, opening: Opening, window: Window, opener: Opener, *, with_images: bool
) -> list[ChatMessage]:
    """What of the session fits, oldest first."""
    past: list[ChatMessage] = []
    page, older, later = opening.newest, opening.older, question
    while True:
        session = session_of(page, later, opening.agent.session_timeout_minutes)
        earlier, has_room = recent(session, window, with_images=with_images)
        past = earlier + past
        if older is None or not has_room or len(session) < len(page):
            return past
        *_, later = later, *page
        page, older = await opener.older_messages(opening, older)


def _room(traits: ModelTraits) -> int:
    answer = min(traits.max_output_tokens, traits.context_tokens // _ANSWER_SHARE)
    return traits.context_tokens - answer
