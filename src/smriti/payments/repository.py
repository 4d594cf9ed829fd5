"""Subscriptions, and who is who at Stripe, in the table.

User#<email>              Subscription#<subscription_id>   one subscription, as Stripe told it last
User#<email>              Customer                         who the user is at Stripe
User#<email>              CheckoutReturn#<session_id>      a session that was exchanged; 90 days
StripeCustomer#<id>       the same                         whose customer this is
WebhookEvent#<event_id>   the same                         an event that was dealt with; 90 days
"""

from typing import Final, Literal

import structlog
from pydantic import ValidationError

from smriti.core.clock import unix_now
from smriti.db.repository import Repository
from smriti.db.table import (
    EXISTS,
    NEW,
    TTL,
    Absent,
    Check,
    Condition,
    ConditionFailed,
    Delete,
    Item,
    ItemPage,
    Key,
    Put,
    Query,
    Table,
    TransactionFailed,
    eq,
)
from smriti.payments.models import UNREADABLE, Customer, Subscription
from smriti.payments.pricing import FREE
from smriti.users.repository import ALIVE, user_key

type Outcome = Literal["saved", "moved", "seen", "no account"]

SUBSCRIPTIONS: Final = "Subscription#"
_KEPT_S: Final = 90 * 24 * 3600  # Stripe sends an event again for at most 30 days
_DECISIVE: Final = {"plan_name", "status", "current_period_end"}

log = structlog.get_logger()


def _customer_key(email: str) -> Key:
    return f"User#{email}", "Customer"


def _event_key(event_id: str) -> Key:
    key = f"WebhookEvent#{event_id}"
    return key, key


def _mark(key: Key, kind: str) -> Put:
    """A thing of which nothing is to be known but that it was."""
    pk, sk = key
    return Put({"pk": pk, "sk": sk, "entity_type": kind, TTL: unix_now() + _KEPT_S}, when=NEW)


def _is_alive(email: str) -> Check:
    """Nothing may be written behind an account that is being deleted."""
    return Check(user_key(email), ALIVE)


def _unmoved(old: Subscription | Customer | None) -> Condition:
    if old is None:
        return NEW
    same = eq("revision", old.revision)
    return same if old.revision else EXISTS & (Absent("revision") | same)  # an older table's


def load_subscription(item: Item) -> Subscription:
    """Read tolerantly: a broken record blocks nobody. It gives no plan unless that much of it is
    sound, and Stripe's next word repairs it."""
    try:
        return Subscription.model_validate(item)
    except ValidationError as error:
        broken = {str(problem["loc"][0]) for problem in error.errors() if problem["loc"]}
        log.warning("subscription.unreadable", sk=item["sk"], fields=sorted(broken))
        sound = {name: value for name, value in item.items() if name not in broken}
        if broken & _DECISIVE:
            sound |= {"plan_name": FREE, "status": UNREADABLE}
        named: Item = {
            "user_email": str(item["pk"]).removeprefix("User#"),
            "subscription_id": str(item["sk"]).removeprefix(SUBSCRIPTIONS),
        }
        return Subscription.model_validate(named | sound)


class SubscriptionRepository(Repository[Subscription]):
    entity = Subscription

    def load(self, item: Item) -> Subscription:
        return load_subscription(item)

    def key(self, entity: Subscription) -> Key:
        return f"User#{entity.user_email}", f"{SUBSCRIPTIONS}{entity.subscription_id}"

    async def find(self, email: str, subscription_id: str) -> Subscription | None:
        return await self._find((f"User#{email}", f"{SUBSCRIPTIONS}{subscription_id}"))

    async def all_of(self, email: str) -> list[Subscription]:
        return await self._all(Query(f"User#{email}", begins=SUBSCRIPTIONS))

    async def save(
        self, new: Subscription, *, over: Subscription | None, event_id: str | None = None
    ) -> Outcome:
        """Write it in place of `over`, and the event that caused it as seen: both or nothing."""
        put = Put(self.item(new), when=_unmoved(over))
        actions: list[Put | Check] = [put, _is_alive(new.user_email)]
        if event_id is not None:
            actions.append(_mark(_event_key(event_id), "WebhookEvent"))
        try:
            await self._table.write(*actions)
        except TransactionFailed as failure:
            return (
                "seen" if 2 in failure.failed else "no account" if 1 in failure.failed else "moved"
            )
        return "saved"

    async def page_of_everybodys(self, after: str | None) -> tuple[list[Subscription], str | None]:
        """Some subscriptions, and where to go on: for administration only."""
        page: ItemPage = await self._table.scan(after=after)
        found = [item for item in page.items if str(item["sk"]).startswith(SUBSCRIPTIONS)]
        return [self.load(item) for item in found], page.next


class CustomerRepository(Repository[Customer]):
    entity = Customer

    def key(self, entity: Customer) -> Key:
        return _customer_key(entity.user_email)

    async def find(self, email: str) -> Customer | None:
        return await self._find(_customer_key(email))

    async def owner_of(self, customer_id: str) -> str | None:
        item = await self._table.get(_owner_key(customer_id))
        return None if item is None else str(item["user_email"])

    async def save(self, new: Customer, *, over: Customer | None) -> Customer | None:
        """`new` as it is written in place of `over`; None when it was not, because something
        else stands there now, or the account is being deleted."""
        written = new.model_copy(update={"revision": over.revision + 1 if over else 1})
        put = Put(self.item(written), when=_unmoved(over))
        actions: list[Put | Check] = [put, _is_alive(new.user_email)]
        if new.customer_id is not None:
            actions.append(_owns(new.user_email, new.customer_id))
        return written if await self._write(*actions) else None

    async def adopt(self, email: str, customer_id: str) -> bool:
        """Remember whose customer this is; False when there is no such account."""
        return await self._write(_owns(email, customer_id), _is_alive(email))

    async def disown(self, customer_id: str) -> None:
        await self._table.write(Delete(_owner_key(customer_id)))

    async def mark_returned(self, email: str, session_id: str) -> bool:
        """True for exactly one caller."""
        key = f"User#{email}", f"CheckoutReturn#{session_id}"
        return await self._write(_mark(key, "CheckoutReturn"), _is_alive(email))

    async def _write(self, *actions: Put | Check) -> bool:
        try:
            await self._table.write(*actions)
        except TransactionFailed:
            return False
        return True


def _owner_key(customer_id: str) -> Key:
    key = f"StripeCustomer#{customer_id}"
    return key, key


def _owns(email: str, customer_id: str) -> Put:
    pk, sk = _owner_key(customer_id)
    item: Item = {"pk": pk, "sk": sk, "entity_type": "StripeCustomer", "user_email": email}
    return Put(item, when=NEW | eq("user_email", email))


class SeenEvents:
    """Which events of Stripe's were dealt with."""

    def __init__(self, table: Table) -> None:
        self._table = table

    async def has(self, event_id: str) -> bool:
        return await self._table.get(_event_key(event_id)) is not None

    async def add(self, event_id: str) -> None:
        try:
            await self._table.write(_mark(_event_key(event_id), "WebhookEvent"))
        except ConditionFailed:
            return  # delivered twice at once
