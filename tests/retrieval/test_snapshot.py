"""Indexes in files: what is taken back, and what is not."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from smriti.retrieval import text
from smriti.retrieval.documents import MESSAGES, Document, Hit
from smriti.retrieval.index import Index
from smriti.retrieval.snapshot import SnapshotRefused, load, save

_NOON = datetime(2023, 5, 8, 12, tzinfo=UTC)
_QUERY = np.array([0.6, 0.8, 0, 0], np.float32)
_VECTORS = [np.eye(4, dtype=np.float16)[number].tobytes() for number in range(4)]


def _index(model: str = "tiny") -> Index:
    index = Index(model=model)
    for number, said in enumerate(
        ["a red dog", "東京タワー", "long sunset " * 300, "dogs", "gone"]
    ):
        index.put(
            Document(
                f"Archival#{number}",
                said,
                _NOON + timedelta(minutes=number),
                thread="one" if number % 2 else "two",
                place=number,
                kernel=MESSAGES,
                labels=frozenset({"even"} if number % 2 else ()),
                vector=_VECTORS[number % 4],
                vector_model="tiny",
            )
        )
    index.remove("Archival#4")
    return index


def _hits(index: Index) -> list[list[Hit]]:
    rankings = [index.rank("red dogs 京", vector) for vector in (None, _QUERY)]
    return [list(ranking.page(0, ranking.total)) for ranking in rankings]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "one.index"


@pytest.mark.parametrize("model", ["", "tiny"])
def test_a_snapshot_ranks_alike_and_grows_alike(path: Path, model: str) -> None:
    index = _index(model)

    save(index, path, about={"since": "2023", "seen": 7})
    restored, about = load(path)

    assert about == {"since": "2023", "seen": 7}
    assert (restored.model, len(restored), list(restored.keys())) == (model, 4, list(index.keys()))
    assert _hits(restored) == _hits(index)
    for each in (index, restored):
        assert not each.put(
            Document(
                "Archival#3",
                "dogs",
                _NOON + timedelta(minutes=3),
                thread="one",
                place=3,
                kernel=MESSAGES,
                labels=frozenset({"even"}),
            )
        )
        each.put(Document("Archival#5", "dog", _NOON, thread="one", place=0, kernel=MESSAGES))
        each.remove("Archival#1")
        each.set_vector("Archival#5", 0, _VECTORS[1])
    assert _hits(restored) == _hits(index)
    assert restored.lacking(9) == index.lacking(9)


def test_an_empty_index_can_be_kept(path: Path) -> None:
    save(Index(), path, about={})

    assert len(load(path)[0]) == 0


def test_only_the_owner_can_read_it_and_nothing_else_is_left(path: Path) -> None:
    save(_index(), path, about={})
    save(_index(), path, about={})

    assert path.stat().st_mode & 0o777 == 0o600
    assert list(path.parent.iterdir()) == [path]


def test_what_cannot_be_written_leaves_the_old_one(path: Path) -> None:
    save(_index(), path, about={"old": True})

    with pytest.raises(TypeError):
        save(_index(), path, about={"new": object()})

    assert load(path)[1] == {"old": True}
    assert list(path.parent.iterdir()) == [path]


def test_a_changed_byte_is_seen_wherever_it_is(path: Path) -> None:
    save(_index(), path, about={})
    whole = path.read_bytes()

    for at in [*range(0, len(whole), 97), len(whole) - 1]:
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
        with pytest.raises(SnapshotRefused):
            load(path)


@pytest.mark.parametrize("kept", [0, 1, 20, 100, -1])
def test_a_part_of_a_snapshot_is_refused(path: Path, kept: int) -> None:
    save(_index(), path, about={})
    path.write_bytes(path.read_bytes()[:kept])

    with pytest.raises(SnapshotRefused):
        load(path)


def test_what_was_written_with_other_settings_is_refused(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save(_index(), path, about={})
    monkeypatch.setattr(text, "MOST_WORDS", 100)

    with pytest.raises(SnapshotRefused):
        load(path)
