"""The colours of the stylesheet can be read, in both schemes."""

import re
from typing import Final

import pytest

from smriti.web.router import STATIC

_CSS: Final = (STATIC / "style.css").read_text()
_PAIRS: Final = {
    name: (light, dark)
    for name, light, dark in re.findall(
        r"--([a-z-]+): light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\)", _CSS
    )
}
_TEXTS: Final = [
    *((ink, on) for ink in ("text", "muted") for on in ("ground", "panel", "sunken", "question")),
    *((ink, on) for ink in ("accent", "link") for on in ("ground", "panel", "sunken")),
    *((ink, on) for ink in ("good", "bad", "warn") for on in ("ground", "panel", "sunken")),
    *((ink, on) for ink in ("text", "accent") for on in ("tint",)),
    *((ink, on) for ink in ("text", "warn") for on in ("mark",)),
    ("on-accent", "accent"),
    *((f"code-{kind}", "sunken") for kind in ("comment", "keyword", "string", "number", "title")),
]
_LINES: Final = [("border", "ground"), ("border", "panel"), ("accent", "panel"), ("link", "ground")]


def _luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """As WCAG 2 has it, from 1 to 21."""
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def test_black_on_white_is_21_to_1() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)


@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize(("ink", "ground"), _TEXTS)
def test_text_can_be_read(ink: str, ground: str, scheme: int) -> None:
    assert contrast(_PAIRS[ink][scheme], _PAIRS[ground][scheme]) >= 4.5


@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize(("line", "ground"), _LINES)
def test_controls_can_be_seen(line: str, ground: str, scheme: int) -> None:
    assert contrast(_PAIRS[line][scheme], _PAIRS[ground][scheme]) >= 3


def test_colours_stand_among_the_tokens_only() -> None:
    rules = _CSS.partition("/* ---- base")[2]

    assert not re.findall(r"#[0-9a-fA-F]{3,8}\b(?=[;, )])", rules)
