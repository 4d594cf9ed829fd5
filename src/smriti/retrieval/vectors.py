"""Exhaustive search of unit vectors in half precision (`specs/retrieval.md`, 4.2)."""

from array import array
from collections.abc import Mapping
from typing import Any, Final

import faiss
import numpy as np
from numpy.typing import NDArray

BINARY_FROM: Final = 50_000 * 384
"""Numbers held from which on a scan of single bits comes first: the measured size."""

RESCORED: Final = 1000
"""What the scan of single bits leaves to be compared exactly."""

_UNIT: Final = 0.02
"""How far the length of a vector may be from 1: half precision, and careless providers."""

_BLOCK: Final = 256
_SPARE: Final = 16
_LEAST_SPARE: Final = 64
_NO_CODES: Final = np.zeros(0, np.uint8)

type Vector = NDArray[np.float32]
type Vectors32 = NDArray[np.float32]
type Slots = NDArray[np.int64]
type Bytes = NDArray[np.uint8]


def unit(raw: bytes | None) -> Vector | None:
    """The vector that these fp16 bytes are; None unless it is finite and of unit length."""
    if not raw or len(raw) % 2:
        return None
    vector = np.frombuffer(raw, np.float16).astype(np.float32)
    return vector if abs(float(np.linalg.norm(vector)) - 1) < _UNIT else None


class Vectors:
    """The vectors of rows, in slots without gaps: the last moves to where one is removed."""

    def __init__(self, dimensions: int, *, binary_from: int = BINARY_FROM) -> None:
        self.dimensions = dimensions
        self.rows = array("i")
        """The row of each slot."""
        self.sum = np.zeros(dimensions)
        self._slots = array("i")
        """The slot of each row, or -1; rows at the end may be missing."""
        self._binary_from = binary_from
        self._exact = self._with_room_for(0)
        self._room = 0
        self._bits: Bits | None = None

    def __len__(self) -> int:
        return len(self.rows)

    def __contains__(self, row: int) -> bool:
        return self._slot(row) >= 0

    def put(self, row: int, vector: Vector) -> None:
        """Of a row that has none yet."""
        self._slots.extend([-1] * (row + 1 - len(self._slots)))
        self._slots[row] = len(self.rows)
        self.rows.append(row)
        self.sum += vector
        if len(self) > self._room:
            self._room = len(self) + len(self) // _SPARE + _LEAST_SPARE
            self._exact = self._with_room_for(self._room, _view(self._exact.codes))
        self._exact.add(vector[None])
        if self._bits is not None and len(self) < 2 * self._bits.centred_at:
            self._bits.add(vector[None])
        elif len(self) * self.dimensions >= self._binary_from:
            self._bits = self._all_bits()

    def remove(self, row: int) -> None:
        slot = self._slot(row)
        if slot < 0:
            return
        self.sum -= self._decoded(slice(slot, slot + 1))[0]
        last = self.rows.pop()
        self._slots[row] = -1
        if last != row:
            self.rows[slot], self._slots[last] = last, slot
        _move_last(self._exact, self._exact.codes, slot)
        if self._bits is not None:
            _move_last(self._bits.index, self._bits.index.xb, slot)

    def keep(self, moved: NDArray[np.int32]) -> None:
        """Takes over the new numbers of the rows; -1 for those that are gone, and have none."""
        self._number(moved[np.frombuffer(self.rows, np.int32)])

    def search(self, query: Vector, count: int) -> tuple[Vector, Slots]:
        """The nearest, best first: their inner products, and their rows."""
        faiss.omp_set_num_threads(1)  # holds for the calling thread alone
        rows, exact = np.frombuffer(self.rows, np.int32), self._exact
        if self._bits is not None:
            near = self._bits.nearest(query, min(RESCORED, len(self)))
            rows, exact = rows[near], self._with_room_for(len(near), self._codes()[near])
        found, places = exact.search(query[None], min(count, len(rows)))
        real = places[0] >= 0
        return found[0][real], rows[places[0][real]].astype(np.int64)

    def usual(self, query: Vector) -> float:
        """The inner product with the mean of all vectors: what an unrelated text has."""
        return float(self.sum @ query) / len(self)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """All of it, to be given to `restored`."""
        bits = self._bits
        return {
            "vector_rows": np.frombuffer(self.rows, np.int32),
            "vector_codes": _view(self._exact.codes),
            "vector_sum": self.sum,
            "vector_centre": bits.centre if bits else np.zeros(0, np.float32),
            "vector_bits": _view(bits.index.xb) if bits else np.zeros(0, np.uint8),
        }

    def restore(self, arrays: Mapping[str, NDArray[Any]], centred_at: int) -> None:
        """Takes what `arrays` gave."""
        rows = arrays["vector_rows"]
        self._number(rows)
        self.sum = arrays["vector_sum"].copy()
        self._exact = self._with_room_for(len(rows), arrays["vector_codes"])
        self._room = len(rows)
        if centred_at:
            self._bits = Bits(arrays["vector_centre"].copy(), centred_at)
            self._bits.index.add(arrays["vector_bits"].reshape(len(rows), -1))

    @property
    def centred_at(self) -> int:
        return self._bits.centred_at if self._bits else 0

    def _with_room_for(self, count: int, codes: Bytes = _NO_CODES) -> Any:
        """An index of these codes. By itself it would take twice the memory when it is full."""
        index: Any = faiss.IndexScalarQuantizer(
            self.dimensions, faiss.ScalarQuantizer.QT_fp16, faiss.METRIC_INNER_PRODUCT
        )
        index.codes.resize(count * index.code_size)
        index.codes.resize(0)
        if len(codes):
            index.add_sa_codes(codes.reshape(-1, index.code_size))
        return index

    def _number(self, rows: NDArray[np.int32]) -> None:
        slots = np.full(rows.max(initial=-1) + 1, -1, np.int32)
        slots[rows] = np.arange(len(rows), dtype=np.int32)
        self.rows, self._slots = array("i", rows.tobytes()), array("i", slots.tobytes())

    def _slot(self, row: int) -> int:
        return self._slots[row] if row < len(self._slots) else -1

    def _codes(self) -> Bytes:
        return _view(self._exact.codes).reshape(-1, self._exact.code_size)

    def _decoded(self, slots: slice) -> Vectors32:
        return self._codes()[slots].view(np.float16).astype(np.float32)

    def _all_bits(self) -> "Bits":
        bits = Bits((self.sum / len(self)).astype(np.float32), len(self))
        for start in range(0, len(self), _BLOCK):
            bits.add(self._decoded(slice(start, start + _BLOCK)))
        return bits


class Bits:
    """One bit a number: whether it is above the mean. Near vectors differ in few of them."""

    def __init__(self, centre: Vector, centred_at: int) -> None:
        self.centre = centre
        self.centred_at = centred_at
        flat: Any = faiss.IndexBinaryFlat
        self.index = flat(8 * len(self._of(centre[None])[0]))
        self.index.use_heap = False  # it counts: faster for so many

    def add(self, vectors: Vectors32) -> None:
        self.index.add(self._of(vectors))

    def nearest(self, query: Vector, count: int) -> Slots:
        slots: Slots = self.index.search(self._of(query[None]), count)[1][0]
        return slots

    def _of(self, vectors: Vectors32) -> Bytes:
        return np.packbits(vectors > self.centre, axis=1)


def _view(codes: Any) -> Bytes:
    size = codes.size()
    return faiss.rev_swig_ptr(codes.data(), size) if size else np.zeros(0, np.uint8)


def _move_last(index: Any, codes: Any, slot: int) -> None:
    """Puts the last code into this slot, and makes the index one shorter."""
    every = _view(codes).reshape(index.ntotal, -1)
    every[slot] = every[-1]
    codes.resize(codes.size() - every.shape[1])
    index.ntotal -= 1
