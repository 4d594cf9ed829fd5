"""Subscriptions of a fake Stripe: how they begin, change, fail, pause, renew and end."""

from collections.abc import Sequence
from typing import Any, Final

from tests.fakes.stripe_books import Books, Json, Refused, listed, missing, truth
from tests.fakes.stripe_invoices import Invoices, declined, length_s, of_subscription
from tests.fakes.stripe_params import required

_UPDATED: Final = "customer.subscription.updated"
_ENDED: Final = ("canceled", "incomplete_expired")
_OPEN: Final = ("incomplete", "past_due", "paused", "unpaid")
_PENDING_ALLOWED: Final = {
    "add_invoice_items",
    "billing_cycle_anchor",
    "cancel_at",
    "discounts",
    "expand",
    "items",
    "off_session",
    "payment_behavior",
    "proration_behavior",
    "proration_date",
    "trial_end",
    "trial_from_plan",
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
            automatic_tax={"enabled": False, "disabled_reason": None, "liability": None},
            billing_cycle_anchor=now,
            billing_mode={"type": "flexible"},
            cancel_at=None,
            cancel_at_period_end=False,
            canceled_at=None,
            cancellation_details={"comment": None, "feedback": None, "reason": None},
            collection_method="charge_automatically",
            currency=prices[0]["currency"],
            customer=customer["id"],
            default_payment_method=None,
            description=data.get("description"),
            discounts=[],
            ended_at=None,
            items={},
            latest_invoice=None,
            pause_collection=None,
            pending_update=None,
            schedule=None,
            start_date=now,
            status="trialing" if trial_days else "incomplete",
            status_details=None,
            trial_end=now + trial_days * 86_400 if trial_days else None,
            trial_start=now if trial_days else None,
        )
        self._books.tag(subscription, data.get("metadata", {}))
        subscription["items"] = listed(
            [], f"/v1/subscription_items?subscription={subscription['id']}"
        )
        for entry, price in zip(items, prices, strict=True):
            self._add(subscription, price, int(entry.get("quantity", 1)))
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

    def _add(self, subscription: Json, price: Json, quantity: int) -> Json:
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
        _price(item, price)
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
                _price(item, price)
            self._books.emit(_UPDATED, subscription, {"pending_update": {}})
        if pays and status in _OPEN:
            self._set_status(subscription, "active")
        elif not pays and status in ("active", "trialing") and not subscription["pending_update"]:
            self._set_status(subscription, "past_due")
        return pays

    def _set_status(self, subscription: Json, status: str) -> None:
        if subscription["status"] == "paused" and status == "active":
            subscription["status_details"] = None
            self._books.change(_UPDATED, subscription, status=status)
            self._books.emit("customer.subscription.resumed", subscription)
            return
        self._books.change(_UPDATED, subscription, status=status)

    def update(self, params: Json, subscription_id: str) -> Json:
        subscription = self._books.get("subscription", subscription_id)
        if subscription["status"] in _ENDED and params.keys() - {
            "metadata",
            "cancellation_details",
            "expand",
        }:
            raise Refused(
                400,
                "A canceled subscription can only update its cancellation_details and metadata.",
            )
        before = _state(subscription)
        self._books.tag(subscription, params.get("metadata") or {})
        self._schedule_end(subscription, params)
        swaps = self._swaps(subscription, params)
        if swaps:
            self._check_behavior(subscription, params)
        if swaps and self._must_wait_for_payment(subscription, params):
            self._wait_for_payment(subscription, swaps)
        else:
            self._swap(subscription, swaps, params)
        after = _state(subscription)
        if changed := {key: value for key, value in before.items() if value != after[key]}:
            self._books.emit(_UPDATED, subscription, changed)
        if swaps and (subscription["_due"] or params.get("proration_behavior") == "always_invoice"):
            self.charge(
                self._invoices.bill(
                    subscription, "subscription_update", whole=subscription.pop("_due", False)
                )
            )
        subscription.pop("_due", None)
        return subscription

    def _schedule_end(self, subscription: Json, params: Json) -> None:
        """The two ways exclude each other; taking back the one leaves the other as it is."""
        if "cancel_at_period_end" in params and "cancel_at" in params:
            raise Refused(
                400,
                "You may only specify one of these parameters: cancel_at, cancel_at_period_end.",
            )
        if "cancel_at_period_end" in params:
            ends = truth(params["cancel_at_period_end"])
            if ends or subscription["cancel_at_period_end"]:
                self._end_at(subscription, _period_end(subscription) if ends else None)
            subscription["cancel_at_period_end"] = ends
        elif "cancel_at" in params:
            at = params["cancel_at"]
            when = _period_end(subscription) if at in ("min_period_end", "max_period_end") else at
            self._end_at(subscription, int(when) if when else None)
            subscription["cancel_at_period_end"] = False

    def _end_at(self, subscription: Json, when: int | None) -> None:
        reason = "cancellation_requested" if when else None
        subscription["cancel_at"] = when
        subscription["canceled_at"] = self._books.now() if when else None
        subscription["cancellation_details"] = {"comment": None, "feedback": None, "reason": reason}

    def _swaps(self, subscription: Json, params: Json) -> list[tuple[Json, Json]]:
        """Items with their new prices. An entry without an id is one more item, as in reality."""
        swaps = []
        items = {item["id"]: item for item in subscription["items"]["data"]}
        for entry in params.get("items", []):
            if "id" not in entry:
                price = self.recurring(entry)
                if any(item["price"]["id"] == price["id"] for item in items.values()):
                    raise Refused(400, f"Price `{price['id']}` is already on this subscription.")
                self._add(subscription, price, int(entry.get("quantity", 1)))
                continue
            item = items.get(entry["id"])
            if item is None:
                raise missing("subscription_item", entry["id"], "items[0][id]")
            if truth(entry.get("deleted")):
                subscription["items"]["data"].remove(item)
            elif "price" in entry and entry["price"] != item["price"]["id"]:
                swaps.append((item, self.recurring(entry)))
        return swaps

    def _check_behavior(self, subscription: Json, params: Json) -> None:
        behavior = params.get("payment_behavior", "allow_incomplete")
        if subscription["status"] == "incomplete":
            raise Refused(400, "This subscription is incomplete: its items cannot be changed.")
        pays = self._invoices.works(subscription["customer"])
        if behavior == "error_if_incomplete" and not pays:
            raise declined()
        if behavior == "pending_if_incomplete" and (extra := params.keys() - _PENDING_ALLOWED):
            raise Refused(
                400,
                "When `payment_behavior` is set to `pending_if_incomplete`, you may only pass "
                f"supported attributes; `{min(extra)}` is not.",
                param=min(extra),
            )

    def _must_wait_for_payment(self, subscription: Json, params: Json) -> bool:
        return params.get(
            "payment_behavior"
        ) == "pending_if_incomplete" and not self._invoices.works(subscription["customer"])

    def _wait_for_payment(self, subscription: Json, swaps: list[tuple[Json, Json]]) -> None:
        subscription["_pending"] = swaps
        subscription["_due"] = False
        subscription["pending_update"] = {
            "expires_at": self._books.now() + 23 * 3600,
            "subscription_items": [{"id": item["id"], "price": p["id"]} for item, p in swaps],
        }
        for item, price in swaps:
            self._invoices.wait(subscription, self._proration(item, price))

    def _swap(self, subscription: Json, swaps: list[tuple[Json, Json]], params: Json) -> None:
        """Another interval begins a new period at once; the same one goes on."""
        subscription["_due"] = False
        for item, price in swaps:
            moved = length_s(price) != length_s(item["price"])
            if params.get("proration_behavior") != "none":
                lines = self._proration(item, price)
                self._invoices.wait(subscription, lines[:1] if moved else lines)
            _price(item, price)
            if moved:
                self._begin_period(subscription)
                subscription["_due"] = True

    def _proration(self, item: Json, price: Json) -> list[Json]:
        """What the old price gives back for the rest of the period, and what the new one costs."""
        start, end = item["current_period_start"], item["current_period_end"]
        left = max(end - self._books.now(), 0) / (end - start)
        old, new = (
            round(p["unit_amount"] * item["quantity"] * left) for p in (item["price"], price)
        )
        return [
            self._invoices.line(item, item["price"], -old, proration=True),
            self._invoices.line(item, price, new, proration=True),
        ]

    def _begin_period(self, subscription: Json, start: int | None = None) -> None:
        begins = self._books.now() if start is None else start
        if start is None:
            subscription["billing_cycle_anchor"] = begins
        for item in subscription["items"]["data"]:
            item["current_period_start"] = begins
            item["current_period_end"] = begins + length_s(item["price"])

    def cancel(self, params: Json, subscription_id: str) -> Json:
        subscription = self._books.get("subscription", subscription_id)
        if subscription["status"] in _ENDED:
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
        self._books.change(_UPDATED, subscription, status="paused")
        self._books.emit("customer.subscription.paused", subscription)
        return subscription

    def resume(self, params: Json, subscription_id: str) -> Json:
        """A new period begins and is paid for first; without payment it stays paused."""
        subscription = self._books.get("subscription", subscription_id)
        if subscription["status"] != "paused":
            raise Refused(400, "You can only resume a subscription that is paused.")
        self._begin_period(subscription)
        self.charge(self._invoices.bill(subscription, "subscription_update"))
        return subscription

    def renew(self, subscription: Json) -> None:
        """What happens when the period is over."""
        end = _period_end(subscription)
        if subscription["cancel_at"] is not None and subscription["cancel_at"] <= end:
            self.end(subscription, "cancellation_requested")
            return
        self._begin_period(subscription, end)
        if subscription["status"] == "trialing":
            subscription["status"] = "active"
        self._books.emit(_UPDATED, subscription, {"items": {}})
        self.charge(self._invoices.bill(subscription, "subscription_cycle"))

    def tick(self) -> None:
        """Renew whatever is over."""
        now = self._books.now()
        for subscription in self._books.all("subscription"):
            while (
                subscription["status"] in ("active", "past_due", "trialing")
                and _period_end(subscription) <= now
            ):
                self.renew(subscription)


def _price(item: Json, price: Json) -> None:
    item["price"] = price
    plan = {key: price[key] for key in ("id", "active", "currency", "metadata", "product")}
    recurring = {key: price["recurring"][key] for key in ("interval", "interval_count")}
    item["plan"] = {"object": "plan", "amount": price["unit_amount"], **plan, **recurring}


def _period_end(subscription: Json) -> int:
    ends: list[int] = [item["current_period_end"] for item in subscription["items"]["data"]]
    return min(ends)


def _state(subscription: Json) -> dict[str, Any]:
    members = ("cancel_at", "cancel_at_period_end", "canceled_at", "metadata", "pending_update")
    items = [
        {"id": item["id"], "price": item["price"]["id"], "end": item["current_period_end"]}
        for item in subscription["items"]["data"]
    ]
    return {key: subscription[key] for key in members} | {"items": items}
