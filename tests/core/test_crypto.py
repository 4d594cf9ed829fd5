"""Secrets at rest."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smriti.core.crypto import SecretBox, SecretUnreadable

BOX = SecretBox("a key")


@given(st.text(), st.text())
def test_what_is_sealed_opens_in_its_place(text: str, place: str) -> None:
    assert BOX.open(BOX.seal(text, place=place), place=place) == text


def test_the_same_text_is_never_sealed_the_same() -> None:
    assert BOX.seal("secret", place="p") != BOX.seal("secret", place="p")


@pytest.mark.parametrize(
    ("box", "place", "change"),
    [
        (SecretBox("another key"), "alice", ""),
        (BOX, "bob", ""),
        (BOX, "alice", "x"),
    ],
)
def test_a_sealed_secret_opens_nowhere_else(box: SecretBox, place: str, change: str) -> None:
    sealed = BOX.seal("secret", place="alice")

    with pytest.raises(SecretUnreadable):
        box.open(change + sealed, place=place)


@given(st.text())
def test_nonsense_is_unreadable_and_nothing_worse(sealed: str) -> None:
    with pytest.raises(SecretUnreadable):
        BOX.open(sealed, place="alice")
