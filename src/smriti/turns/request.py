"""What the model is asked: system prompt, as much of the past as fits, the question."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import dropwhile
from typing import Final

from smriti.core.errors import BadRequest
from smriti.llm.catalog import Catalog, estimate_tokens
from smriti.llm.families import ModelTraits
from smriti.llm.types import ChatMessage, ImagePart, ModelRequest, ToolSpec
from smriti.messages.models import Message
from smriti.turns import prompt
from smriti.turns.architecture import Architecture, Mind
from smriti.turns.history import Window, fitted, session_of, shown_form
from smriti.turns.opener import Opener
from smriti.turns.opening import Opening
from smriti.turns.past import Said, Shape, Shown, Unread
from smriti.turns.summary import Summary

PICTURES: Final = 4
"""Of earlier messages, the newest are shown again; each costs as much as a page of text."""

PAST_TOKENS: Final = 1_200
"""Room for what an agent is reminded of: four exchanges, of each text some hundred characters."""

_PAST_SHARE: Final = 16
"""Of the context, it gets no more than that."""

_ANSWER_SHARE: Final = 4
"""A quarter of the context is kept free for the answer, unless the model can say less."""


class ImagesNotSeen(BadRequest):
    slug = "images-not-seen"


@dataclass(frozen=True, slots=True)
class Spent:
    """How a model's context window is given out, in tokens; what is left is for what was said."""

    context: int
    answer: int
    system: int
    tools: int
    summary: int
    relevant_past: int

    @property
    def left(self) -> int:
        taken = self.answer + self.system + self.tools + self.summary + self.relevant_past
        return max(self.context - taken, 0)


@dataclass(frozen=True, slots=True)
class Prompt:
    """The request of a turn's first step, what of the past it shows, and how its room is spent.

    `known`: the past for the next turn to go on from; None when it must be read again.
    """

    request: ModelRequest
    shown: Shown
    known: Shown | None
    traits: ModelTraits
    spent: Spent


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


async def build_prompt(
    mind: Mind,
    question: Message,
    opening: Opening,
    *,
    architecture: Architecture,
    opener: Opener,
    catalog: Catalog,
) -> Prompt:
    """Everything that the model is shown. Older history is read only while there is room."""
    model = model_of(opening)
    traits = catalog.traits_of(model, context_tokens=opening.agent.context_tokens)
    specs = tuple(mind.tools.specs()) if traits.takes_tools else ()
    spent = _spent(traits, mind, specs, opening.past.summary)
    window = Window(words=architecture.history_words, tokens=spent.left)

    said = Said.of(prompt.question(question, with_images=traits.sees_images), question.created_at)
    asked = fitted(said.message, window)
    shape = Shape(
        words=architecture.history_words,
        newest=architecture.newest,
        session_minutes=opening.agent.session_timeout_minutes,
        with_images=traits.sees_images,
    )
    past = await _past(question, opening, shape, window, opener)
    relevant = await mind.remind(question, {each.at for each in past.said}) if mind.remind else ()
    newest = prompt.reminded(asked, prompt.relevant_past(relevant, spent.relevant_past))
    request = ModelRequest.model_construct(
        model=model,
        system=mind.system + _summary_text(past.summary),
        # History that begins with an answer makes some servers refuse the prompt.
        messages=(*dropwhile(_is_answer, [each.message for each in past.said]), newest),
        tools=specs,
        sampling=opening.agent.sampling,
    )
    whole = asked is said.message and not any(map(_has_pictures, [*past.said, said]))
    return Prompt(request, past, past.followed_by(said) if whole else None, traits, spent)


def _spent(
    traits: ModelTraits, mind: Mind, specs: Sequence[ToolSpec], summary: Summary | None
) -> Spent:
    return Spent(
        context=traits.context_tokens,
        answer=min(traits.max_output_tokens, traits.context_tokens // _ANSWER_SHARE),
        system=estimate_tokens(mind.system),
        tools=sum(estimate_tokens(spec.described) for spec in specs),
        summary=estimate_tokens(_summary_text(summary)),
        relevant_past=min(PAST_TOKENS, traits.context_tokens // _PAST_SHARE) if mind.remind else 0,
    )


def _summary_text(summary: Summary | None) -> str:
    return "" if summary is None else f"\n\n{prompt.summary_block(summary)}"


async def _past(
    question: Message, opening: Opening, shape: Shape, window: Window, opener: Opener
) -> Shown:
    """What of the session fits."""
    past = opening.past
    if isinstance(past, Unread) or past.shape != shape:
        return await _read(question, opening, shape, window, opener)
    silence = timedelta(minutes=shape.session_minutes)
    if silence and past.said and question.created_at - past.said[-1].at > silence:
        return Shown.of((), shape)
    return past.fitting(window)


async def _read(
    question: Message, opening: Opening, shape: Shape, window: Window, opener: Opener
) -> Shown:
    """The same from the store: the newest page, and older ones while there is room."""
    page, later = await _first_page(opening, shape, opener), question
    newest_first: list[Said] = []
    while True:
        session = session_of(page.messages, later, shape.session_minutes)
        for message in session:
            if message.role == "system":
                continue
            form = shown_form(message, with_images=shape.with_images)
            said = Said.of(form, message.created_at)
            if len(newest_first) < shape.newest:
                window.words = max(window.words, said.words)
            if not window.takes(said.words, said.tokens):
                return Shown.of(newest_first[::-1], shape, page.summary)
            newest_first.append(said)
        if len(session) < len(page.messages):  # a summary is of what this session leaves out
            return Shown.of(newest_first[::-1], shape)
        if page.older is None:
            return Shown.of(newest_first[::-1], shape, page.summary)
        *_, later = later, *page.messages
        page = await opener.older_messages(opening, page.older)


async def _first_page(opening: Opening, shape: Shape, opener: Opener) -> Unread:
    past = opening.past
    if isinstance(past, Shown):  # known, but of another shape
        past = await opener.older_messages(opening)
    return await opener.with_pictures(past, limit=PICTURES) if shape.with_images else past


def _is_answer(message: ChatMessage) -> bool:
    return message.role == "assistant"


def _has_pictures(said: Said) -> bool:
    return any(isinstance(part, ImagePart) for part in said.message.parts)
