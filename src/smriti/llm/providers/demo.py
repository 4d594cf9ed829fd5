"""The offline model: fixed rules that remember and recall, so that Smriti works without a key."""

import asyncio
import hashlib
import re
from collections.abc import AsyncGenerator, Callable, Sequence
from dataclasses import dataclass
from typing import Final

from smriti.llm.provider import (
    CallRequested,
    Finished,
    ModelInfo,
    ProviderEvent,
    TextChunk,
    TokensUsed,
)
from smriti.llm.providers.demo_errands import errand_of
from smriti.llm.providers.demo_rules import Fact, facts_in, key_of, noted, question_in
from smriti.llm.providers.demo_view import TITLE_REQUEST, Line, View, view_of
from smriti.llm.types import ModelRequest, ToolCall, Usage

INTRODUCTION: Final = (
    "I am Smriti's demo model: a few fixed rules, no language model. Tell me something about "
    'yourself, such as "I live in Paris", or ask what I know about you.'
)
NOTE: Final = "(I am only the demo model; choose a real one in the agent's settings.)"

_CHUNK_WORDS: Final = 3
_LONG_WORDS: Final = 40
_ANY_CASE: Final = re.IGNORECASE | re.DOTALL
_REMEMBER: Final = re.compile(
    r"(?:please )?(?:remember|note|keep in mind|don't forget)\b(?: that| this)?:? (.+)", _ANY_CASE
)
_FORGET: Final = re.compile(r"(?:please )?forget (?:that |about )?(.+)", _ANY_CASE)
_RECALL: Final = re.compile(
    r"\b(?:what (?:do|did|have|can) (?:you|I) (?:know|remember|recall|tell you|told you|say)\b"
    r"|(?:do|can) you (?:know|remember|recall)\b(?: what I (?:said|told you))?|tell me about\b)"
    r"(?: anything)?(?: about)?([^?!.\n]*)",
    _ANY_CASE,
)
_WHO: Final = re.compile(
    r"\b(?:who|what) are you\b|\byour name\b|\bare you (?:real|an? )", _ANY_CASE
)
_HELLO: Final = re.compile(r"(?:hi|hello|hey|good (?:morning|evening|day))\b", _ANY_CASE)
_FILLER: Final = frozenset(
    {"a", "about", "all", "am", "an", "and", "are", "at", "do", "everything", "i", "in", "is"}
    | {"it", "me", "my", "of", "on", "that", "the", "to", "was"}
)


class DemoProvider:
    """Its replies are a pure function of the request. It needs no network and no key."""

    async def stream(self, request: ModelRequest) -> AsyncGenerator[ProviderEvent]:
        view = view_of(request)
        plan = _errand(request) or next(plan for intent in _INTENTS if (plan := intent(view)))
        call = next((call for call in plan.calls if call.name in view.tools), None)
        words = [] if call else re.findall(r"\s*\S+", _honest(plan, view))
        for start in range(0, len(words), _CHUNK_WORDS):
            yield TextChunk("".join(words[start : start + _CHUNK_WORDS]))
            await asyncio.sleep(0)  # others get their turn, as between the chunks of a real model
        if call:
            yield CallRequested(call)
        yield TokensUsed(Usage(input_tokens=_size(request), output_tokens=len(words)))
        yield Finished("tool_calls" if call else "stop")

    async def models(self) -> list[ModelInfo]:
        demo = {"model_id": "demo", "model_name": "demo", "display_name": "Demo (offline)"}
        return [ModelInfo(provider="Demo", **demo)]

    async def close(self) -> None:
        return


def _size(request: ModelRequest) -> int:
    """Tokens as the demo counts them: words."""
    said = sum(len(message.text.split()) for message in request.messages)
    return len(request.system.split()) + said


@dataclass(frozen=True)
class _Plan:
    """What one understood question leads to: calls that are still to be made, then an answer."""

    answer: str
    calls: Sequence[ToolCall] = ()
    says_who: bool = False


def _honest(plan: _Plan, view: View) -> str:
    """The answer; it owns up to a tool that failed, and at first to being a demo."""
    failed = [result.text for result in view.results if not result.success]
    text = f"That did not work: {failed[-1]}" if failed else plan.answer
    return text if plan.says_who or not view.first else f"{text}\n\n{NOTE}"


def _call(view: View, name: str, **arguments: str | int) -> ToolCall:
    made = hashlib.sha256(f"{len(view.earlier)}\0{view.text}\0{len(view.calls)}".encode())
    return ToolCall(call_id=f"demo_{made.hexdigest()[:16]}", name=name, arguments=arguments)


def _errand(request: ModelRequest) -> _Plan | None:
    answer = errand_of(request)
    return None if answer is None else _Plan(answer, says_who=True)


def _give_title(view: View) -> _Plan | None:
    """The first words that the person said, whether they stand in a message or in the request."""
    if not view.title_wanted:
        return None
    texts = [text for text in [*view.earlier, view.text] if TITLE_REQUEST not in text]
    text = texts[0] if texts else view.text.partition(TITLE_REQUEST)[2].partition("\n")[2]
    question = text.partition("</question>")[0][:1000]
    plain = re.sub(r"<[^>]*>|\b(?:user|question)\s*:", " ", question, flags=_ANY_CASE)
    title = " ".join(plain.split()[:6]).strip(" .,;:!?\"'")
    return _Plan(title[:1].upper() + title[1:] or "New conversation", says_who=True)


def _forget(view: View) -> _Plan | None:
    match = _FORGET.match(view.text)
    if not match:
        return None
    if view.calls:
        return _Plan("Done, I have forgotten that.")
    line = _matching(view, match[1])
    if line is None or "core_memory_delete" not in view.tools:
        return _Plan("There is nothing of the kind that I could forget.")
    call = _call(view, "core_memory_delete", block=line.block, line_number=line.number)
    return _Plan("", [call])


def _matching(view: View, topic: str) -> Line | None:
    """The line of core memory that holds every word of the topic."""
    wanted = _words(topic)
    return next((line for line in view.about_user if wanted and wanted <= _words(line.text)), None)


def _words(text: str) -> set[str]:
    """What a text is about: words without a plural's s and in one spelling, so that forms meet."""
    words = re.findall(r"\w+", text.casefold().replace("our", "or"))
    return {word.rstrip("s") or word for word in words if word not in _FILLER}


def _archive(view: View) -> _Plan | None:
    """A long text is kept word for word."""
    match = _REMEMBER.match(view.text)
    text = match[1] if match else view.text
    wanted = "archival_memory_insert" in view.tools or view.calls
    if not wanted or len(text.split()) < _LONG_WORDS or text.endswith("?"):
        return None
    calls = [] if view.calls else [_call(view, "archival_memory_insert", content=text)]
    return _Plan("That is a lot, so it is in my archive now. Ask me about it any time.", calls)


def _remember(view: View) -> _Plan | None:
    """Facts that are told; "remember that …" makes one of anything."""
    match = _REMEMBER.match(view.text)
    facts = facts_in(view.text)
    if match and not facts and not view.text.endswith("?"):
        facts = [noted(match[1])]
    if not facts:
        return None
    return _Plan(_promise(view, facts), [call for fact in facts for call in _keep(view, fact)])


def _keep(view: View, fact: Fact) -> list[ToolCall]:
    """The call that brings `fact` into core memory, unless it is there."""
    lines = [line for line in view.about_user if line.block == "human"]
    made = [value for call in view.calls for value in (call.arguments or {}).values()]
    if fact.line in made or any(fact.line.casefold() == line.text.casefold() for line in lines):
        return []
    for line in lines:
        if fact.single and line.key == fact.key.casefold():
            place: dict[str, str | int] = {"block": line.block, "line_number": line.number}
            return [_call(view, "core_memory_replace", **place, new_content=fact.line)]
    return [_call(view, "core_memory_append", block="human", content=fact.line)]


def _promise(view: View, facts: Sequence[Fact]) -> str:
    names = [fact.value for fact in facts if fact.key == "Name"]
    told = [
        f"that {fact.says}" if fact.says else f'"{fact.line}"'
        for fact in facts
        if fact.key != "Name"
    ]
    lasting = "" if view.calls or view.tools else " in this conversation"
    hello = [f"Nice to meet you, {names[-1]}!"] if names else []
    promise = [f"I'll remember {' and '.join(told)}{lasting}."] if told else []
    return " ".join(hello + promise)


def _answer_question(view: View) -> _Plan | None:
    """ "What is my name?" — from core memory, from this conversation, or else from the archive."""
    question = question_in(view.text)
    if question is None:
        return None
    rule, about = question
    key = key_of(rule, about)
    values = [line.value for line in view.about_user if line.key == key.casefold()] or [
        fact.value for fact in _told(view) if fact.key.casefold() == key.casefold()
    ]
    if not values:
        found = "; ".join(view.found())
        answer = f"From my archive: {found}" if found else "I don't know that yet. Tell me!"
        return _Plan(answer, _search(view, key))
    known = values[-1] if rule.single else " and ".join(dict.fromkeys(values))
    sentence = rule.says.format(*about, known)
    return _Plan(f"{sentence[:1].upper()}{sentence[1:]}.")


def _told(view: View) -> list[Fact]:
    return [fact for text in view.earlier for fact in facts_in(text)]


def _search(view: View, query: str) -> list[ToolCall]:
    return [] if view.calls else [_call(view, "archival_memory_search", query=query)]


def _recall(view: View) -> _Plan | None:
    """ "What did I tell you about tea?" — everything that shares a word with it."""
    match = _RECALL.search(view.text)
    if not match:
        return None
    topic = _words(match[1])
    known = [line.text for line in view.about_user] + [fact.line for fact in _told(view)]
    if topic:
        known = [text for text in known if topic & _words(text)] or [
            text for text in view.earlier if topic & _words(text) and not text.endswith("?")
        ]
    known += [f"{passage} (from my archive)" for passage in view.found()]
    answer = "".join(f"\n- {text}" for text in dict.fromkeys(known))
    query = match[1].strip() if topic else view.name or "user"
    return _Plan(
        f"This is what I remember:{answer}" if known else "I remember nothing about that yet.",
        _search(view, query),
    )


def _introduce(view: View) -> _Plan:
    hello = f"Hello, {view.name}! " if view.name else "Hello! "
    return _Plan(f"{hello if _HELLO.match(view.text) else ''}{INTRODUCTION}", says_who=True)


def _who(view: View) -> _Plan | None:
    return _introduce(view) if _WHO.search(view.text) else None


_INTENTS: Final[tuple[Callable[[View], _Plan | None], ...]] = (
    _give_title,
    _forget,
    _archive,
    _remember,
    _answer_question,
    _who,
    _recall,
    _introduce,
)
