"""What models can do, as far as their names tell."""

import re
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class ModelTraits:
    """Sizes are in tokens; the context window holds the prompt and the answer."""

    context_tokens: int
    max_output_tokens: int
    sees_images: bool = False
    takes_tools: bool = True


# For a model that nobody here has heard of: 8k is what practically everything served today takes,
# and what a local server cuts off silently beyond its setting would cost the newest question.
# Tools are offered, because leaving them out would make the agent forget without a word.
UNKNOWN: Final = ModelTraits(context_tokens=8_192, max_output_tokens=2_048)

# Open weights are listed with 32k, though most were trained on 128k: who serves them at home gives
# them less, and Smriti keeps long histories in memory, not in the prompt.
_OPEN: Final = ModelTraits(context_tokens=32_768, max_output_tokens=4_096)
_OPEN_SEEING: Final = ModelTraits(32_768, 4_096, sees_images=True)

# "us.anthropic.claude-…" of Bedrock: where a model is served, and whose it is.
_VENDOR: Final = re.compile(r"^([a-z-]+\.)+(?=[a-z])")

# The first pattern that begins the name wins; vendor prefixes ("openai/") are cut off before.
_FAMILIES: Final[tuple[tuple[re.Pattern[str], ModelTraits], ...]] = tuple(
    (re.compile(pattern), traits)
    for pattern, traits in (
        (r"demo$", ModelTraits(32_768, 1_024)),
        (r"gpt-5.*chat", ModelTraits(128_000, 16_384, sees_images=True)),
        (r"gpt-[5-9]", ModelTraits(400_000, 128_000, sees_images=True)),
        (r"gpt-4\.1", ModelTraits(1_047_576, 32_768, sees_images=True)),
        (r"(chat)?gpt-4o|chatgpt", ModelTraits(128_000, 16_384, sees_images=True)),
        (r"gpt-4-turbo", ModelTraits(128_000, 4_096, sees_images=True)),
        (r"gpt-4", ModelTraits(8_192, 4_096)),
        (r"gpt-3\.5", ModelTraits(16_385, 4_096)),
        (r"gpt-oss", ModelTraits(131_072, 32_768)),
        (r"o1-(mini|preview)", ModelTraits(128_000, 65_536, takes_tools=False)),
        (r"o[13]-mini", ModelTraits(200_000, 100_000)),
        (r"o[134](-|$)", ModelTraits(200_000, 100_000, sees_images=True)),
        (r"claude-(v?2|instant)", ModelTraits(100_000, 4_096, takes_tools=False)),
        (r"claude-3-(haiku|sonnet|opus)", ModelTraits(200_000, 4_096, sees_images=True)),
        (r"claude-3[.-]5", ModelTraits(200_000, 8_192, sees_images=True)),
        (r"claude", ModelTraits(200_000, 32_000, sees_images=True)),
        (r"nova-micro", ModelTraits(128_000, 5_000)),
        (r"nova-(lite|pro)", ModelTraits(300_000, 5_000, sees_images=True)),
        (r"nova-premier|nova-2", ModelTraits(1_000_000, 10_000, sees_images=True)),
        (r"titan-text-premier", ModelTraits(32_000, 3_072, takes_tools=False)),
        (r"titan-text-lite", ModelTraits(4_096, 2_048, takes_tools=False)),
        (r"titan", ModelTraits(8_192, 4_096, takes_tools=False)),
        (r"gemini", ModelTraits(1_000_000, 8_192, sees_images=True)),
        (r"grok", ModelTraits(131_072, 16_384)),
        (r"deepseek-r1:|r1-v", ModelTraits(32_768, 8_192, takes_tools=False)),
        (r"deepseek|v3[-.]", ModelTraits(65_536, 8_192)),
        (r"command-(r|a)", ModelTraits(128_000, 4_096)),
        (r"llava|bakllava|moondream", ModelTraits(8_192, 2_048, True, takes_tools=False)),
        (r"llama-?4|llama-?3\.2-?.*vision|llama3-2-[19]", _OPEN_SEEING),
        (r"(meta-)?llama-?3(\.[1-9]|-[1-9]-)", _OPEN),
        (r"(meta-)?llama-?2|codellama", ModelTraits(4_096, 2_048, takes_tools=False)),
        (r"qwen.*vl|qvq", _OPEN_SEEING),
        (r"qwen-?[2-9]|qwq|qwen", _OPEN),
        (r"pixtral|mistral-(small|medium)(-?3|-latest|-25)|magistral", _OPEN_SEEING),
        (r"mistral|mixtral|ministral|codestral|devstral", _OPEN),
        (r"gemma-?3n?", ModelTraits(32_768, 4_096, sees_images=True, takes_tools=False)),
        (r"gemma", ModelTraits(8_192, 2_048, takes_tools=False)),
        (r"phi-?[34]", ModelTraits(16_384, 4_096)),
    )
)


def traits_of(model_id: str) -> ModelTraits:
    """What the model is known to do; careful guesses for one that is not known."""
    name = _VENDOR.sub("", model_id.rpartition("/")[2].lower())
    for pattern, traits in _FAMILIES:
        if pattern.match(name):
            return traits
    return UNKNOWN


def estimate_tokens(text: str) -> int:
    """About how many tokens `text` is, on the high side, in a fraction of a tokenizer's time.

    English averages four characters a token. What is beyond ASCII takes more: half a token is added
    for each further UTF-8 byte, which gives 0.75 for a Cyrillic letter and 1.25 for a Chinese sign.
    """
    if not text:
        return 0
    characters = len(text)
    further = 0 if text.isascii() else len(text.encode(errors="replace")) - characters
    return characters // 4 + further // 2 + 1
