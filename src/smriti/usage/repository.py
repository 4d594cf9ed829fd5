"""What users have used, in the table.

User#<email>  Usage#<YYYY-MM>       what was used in a month, by many writers at once; for 13 months
User#<email>  Usage#active          how many agents there are: kept by `agents/repository.py`
User#<email>  UsageEvent#<id>       something that was counted, so that it is counted once

A turn reads all `Usage#` with one query (`settings/repository.py`): nothing else may sort there.
"""

from contextlib import suppress
from datetime import timedelta
from functools import reduce
from operator import and_
from typing import Final

from smriti.core.clock import unix_now
from smriti.db.repository import everything
from smriti.db.table import (
    EXISTS,
    NEW,
    TTL,
    Absent,
    Add,
    Compare,
    Condition,
    ConditionFailed,
    Default,
    Delete,
    Item,
    Key,
    Put,
    Query,
    Table,
    Update,
    eq,
)
from smriti.usage.models import MONTHLY, Monthly, MonthUsage, Reservation, month_after, start_of

_KEPT: Final = timedelta(days=400)
_EVENT_S: Final = 35 * 24 * 3600


class NoRoom(Exception):
    """It would be more than there may be; `used` is how much there is."""

    def __init__(self, used: int) -> None:
        super().__init__("It would be more than there may be.")
        self.used = used


class UsageRepository:
    def __init__(self, table: Table) -> None:
        self._table = table

    async def add(
        self, email: str, month: str, meter: Monthly, amount: int, *, most: int | None = None
    ) -> Reservation:
        """Count so much more. With `most`, only while that is not passed: `NoRoom`."""
        name = _attribute(meter)
        try:
            item = await self._table.update(
                _key(email, month),
                Add(name, amount),
                Default("entity_type", "Usage"),
                Default(TTL, int((start_of(month) + _KEPT).timestamp())),
                when=None if most is None else _room(name, most - amount),
            )
        except ConditionFailed as failure:
            raise NoRoom(_count(failure.old or {}, meter)) from failure
        return Reservation(email, month, meter, amount, used=_count(item, meter))

    async def give_back(self, reservation: Reservation, amount: int) -> None:
        """Count so much less, unless the counter is gone. A counter of nothing goes."""
        key = _key(reservation.email, reservation.month)
        less = Add(_attribute(reservation.meter), -amount)
        with suppress(ConditionFailed):
            item = await self._table.update(key, less, when=EXISTS)
            # Who has no account, but an old token still, leaves nothing behind.
            if not any(_count(item, meter) for meter in MONTHLY):
                await self._table.write(Delete(key, when=_nothing()))

    def refund(self, reservation: Reservation) -> Update:
        """The action that counts so much less."""
        less = Add(_attribute(reservation.meter), -reservation.amount)
        return Update(_key(reservation.email, reservation.month), (less,), when=EXISTS)

    async def count_once(self, reservation: Reservation, event_id: str, tokens: int) -> None:
        """Count the tokens of an event, in the month of the reservation, if they are not yet."""
        event: Item = {
            "pk": f"User#{reservation.email}",
            "sk": f"UsageEvent#{event_id}",
            "entity_type": "UsageEvent",
            "tokens": tokens,
            TTL: unix_now() + _EVENT_S,
        }
        with suppress(ConditionFailed):
            await self._table.write(Put(event, when=NEW))
            more = Add(_attribute("tokens"), tokens)
            key = _key(reservation.email, reservation.month)
            await self._table.update(key, more, when=EXISTS)

    async def months(self, email: str, last: str, count: int) -> list[MonthUsage]:
        """So many months, the last one first."""
        wanted = [month_after(last, -back) for back in range(count)]
        between = _key(email, wanted[-1])[1], _key(email, last)[1]
        items = await everything(self._table, Query(f"User#{email}", between=between))
        found = {str(item["sk"]).removeprefix("Usage#"): item for item in items}
        return [_usage(month, found.get(month, {})) for month in wanted]

    async def forget(self, email: str, month: str) -> None:
        """Begin to count anew, the agents too."""
        await self._table.bulk(deletes=[_key(email, month), _key(email, "active")])


def _key(email: str, month: str) -> Key:
    return f"User#{email}", f"Usage#{month}"


def _attribute(meter: Monthly) -> str:
    return f"{meter}_used"


def _room(name: str, most: int) -> Condition:
    fits = Compare(name, "<=", most)
    return fits if most < 0 else fits | Absent(name)


def _nothing() -> Condition:
    names = map(_attribute, MONTHLY)
    return reduce(and_, (Absent(name) | eq(name, 0) for name in names))


def _count(item: Item, meter: Monthly) -> int:
    """Less than nothing is left when an operator has set it back meanwhile."""
    count = item.get(_attribute(meter))
    return max(0, count) if isinstance(count, int) else 0


def _usage(month: str, item: Item) -> MonthUsage:
    return MonthUsage(month=month, **{meter: _count(item, meter) for meter in MONTHLY})
