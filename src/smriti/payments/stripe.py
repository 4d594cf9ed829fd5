"""Stripe by its official library, which nobody else knows. Imported only where it is configured."""

from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any, Final

import aiohttp
import stripe
import structlog
from pydantic import SecretStr, ValidationError
from stripe.params import (
    CustomerCreateParams,
    CustomerUpdateParams,
    PriceListParams,
    SubscriptionListParams,
    SubscriptionUpdateParams,
)
from stripe.params.checkout import SessionCreateParams

from smriti.payments.catalogue import NewPrice, Product
from smriti.payments.gateway import (
    BadPayload,
    BadSignature,
    CheckoutSession,
    CustomerGone,
    Event,
    Invoice,
    Order,
    Price,
    StripeCustomer,
    StripeFailed,
    StripeSubscription,
    SubscriptionItem,
    Wire,
)
from smriti.payments.pricing import Tier
from smriti.users.models import LOCAL_DOMAIN

_TIMEOUT_S: Final = 10.0
_RETRIES: Final = 2
_TOLERANCE_S: Final = 300
_PAGE: Final = 100

log = structlog.get_logger()


class _Unpaid(Wire):
    hosted_invoice_url: str | None = None


class _Changed(Wire):
    """`pending_update`: the change waits until the invoice is paid."""

    pending_update: dict[str, Any] | None = None
    latest_invoice: _Unpaid | str | None = None


class _Http(stripe.AIOHTTPClient):
    """The library's own, but an answer that breaks off is a failed connection, too."""

    async def request_async(
        self, method: str, url: str, headers: Mapping[str, str], post_data: Any = None
    ) -> tuple[bytes, int, Mapping[str, str]]:
        try:
            return await super().request_async(method, url, headers, post_data)
        except (TimeoutError, aiohttp.ClientError) as error:
            broken = stripe.APIConnectionError(repr(error), should_retry=True)  # type: ignore[no-untyped-call]
            raise broken from error


@contextmanager
def _asking() -> Iterator[None]:
    try:
        yield
    except stripe.StripeError as error:
        if _is_missing(error) and getattr(error, "param", None) == "customer":
            raise CustomerGone from error
        log.warning(
            "stripe.failed",
            error=type(error).__name__,
            status=error.http_status,
            code=error.code,
            stripe_request=error.request_id,
        )
        raise StripeFailed from error


def _is_missing(error: stripe.StripeError) -> bool:
    return error.http_status == 404 or error.code == "resource_missing"


async def _find[T: Wire](kind: type[T], asking: Awaitable[stripe.StripeObject]) -> T | None:
    with _asking():
        try:
            found = await asking
        except stripe.InvalidRequestError as error:
            if _is_missing(error):
                return None
            raise
    return kind.model_validate(found.to_dict())


class StripeGateway:
    def __init__(self, secret_key: SecretStr, *, base: str | None) -> None:
        """`base`: another address of the API, for tests."""
        self._http = _Http(timeout=aiohttp.ClientTimeout(total=_TIMEOUT_S))
        client = stripe.StripeClient(
            secret_key.get_secret_value(),
            http_client=self._http,
            max_network_retries=_RETRIES,
            base_addresses={"api": base.rstrip("/")} if base else None,
        )
        self._v1 = client.v1

    async def close(self) -> None:
        await self._http.close_async()  # type: ignore[no-untyped-call]

    async def create_customer(self, email: str, *, key: str) -> str:
        params: CustomerCreateParams = {"metadata": {"user_email": email}}
        if not email.endswith(LOCAL_DOMAIN):  # no mail address: Checkout asks for one
            params["email"] = email
        with _asking():
            return (await self._v1.customers.create_async(params, {"idempotency_key": key})).id

    async def customer(self, customer_id: str) -> StripeCustomer | None:
        return await _find(StripeCustomer, self._v1.customers.retrieve_async(customer_id))

    async def disown(self, customer_id: str) -> None:
        nobody: CustomerUpdateParams = {"metadata": {"user_email": ""}}
        await _find(Wire, self._v1.customers.update_async(customer_id, nobody))

    async def subscription(self, subscription_id: str) -> StripeSubscription | None:
        asking = self._v1.subscriptions.retrieve_async(subscription_id)
        return await _find(StripeSubscription, asking)

    async def subscriptions_of(self, customer_id: str) -> list[StripeSubscription]:
        wanted: SubscriptionListParams = {"customer": customer_id, "status": "all"}
        try:
            return [one async for one in self._subscriptions(wanted)]
        except CustomerGone:
            return []

    def living_subscriptions(self) -> AsyncIterator[StripeSubscription]:
        return self._subscriptions({})

    async def _subscriptions(
        self, wanted: SubscriptionListParams
    ) -> AsyncGenerator[StripeSubscription]:
        with _asking():
            first = await self._v1.subscriptions.list_async({**wanted, "limit": _PAGE})
            async for found in first.auto_paging_iter():
                yield StripeSubscription.model_validate(found.to_dict())

    async def change_price(
        self, subscription: StripeSubscription, item: SubscriptionItem, price_id: str
    ) -> str | None:
        with _asking():
            changed = await self._v1.subscriptions.update_async(
                subscription.id,
                {
                    "items": [{"id": item.id, "price": price_id}],
                    "proration_behavior": "always_invoice",
                    "payment_behavior": "pending_if_incomplete",
                    "expand": ["latest_invoice"],
                },
            )
        told = _Changed.model_validate(changed.to_dict())
        if told.pending_update is None or not isinstance(told.latest_invoice, _Unpaid):
            return None
        return told.latest_invoice.hosted_invoice_url

    async def end_at_period_end(self, subscription: StripeSubscription) -> None:
        await self._update(subscription.id, {"cancel_at_period_end": True})

    async def go_on(self, subscription: StripeSubscription) -> None:
        at_period_end = subscription.cancel_at_period_end
        await self._update(
            subscription.id, {"cancel_at_period_end": False} if at_period_end else {"cancel_at": ""}
        )

    async def _update(self, subscription_id: str, params: SubscriptionUpdateParams) -> None:
        with _asking():
            await self._v1.subscriptions.update_async(subscription_id, params)

    async def cancel(self, subscription_id: str) -> None:
        await _find(Wire, self._v1.subscriptions.cancel_async(subscription_id))

    async def open_session(self, order: Order, *, key: str) -> CheckoutSession:
        params: SessionCreateParams = {
            "mode": "subscription",
            "customer": order.customer_id,
            "line_items": [{"price": order.price_id, "quantity": 1}],
            "allow_promotion_codes": True,
            "success_url": order.success_url,
            "cancel_url": order.cancel_url,
            "subscription_data": {
                "metadata": {
                    "plan_key": order.plan_key,
                    "billing_cycle": order.billing_cycle,
                    "user_email": order.user_email,
                }
            },
        }
        with _asking():
            opened = await self._v1.checkout.sessions.create_async(params, {"idempotency_key": key})
        return CheckoutSession.model_validate(opened.to_dict())

    async def session(self, session_id: str) -> CheckoutSession | None:
        return await _find(CheckoutSession, self._v1.checkout.sessions.retrieve_async(session_id))

    async def expire_session(self, session_id: str) -> None:
        with _asking(), suppress(stripe.InvalidRequestError):  # it is not open any more
            await self._v1.checkout.sessions.expire_async(session_id)

    async def open_portal(self, customer_id: str, return_url: str) -> str:
        with _asking():
            opened = await self._v1.billing_portal.sessions.create_async(
                {"customer": customer_id, "return_url": return_url}
            )
        return opened.url

    async def invoice(self, invoice_id: str) -> Invoice | None:
        return await _find(Invoice, self._v1.invoices.retrieve_async(invoice_id))

    async def products(self) -> list[Product]:
        with _asking():
            first = await self._v1.products.list_async({"active": True, "limit": _PAGE})
            found = [one async for one in first.auto_paging_iter()]
        return [Product.model_validate(one.to_dict()) for one in found]

    async def prices_of(self, product_id: str) -> list[Price]:
        wanted: PriceListParams = {"product": product_id, "active": True, "limit": _PAGE}
        with _asking():
            first = await self._v1.prices.list_async(wanted)
            found = [one async for one in first.auto_paging_iter()]
        return [Price.model_validate(one.to_dict()) for one in found]

    async def create_product(self, tier: Tier) -> str:
        with _asking():
            made = await self._v1.products.create_async(
                {
                    "name": tier.name,
                    "description": tier.description,
                    "metadata": {"plan_key": tier.key},
                }
            )
        return made.id

    async def create_price(self, price: NewPrice) -> str:
        with _asking():
            made = await self._v1.prices.create_async(
                {
                    "product": price.product_id,
                    "currency": price.currency,
                    "unit_amount": price.unit_amount,
                    "recurring": {"interval": price.interval},
                    "metadata": {"plan_key": price.plan_key, "billing_cycle": price.cycle},
                }
            )
        return made.id

    def event(self, payload: bytes, signature: str, secret: str) -> Event:
        plain = signature.encode("ascii", "replace").decode()  # nothing else can be compared
        try:
            stripe.WebhookSignature.verify_header(payload, plain, secret, _TOLERANCE_S)
            return Event.model_validate_json(payload)
        except (stripe.SignatureVerificationError, UnicodeDecodeError) as error:
            raise BadSignature from error
        except ValidationError as error:
            raise BadPayload from error
