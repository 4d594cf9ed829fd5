"""How far an index has followed its corpus."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from smriti.db.table import Item


@dataclass(frozen=True, slots=True)
class State:
    """What a corpus' state item counts. Another epoch: the counters were deleted and began anew."""

    epoch: str = ""
    inserts: int = 0
    changes: int = 0

    @classmethod
    def of(cls, item: Item | None) -> Self:
        found = item or {}
        inserts, changes = found.get("inserts", 0), found.get("changes", 0)
        return cls(
            epoch=str(found.get("epoch", "")),
            inserts=inserts if isinstance(inserts, int) else 0,
            changes=changes if isinstance(changes, int) else 0,
        )

    def follows(self, earlier: Self) -> bool:
        return (
            self.epoch == earlier.epoch
            and self.inserts >= earlier.inserts
            and self.changes >= earlier.changes
        )


@dataclass(frozen=True, slots=True)
class Place:
    """The state that an index contains. Whatever is new stands after the time `floor`, and is no
    change of those `told` since then."""

    state: State
    floor: str
    told: frozenset[str]

    def written(self) -> dict[str, object]:
        """As a snapshot keeps it."""
        state = self.state
        return {
            "epoch": state.epoch,
            "inserts": state.inserts,
            "changes": state.changes,
            "floor": self.floor,
            "told": sorted(self.told),
        }

    @classmethod
    def read(cls, written: Mapping[str, object]) -> Self:
        """The reverse; `ValueError` when it is not one."""
        match written:
            case {
                "epoch": str(epoch),
                "inserts": int(inserts),
                "changes": int(changes),
                "floor": str(floor),
                "told": list(told),
            }:
                return cls(State(epoch, inserts, changes), floor, frozenset(map(str, told)))
            case _:
                raise ValueError("This is not a place.")
