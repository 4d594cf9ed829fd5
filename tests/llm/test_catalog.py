"""What model names tell."""

import pytest

from smriti.llm.catalog import UNKNOWN, estimate_tokens, traits_of


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
    traits = traits_of(model)

    assert (traits.context_tokens, traits.sees_images, traits.takes_tools) == (
        context,
        images,
        tools,
    )
    assert traits.max_output_tokens < traits.context_tokens


@pytest.mark.parametrize(
    ("text", "tokens"),
    [("", 0), ("Hi", 1), ("word " * 100, 126), ("привет", 5), ("你好", 3), ("\ud800", 1)],
)
def test_tokens_are_estimated_from_characters_and_bytes(text: str, tokens: int) -> None:
    assert estimate_tokens(text) == tokens
