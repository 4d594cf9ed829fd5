"""The network of all-MiniLM-L6-v2, a BERT of six layers, in numpy."""

from collections.abc import Mapping, Sequence
from itertools import accumulate
from typing import Final

import numpy as np
from numpy.typing import NDArray

type Array = NDArray[np.float32]
type Weights = Mapping[str, Array]

DIMENSIONS: Final = 384
_LAYERS: Final = 6
_HEADS: Final = 12
_HEAD: Final = DIMENSIONS // _HEADS
_EPSILON: Final = np.float32(1e-12)

# The complementary error function, as exact as float32: Abramowitz and Stegun, 7.1.26.
_ERFC_P: Final = np.float32(0.3275911 / 2**0.5)
_ERFC: Final = np.array(
    [1.061405429, -1.453152027, 1.421413741, -0.284496736, 0.254829592], np.float32
)


class MiniLM:
    """Calls block; numpy lets go of the interpreter while it computes.

    The tokens of all texts stand in one array, text after text: nothing is padded, and no text
    has to do with the ones beside it.
    """

    def __init__(self, weights: Weights) -> None:
        self._words = weights["embeddings.word_embeddings.weight"]
        first_kind = weights["embeddings.token_type_embeddings.weight"][0]
        self._places = weights["embeddings.position_embeddings.weight"] + first_kind
        self._norm = _Norm(weights, "embeddings.LayerNorm")
        self._layers = [_Layer(weights, f"encoder.layer.{number}") for number in range(_LAYERS)]

    def vectors(self, texts: Sequence[Sequence[int]]) -> Array:
        """A vector, not yet of unit length, for each text of token numbers."""
        ends = accumulate(map(len, texts))
        spans = [slice(end - len(text), end) for text, end in zip(texts, ends, strict=True)]
        places = np.concatenate([self._places[: len(text)] for text in texts])
        states = self._norm(self._words[np.concatenate(texts)] + places)
        for layer in self._layers:
            states = layer(states, spans)
        return np.stack([states[span].mean(axis=0) for span in spans])


class _Layer:
    def __init__(self, weights: Weights, name: str) -> None:
        attention = f"{name}.attention"
        self._query = _Linear(weights, f"{attention}.self.query")
        self._key = _Linear(weights, f"{attention}.self.key")
        self._value = _Linear(weights, f"{attention}.self.value")
        self._attended = _Linear(weights, f"{attention}.output.dense")
        self._attended_norm = _Norm(weights, f"{attention}.output.LayerNorm")
        self._wide = _Linear(weights, f"{name}.intermediate.dense")
        self._narrow = _Linear(weights, f"{name}.output.dense")
        self._norm = _Norm(weights, f"{name}.output.LayerNorm")

    def __call__(self, states: Array, spans: Sequence[slice]) -> Array:
        queries, keys, values = self._query(states), self._key(states), self._value(states)
        seen = [_attention(queries[span], keys[span], values[span]) for span in spans]
        states = self._attended_norm(states + self._attended(np.concatenate(seen)))
        return self._norm(states + self._narrow(_gelu(self._wide(states))))


class _Linear:
    def __init__(self, weights: Weights, name: str) -> None:
        self._weight = weights[f"{name}.weight"].T
        self._bias = weights[f"{name}.bias"]

    def __call__(self, states: Array) -> Array:
        result: Array = states @ self._weight
        result += self._bias
        return result


class _Norm:
    def __init__(self, weights: Weights, name: str) -> None:
        self._weight = weights[f"{name}.weight"]
        self._bias = weights[f"{name}.bias"]

    def __call__(self, states: Array) -> Array:
        states = states - states.mean(axis=1, keepdims=True)
        variance = np.square(states).mean(axis=1, keepdims=True)
        states /= np.sqrt(variance + _EPSILON)
        states *= self._weight
        states += self._bias
        return states


def _attention(queries: Array, keys: Array, values: Array) -> Array:
    """What each token of one text sees of the others, by each head."""
    scores: Array = _by_head(queries) @ _by_head(keys).transpose(0, 2, 1)
    scores *= np.float32(_HEAD**-0.5)
    scores -= scores.max(axis=2, keepdims=True)
    np.exp(scores, out=scores)
    scores /= scores.sum(axis=2, keepdims=True)
    seen: Array = scores @ _by_head(values)
    return seen.transpose(1, 0, 2).reshape(-1, DIMENSIONS)


def _by_head(states: Array) -> Array:
    return states.reshape(-1, _HEADS, _HEAD).transpose(1, 0, 2)


def _gelu(states: Array) -> Array:
    """x times the share of the normal distribution below x. In place where it can be."""
    size = np.abs(states)
    t = np.reciprocal(1 + _ERFC_P * size, dtype=np.float32)
    tail: Array = _ERFC[0] * t
    for coefficient in _ERFC[1:]:
        tail += coefficient
        tail *= t
    tail *= size
    size *= size
    size *= np.float32(-0.5)
    tail *= np.exp(size, out=size)
    tail *= np.float32(0.5)
    np.maximum(states, 0, out=states)
    states -= tail
    return states
