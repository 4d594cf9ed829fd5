"""The local model against published figures of the original."""

import asyncio
from collections.abc import AsyncIterator

import numpy as np
import pytest

from smriti.retrieval.embeddings.checked import CheckedEmbedder
from smriti.retrieval.embeddings.local import MAX_TOKENS, MiniLMSource


@pytest.fixture
async def minilm() -> AsyncIterator[CheckedEmbedder]:
    embedder = CheckedEmbedder(MiniLMSource())
    yield embedder
    await embedder.close()


async def test_cosines_are_those_that_the_authors_publish(minilm: CheckedEmbedder) -> None:
    """The first example in the documentation of sentence-transformers."""
    vectors = await minilm.embed(
        ["The weather is lovely today.", "It's so sunny outside!", "He drove to the stadium."]
    )

    published = [[1.0, 0.6660, 0.1046], [0.6660, 1.0, 0.1411], [0.1046, 0.1411, 1.0]]
    np.testing.assert_allclose(vectors @ vectors.T, published, atol=1e-4)


async def test_numbers_are_those_of_the_original(minilm: CheckedEmbedder) -> None:
    """The beginning of what the model's card shows for its example."""
    vectors = await minilm.embed(["This is an example sentence", "Each sentence is converted"])

    assert (minilm.dimensions, vectors.shape) == (384, (2, 384))
    np.testing.assert_allclose(
        vectors[:, :4],
        [
            [0.0676569, 0.0634959, 0.0487131, 0.0793049],
            [0.0864385, 0.1027626, 0.0053946, 0.0020444],
        ],
        atol=1e-5,
    )


async def test_a_text_has_the_same_vector_whatever_stands_beside_it(
    minilm: CheckedEmbedder,
) -> None:
    texts = ["One.", "Two words.", "Something rather longer " * 20, "🙂 日本語 ﷽", ""]

    together = await minilm.embed(texts)
    apart = np.concatenate([await minilm.embed([text]) for text in texts])

    np.testing.assert_allclose(together, apart, atol=1e-6)


async def test_only_the_first_tokens_of_a_text_count(minilm: CheckedEmbedder) -> None:
    start = "word " * (MAX_TOKENS - 2)  # two tokens are the marks of beginning and end

    vectors = await minilm.embed([start, f"{start} cats and dogs"])

    np.testing.assert_array_equal(vectors[0], vectors[1])


async def test_a_question_finds_its_answer_among_others(minilm: CheckedEmbedder) -> None:
    memories = [
        "(8 May 2023) Caroline: I went to an LGBTQ support group yesterday, it was so powerful.",
        "(25 May 2023) Melanie: We painted a sunrise over the lake with the kids.",
        "(3 July 2023) Caroline: My grandmother gave me this necklace in Sweden.",
        "(12 July 2023) Melanie: The car broke down on the way to the mountains.",
    ]
    questions = [
        "Which self-help meeting did she attend?",
        "What picture did they make?",
        "What jewellery did she get from her family?",
        "What went wrong with the vehicle?",
    ]

    found = await minilm.embed(questions) @ (await minilm.embed(memories)).T

    assert found.argmax(axis=1).tolist() == [0, 1, 2, 3]


async def test_a_query_does_not_wait_for_all_that_is_done_in_the_background(
    minilm: CheckedEmbedder,
) -> None:
    await minilm.embed(["Loaded."])
    background = asyncio.create_task(minilm.embed(["A sentence of some words."] * 64))
    await asyncio.sleep(0)

    await minilm.embed(["A query"], query=True)

    assert not background.done()
    await background
