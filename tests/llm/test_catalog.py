"""What model names tell, what a call costs, and what the operator says instead."""

import json
from pathlib import Path
from typing import Any

import pytest

from smriti.core.config import ConfigurationError
from smriti.llm.catalog import BUILT_IN, Catalog, estimate_tokens, load_catalog
from smriti.llm.families import UNKNOWN, ModelTraits
from smriti.llm.types import Usage

USAGE = Usage(
    input_tokens=1_000_000, cached_tokens=400_000, output_tokens=100_000, reasoning_tokens=60_000
)


def catalog_of(folder: Path, entries: Any) -> Catalog:
    path = folder / "models.json"
    path.write_text(entries if isinstance(entries, str) else json.dumps(entries), encoding="utf-8")
    return load_catalog(path)


@pytest.mark.parametrize(
    ("model", "context", "images", "tools"),
    [
        ("demo", 32_768, False, True),
        ("gpt-5-mini", 400_000, True, True),
        ("gpt-4.1-mini", 1_047_576, True, True),
        ("openai/gpt-4o-mini", 128_000, True, True),
        ("gpt-4-0613", 8_192, False, True),
        ("gpt-4-turbo", 128_000, True, True),
        ("o4-mini", 200_000, True, True),
        ("o3-mini", 200_000, False, True),
        ("anthropic/claude-sonnet-4.5", 200_000, True, True),
        ("llama3.2:3b", 32_768, False, True),
        ("meta-llama/Llama-3.3-70B-Instruct", 32_768, False, True),
        ("llama3.2-vision:11b", 32_768, True, True),
        ("llama2:7b", 4_096, False, False),
        ("qwen2.5-coder:7b", 32_768, False, True),
        ("Qwen/Qwen2.5-VL-7B-Instruct", 32_768, True, True),
        ("mistral-small-latest", 32_768, True, True),
        ("mistral:7b", 32_768, False, True),
        ("gemma3:4b", 32_768, True, False),
        ("gemma2:9b", 8_192, False, False),
        ("deepseek-chat", 65_536, False, True),
        ("us.anthropic.claude-sonnet-4-5-20250929-v1:0", 200_000, True, True),
        ("anthropic.claude-3-5-sonnet-20241022-v2:0", 200_000, True, True),
        ("anthropic.claude-v2:1", 100_000, False, False),
        ("amazon.nova-pro-v1:0", 300_000, True, True),
        ("us-gov.amazon.nova-micro-v1:0", 128_000, False, True),
        ("global.amazon.nova-2-lite-v1:0", 1_000_000, True, True),
        ("amazon.titan-text-express-v1", 8_192, False, False),
        ("meta.llama3-1-70b-instruct-v1:0", 32_768, False, True),
        ("us.meta.llama3-2-11b-instruct-v1:0", 32_768, True, True),
        ("meta.llama3-70b-instruct-v1:0", UNKNOWN.context_tokens, False, True),
        ("us.deepseek.r1-v1:0", 32_768, False, False),
        ("mistral.mistral-large-2402-v1:0", 32_768, False, True),
        (
            "arn:aws:bedrock:us-east-1::foundation-model/amazon.nova-lite-v1:0",
            300_000,
            True,
            True,
        ),
        (
            "arn:aws:bedrock:us-east-1:123456789012:inference-profile/us.anthropic.claude-opus-4",
            200_000,
            True,
            True,
        ),
        ("my-own-finetune", UNKNOWN.context_tokens, False, True),
    ],
)
def test_families_are_known_by_their_names(
    model: str, context: int, images: bool, tools: bool
) -> None:
    traits = BUILT_IN.traits_of(model)

    assert (traits.context_tokens, traits.sees_images, traits.takes_tools) == (
        context,
        images,
        tools,
    )
    assert traits.max_output_tokens < traits.context_tokens


def test_an_agents_own_window_is_believed() -> None:
    traits = BUILT_IN.traits_of("llama3.2:3b", context_tokens=131_072)

    assert traits == ModelTraits(131_072, 4_096)


@pytest.mark.parametrize(
    ("model", "prices"),
    [
        ("gpt-5-mini-2025-08-07", (0.25, 0.025, 2.0)),
        ("openai/gpt-5.1", (1.25, 0.125, 10.0)),
        ("gpt-5.9", None),
        ("gpt-4o-mini", (0.15, 0.075, 0.6)),
        ("claude-opus-4-20250514", (15.0, 1.5, 75.0)),
        ("claude-opus-4-1-20250805", (15.0, 1.5, 75.0)),
        ("anthropic/claude-opus-4.5", (5.0, 0.5, 25.0)),
        ("us.anthropic.claude-sonnet-4-5-20250929-v1:0", (3.0, 0.3, 15.0)),
        ("claude-opus-5", (5.0, 0.5, 25.0)),
        ("claude-opus-5-5", (4.0, 0.2, 20.0)),
        ("claude-opus-5-7", None),
        ("claude-opus-6", None),
        ("gemini-2.5-flash-lite", (0.1, 0.01, 0.4)),
        ("llama3.2:3b", None),
        ("gpt-oss:20b", None),
        ("my-own-finetune", None),
        ("demo", None),
    ],
)
def test_prices_are_those_of_the_version_and_no_other(
    model: str, prices: tuple[float, float, float] | None
) -> None:
    traits = BUILT_IN.traits_of(model)

    known = (traits.input_price, traits.cached_price, traits.output_price)
    assert known == (prices or (None, None, None))


def test_cached_input_is_charged_at_its_own_price_and_reasoning_is_output() -> None:
    cost = BUILT_IN.cost("gpt-4.1", USAGE)

    assert cost == pytest.approx(0.6 * 2.00 + 0.4 * 0.50 + 0.1 * 8.00)


@pytest.mark.parametrize("model", ["llama3.2:3b", "my-own-finetune"])
def test_what_has_no_price_costs_nothing_that_is_known(model: str) -> None:
    assert BUILT_IN.cost(model, USAGE) is None


def test_more_cached_than_asked_is_not_paid_back() -> None:
    cost = BUILT_IN.cost("gpt-4.1", Usage(input_tokens=1, cached_tokens=1_000_000))

    assert cost == pytest.approx(0.50)


def test_the_operators_word_wins_and_the_rest_stays(tmp_path: Path) -> None:
    entries = {
        "gpt-4o-MINI": {"context_tokens": 64_000},
        "gpt-4o": {"input_price": None},
        "house/": {"input_price": 1, "output_price": 2},
    }

    catalog = catalog_of(tmp_path, entries)

    assert catalog.traits_of("openai/gpt-4o-mini") == ModelTraits(
        64_000, 16_384, True, True, 0.15, 0.075, 0.60
    )
    assert catalog.cost("gpt-4o", USAGE) is None
    assert catalog.traits_of("house/own") == ModelTraits(
        UNKNOWN.context_tokens, UNKNOWN.max_output_tokens, input_price=1, output_price=2
    )
    assert catalog.cost("house/own", USAGE) == pytest.approx(1.0 + 0.2)
    assert catalog.traits_of("own") == UNKNOWN


@pytest.mark.parametrize(
    ("entries", "fault"),
    [
        ({"llama": {"context": 1}}, "llama.context: Extra inputs are not permitted"),
        ({"llama": {"context_tokens": 999}}, "llama.context_tokens: Input should be greater"),
        ({"llama": {"context_tokens": None}}, "llama.context_tokens: Input should be a valid int"),
        ({"llama": {"input_price": -1}}, "llama.input_price: Input should be greater"),
        ({"llama": 5}, "llama: Input should be an object"),
        ({"lla(ma": {}}, "'lla(ma' is no regular expression"),
        ("[]", "file: Input should be"),
        ("not json", "file: Invalid JSON"),
    ],
)
def test_a_wrong_entry_is_named(tmp_path: Path, entries: Any, fault: str) -> None:
    with pytest.raises(ConfigurationError) as raised:
        catalog_of(tmp_path, entries)

    assert str(raised.value).startswith(f"MODEL_CATALOG: {tmp_path / 'models.json'}: ")
    assert fault in str(raised.value)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"MODEL_CATALOG: .*nowhere\.json cannot be read"):
        load_catalog(tmp_path / "nowhere.json")


@pytest.mark.parametrize(
    ("text", "tokens"),
    [("", 0), ("Hi", 1), ("word " * 100, 126), ("привет", 5), ("你好", 3), ("\ud800", 1)],
)
def test_tokens_are_estimated_from_characters_and_bytes(text: str, tokens: int) -> None:
    assert estimate_tokens(text) == tokens


@pytest.mark.parametrize(
    ("model", "context", "output"),
    [
        ("claude-opus-5-5", 1_000_000, 128_000),
        ("claude-sonnet-5", 1_000_000, 128_000),
        ("claude-fable-5-2", 1_000_000, 128_000),
        ("claude-opus-4-6", 1_000_000, 128_000),
        ("anthropic/claude-sonnet-4.6", 1_000_000, 128_000),
        ("claude-opus-4-5-20251101", 200_000, 64_000),
        ("claude-haiku-4-5", 200_000, 64_000),
        ("claude-sonnet-4-20250514", 200_000, 64_000),
        ("claude-opus-4-1-20250805", 200_000, 32_000),
        ("claude-opus-4-20250514", 200_000, 32_000),
        ("claude-3-7-sonnet-20250219", 200_000, 64_000),
        ("claude-3-5-haiku-20241022", 200_000, 8_192),
        ("claude-3-haiku-20240307", 200_000, 4_096),
    ],
)
def test_claudes_sizes_follow_their_versions(model: str, context: int, output: int) -> None:
    traits = BUILT_IN.traits_of(model)

    assert (traits.context_tokens, traits.max_output_tokens) == (context, output)
    assert traits.sees_images
