"""Providers' forms and what may be put into them."""

import pytest

from smriti.core.errors import BadRequest, Invalid
from smriti.llm.definitions import ANTHROPIC, BEDROCK, OPENAI, PROVIDERS


def test_demo_asks_nothing_and_the_others_what_they_need() -> None:
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
        "Anthropic": [
            ("api_key", "password"),
            ("base_url", "text"),
            ("model", "text"),
            ("thinking_budget", "text"),
        ],
        "Bedrock": [
            ("aws_access_key_id", "text"),
            ("aws_secret_access_key", "password"),
            ("aws_session_token", "password"),
            ("api_key", "password"),
            ("region", "text"),
            ("model", "text"),
        ],
    }
    assert ANTHROPIC.form_inputs[1].value == "https://api.anthropic.com"
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


@pytest.mark.parametrize(
    "url",
    [
        "https://api.anthropic.com",
        "https://api.anthropic.com/",
        "https://api.anthropic.com/v1/",
        "https://api.anthropic.com/v1/messages",
    ],
)
def test_anthropics_address_is_cut_to_its_base(url: str) -> None:
    values: dict[str, object] = {"api_key": "k", "base_url": url, "thinking_budget": 4096}

    assert ANTHROPIC.validate(values) == {
        "api_key": "k",
        "base_url": "https://api.anthropic.com",
        "thinking_budget": "4096",
    }


def test_anthropic_needs_a_key() -> None:
    with pytest.raises(BadRequest) as refusal:
        ANTHROPIC.validate({"base_url": "https://api.anthropic.com"})

    assert refusal.value.detail == "Missing required fields: ['api_key']"


@pytest.mark.parametrize("budget", ["much", "-5", "1023", "1000001", "4096.5", "٤٠٩٦", "9" * 5000])
def test_a_thinking_budget_is_a_number_the_api_takes(budget: str) -> None:
    with pytest.raises(Invalid) as refusal:
        ANTHROPIC.validate({"base_url": "https://a", "api_key": "k", "thinking_budget": budget})

    assert refusal.value.detail == "'thinking_budget' must be a number from 1024 to 1000000."


@pytest.mark.parametrize(
    "values", [{"base_url": "ftp://secret"}, {"api_key": "sk\nsecret"}, {"api_key": "secrét"}]
)
def test_what_cannot_be_right_for_anthropic_is_refused(values: dict[str, object]) -> None:
    with pytest.raises(Invalid) as refusal:
        ANTHROPIC.validate({"base_url": "https://a", "api_key": "k"} | values)

    assert "secret" not in refusal.value.detail


KEYS = {"aws_access_key_id": "AKIA1", "aws_secret_access_key": "abc/+1"}


@pytest.mark.parametrize("given", [KEYS, {"api_key": "bedrock-api-key-1"}])
@pytest.mark.parametrize("region", ["us-east-1", "ap-southeast-2", "us-gov-west-1"])
def test_bedrock_takes_a_pair_of_keys_or_an_api_key(given: dict[str, object], region: str) -> None:
    assert BEDROCK.validate({**given, "region": region}) == {**given, "region": region}


@pytest.mark.parametrize(
    ("values", "told"),
    [
        (KEYS, "Missing required fields: ['region']"),
        (
            {"region": "us-east-1", "aws_access_key_id": "AKIA1"},
            "Missing required fields: ['aws_secret_access_key'], or an 'api_key' instead",
        ),
    ],
)
def test_bedrock_needs_one_of_the_two(values: dict[str, object], told: str) -> None:
    with pytest.raises(BadRequest) as refusal:
        BEDROCK.validate(values)

    assert refusal.value.detail == told


@pytest.mark.parametrize(
    "values",
    [
        {"region": "us-east-1.hidden.example/#"},
        {"region": "us-east-1\nhidden"},
        {"region": "HIDDEN-EAST-1"},
        {"region": "hidden"},
        {"aws_access_key_id": "AKIA hidden"},
        {"aws_secret_access_key": "hid\u00e9 hidden"},
        {"aws_session_token": "a\nhidden"},
        {"api_key": "h\u00e9 hidden"},
    ],
)
def test_what_bedrock_cannot_use_is_refused_without_repeating_it(values: dict[str, object]) -> None:
    with pytest.raises(Invalid) as refusal:
        BEDROCK.validate({**KEYS, "region": "us-east-1", **values})

    assert "hidden" not in refusal.value.detail.lower()
