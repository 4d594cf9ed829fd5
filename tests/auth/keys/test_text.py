"""Whatever text comes as an API key, it is read or refused, and nothing worse happens."""

import secrets
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smriti.auth.keys.models import PREFIX
from smriti.auth.keys.repository import KeyRepository
from smriti.auth.keys.service import KeyService, read_key
from smriti.auth.tokens import InvalidKey
from smriti.db.table import Table

_IDS = st.uuids().map(str)
_SECRETS = st.binary(min_size=32, max_size=32).map(lambda _: secrets.token_urlsafe(32))
_KEYS = st.builds("{}{}_{}".format, st.just(PREFIX), _IDS, _SECRETS)


@given(_IDS, _SECRETS)
def test_a_key_is_read_as_it_was_written(key_id: str, secret: str) -> None:
    assert read_key(f"{PREFIX}{key_id}_{secret}") == (key_id, secret)


@given(st.one_of(st.text(), st.text().map(PREFIX.__add__), _KEYS))
def test_what_is_read_is_the_whole_text(text: str) -> None:
    with suppress(InvalidKey):
        assert "{}{}_{}".format(PREFIX, *read_key(text)) == text


@given(_KEYS, st.integers(0, 120), st.text(max_size=3), st.integers(0, 3))
def test_no_two_texts_are_the_same_key(key: str, place: int, put: str, cut: int) -> None:
    changed = key[:place] + put + key[place + cut :]

    with suppress(InvalidKey):
        assert (read_key(changed) == read_key(key)) is (changed == key)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "sk_smriti_",
        "schlüssel",
        "\ud800",
        "\0" * 100,
        "sk_smriti_" * 1_000_000,
        f"sk_smriti_{'0' * 36}_{'a' * 43}\n",
        f"SK_SMRITI_{'0' * 36}_{'a' * 43}",
        f"sk_smriti_{'0' * 36}_{'ä' * 43}",
        f"sk_smriti_{chr(0x0660) * 36}_{'a' * 43}",
        f"sk_smriti_{'0' * 36}_{'a' * 44}",
        f"sk_smriti_{'0' * 36}_{'a' * 43}",
    ],
    ids=lambda text: ascii(text)[:60],
)
async def test_what_is_no_key_of_ours_does_not_verify(text: str, table: Table) -> None:
    with pytest.raises(InvalidKey, match=r"^Invalid API key$"):
        await KeyService(KeyRepository(table)).verify(text)
