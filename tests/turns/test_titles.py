"""Titles that conversations get by themselves."""

import asyncio
from typing import Any

from smriti.llm.provider import ModelFailed, ProviderEvent, TextChunk
from tests.home import HELLO, Home
from tests.patience import PATIENCE_S


async def title_after(
    home: Home, *script: ProviderEvent | Exception, question: str = "What is tea?"
) -> str:
    conversation = await home.conversation(await home.scripted_agent())
    assert conversation["title"] == "New conversation"
    home.script(HELLO, script)
    await home.say(conversation, question)
    return await settled_title(home, conversation)


async def settled_title(home: Home, conversation: dict[str, Any]) -> str:
    async with asyncio.timeout(PATIENCE_S):
        while True:
            path = f"/conversations/{conversation['conversation_id']}"
            title: str = (await home.get(path))["title"]
            if title != "New conversation":
                return title


async def test_the_model_names_a_conversation_after_its_first_exchange(home: Home) -> None:
    assert await title_after(home, TextChunk(' "The Story\nof Tea" ')) == "The Story of Tea"


async def test_when_the_model_fails_the_questions_words_are_the_title(home: Home) -> None:
    assert await title_after(home, ModelFailed("Overloaded.")) == "What is tea?"


async def test_a_long_title_is_cut_between_words(home: Home) -> None:
    title = await title_after(home, TextChunk("word " * 40))

    assert len(title) <= 81
    assert title.endswith("word…")


async def test_a_given_title_is_kept(home: Home) -> None:
    conversation = await home.conversation(await home.scripted_agent(), title="Mine")
    model = home.script(HELLO)

    await home.say(conversation, "Hi")

    assert len(model.requests) == 1
    assert await settled_title(home, conversation) == "Mine"
