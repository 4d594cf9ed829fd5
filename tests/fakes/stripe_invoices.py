"""Invoices of a fake Stripe: what they charge for, and whether the customer's card pays them."""

from collections.abc import Sequence
from typing import Final

from tests.fakes.stripe_books import Books, Json, Refused, listed, truth

_DAY_S: Final = 86_400
_INTERVALS_S: Final = {
    "day": _DAY_S,
    "week": 7 * _DAY_S,
    "month": 30 * _DAY_S,
    "year": 365 * _DAY_S,
}
DECLINED: Final = "Your card was declined."


def length_s(price: Json) -> int:
    """How long a period of this price is; months are of thirty days here."""
    recurring = price["recurring"]
    return _INTERVALS_S[recurring["interval"]] * int(recurring["interval_count"])


class Invoices:
    """`cards` says whether a customer's card works; without an entry there is no card."""

    def __init__(self, books: Books) -> None:
        self._books = books
        self.cards: dict[str, bool] = {}
        self._pending: dict[str, list[Json]] = {}  # lines that wait for the next invoice

    def works(self, customer_id: str) -> bool:
        return self.cards.get(customer_id, False)

    def line(self, item: Json, price: Json, amount: int, *, proration: bool = False) -> Json:
        line = self._books.new(
            "line_item",
            amount=amount,
            currency=price["currency"],
            description=f"{item['quantity']} x {price['id']}",
            discountable=not proration,
            discounts=[],
            invoice=None,
            parent={
                "type": "subscription_item_details",
                "invoice_item_details": None,
                "subscription_item_details": {
                    "invoice_item": None,
                    "proration": proration,
                    "proration_details": None,
                    "subscription": item["subscription"],
                    "subscription_item": item["id"],
                },
            },
            period={
                "start": self._books.now() if proration else item["current_period_start"],
                "end": item["current_period_end"],
            },
            pricing={
                "type": "price_details",
                "price_details": {"price": price["id"], "product": price["product"]},
                "unit_amount_decimal": str(price["unit_amount"]),
            },
            quantity=item["quantity"],
            subscription=item["subscription"],
            subtotal=amount,
        )
        del line["created"]
        return line

    def wait(self, subscription: Json, lines: Sequence[Json]) -> None:
        """Keep these for the next invoice."""
        self._pending.setdefault(subscription["id"], []).extend(lines)

    def bill(self, subscription: Json, reason: str, *, whole: bool = True) -> Json:
        """An invoice of what waits and, if `whole`, of the current period; not yet paid."""
        lines = self._pending.pop(subscription["id"], [])
        if whole:
            free = subscription["status"] == "trialing"
            lines = lines + [
                self.line(i, i["price"], 0 if free else i["price"]["unit_amount"] * i["quantity"])
                for i in subscription["items"]["data"]
            ]
        invoice = self._invoice(subscription, reason, lines)
        subscription["latest_invoice"] = invoice["id"]
        for name in ("invoice.created", "invoice.finalized"):
            self._books.emit(name, invoice)
        return invoice

    def _invoice(self, subscription: Json, reason: str, lines: Sequence[Json]) -> Json:
        customer = self._books.get("customer", subscription["customer"])
        total = sum(line["amount"] for line in lines)
        now = self._books.now()
        invoice = self._books.new(
            "invoice",
            amount_due=max(total, 0),
            amount_paid=0,
            amount_remaining=max(total, 0),
            attempt_count=0,
            attempted=False,
            auto_advance=True,
            billing_reason=reason,
            collection_method="charge_automatically",
            currency=subscription["currency"],
            customer=customer["id"],
            customer_email=customer["email"],
            lines={},
            next_payment_attempt=None,
            number=f"FAKE-{len(self._books.all('invoice')) + 1:04d}",
            parent={
                "type": "subscription_details",
                "quote_details": None,
                "subscription_details": {
                    "metadata": dict(subscription["metadata"]),
                    "subscription": subscription["id"],
                },
            },
            period_start=subscription["_billed_until"] or now,  # the time before, as Stripe does
            period_end=now,
            status="open",
            status_transitions={"finalized_at": now, "paid_at": None, "voided_at": None},
            subtotal=total,
            total=total,
        )
        subscription["_billed_until"] = now
        address = f"https://invoice.stripe.test/{invoice['id']}"
        invoice |= {"hosted_invoice_url": address, "invoice_pdf": f"{address}/pdf"}
        for line in lines:
            line["invoice"] = invoice["id"]
        invoice["lines"] = listed(lines, f"/v1/invoices/{invoice['id']}/lines")
        return invoice

    def attempt(self, invoice: Json) -> bool:
        """Charge the card. Who calls it draws the consequences for the subscription."""
        attempts = invoice["attempt_count"] + 1
        if invoice["amount_due"] and not self.works(invoice["customer"]):
            again = self._books.now() + 3 * _DAY_S
            invoice |= {"attempt_count": attempts, "attempted": True, "next_payment_attempt": again}
            self._books.emit("charge.failed", self._charge(invoice))
            self._books.emit("invoice.payment_failed", invoice)
            return False
        now = self._books.now()
        invoice |= {
            "amount_paid": invoice["amount_due"],
            "amount_remaining": 0,
            "attempt_count": attempts,
            "attempted": True,
            "next_payment_attempt": None,
            "status": "paid",
            "status_transitions": invoice["status_transitions"] | {"paid_at": now},
        }
        if invoice["amount_due"]:
            self._books.emit("charge.succeeded", self._charge(invoice))
        for name in ("invoice.paid", "invoice.payment_succeeded"):
            self._books.emit(name, invoice)
        self._books.emit("invoice_payment.paid", self._payment(invoice, now))
        return True

    def void(self, invoice: Json) -> None:
        if invoice["status"] == "open":
            invoice |= {"status": "void", "next_payment_attempt": None}
            self._books.emit("invoice.voided", invoice)

    def _charge(self, invoice: Json) -> Json:
        """Nothing that our server listens to; a real account sends many such events."""
        told = {key: invoice[key] for key in ("customer", "currency")}
        return {"id": f"ch_of_{invoice['id']}", "object": "charge", **told}

    def _payment(self, invoice: Json, now: int) -> Json:
        payment = self._books.new(
            "invoice_payment",
            amount_paid=invoice["amount_paid"],
            amount_requested=invoice["amount_due"],
            currency=invoice["currency"],
            invoice=invoice["id"],
            is_default=True,
            payment={"type": "payment_intent", "payment_intent": f"pi_of_{invoice['id']}"},
            status="paid",
            status_transitions={"canceled_at": None, "paid_at": now},
        )
        del payment["metadata"]
        return payment


def of_subscription(invoice: Json) -> str:
    subscription: str = invoice["parent"]["subscription_details"]["subscription"]
    return subscription


def check_payable(invoice: Json, params: Json) -> None:
    if invoice["status"] == "paid":
        raise Refused(400, "Invoice is already paid", code="invoice_already_paid")
    if invoice["status"] != "open" or truth(params.get("paid_out_of_band")):
        raise Refused(400, f"You can't pay an invoice that is {invoice['status']}.")


def declined() -> Refused:
    return Refused(
        402, DECLINED, kind="card_error", code="card_declined", decline_code="generic_decline"
    )
