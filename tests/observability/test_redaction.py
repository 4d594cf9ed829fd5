"""Secrets never reach a log line."""

import pytest
from pydantic import SecretStr

from smriti.observability.redaction import redact

_API_KEY = "sk_smriti_01990000-0000-7000-8000-000000000000_a-B_c0123456789"
_JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhIn0.c2lnbmF0dXJl"


@pytest.mark.parametrize(
    "name",
    [
        "authorization", "Cookie", "set-cookie", "token", "api_key", "X-API-Key", "password",
        "client_secret", "credentials", "jwt", "private_key", "ENCRYPTION_KEY",
    ],
)  # fmt: skip
def test_a_field_with_the_name_of_a_secret_is_masked(name: str) -> None:
    assert redact(None, "info", {name: "open sesame"}) == {name: "***"}


def test_secrets_are_masked_at_any_depth() -> None:
    event = {
        "headers": {"Cookie": ["a=1", "b=2"], "Host": "example.com"},
        "steps": [{"token": b"x"}],
    }

    assert redact(None, "info", event) == {
        "headers": {"Cookie": ["***", "***"], "Host": "example.com"},
        "steps": [{"token": "***"}],
    }


def test_counts_are_not_secrets() -> None:
    event = {"tokens": 812, "input_tokens": 3, "cost": 0.5, "password": None, "secret": True}

    assert redact(None, "info", event) == event


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("key sk-proj-abcdefgh1234 refused", "key *** refused"),
        ("sk_live_abcdefgh1234", "***"),
        (f"/ws?token={_API_KEY}&x=1", "/ws?token=***&x=1"),
        (f"next=%2Fws%3Ftoken%3D{_API_KEY}", "next=%2Fws%3Ftoken%3D***"),
        (f"DELETE /devices/keys/{_API_KEY}", "DELETE /devices/keys/***"),
        (f"b'{_API_KEY}' is wrong", "b'***' is wrong"),
        ("whsec_abc", "***"),
        ("Authorization: Bearer abc.def-ghi", "Authorization: Bearer ***"),
        (f"signed {_JWT}, then", "signed ***, then"),
        ("GET /auth?token=abc&page=2", "GET /auth?token=***&page=2"),
        ("/callback?state=s&code=4/abc", "/callback?state=s&code=***"),
        ("https://ada:open@host/v1 is down", "https://***@host/v1 is down"),
        ("http://host/v1/a@b", "http://host/v1/a@b"),
        ("a task-management-system", "a task-management-system"),
    ],
)
def test_text_that_looks_like_a_secret_is_masked_under_any_name(text: str, shown: str) -> None:
    assert redact(None, "info", {"detail": text}) == {"detail": shown}


def test_other_objects_are_shown_as_masked_text() -> None:
    event = {"error": ValueError("key sk-abcdefgh1234"), "given": SecretStr("x")}

    assert redact(None, "info", event) == {"error": "key ***", "given": "**********"}
