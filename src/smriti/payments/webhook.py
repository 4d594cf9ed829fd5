"""What Stripe tells, as often and in whatever order it likes: each event has its effect once."""

from typing import Final

import structlog

from smriti.core.errors import BadRequest
from smriti.payments.gateway import (
    CheckoutSession,
    Event,
    Gateway,
    Invoice,
    InvoicePayment,
    SubscriptionReference,
)
from smriti.payments.ledger import Ledger
from smriti.payments.repository import SeenEvents

_OF_SUBSCRIPTION: Final = {
    f"customer.subscription.{happened}"
    for happened in ("created", "updated", "deleted", "paused", "resumed")
}
_OF_INVOICE: Final = {"invoice.paid", "invoice.payment_succeeded", "invoice.payment_failed"}

_HANDLED: Final = {
    "checkout.session.completed",
    "invoice_payment.paid",
    *_OF_INVOICE,
    *_OF_SUBSCRIPTION,
}

log = structlog.get_logger()


class SignatureMissing(BadRequest):
    slug = "signature-missing"

    def __init__(self) -> None:
        super().__init__("Missing stripe-signature header")


class Webhook:
    """An event's object may be older than what we know: it only says which subscription to ask for.

    A failure leaves the event unmarked, so that Stripe sends it again.
    """

    def __init__(self, gateway: Gateway, ledger: Ledger, seen: SeenEvents, *, secret: str) -> None:
        self._gateway = gateway
        self._ledger = ledger
        self._seen = seen
        self._secret = secret

    async def receive(self, payload: bytes, signature: str | None) -> None:
        """`SignatureMissing`, `BadSignature`."""
        if signature is None:
            raise SignatureMissing
        event = self._gateway.event(payload, signature, self._secret)
        if await self._seen.has(event.id):
            return
        if event.type in _HANDLED:
            await self._apply(event)
        else:
            await self._seen.add(event.id)

    async def _apply(self, event: Event) -> None:
        customer_id, subscription_id = await self._concerned(event)
        owner = await self._ledger.owner_of(customer_id) if customer_id else None
        if owner is None or subscription_id is None:
            outcome = None
        else:
            outcome = await self._ledger.record(owner, subscription_id, event_id=event.id)
        if outcome in {None, "no account"}:
            log.warning("webhook.of_nobody", event_id=event.id, type=event.type)
        else:
            log.info("webhook.applied", event_id=event.id, type=event.type, outcome=outcome)

    async def _concerned(self, event: Event) -> tuple[str | None, str | None]:
        """Which customer and subscription."""
        told = event.data.object
        if event.type in _OF_SUBSCRIPTION:
            subscription = SubscriptionReference.model_validate(told)
            return subscription.customer, subscription.id
        if event.type == "checkout.session.completed":
            session = CheckoutSession.model_validate(told)
            return session.customer, session.subscription
        invoice: Invoice | None
        if event.type in _OF_INVOICE:
            invoice = Invoice.model_validate(told)
        else:
            invoice = await self._gateway.invoice(InvoicePayment.model_validate(told).invoice)
        return (invoice.customer, invoice.subscription_id) if invoice else (None, None)
