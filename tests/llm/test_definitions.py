"""Providers' forms and what may be put into them."""

import pytest

from smriti.core.errors import BadRequest, Invalid
from smriti.llm.definitions import OPENAI, PROVIDERS


def test_demo_asks_nothing_and_openai_five_things() -> None:
    fields = {
        name: [(field.name, field.input_type) for field in definition.form_inputs]
        for name, definition in PROVIDERS.items()
    }

    assert fields == {
        "Demo": [],
        "OpenAI": [
            ("base_url", "text"),
            ("api_key", "password"),
            ("model", "text"),
            ("default_headers", "text_area"),
            ("api", "select"),
        ],
    }
    assert OPENAI.form_inputs[0].value == "https://api.openai.com/v1"
    assert PROVIDERS["Demo"].validate({"anything": "else"}) == {}


@pytest.mark.parametrize("values", [{}, {"base_url": ""}, {"base_url": "  "}, {"base_url": None}])
def test_only_the_base_url_must_be_filled(values: dict[str, object]) -> None:
    with pytest.raises(BadRequest) as refusal:
        OPENAI.validate(values)

    assert refusal.value.detail == "Missing required fields: ['base_url']"


def test_values_are_trimmed_turned_into_text_and_the_unknown_dropped() -> None:
    values: dict[str, object] = {
        "base_url": " http://localhost:11434/v1/ ",
        "api_key": "",
        "model": 7,
        "default_headers": {"X-Title": "Smriti"},
        "colour": "red",
    }

    assert OPENAI.validate(values) == {
        "base_url": "http://localhost:11434/v1",
        "model": "7",
        "default_headers": '{"X-Title":"Smriti"}',
    }


@pytest.mark.parametrize("endpoint", ["chat/completions", "chat/completions/", "responses"])
def test_a_whole_endpoint_address_is_cut_to_its_base(endpoint: str) -> None:
    values = {"base_url": f"https://a.example/api/v1/{endpoint}"}

    assert OPENAI.validate(values) == {"base_url": "https://a.example/api/v1"}


@pytest.mark.parametrize(
    "values",
    [
        {"base_url": "localhost:11434"},
        {"base_url": "ftp://a.example"},
        {"base_url": "http://"},
        {"base_url": "http://[::1"},
        {"base_url": "http://a.example:99999x/"},
        {"base_url": "https://me:secret@a.example"},
        {"base_url": "https://a.example/v1?key=secret"},
        {"base_url": "https://a.example/v1#secret"},
        {"base_url": "https://a.example", "api_key": "sk-sécret"},
        {"base_url": "https://a.example", "api_key": "sk secret"},
        {"base_url": "https://a.example", "api_key": "sk\nsecret"},
        {"base_url": "https://a.example", "model": ["secret"]},
        {"base_url": "https://a.example", "model": "secret" * 2000},
        {"base_url": "https://a.example", "default_headers": "secret"},
        {"base_url": "https://a.example", "api": "secret"},
    ],
)
def test_what_cannot_be_right_is_refused_without_repeating_it(values: dict[str, object]) -> None:
    with pytest.raises(Invalid) as refusal:
        OPENAI.validate(values)

    assert "secret" not in refusal.value.detail
