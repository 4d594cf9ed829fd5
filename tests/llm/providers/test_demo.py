"""The offline model: its rules, one by one, and the example of the seed."""

import pytest

from smriti.llm.provider import CallRequested, Finished, ProviderEvent, TextChunk, TokensUsed
from smriti.llm.providers.demo import INTRODUCTION, NOTE, DemoProvider
from smriti.llm.providers.demo_rules import facts_in
from smriti.llm.types import ChatMessage, ModelRequest, TextPart, ToolResult, ToolSpec

MEMORY_TOOLS = (
    "core_memory_append",
    "core_memory_replace",
    "core_memory_delete",
    "archival_memory_insert",
    "archival_memory_search",
)
FOUND = 'Archival Memory Search for "tea" (Page 1 of 1, 1 total):\n\n[1] (2024-01-15) Oolong at 4pm'


def user(text: str) -> ChatMessage:
    said = f"<time>2026-11-20 13:05 UTC, Friday</time>\n{text}"
    return ChatMessage(role="user", parts=(TextPart(text=said),))


def assistant(text: str) -> ChatMessage:
    return ChatMessage(role="assistant", parts=(TextPart(text=text),))


def ask(
    *messages: ChatMessage, memory: str = "", tools: tuple[str, ...] = MEMORY_TOOLS
) -> ModelRequest:
    return ModelRequest(
        model="demo",
        system=(
            f"You have <core_memory>.\n<core_memory>\n[Human - Facts about the user]\n{memory}\n\n"
            "[Persona - Your traits]\n1: Name: Helper\n</core_memory>\nKeep it current."
        ),
        messages=messages,
        tools=tuple(ToolSpec(name=name, description="", parameters={}) for name in tools),
    )


async def reply(request: ModelRequest) -> list[ProviderEvent]:
    return [event async for event in DemoProvider().stream(request)]


async def talk(request: ModelRequest, result: str = "ok", *, success: bool = True) -> list[object]:
    """The calls of a turn as (name, arguments), then its text without the note."""
    told: list[object] = []
    while True:
        events = await reply(request)
        calls = [event.call for event in events if isinstance(event, CallRequested)]
        if not calls:
            text = "".join(event.text for event in events if isinstance(event, TextChunk))
            return [*told, text.removesuffix(f"\n\n{NOTE}")]
        told += [(call.name, call.arguments) for call in calls]
        request = request.continued(
            *calls,
            *(
                ToolResult(call_id=call.call_id, name=call.name, text=result, success=success)
                for call in calls
            ),
        )


async def test_it_remembers_alice_as_in_the_example_conversation() -> None:
    assert await talk(ask(user("My name is Alice and I work at Google"))) == [
        ("core_memory_append", {"block": "human", "content": "Name: Alice"}),
        ("core_memory_append", {"block": "human", "content": "Works at: Google"}),
        "Nice to meet you, Alice! I'll remember that you work at Google.",
    ]


async def test_a_refreshed_memory_between_the_steps_does_not_change_the_next_call() -> None:
    told = user("My name is Alice and I work at Google")
    [call, *_] = await reply(ask(told))
    assert isinstance(call, CallRequested)
    result = ToolResult(call_id=call.call.call_id, name=call.call.name, text="ok")

    refreshed = ask(told, memory="1: Name: Alice").continued(call.call, result)
    [call, *_] = await reply(refreshed)

    assert isinstance(call, CallRequested)
    assert call.call.arguments == {"block": "human", "content": "Works at: Google"}


async def test_the_same_request_gets_the_same_reply_in_several_chunks() -> None:
    request = ask(user("Who are you?"))

    events = await reply(request)

    assert events == await reply(request)
    chunks = [event.text for event in events if isinstance(event, TextChunk)]
    assert len(chunks) > 3
    assert "".join(chunks) == INTRODUCTION
    assert isinstance(events[-2], TokensUsed)
    assert events[-1] == Finished("stop")


async def test_a_first_answer_says_that_it_is_a_demo_and_a_later_one_does_not() -> None:
    first = ask(user("What is my name?"), memory="1: Name: Al")
    later = ask(user("Hi"), assistant("Hello"), user("What is my name?"), memory="1: Name: Al")

    texts = [
        "".join(event.text for event in await reply(request) if isinstance(event, TextChunk))
        for request in (first, later)
    ]

    assert texts == [f"Your name is Al.\n\n{NOTE}", "Your name is Al."]


@pytest.mark.parametrize(
    ("told", "lines"),
    [
        ("I live in London, UK and I like tea.", ["Lives in: London, UK", "Likes: tea"]),
        ("Hi, I'm Bob. I'm from Oslo!", ["Name: Bob", "From: Oslo"]),
        ("I work as a nurse, and I am 31 years old", ["Occupation: nurse", "Age: 31"]),
        ("My favourite colour is deep blue.", ["Favorite colour: deep blue"]),
        ("I was born in 1990 but my birthday is on 3 May", ["Born: in 1990", "Birthday: 3 May"]),
        ("I have a dog named Rex. My cat's name is Tom.", ["Dog: Rex", "Cat: Tom"]),
        ("I'm allergic to nuts; I speak Hindi", ["Allergic to: nuts", "Speaks: Hindi"]),
        ("I love tea because I hate coffee", ["Likes: tea", "Dislikes: coffee"]),
        ("I'm learning Go. I am a vegetarian.", ["Learns: Go", "Is: a vegetarian"]),
        ("I live in Rome. No, I live in Paris.", ["Lives in: Paris"]),
        ("Did you know that I live in Rome?", []),
        ("I am a bit tired.", []),
    ],
)
def test_facts_are_read_from_plain_english(told: str, lines: list[str]) -> None:
    assert [fact.line for fact in facts_in(told)] == lines


def test_only_the_beginning_of_a_long_text_is_read() -> None:
    assert [fact.line for fact in facts_in(f"I like   tea. {'x ' * 2000}. I like rain.")] == [
        "Likes: tea"
    ]


@pytest.mark.parametrize(
    ("said", "memory", "expected"),
    [
        (
            "I just moved to Paris.",
            "1: Name: Al\n2: Lives in: London",
            [
                (
                    "core_memory_replace",
                    {"block": "human", "line_number": 2, "new_content": "Lives in: Paris"},
                ),
                "I'll remember that you live in Paris.",
            ],
        ),
        ("I live in Paris.", "1: Lives in: Paris", ["I'll remember that you live in Paris."]),
        (
            "Please remember that the door code is 4711.",
            "",
            [
                ("core_memory_append", {"block": "human", "content": "The door code is 4711"}),
                'I\'ll remember "The door code is 4711".',
            ],
        ),
        (
            "Forget that I like tea",
            "1: Likes: coffee\n2: Likes: tea",
            [
                ("core_memory_delete", {"block": "human", "line_number": 2}),
                "Done, I have forgotten that.",
            ],
        ),
        ("Forget my age", "1: Name: Al", ["There is nothing of the kind that I could forget."]),
        ("Where do I work?", "1: Works at: Google", ["You work at Google."]),
        ("What do I like?", "1: Likes: tea\n2: Likes: rain", ["You like tea and rain."]),
        ("What's my favourite tea?", "1: Favorite tea: Oolong", ["Your favorite tea is Oolong."]),
        ("Do you remember my name?", "1: Name: Al", ["Your name is Al."]),
        (
            "How old am I?",
            "",
            [("archival_memory_search", {"query": "Age"}), "I don't know that yet. Tell me!"],
        ),
        ("Hello", "1: Name: Al", [f"Hello, Al! {INTRODUCTION}"]),
        ("Will it rain?", "", [INTRODUCTION]),
    ],
)
async def test_it_keeps_corrects_forgets_and_answers(
    said: str, memory: str, expected: list[object]
) -> None:
    assert await talk(ask(user(said), memory=memory)) == expected


@pytest.mark.parametrize(
    ("said", "query", "answer"),
    [
        (
            "What did I tell you about tea?",
            "tea",
            "\n- Likes: tea\n- Oolong at 4pm (from my archive)",
        ),
        (
            "What do you know about me?",
            "Al",
            "\n- Name: Al\n- Likes: tea\n- Oolong at 4pm (from my archive)",
        ),
    ],
)
async def test_recalling_looks_into_both_memories(said: str, query: str, answer: str) -> None:
    request = ask(user(said), memory="1: Name: Al\n2: Likes: tea")

    assert await talk(request, FOUND) == [
        ("archival_memory_search", {"query": query}),
        f"This is what I remember:{answer}",
    ]


async def test_a_question_is_answered_from_the_archive_when_core_memory_does_not_know() -> None:
    assert await talk(ask(user("What do I like?")), FOUND) == [
        ("archival_memory_search", {"query": "Likes"}),
        "From my archive: Oolong at 4pm",
    ]


async def test_what_is_long_goes_to_the_archive() -> None:
    detail = "The garden has forty beds. " * 10

    assert await talk(ask(user(f"Remember this: {detail}"))) == [
        ("archival_memory_insert", {"content": detail.strip()}),
        "That is a lot, so it is in my archive now. Ask me about it any time.",
    ]


async def test_a_tool_that_failed_is_owned_up_to() -> None:
    told = await talk(ask(user("I live in Rome")), "The block is full.", success=False)

    assert told[-1] == "That did not work: The block is full."


async def test_without_tools_it_answers_from_the_conversation() -> None:
    request = ask(
        user("My name is Ann, and the trip to Oslo was long"),
        assistant("Nice to meet you, Ann!"),
        user("What is my name?"),
        tools=(),
    )

    assert await talk(request) == ["Your name is Ann."]


async def test_without_tools_it_promises_no_more_than_this_conversation() -> None:
    told = await talk(ask(user("I live in Rome"), tools=()))

    assert told == ["I'll remember that you live in Rome in this conversation."]


async def test_earlier_words_are_recalled_when_no_fact_fits() -> None:
    request = ask(
        user("The trip to Oslo was long"), assistant("…"), user("Tell me about Oslo"), tools=()
    )

    assert await talk(request) == [
        "This is what I remember:\n- The trip to Oslo was long",
    ]


@pytest.mark.parametrize(
    "messages",
    [
        (
            user(
                "Write a title of at most six words.\n\n"
                "User: my name is Alice, and I work\nAssistant: Nice!"
            ),
        ),
        (
            user("my name is Alice, and I work at Google"),
            assistant("Nice!"),
            user("Write a title of at most six words for this conversation."),
        ),
    ],
)
async def test_a_title_is_made_of_the_first_words(messages: tuple[ChatMessage, ...]) -> None:
    assert await talk(ask(*messages)) == ["My name is Alice, and I"]


async def test_a_short_question_makes_a_short_title() -> None:
    begun = ChatMessage(
        role="user",
        parts=(TextPart(text="<question>hi there</question>\n<answer>Hello!</answer>"),),
    )
    task = "Write a title of at most six words for the conversation that begins like this."
    request = ModelRequest(model="demo", system=task, messages=(begun,))

    assert await talk(request) == ["Hi there"]


async def test_attachments_are_not_taken_for_what_the_user_says() -> None:
    said = user('<attachment name="a.md">My name is Eve.</attachment>\nI work as a nurse')

    assert await talk(ask(said)) == [
        ("core_memory_append", {"block": "human", "content": "Occupation: nurse"}),
        "I'll remember that your occupation is nurse.",
    ]


async def test_it_offers_one_model_and_closes() -> None:
    provider = DemoProvider()

    [model] = await provider.models()
    await provider.close()

    assert (model.model_id, model.provider) == ("demo", "Demo")
