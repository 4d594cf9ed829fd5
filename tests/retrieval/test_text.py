"""Terms of texts, and what a query lights up."""

from datetime import UTC, datetime, timedelta, timezone
from itertools import product

import pytest

from smriti.retrieval.documents import Document
from smriti.retrieval.text import (
    LONGEST_WORD,
    MOST_WORDS,
    highlights,
    index_text,
    names,
    parts_of,
    parts_of_word,
    query_terms,
    rows_of,
    stems_of,
    terms,
    words,
)

_DAY = datetime(2023, 5, 8, tzinfo=UTC)


def test_day_and_author_come_first() -> None:
    assert index_text(Document("a", "Hi", _DAY, author="Caroline")) == "(8 May 2023) Caroline: Hi"
    assert index_text(Document("a", "Hi", _DAY)) == "(8 May 2023): Hi"


def test_the_day_is_that_of_utc() -> None:
    late = (_DAY - timedelta(hours=1)).astimezone(timezone(timedelta(hours=9)))

    assert index_text(Document("a", "Hi", late)) == "(7 May 2023): Hi"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Caroline's snake_case, 42!", ["caroline", "s", "snake", "case", "42"]),
        ("ＦＵＬＬ ﬁne Straße", ["full", "fine", "strasse"]),  # noqa: RUF001 - to be folded
        ("東京タワー", ["東京", "京タ", "タワ", "ワー"]),
        ("水", ["水"]),
        ("Tokyo東京2", ["tokyo", "東京", "2"]),
        ("مرحبا بالعالم", ["مرحبا", "بالعالم"]),
        ("🎉 \x00 \u202e ...", []),
        ("x" * 100_000, ["x" * LONGEST_WORD]),
    ],
)
def test_words(text: str, found: list[str]) -> None:
    assert words(text) == found


def _stems(*found: str) -> list[int]:
    numbers, _ = stems_of([terms([word])[0] for word in found])
    return list(map(int, numbers))


def _parts(*pieces: str) -> list[int]:
    numbers, _ = parts_of([piece.ljust(4, "\0") + "\n" for piece in pieces])
    return list(map(int, numbers))


def test_stop_words_go_and_the_others_get_stems_and_parts() -> None:
    stems, pieces = terms(["what", "dogs", "i", "東京"])
    assert stems_of([stems, b"", stems])[0].tolist() == 2 * _stems("dog", "東京")
    assert stems_of([stems, b"", stems])[1] == [2, 0, 2]
    parts, sizes = parts_of([pieces, "", pieces])
    assert parts.tolist() == 2 * _parts("<dog", "dogs", "ogs>", "東", "京")
    assert sizes == [5, 0, 5]
    assert parts_of([""])[1] == [0]


@pytest.mark.parametrize(
    ("word", "parts"),
    [
        ("8", ["<8>"]),
        ("ox", ["<ox>"]),
        ("łódź", ["<łód", "łódź", "ódź>"]),
        ("東京", ["東", "京"]),
        ("#rexes", []),
        ("@the", []),
    ],
)
def test_parts_of_a_word(word: str, parts: list[str]) -> None:
    assert parts_of_word(word) == _parts(*parts)


def test_a_name_is_known_and_has_parts() -> None:
    assert names(["#8", "@rexes", "@the", "dogs"]) == ["@rexes"]
    assert len(parts_of_word("@rexes")) == 1
    assert parts_of_word("rexes") == _parts("<rex", "rexe", "exes", "xes>")
    assert terms(["@rexes"])[0] == terms(["rex"])[0]


def test_terms_that_differ_have_different_numbers() -> None:
    letters = "<>az09éж東\U00020000"
    found = ["".join(each) for size in range(1, 5) for each in product(letters, repeat=size)]
    hidden = [parts_of_word(f"@{word}{word}x")[0] for word in found]

    assert len({*_parts(*found), *hidden}) == 2 * len(found)
    assert len({terms([word])[0] for word in found}) > len(found) / 2


def test_a_query_names_a_stem_once() -> None:
    assert query_terms("When did dogs dog the DOGS?", 9) == {
        _stems("dog")[0]: _parts("<dog", "dogs", "ogs>", "dog>")
    }
    assert list(query_terms("one two three", 2)) == _stems("one", "two")


def test_signs_that_stand_for_many_words_do_not_make_a_text_many_times_as_long() -> None:
    sign = "\ufdfa"

    assert words(sign) == ["صلى", "الله", "عليه", "وسلم"]
    assert sum(map(len, words(sign * 10_000))) <= 2 * 10_000 + 18


@pytest.mark.parametrize(("count", "sizes"), [(0, [0]), (200, [200]), (201, [101, 100])])
def test_long_texts_become_rows_of_nearly_the_same_size(count: int, sizes: list[int]) -> None:
    rows = rows_of(Document("a", "word " * count, _DAY, author="Rex"))

    assert [len(row) - 4 for row in rows] == sizes
    assert all(row[:4] == ["#8", "#may", "#2023", "@rex"] for row in rows)
    assert max(sizes) <= MOST_WORDS


@pytest.mark.parametrize(
    ("text", "query", "lit"),
    [
        ("The adopted children.", "who adopts a child?", ["adopted"]),
        ("She adopted three children", "adoption children", ["adopted", "children"]),
        ("Cafe\u0301 und CAFÉ", "café", ["Cafe\u0301", "CAFÉ"]),
        ("東京タワーと京都", "京タワ", ["京タワ"]),
        ("東京と京都", "京", ["京", "京"]),
        ("ﬁne ＤＯＧＳ", "dog fine", ["ﬁne", "ＤＯＧＳ"]),  # noqa: RUF001 - to be folded
        ("what is it", "what is it", []),
        ("dogs, Dogs and dogs", "dog", ["dogs", "Dogs", "dogs"]),
        ("", "dog", []),
        ("dog", "", []),
    ],
)
def test_highlights(text: str, query: str, lit: list[str]) -> None:
    assert [text[start:end] for start, end in highlights(text, query)] == lit
