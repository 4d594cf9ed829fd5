"""Subscriptions of a fake Stripe: how they begin, change, fail, pause, renew and end."""

from collections.abc import Sequence
from typing import Any, Final

from tests.fakes.stripe_books import Books, Json, Refused, listed, missing
from tests.fakes.stripe_invoices import Invoices, declined, length_s, of_subscription
from tests.fakes.stripe_params import required

UPDATED: Final = "customer.subscription.updated"
ENDED: Final = ("canceled", "incomplete_expired")
_OPEN: Final = ("incomplete", "past_due", "paused", "unpaid")
_NEW_SUBSCRIPTION: Final[dict[str, Any]] = {
    "automatic_tax": {"enabled": False, "disabled_reason": None, "liability": None},
    "billing_mode": {"type": "flexible"},
    "cancel_at": None,
    "cancel_at_period_end": False,
    "canceled_at": None,
    "cancellation_details": {"comment": None, "feedback": None, "reason": None},
    "collection_method": "charge_automatically",
    "default_payment_method": None,
    "discounts": [],
    "ended_at": None,
    "items": {},
    "latest_invoice": None,
    "pause_collection": None,
    "pending_update": None,
    "schedule": None,
    "status_details": None,
}


class Subscriptions:
    def __init__(self, books: Books, invoices: Invoices) -> None:
        self._books = books
        self._invoices = invoices

    def create(self, params: Json) -> Json:
        required(params, "customer", "items")
        customer = self._books.live("customer", params["customer"], "customer")
        behavior = params.get("payment_behavior", "allow_incomplete")
        if behavior == "error_if_incomplete" and not self._invoices.works(customer["id"]):
            raise declined()
        now = behavior != "default_incomplete"
        return self.start(customer, params["items"], params, charge=now)

    def start(
        self, customer: Json, items: Sequence[Json], data: Json, *, charge: bool = True
    ) -> Json:
        """A new subscription; `data` has its metadata and, maybe, days of trial."""
        prices = [self.recurring(entry) for entry in items]
        trial_days = int(data.get("trial_period_days", 0))
        now = self._books.now()
        subscription = self._books.new(
            "subscription",
            _billed_until=None,
            billing_cycle_anchor=now,
            currency=prices[0]["currency"],
            customer=customer["id"],
            description=data.get("description"),
            start_date=now,
            status="trialing" if trial_days else "incomplete",
            trial_end=now + trial_days * 86_400 if trial_days else None,
            trial_start=now if trial_days else None,
            **_NEW_SUBSCRIPTION,
        )
        self._books.tag(subscription, data.get("metadata", {}))
        subscription["items"] = listed(
            [], f"/v1/subscription_items?subscription={subscription['id']}"
        )
        for entry, price in zip(items, prices, strict=True):
            self.add(subscription, price, int(entry.get("quantity", 1)))
        self._books.emit("customer.subscription.created", subscription)
        invoice = self._invoices.bill(subscription, "subscription_create")
        if charge or not invoice["amount_due"]:
            self.charge(invoice)
        return subscription

    def recurring(self, entry: Json) -> Json:
        required(entry, "price")
        price = self._books.live("price", entry["price"], "items[0][price]")
        if not price["active"]:
            raise Refused(
                400, "The price specified is inactive. This field only accepts active prices."
            )
        if price["recurring"] is None:
            raise Refused(
                400,
                f"The price specified is set to `type=one_time` but this field only accepts "
                f"prices with `type=recurring`: `{price['id']}`.",
            )
        return price

    def add(self, subscription: Json, price: Json, quantity: int) -> Json:
        start = self._books.now()
        item = self._books.new(
            "subscription_item",
            billing_thresholds=None,
            billed_until=None,
            current_period_start=start,
            current_period_end=subscription["trial_end"] or start + length_s(price),
            discounts=[],
            quantity=quantity,
            subscription=subscription["id"],
            tax_rates=[],
        )
        set_price(item, price)
        subscription["items"]["data"].append(item)
        return item

    def charge(self, invoice: Json) -> bool:
        """Try the card, with what that means for the subscription."""
        subscription = self._books.get("subscription", of_subscription(invoice))
        pays = self._invoices.attempt(invoice)
        status = subscription["status"]
        if pays and (pending := subscription.pop("_pending", None)):
            subscription["pending_update"] = None
            for item, price in pending:
                set_price(item, price)
            self._books.emit(UPDATED, subscription, {"pending_update": {}})
        if pays and status in _OPEN:
            self._set_status(subscription, "active")
        elif not pays and status in ("active", "trialing") and not subscription["pending_update"]:
            self._set_status(subscription, "past_due")
        return pays

    def _set_status(self, subscription: Json, status: str) -> None:
        if subscription["status"] == "paused" and status == "active":
            subscription["status_details"] = None
            self._books.change(UPDATED, subscription, status=status)
            self._books.emit("customer.subscription.resumed", subscription)
            return
        self._books.change(UPDATED, subscription, status=status)

    def begin_period(self, subscription: Json, start: int | None = None) -> None:
        begins = self._books.now() if start is None else start
        if start is None:
            subscription["billing_cycle_anchor"] = begins
        for item in subscription["items"]["data"]:
            item["current_period_start"] = begins
            item["current_period_end"] = begins + length_s(item["price"])

    def cancel(self, params: Json, subscription_id: str) -> Json:
        subscription = self._books.get("subscription", subscription_id)
        if subscription["status"] in ENDED:
            raise missing("subscription", subscription_id)
        self.end(subscription, "cancellation_requested")
        return subscription

    def end(self, subscription: Json, reason: str) -> None:
        now = self._books.now()
        subscription |= {
            "status": "canceled",
            "canceled_at": subscription["canceled_at"] or now,
            "ended_at": now,
            "cancellation_details": subscription["cancellation_details"] | {"reason": reason},
        }
        self._books.emit("customer.subscription.deleted", subscription)

    def pause(self, params: Json, subscription_id: str) -> Json:
        subscription = self._books.get("subscription", subscription_id)
        if subscription["status"] not in ("active", "trialing", "past_due"):
            raise Refused(400, f"A subscription that is {subscription['status']} can't be paused.")
        details = {"type": "subscription", "subscription": {"type": "pause_requested"}}
        subscription["status_details"] = {
            "paused": details | {"transitioned_at": self._books.now()}
        }
        self._books.change(UPDATED, subscription, status="paused")
        self._books.emit("customer.subscription.paused", subscription)
        return subscription

    def resume(self, params: Json, subscription_id: str) -> Json:
        """A new period begins and is paid for first; without payment it stays paused."""
        subscription = self._books.get("subscription", subscription_id)
        if subscription["status"] != "paused":
            raise Refused(400, "You can only resume a subscription that is paused.")
        self.begin_period(subscription)
        self.charge(self._invoices.bill(subscription, "subscription_update"))
        return subscription

    def renew(self, subscription: Json) -> None:
        """What happens when the period is over."""
        end = period_end(subscription)
        if subscription["cancel_at"] is not None and subscription["cancel_at"] <= end:
            self.end(subscription, "cancellation_requested")
            return
        self.begin_period(subscription, end)
        if subscription["status"] == "trialing":
            subscription["status"] = "active"
        self._books.emit(UPDATED, subscription, {"items": {}})
        self.charge(self._invoices.bill(subscription, "subscription_cycle"))

    def tick(self) -> None:
        """Renew whatever is over."""
        now = self._books.now()
        for subscription in self._books.all("subscription"):
            while (
                subscription["status"] in ("active", "past_due", "trialing")
                and period_end(subscription) <= now
            ):
                self.renew(subscription)


def set_price(item: Json, price: Json) -> None:
    item["price"] = price
    plan = {key: price[key] for key in ("id", "active", "currency", "metadata", "product")}
    recurring = {key: price["recurring"][key] for key in ("interval", "interval_count")}
    item["plan"] = {"object": "plan", "amount": price["unit_amount"], **plan, **recurring}


def period_end(subscription: Json) -> int:
    ends: list[int] = [item["current_period_end"] for item in subscription["items"]["data"]]
    return min(ends)
