"""Asking a model in the background: what is sent, and how much is worth asking for."""

import pytest

from smriti.llm.catalog import BUILT_IN
from smriti.llm.families import UNKNOWN
from smriti.llm.provider import Finished, ReasoningChunk, TextChunk
from smriti.turns.asking import Ask
from tests.fakes.scripted_provider import ScriptedProvider


async def test_the_answer_is_the_text_without_the_thoughts() -> None:
    model = ScriptedProvider(
        [[ReasoningChunk("Hm."), TextChunk("A "), TextChunk("title"), Finished("stop")]]
    )

    answer = await Ask(model, "stub", UNKNOWN)("Name it.", "Tea?", 400)

    [request] = model.requests
    assert answer == "A title"
    assert (request.model, request.system, request.messages[0].text) == ("stub", "Name it.", "Tea?")
    assert request.sampling.max_output_tokens == 400
    assert request.tools == ()


@pytest.mark.parametrize(
    ("model", "reading", "answer"),
    [("unknown", 4096, 2048), ("llama2", 2048, 1024), ("gpt-5", 50_000, 16_000)],
)
def test_task_text_and_answer_fit_the_model_together(model: str, reading: int, answer: int) -> None:
    ask = Ask(ScriptedProvider([]), model, BUILT_IN.traits_of(model))

    assert (ask.reading_tokens, ask.answer_tokens) == (reading, answer)
