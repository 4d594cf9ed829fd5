"""What is made of samples: medians, paired ratios, and tables of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import zip_longest
from statistics import median
from typing import Final

type Samples = Mapping[str, Sequence[float]]

_NOTHING: Final = "–"  # noqa: RUF001 - a dash for an empty cell


@dataclass(frozen=True, slots=True)
class Row:
    """One measure of several targets. Samples of the same position were taken one after another.

    Ratios are to the first target, unless it is `plain`.
    """

    measure: str
    unit: str
    samples: Samples
    plain: bool = False

    def median(self, target: str) -> float | None:
        samples = self.samples.get(target)
        return median(samples) if samples else None

    def ratio(self, target: str) -> float | None:
        """The median of the pairs' ratios; None for the first target, and where there is none."""
        first, *others = self.samples
        pairs = zip(self.samples.get(target, ()), self.samples[first], strict=False)
        ratios = [ours / theirs for ours, theirs in pairs if theirs > 0]
        return median(ratios) if ratios and target in others and not self.plain else None


@dataclass(frozen=True, slots=True)
class Part:
    """The result of one measurement: a table, and what must be known to read it."""

    name: str
    title: str
    rows: Sequence[Row]
    notes: Sequence[str] = field(default=())

    @property
    def targets(self) -> list[str]:
        """Everybody who was measured, in the order of their first row."""
        return list(dict.fromkeys(target for row in self.rows for target in row.samples))


def quantile(samples: Sequence[float], share: float) -> float:
    """The value below which this share of the samples lies, drawn between neighbours."""
    ordered = sorted(samples)
    place = (len(ordered) - 1) * share
    low = int(place)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (place - low)


def differences(ours: Sequence[float], theirs: Sequence[float]) -> list[float]:
    return [one - other for one, other in zip(ours, theirs, strict=True)]


def quiet(foreign_cores: Sequence[float], limit: float) -> list[int]:
    """The rounds to keep: those with little foreign load, and never less than the quieter half."""
    order = sorted(range(len(foreign_cores)), key=lambda n: foreign_cores[n])
    enough = (len(order) + 1) // 2
    return sorted(n for at, n in enumerate(order) if at < enough or foreign_cores[n] <= limit)


def shown(value: float | None) -> str:
    """Three digits that count."""
    if value is None:
        return _NOTHING
    size = abs(value)
    return f"{value:.0f}" if size >= 100 else f"{value:.1f}" if size >= 10 else f"{value:.2f}"


def table(part: Part) -> str:
    """The part as text: medians, and in brackets the ratios to the first column."""
    header = ["", *part.targets]
    lines = [[f"{row.measure}, {row.unit}", *_cells(row, part.targets)] for row in part.rows]
    return "\n".join([part.title, "", *aligned([header, *lines]), *_notes(part)])


def _notes(part: Part) -> list[str]:
    return ["", *part.notes] if part.notes else []


def _cells(row: Row, targets: Sequence[str]) -> list[str]:
    ratios = {target: row.ratio(target) for target in targets}
    return [
        shown(row.median(target)) + (f" (×{shown(ratio)})" if ratio is not None else "")  # noqa: RUF001
        for target, ratio in ratios.items()
    ]


def aligned(lines: Sequence[Sequence[str]]) -> list[str]:
    """Columns: the first to the left, the others to the right."""
    widths = [max(map(len, column)) for column in zip_longest(*lines, fillvalue="")]
    return [
        "  ".join(
            [line[0].ljust(widths[0])]
            + [cell.rjust(width) for cell, width in zip(line[1:], widths[1:], strict=True)]
        ).rstrip()
        for line in lines
    ]
