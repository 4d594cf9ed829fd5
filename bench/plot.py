# /// script
# requires-python = ">=3.13"
# dependencies = ["matplotlib==3.11.2"]
# ///
"""Draws what bench/chat.py measured.

uv run bench/plot.py FIGURES.json PLOT      writes PLOT.svg and PLOT.png
"""

import json
import sys
from itertools import groupby
from pathlib import Path
from typing import Any, Final

import matplotlib as mpl
from matplotlib import pyplot as plt

_COLUMNS: Final = 2
_COLOURS: Final = ("#9aa5b1", "#5b8def", "#e07a3f", "#4f9d69")

type Json = dict[str, Any]
type Panel = tuple[str, str, list[Json]]


def main(figures: Path, plot: Path) -> None:
    report: Json = json.loads(figures.read_text(encoding="utf-8"))
    drawn = [panel for part in report["parts"] for panel in _panels(part)]
    rows = -(-len(drawn) // _COLUMNS)
    mpl.rcParams |= {"font.size": 9, "svg.hashsalt": "smriti", "axes.axisbelow": True}
    figure, axes = plt.subplots(rows, _COLUMNS, figsize=(11, 2.9 * rows), squeeze=False)
    for panel, axis in zip(drawn, axes.flat, strict=False):
        _draw(axis, panel)
    for axis in axes.flat[len(drawn) :]:
        axis.axis("off")
    figure.suptitle(f"Medians; lower is better, but for turns/s. {report['machine']}")
    figure.tight_layout()
    figure.savefig(plot.with_suffix(".svg"), metadata={"Date": None})
    figure.savefig(plot.with_suffix(".png"), dpi=120)


def _panels(part: Json) -> list[Panel]:
    """The rows of a part that share a unit, and so an axis."""
    by_unit = groupby(part["rows"], key=lambda row: row["unit"])
    return [(part["title"], unit, list(rows)) for unit, rows in by_unit]


def _draw(axis: Any, panel: Panel) -> None:
    """A group of bars for each row, a colour for each target."""
    title, unit, rows = panel
    targets = list(dict.fromkeys(target for row in rows for target in row["medians"]))
    width = 0.8 / len(targets)
    for number, target in enumerate(targets):
        places = [at + (number - (len(targets) - 1) / 2) * width for at in range(len(rows))]
        heights = [row["medians"].get(target) or 0.0 for row in rows]
        bars = axis.bar(places, heights, width, label=target, color=_COLOURS[number % 4])
        axis.bar_label(bars, [f"{height:.3g}" for height in heights], fontsize=7, padding=1)
    axis.set_title(title, fontsize=9, loc="left")
    axis.set_ylabel(unit)
    axis.set_xticks(range(len(rows)), [row["measure"].replace(", ", "\n") for row in rows])
    axis.margins(y=0.25)
    axis.spines[["top", "right"]].set_visible(False)
    axis.legend(fontsize=7, frameon=False, ncols=len(targets), loc="upper right")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
