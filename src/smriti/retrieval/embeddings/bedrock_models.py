"""How the embedding models of Bedrock are asked, each family in its own words."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

from smriti.core.config import ConfigurationError
from smriti.retrieval.embeddings.source import Limits

type Wire = dict[str, object]
type Rows = Sequence[Sequence[float]]

_TITAN: Final = Limits(texts=1)
_COHERE_V3: Final = Limits(texts=96, characters=96 * 2_048, text_characters=2_048, requests=2)
_COHERE_V4: Final = Limits(texts=96, characters=96 * 2_048, requests=2)
_TITAN_V2_SIZES: Final = (512, 1024, 256)
_COHERE_V4_SIZES: Final = (512, 1536, 1024, 256)


class Family(Protocol):
    @property
    def dimensions(self) -> int: ...

    @property
    def limits(self) -> Limits: ...

    def request(self, texts: Sequence[str], *, query: bool) -> Wire: ...

    def rows(self, answer: Mapping[str, Any]) -> Rows: ...


@dataclass(frozen=True, slots=True)
class _Titan:
    """`chosen`: whether the model lets one choose the dimensions."""

    dimensions: int
    chosen: bool
    limits: Limits = _TITAN

    def request(self, texts: Sequence[str], *, query: bool) -> Wire:  # noqa: ARG002 - the same for all
        [text] = texts
        choice: Wire = {"dimensions": self.dimensions, "normalize": True} if self.chosen else {}
        return {"inputText": text, **choice}

    def rows(self, answer: Mapping[str, Any]) -> Rows:
        return [answer["embedding"]]


@dataclass(frozen=True, slots=True)
class _CohereV3:
    dimensions: int
    limits: Limits = _COHERE_V3

    def request(self, texts: Sequence[str], *, query: bool) -> Wire:
        return {"texts": texts, "input_type": _input_type(query=query), "truncate": "END"}

    def rows(self, answer: Mapping[str, Any]) -> Rows:
        rows: Rows = answer["embeddings"]
        return rows


@dataclass(frozen=True, slots=True)
class _CohereV4:
    dimensions: int
    limits: Limits = _COHERE_V4

    def request(self, texts: Sequence[str], *, query: bool) -> Wire:
        return {
            "texts": texts,
            "input_type": _input_type(query=query),
            "embedding_types": ["float"],
            "output_dimension": self.dimensions,
            "truncate": "RIGHT",
        }

    def rows(self, answer: Mapping[str, Any]) -> Rows:
        rows: Rows = answer["embeddings"]["float"]
        return rows


def family_of(model: str, dimensions: int | None) -> Family:
    """`model` may begin with a region. `ConfigurationError` when it is none that is known here, or
    has no such dimensions; without a wish 512, where they can be chosen."""
    if "titan-embed-text-v2" in model:
        return _Titan(_one_of(_TITAN_V2_SIZES, dimensions, model), chosen=True)
    if "titan-embed" in model and "image" not in model:
        return _Titan(_one_of((1536,), dimensions, model), chosen=False)
    if "cohere.embed-v4" in model:
        return _CohereV4(_one_of(_COHERE_V4_SIZES, dimensions, model))
    if "cohere.embed" in model:
        return _CohereV3(_one_of((1024,), dimensions, model))
    raise ConfigurationError(
        f"EMBEDDING_MODEL={model} is not known here. Bedrock's models that are: "
        "amazon.titan-embed-text-v2:0, cohere.embed-english-v3, cohere.embed-multilingual-v3, "
        "cohere.embed-v4:0."
    )


def _one_of(sizes: Sequence[int], wanted: int | None, model: str) -> int:
    if wanted is None:
        return sizes[0]
    if wanted not in sizes:
        offered = ", ".join(map(str, sorted(sizes)))
        raise ConfigurationError(
            f"EMBEDDING_DIMENSIONS={wanted}: {model} has {offered}. Choose one of these, or none."
        )
    return wanted


def _input_type(*, query: bool) -> str:
    return "search_query" if query else "search_document"
