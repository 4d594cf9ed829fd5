"""The settings of the process."""

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from smriti.core.config import Config

SECRETS = {"jwt_secret": "j" * 32, "encryption_key": "e" * 32}


def config(**values: Any) -> Config:
    return Config(_env_file=None, **values)


def test_a_fresh_machine_is_local_with_accounts_and_private_networks() -> None:
    fresh = config()

    assert fresh.local
    assert fresh.accounts_open
    assert fresh.private_networks_allowed
    assert fresh.smriti_data_dir == Path("data")
    assert fresh.origins == []


def test_production_is_closed_unless_opened() -> None:
    production = config(
        environment="production", google_client_id="id", google_client_secret="secret", **SECRETS
    )

    assert not production.accounts_open
    assert not production.private_networks_allowed


@pytest.mark.parametrize("missing", ["jwt_secret", "encryption_key"])
def test_production_says_which_secret_is_missing(missing: str) -> None:
    given = {name: value for name, value in SECRETS.items() if name != missing}

    with pytest.raises(ValidationError, match=missing.upper()):
        config(environment="production", local_accounts="on", **given)


def test_production_needs_a_way_to_sign_in() -> None:
    with pytest.raises(ValidationError, match="GOOGLE_CLIENT_ID"):
        config(environment="production", **SECRETS)


def test_origins_are_the_frontends_unless_listed() -> None:
    assert config(frontend_url="https://app.example/").origins == ["https://app.example"]
    listed = config(frontend_url="https://app.example", cors_origins="https://a.example, b")
    assert listed.origins == ["https://a.example", "b"]


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({"embedding_model": "m"}, "EMBEDDINGS=none does not use EMBEDDING_MODEL"),
        ({"embeddings": "local", "embedding_model": "m"}, "EMBEDDINGS=local does not use"),
        ({"embeddings": "local", "embedding_dimensions": 384}, "EMBEDDING_DIMENSIONS"),
        ({"embeddings": "bedrock", "embedding_base_url": "http://x"}, "EMBEDDING_BASE_URL"),
        ({"embeddings": "openai"}, "needs EMBEDDING_API_KEY"),
        ({"embeddings": "openai", "embedding_base_url": "http://x"}, "needs EMBEDDING_MODEL"),
        ({"embeddings": "voyage"}, "embeddings"),
    ],
)
def test_wrong_settings_of_embeddings_are_told(values: dict[str, Any], told: str) -> None:
    with pytest.raises(ValidationError, match=told):
        config(**values)


@pytest.mark.parametrize(
    "values",
    [
        {},
        {"embeddings": "local"},
        {"embeddings": "bedrock", "embedding_dimensions": 256},
        {"embeddings": "openai", "embedding_api_key": "sk-1"},
        {"embeddings": "openai", "embedding_base_url": "http://x/v1", "embedding_model": "m"},
    ],
)
def test_right_settings_of_embeddings_are_taken(values: dict[str, Any]) -> None:
    assert config(**values).embeddings == values.get("embeddings", "none")


def test_secrets_do_not_show_when_the_settings_are_printed() -> None:
    own = {"embeddings": "openai", "embedding_api_key": "sk-secret"}
    shown = repr(config(openai_api_key="sk-secret", **own, **SECRETS))

    assert "sk-secret" not in shown
    assert "j" * 32 not in shown


def test_the_servers_of_the_relay_are_pairs_of_addresses() -> None:
    both = config(eliza_create="http://a/make, http://b/make", eliza_query="http://a/,http://b/")
    one = config(tools_query="https://t/ask,")

    assert both.elizas == [("http://a/make", "http://a/"), ("http://b/make", "http://b/")]
    assert one.tool_servers == [("", "https://t/ask")]
    assert config().elizas == []


@pytest.mark.parametrize(
    ("values", "told"),
    [
        (
            {"eliza_create": "http://a", "eliza_query": "http://a,http://b"},
            "ELIZA_CREATE and ELIZA_QUERY must name the same servers",
        ),
        ({"tools_set": "t:5000/set"}, "TOOLS_SET and TOOLS_QUERY must be addresses"),
        ({"tools_query": "http:///ask"}, "must be addresses"),
    ],
)
def test_what_is_no_server_is_refused(values: dict[str, str], told: str) -> None:
    with pytest.raises(ValidationError, match=told):
        config(**values)


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("", "http://127.0.0.1:11434"),
        ("0.0.0.0", "http://127.0.0.1:11434"),  # noqa: S104 - nobody listens
        (":9000", "http://127.0.0.1:9000"),
        ("gpu.lan", "http://gpu.lan:11434"),
        ("[::1]:9000", "http://[::1]:9000"),
        ("http://ollama:11434/", "http://ollama:11434"),
        ("https://ollama.example", "https://ollama.example:443"),
        ("http://gpu.lan:80/ollama/", "http://gpu.lan:80/ollama"),
        ("[FE80::1]", "http://[FE80::1]:11434"),
    ],
)
def test_ollama_is_where_its_own_variable_says(host: str, url: str) -> None:
    assert config(ollama_host=host).ollama_url == url


@pytest.mark.parametrize(
    "host", ["a b", "localhost:99999", "ftp://gpu.lan", "gpu.lan:x", "a?b", "me@gpu.lan"]
)
def test_what_is_no_address_of_ollama_is_refused(host: str) -> None:
    with pytest.raises(ValidationError, match=r"127\.0\.0\.1:11434"):
        config(ollama_host=host)
