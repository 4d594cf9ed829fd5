"""What is built in about models, by the beginnings of their names.

Prices are the public list prices of November 2026, of the makers' own services, for prompts of
usual length: what long prompts and writing to a cache cost extra is not in them.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class ModelTraits:
    """Sizes are in tokens; the context window holds the prompt and the answer.

    Prices are US dollars a million tokens. Of a model that runs at home, and of an unknown one,
    there are none; without a price for cached input it costs what other input does.
    """

    context_tokens: int
    max_output_tokens: int
    sees_images: bool = False
    takes_tools: bool = True
    input_price: float | None = None
    cached_price: float | None = None
    output_price: float | None = None


# For a model that nobody here has heard of: 8k is what practically everything served today takes,
# and what a local server cuts off silently beyond its setting would cost the newest question.
# Tools are offered, because leaving them out would make the agent forget without a word.
UNKNOWN: Final = ModelTraits(context_tokens=8_192, max_output_tokens=2_048)

# Open weights are listed with 32k, though most were trained on 128k: who serves them at home gives
# them less, and Smriti keeps long histories in memory, not in the prompt. For the same reason the
# newest closed models are listed with less than the million that they take at a higher price.
_OPEN: Final = ModelTraits(context_tokens=32_768, max_output_tokens=4_096)
_OPEN_SEEING: Final = ModelTraits(32_768, 4_096, sees_images=True)

type Table[Row] = Sequence[tuple[re.Pattern[str], Row]]


def _table[Row](*rows: tuple[str, Row]) -> Table[Row]:
    return tuple((re.compile(pattern, re.IGNORECASE), row) for pattern, row in rows)


def first_match[Row](table: Table[Row], *names: str) -> Row | None:
    """The row of the first pattern that begins one of the names."""
    for pattern, row in table:
        for name in names:
            if pattern.match(name):
                return row
    return None


FAMILIES: Final[Table[ModelTraits]] = _table(
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
    (r"claude-(4-opus|opus-4(?![.-][5-9]))", ModelTraits(200_000, 32_000, sees_images=True)),
    (r"claude-([34]|[a-z]+-4(?![.-][6-9]))", ModelTraits(200_000, 64_000, sees_images=True)),
    (r"claude", ModelTraits(1_000_000, 128_000, sees_images=True)),
    (r"nova-micro", ModelTraits(128_000, 5_000)),
    (r"nova-(lite|pro)", ModelTraits(300_000, 5_000, sees_images=True)),
    (r"nova-", ModelTraits(1_000_000, 10_000, sees_images=True)),
    (r"titan-text-premier", ModelTraits(32_000, 3_072, takes_tools=False)),
    (r"titan-text-lite", ModelTraits(4_096, 2_048, takes_tools=False)),
    (r"titan", ModelTraits(8_192, 4_096, takes_tools=False)),
    (r"gemini", ModelTraits(1_000_000, 8_192, sees_images=True)),
    (r"grok", ModelTraits(131_072, 16_384)),
    (r"deepseek-r1:|r1-v", ModelTraits(32_768, 8_192, takes_tools=False)),
    (r"deepseek|v3[-.]", ModelTraits(65_536, 8_192)),
    (r"command-(r|a)", ModelTraits(128_000, 4_096)),
    (r"llava|bakllava|moondream", ModelTraits(8_192, 2_048, True, takes_tools=False)),
    (r"llama-?4|llama-?3[.-]2-?.*vision|llama3-2-[19]", _OPEN_SEEING),
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

# After a version: no further digit, so that a later version is not charged like an earlier one.
# What follows may be a date.
_NO_MORE: Final = r"(?![.-]?\d{1,2}(?!\d))"

# Input, cached input, output. Whatever others serve under the makers' names is taken for the same;
# open weights have no price, because every server has its own.
PRICES: Final[Table[tuple[float, float, float]]] = _table(
    (r"gpt-6\.2-astra", (8.00, 0.40, 40.00)),
    (r"gpt-6-astra", (10.00, 1.00, 50.00)),
    (r"gpt-6\.[12]-sol", (2.00, 0.10, 10.00)),
    (r"gpt-6-sol", (2.00, 0.20, 10.00)),
    (r"gpt-6-luna", (0.10, 0.01, 0.50)),
    (r"gpt-5\.6-terra", (2.00, 0.20, 12.00)),
    (r"gpt-5\.6-luna", (0.20, 0.02, 1.20)),
    (r"gpt-5\.6(-sol|$)", (4.00, 0.40, 20.00)),
    (r"gpt-5\.[45]-pro", (30.00, 30.00, 180.00)),
    (r"gpt-5\.5", (5.00, 0.50, 30.00)),
    (r"gpt-5\.4-mini", (0.75, 0.075, 4.50)),
    (r"gpt-5\.4-nano", (0.20, 0.02, 1.25)),
    (r"gpt-5\.4", (2.50, 0.25, 15.00)),
    (r"gpt-5\.2-pro", (21.00, 21.00, 168.00)),
    (r"gpt-5\.[23]", (1.75, 0.175, 14.00)),
    (r"gpt-5-pro", (15.00, 15.00, 120.00)),
    (r"gpt-5-mini", (0.25, 0.025, 2.00)),
    (r"gpt-5-nano", (0.05, 0.005, 0.40)),
    (r"gpt-5(\.1)?(?![.\d])", (1.25, 0.125, 10.00)),
    (r"gpt-4\.1-mini", (0.40, 0.10, 1.60)),
    (r"gpt-4\.1-nano", (0.10, 0.025, 0.40)),
    (r"gpt-4\.1", (2.00, 0.50, 8.00)),
    (r"gpt-4o-mini", (0.15, 0.075, 0.60)),
    (r"gpt-4o", (2.50, 1.25, 10.00)),
    (r"chatgpt-4o", (5.00, 5.00, 15.00)),
    (r"gpt-4-turbo", (10.00, 10.00, 30.00)),
    (r"gpt-4(-0\d|$)", (30.00, 30.00, 60.00)),
    (r"gpt-3\.5-turbo", (0.50, 0.50, 1.50)),
    (r"o3-pro", (20.00, 20.00, 80.00)),
    (r"o3-mini|o1-mini", (1.10, 0.55, 4.40)),
    (r"o4-mini", (1.10, 0.275, 4.40)),
    (r"o3(-\d|$)", (2.00, 0.50, 8.00)),
    (r"o1-pro", (150.00, 150.00, 600.00)),
    (r"o1(-\d|-preview|$)", (15.00, 7.50, 60.00)),
    (rf"claude-fable-5[.-]1{_NO_MORE}", (10.00, 0.25, 50.00)),
    (rf"claude-fable-5{_NO_MORE}", (10.00, 1.00, 50.00)),
    (rf"claude-opus-5[.-]5{_NO_MORE}", (4.00, 0.20, 20.00)),
    (rf"claude-opus-(5|4[.-][5-8]){_NO_MORE}", (5.00, 0.50, 25.00)),
    (rf"claude-opus-4([.-][01])?{_NO_MORE}|claude-3-opus", (15.00, 1.50, 75.00)),
    (rf"claude-sonnet-5[.-]5{_NO_MORE}", (2.00, 0.10, 10.00)),
    (rf"claude-sonnet-5{_NO_MORE}", (2.00, 0.20, 10.00)),
    (rf"claude-sonnet-4([.-][056])?{_NO_MORE}", (3.00, 0.30, 15.00)),
    (r"claude-3[.-][57]-sonnet|claude-3-sonnet", (3.00, 0.30, 15.00)),
    (rf"claude-haiku-5[.-]5{_NO_MORE}", (0.10, 0.01, 0.50)),
    (rf"claude-haiku-4[.-]5{_NO_MORE}", (1.00, 0.10, 5.00)),
    (r"claude-3[.-]5-haiku", (0.80, 0.08, 4.00)),
    (r"claude-3-haiku", (0.25, 0.03, 1.25)),
    (r"nova-micro", (0.035, 0.00875, 0.14)),
    (r"nova-lite", (0.06, 0.015, 0.24)),
    (r"nova-pro", (0.80, 0.20, 3.20)),
    (r"nova-premier", (2.50, 0.625, 12.50)),
    (r"gemini-3\.1-flash-lite", (0.25, 0.025, 1.50)),
    (r"gemini-3(\.1)?-pro", (2.00, 0.20, 12.00)),
    (r"gemini-3-flash", (0.50, 0.05, 3.00)),
    (r"gemini-2\.5-pro", (1.25, 0.125, 10.00)),
    (r"gemini-2\.5-flash-lite", (0.10, 0.01, 0.40)),
    (r"gemini-2\.5-flash", (0.30, 0.03, 2.50)),
)
