"""An index in a file: plain arrays and JSON, taken back only when every byte is as it was written.

The file: `MAGIC`, the length of the header, the header (JSON: what follows, and of what form),
the arrays one after the other, and the SHA-256 of all that.
"""

import gc
import hashlib
import sys
import tempfile
import unicodedata
from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import numpy as np
import orjson
import Stemmer
from numpy.typing import NDArray

from smriti.retrieval import text
from smriti.retrieval.field import Field
from smriti.retrieval.index import Index
from smriti.retrieval.rows import COLUMNS, NONE, Interned, Rows

MAGIC: Final = b"smriti-index-5\r\n"
_DIGEST: Final = 32
_SIZE: Final = 8
_ALIGNED: Final = 8

type Arrays = Mapping[str, NDArray[Any]]


class SnapshotRefused(Exception):
    """The file is none of ours, is damaged, or was written with other settings."""


def save(index: Index, path: Path, *, about: dict[str, Any]) -> None:
    """Writes the index, readable for its owner only; what was there is replaced at once.

    `about`: what JSON can hold. `OSError`.
    """
    arrays = {name: np.ascontiguousarray(each) for name, each in _arrays_of(index).items()}
    header = orjson.dumps(
        {
            "settings": _settings(),
            "model": index.model,
            "centred_at": index.vectors.centred_at if index.vectors else 0,
            "dimensions": index.vectors.dimensions if index.vectors else 0,
            "about": about,
            "arrays": [[name, each.dtype.str, each.size] for name, each in arrays.items()],
        }
    )
    header += b" " * (-(len(MAGIC) + _SIZE + len(header)) % _ALIGNED)
    digest = hashlib.sha256()
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix=path.name, delete=False) as file:
        written = Path(file.name)
        try:
            for part in (
                MAGIC,
                len(header).to_bytes(_SIZE),
                header,
                *map(_padded, arrays.values()),
            ):
                file.write(part)
                digest.update(part)
            file.write(digest.digest())
            file.close()
            written.replace(path)
        except BaseException:
            with suppress(OSError):
                written.unlink()
            raise


@contextmanager
def _no_collection() -> Iterator[None]:
    """A hundred thousand new arrays would let the garbage collector look at all of them again and
    again, a third of the time that loading takes; none of them is garbage."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


@_no_collection()
def load(path: Path) -> tuple[Index, dict[str, Any]]:
    """The index as it was saved, and what was told about it. `SnapshotRefused`, `OSError`."""
    raw = path.read_bytes()
    body = memoryview(raw)[:-_DIGEST]
    if not raw.startswith(MAGIC) or hashlib.sha256(body).digest() != raw[-_DIGEST:]:
        raise SnapshotRefused(f"{path.name!r} is no index, or is damaged.")
    start = len(MAGIC) + _SIZE
    end = start + int.from_bytes(raw[len(MAGIC) : start])
    try:
        header = orjson.loads(raw[start:end])
        if header["settings"] != _settings():
            raise SnapshotRefused(f"{path.name!r} was written with other settings.")
        arrays = {}
        for name, kind, size in header["arrays"]:
            arrays[name] = np.frombuffer(raw, kind, size, end)
            end += arrays[name].nbytes + -arrays[name].nbytes % _ALIGNED
        return _index_of(header, arrays), header["about"]
    except (LookupError, TypeError, ValueError) as error:
        raise SnapshotRefused(f"{path.name!r} was written by another version.") from error


def _settings() -> str:
    """What the arrays depend on, as a text that differs when any of it does."""
    return repr(
        (
            sys.byteorder,
            COLUMNS,
            text.MOST_WORDS,
            text.LONGEST_WORD,
            hashlib.sha256(" ".join(sorted(text.STOP_WORDS)).encode()).hexdigest(),
            unicodedata.unidata_version,
            Stemmer.version(),
        )
    )


def _padded(values: NDArray[Any]) -> bytes:
    return values.tobytes() + bytes(-values.nbytes % _ALIGNED)


def _arrays_of(index: Index) -> Arrays:
    rows = index.rows
    orders = rows.orders
    return {
        **{name: rows.view(name) for name in COLUMNS},
        "continued": np.frombuffer(rows.continued, np.uint32),
        "sks": _json(rows.sks),
        "threads": _json(rows.threads.values),
        "kernels": _json(rows.kernels.values),
        "label_sets": _json([sorted(each) for each in rows.labels.values]),
        "order_keys": np.array(list(orders), np.int32).reshape(-1, 2),
        "order_sizes": np.array([len(each) for each in orders.values()], np.int64),
        "orders": np.frombuffer(b"".join(orders.values()), np.uint32),
        "names": _json(list(index.lexical.names)),
        **_field_arrays("words", index.lexical.words),
        **_field_arrays("grams", index.lexical.grams),
        **(index.vectors.arrays() if index.vectors else {}),
    }


def _field_arrays(name: str, field: Field[bytes] | Field[str]) -> Arrays:
    field.settle()
    arrays: dict[str, NDArray[Any]] = {f"{name}_lengths": np.frombuffer(field.lengths, np.uint16)}
    for kind, lists in (("rows", field.rows), ("repeated", field.repeated)):
        lists.settle()
        arrays[f"{name}_{kind}_terms"] = lists.terms
        arrays[f"{name}_{kind}_sizes"] = lists.sizes
        arrays[f"{name}_{kind}"] = lists.values
    return arrays


def _json(values: Sequence[object]) -> NDArray[np.uint8]:
    return np.frombuffer(orjson.dumps(values), np.uint8)


def _index_of(header: Mapping[str, Any], arrays: Arrays) -> Index:
    index = Index(model=header["model"])
    _restore_rows(index.rows, arrays)
    alive = arrays["alive"] > 0
    for name, field in (("words", index.lexical.words), ("grams", index.lexical.grams)):
        lengths = arrays[f"{name}_lengths"]
        field.restore(lengths, int(lengths[alive].sum()))
        for kind, lists in (("rows", field.rows), ("repeated", field.repeated)):
            each = (arrays[f"{name}_{kind}{part}"].copy() for part in ("_terms", "_sizes", ""))
            lists.restore(*each)
    index.lexical.add_names(orjson.loads(arrays["names"].tobytes()))
    if header["dimensions"]:
        index.restore_vectors(header["dimensions"], arrays, header["centred_at"])
    return index


def _restore_rows(rows: Rows, arrays: Arrays) -> None:
    rows.columns = {name: array(code, arrays[name].tobytes()) for name, code in COLUMNS.items()}
    rows.continued = array("I", arrays["continued"].tobytes())
    rows.sks = orjson.loads(arrays["sks"].tobytes())
    rows.threads = Interned(orjson.loads(arrays["threads"].tobytes()))
    rows.kernels = Interned(map(tuple, orjson.loads(arrays["kernels"].tobytes())))
    rows.labels = Interned(map(frozenset, orjson.loads(arrays["label_sets"].tobytes())))
    keys: Iterable[tuple[int, int]] = map(tuple, arrays["order_keys"].reshape(-1, 2).tolist())
    orders = _divided(arrays["orders"], arrays["order_sizes"])
    rows.orders = {key: array("I", order) for key, order in zip(keys, orders, strict=True)}
    alive = arrays["alive"] > 0
    heads = alive.copy()
    heads[arrays["sibling"][alive & (arrays["sibling"] != NONE)]] = False
    rows.heads = {rows.sks[row]: row for row in np.flatnonzero(heads).tolist()}
    rows.dead = int(np.count_nonzero(~alive))
    alive[arrays["continued"]] = False
    rows.documents = int(np.count_nonzero(alive))


def _divided(values: NDArray[np.uint32], sizes: NDArray[np.int64]) -> Iterator[bytes]:
    """The values in pieces of these sizes."""
    raw = values.tobytes()
    ends = (4 * np.cumsum(sizes)).tolist()
    return (raw[start:end] for start, end in pairwise([0, *ends]))
