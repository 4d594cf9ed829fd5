"""Changes of a fake Stripe's subscriptions: other prices, with what they cost, and other ends."""

from typing import Any, Final

from tests.fakes.stripe_books import Books, Json, Refused, missing, truth
from tests.fakes.stripe_invoices import Invoices, declined, length_s
from tests.fakes.stripe_subscriptions import ENDED, UPDATED, Subscriptions, period_end, set_price

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


class Changes:
    def __init__(self, books: Books, invoices: Invoices, subscriptions: Subscriptions) -> None:
        self._books = books
        self._invoices = invoices
        self._subscriptions = subscriptions

    def update(self, params: Json, subscription_id: str) -> Json:
        subscription = self._books.get("subscription", subscription_id)
        if subscription["status"] in ENDED and params.keys() - {
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
            self._books.emit(UPDATED, subscription, changed)
        if swaps and (subscription["_due"] or params.get("proration_behavior") == "always_invoice"):
            self._subscriptions.charge(
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
                self._end_at(subscription, period_end(subscription) if ends else None)
            subscription["cancel_at_period_end"] = ends
        elif "cancel_at" in params:
            at = params["cancel_at"]
            when = period_end(subscription) if at in ("min_period_end", "max_period_end") else at
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
                price = self._subscriptions.recurring(entry)
                if any(item["price"]["id"] == price["id"] for item in items.values()):
                    raise Refused(400, f"Price `{price['id']}` is already on this subscription.")
                self._subscriptions.add(subscription, price, int(entry.get("quantity", 1)))
                continue
            item = items.get(entry["id"])
            if item is None:
                raise missing("subscription_item", entry["id"], "items[0][id]")
            if truth(entry.get("deleted")):
                subscription["items"]["data"].remove(item)
            elif "price" in entry and entry["price"] != item["price"]["id"]:
                swaps.append((item, self._subscriptions.recurring(entry)))
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
            set_price(item, price)
            if moved:
                self._subscriptions.begin_period(subscription)
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


def _state(subscription: Json) -> dict[str, Any]:
    members = ("cancel_at", "cancel_at_period_end", "canceled_at", "metadata", "pending_update")
    items = [
        {"id": item["id"], "price": item["price"]["id"], "end": item["current_period_end"]}
        for item in subscription["items"]["data"]
    ]
    return {key: subscription[key] for key in members} | {"items": items}
