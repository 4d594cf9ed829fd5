"""The fake Stripe, met by the official SDK: what our tests lean on must itself hold."""

import json
from typing import Any

import pytest
import requests
from stripe import (
    APIError,
    AuthenticationError,
    CardError,
    IdempotencyError,
    InvalidRequestError,
    SignatureVerificationError,
    StripeClient,
    Subscription,
    Webhook,
)

from smriti.core.clock import unix_now
from tests.fakes.stripe_server import FakeStripe
from tests.fakes.stripe_shapes import OLD

MONTH_S = 30 * 86_400


def client(stripe: FakeStripe, **options: Any) -> StripeClient:
    return StripeClient(stripe.key, base_addresses={"api": stripe.url}, **options)


def price(sdk: StripeClient, amount: int = 1000, interval: str = "month", **more: Any) -> str:
    product = sdk.v1.products.create({"name": f"Plan of {amount}"})
    params: Any = {
        "currency": "usd",
        "product": product.id,
        "unit_amount": amount,
        "recurring": {"interval": interval},
        **more,
    }
    return sdk.v1.prices.create(params).id


def subscribed(stripe: FakeStripe, sdk: StripeClient, amount: int = 1000) -> Subscription:
    customer = sdk.v1.customers.create({"email": "ada@example.com"})
    stripe.set_card(customer.id, works=True)
    return sdk.v1.subscriptions.create(
        {"customer": customer.id, "items": [{"price": price(sdk, amount)}]}
    )


def session(sdk: StripeClient, price_id: str, **more: Any) -> str:
    params: Any = {
        "mode": "subscription",
        "line_items": [{"price": price_id, "quantity": 1}],
        "success_url": "https://app.test/done?session_id={CHECKOUT_SESSION_ID}",
        **more,
    }
    return sdk.v1.checkout.sessions.create(params).id


def types(stripe: FakeStripe) -> list[str]:
    return [each.type for each in stripe.deliveries()]


def test_a_customer_who_pays_at_checkout_has_an_active_subscription(stripe: FakeStripe) -> None:
    sdk = client(stripe)
    customer = sdk.v1.customers.create({"email": "ada@example.com"})
    session_id = session(
        sdk,
        price(sdk),
        customer=customer.id,
        subscription_data={"metadata": {"plan_key": "starter"}},
    )
    stripe.deliveries()

    stripe.pay(session_id)

    paid = sdk.v1.checkout.sessions.retrieve(session_id, {"expand": ["subscription", "line_items"]})
    assert (paid.status, paid.payment_status, paid.url) == ("complete", "paid", None)
    assert isinstance(paid.subscription, Subscription)
    assert (paid.subscription.status, paid.subscription.customer) == ("active", customer.id)
    assert paid.subscription.metadata["plan_key"] == "starter"
    (item,) = paid.subscription.items.data
    assert item.current_period_end - item.current_period_start == MONTH_S
    assert types(stripe) == [
        "customer.subscription.created",
        "invoice.created",
        "invoice.finalized",
        "charge.succeeded",
        "invoice.paid",
        "invoice.payment_succeeded",
        "invoice_payment.paid",
        "customer.subscription.updated",
        "checkout.session.completed",
    ]


def test_the_page_of_a_session_is_where_the_customer_pays(stripe: FakeStripe) -> None:
    sdk = client(stripe)
    session_id = session(sdk, price(sdk), customer_email="ada@example.com")
    address = sdk.v1.checkout.sessions.retrieve(session_id).url
    assert address is not None

    declined = requests.post(address, data="card=declined", timeout=5)
    open_still = sdk.v1.checkout.sessions.retrieve(session_id).status
    paid = requests.post(address, allow_redirects=False, timeout=5)

    assert "Your card was declined." in declined.text
    assert open_still == "open"
    assert paid.headers["Location"] == f"https://app.test/done?session_id={session_id}"


def test_a_session_that_is_not_open_cannot_be_expired_or_paid(stripe: FakeStripe) -> None:
    sdk = client(stripe)
    session_id = session(sdk, price(sdk))

    expired = sdk.v1.checkout.sessions.expire(session_id)
    with pytest.raises(InvalidRequestError, match="has a status of `expired`"):
        sdk.v1.checkout.sessions.expire(session_id)

    assert (expired.status, expired.url) == ("expired", None)


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"success_url": ""}, "Missing required param: success_url."),
        ({"customer": "cus_1", "customer_email": "a@b.c"}, "one of these parameters: customer"),
        ({"customer": "cus_nobody"}, "No such customer: 'cus_nobody'"),
        ({"line_items": [{"price": "price_none"}]}, "No such price: 'price_none'"),
        ({"payment_method_types": ["card"]}, "unknown parameter: payment_method_types"),
        ({"subscription_data": {"plan": "x"}}, r"unknown parameter: subscription_data\[plan\]"),
        ({"expires_at": 5}, "at least 30 minutes"),
    ],
)
def test_a_wrong_session_is_refused(
    stripe: FakeStripe, params: dict[str, Any], message: str
) -> None:
    sdk = client(stripe)

    with pytest.raises(InvalidRequestError, match=message):
        session(sdk, price(sdk), **params)


def test_an_upgrade_changes_the_item_and_bills_the_difference(stripe: FakeStripe) -> None:
    sdk = client(stripe)
    subscription = subscribed(stripe, sdk, 1000)
    stripe.advance(MONTH_S // 2)

    changed = sdk.v1.subscriptions.update(
        subscription.id,
        {
            "items": [{"id": subscription.items.data[0].id, "price": price(sdk, 3000)}],
            "proration_behavior": "always_invoice",
            "expand": ["latest_invoice.payments"],
        },
    )

    invoice: Any = changed.latest_invoice
    assert [line.amount for line in invoice.lines.data] == [-500, 1500]
    assert (invoice.amount_paid, invoice.billing_reason) == (1000, "subscription_update")
    assert invoice.payments.data[0].status == "paid"
    assert [item.price.unit_amount for item in changed.items.data] == [3000]
    before = subscription.items.data[0].current_period_end
    assert changed.items.data[0].current_period_end == before


def test_an_item_without_its_id_is_one_more_item(stripe: FakeStripe) -> None:
    sdk = client(stripe)
    subscription = subscribed(stripe, sdk)

    changed = sdk.v1.subscriptions.update(subscription.id, {"items": [{"price": price(sdk, 3000)}]})

    assert [item.price.unit_amount for item in changed.items.data] == [1000, 3000]


def test_another_interval_begins_a_new_period(stripe: FakeStripe) -> None:
    sdk = client(stripe)
    subscription = subscribed(stripe, sdk)
    stripe.advance(MONTH_S // 2)
    item: Any = {"id": subscription.items.data[0].id, "price": price(sdk, 9000, "year")}

    changed = sdk.v1.subscriptions.update(
        subscription.id, {"items": [item], "expand": ["latest_invoice"]}
    )

    invoice: Any = changed.latest_invoice
    assert [line.amount for line in invoice.lines.data] == [-500, 9000]
    (item_now,) = changed.items.data
    assert item_now.current_period_end - item_now.current_period_start == 365 * 86_400


def test_an_upgrade_that_cannot_be_paid_can_be_refused_or_made_to_wait(stripe: FakeStripe) -> None:
    sdk = client(stripe)
    subscription = subscribed(stripe, sdk)
    stripe.set_card(str(subscription.customer), works=False)
    item = {"id": subscription.items.data[0].id, "price": price(sdk, 3000)}

    def upgrade(behavior: str, **more: Any) -> Subscription:
        at_once = {"items": [item], "proration_behavior": "always_invoice"}
        params: Any = {**at_once, "payment_behavior": behavior, **more}
        return sdk.v1.subscriptions.update(subscription.id, params)

    with pytest.raises(CardError, match="declined"):
        upgrade("error_if_incomplete")
    with pytest.raises(InvalidRequestError, match="`metadata` is not"):
        upgrade("pending_if_incomplete", metadata={"a": "b"})
    waiting = upgrade("pending_if_incomplete")
    stripe.set_card(str(subscription.customer), works=True)
    sdk.v1.invoices.pay(str(waiting.latest_invoice))

    assert (waiting.status, waiting.items.data[0].price.unit_amount) == ("active", 1000)
    assert waiting.pending_update is not None
    now = sdk.v1.subscriptions.retrieve(subscription.id)
    assert (now.items.data[0].price.unit_amount, now.pending_update) == (3000, None)


def test_a_renewal_that_fails_is_past_due_until_it_is_paid(stripe: FakeStripe) -> None:
    sdk = client(stripe)
    subscription = subscribed(stripe, sdk)
    stripe.set_card(str(subscription.customer), works=False)
    stripe.deliveries()

    stripe.advance(MONTH_S)
    failed = sdk.v1.subscriptions.retrieve(subscription.id, {"expand": ["latest_invoice"]})
    with pytest.raises(CardError):
        sdk.v1.invoices.pay(failed.latest_invoice.id)  # type: ignore[union-attr]
    stripe.set_card(str(subscription.customer), works=True)
    stripe.retry(failed.latest_invoice.id)  # type: ignore[union-attr]

    assert failed.status == "past_due"
    assert sdk.v1.subscriptions.retrieve(subscription.id).status == "active"
    told = [name for name in types(stripe) if name.startswith(("customer", "invoice.pay"))]
    assert told == [
        "customer.subscription.updated",  # the period
        "invoice.payment_failed",
        "customer.subscription.updated",  # past due
        "invoice.payment_failed",
        "invoice.payment_succeeded",
        "customer.subscription.updated",  # active again
    ]


def test_a_subscription_ends_at_its_periods_end_unless_it_is_resumed(stripe: FakeStripe) -> None:
    sdk = client(stripe)
    subscription = subscribed(stripe, sdk)

    ends = sdk.v1.subscriptions.update(subscription.id, {"cancel_at_period_end": True})
    resumed = sdk.v1.subscriptions.update(subscription.id, {"cancel_at_period_end": False})
    sdk.v1.subscriptions.update(subscription.id, {"cancel_at_period_end": True})
    stripe.advance(MONTH_S)

    period_end = subscription.items.data[0].current_period_end
    assert (ends.cancel_at_period_end, ends.cancel_at) == (True, period_end)
    assert (resumed.cancel_at_period_end, resumed.cancel_at) == (False, None)
    assert sdk.v1.subscriptions.retrieve(subscription.id).status == "canceled"
    assert sdk.v1.subscriptions.list().data == []
    assert [each.id for each in sdk.v1.subscriptions.list({"status": "all"})] == [subscription.id]
    with pytest.raises(InvalidRequestError, match="can only update its cancellation_details"):
        sdk.v1.subscriptions.update(subscription.id, {"cancel_at_period_end": False})
    with pytest.raises(InvalidRequestError, match="No such subscription"):
        sdk.v1.subscriptions.cancel(subscription.id)


def test_a_paused_subscription_is_resumed_by_a_payment(stripe: FakeStripe) -> None:
    sdk = client(stripe)
    subscription = subscribed(stripe, sdk)
    stripe.deliveries()

    paused = sdk.v1.subscriptions.pause(subscription.id)
    stripe.set_card(str(subscription.customer), works=False)
    unpaid = sdk.v1.subscriptions.resume(subscription.id)
    stripe.set_card(str(subscription.customer), works=True)
    stripe.retry(str(unpaid.latest_invoice))

    assert paused.status == unpaid.status == "paused"
    assert sdk.v1.subscriptions.retrieve(subscription.id).status == "active"
    assert [name for name in types(stripe) if name.startswith("customer")] == [
        "customer.subscription.updated",
        "customer.subscription.paused",
        "customer.subscription.updated",
        "customer.subscription.resumed",
    ]


def test_the_version_decides_where_period_and_subscription_stand(stripe: FakeStripe) -> None:
    sdk, old = client(stripe), client(stripe, stripe_version=OLD)
    subscription = subscribed(stripe, sdk)
    invoice_id = str(subscription.latest_invoice)

    new_invoice = sdk.v1.invoices.retrieve(invoice_id).to_dict()
    old_invoice = old.v1.invoices.retrieve(invoice_id).to_dict()
    new_shape = sdk.v1.subscriptions.retrieve(subscription.id).to_dict()
    old_shape = old.v1.subscriptions.retrieve(subscription.id).to_dict()

    assert new_invoice["parent"]["subscription_details"]["subscription"] == subscription.id
    assert "subscription" not in new_invoice
    assert (old_invoice["subscription"], old_invoice["paid"]) == (subscription.id, True)
    assert "parent" not in old_invoice
    period_end = new_shape["items"]["data"][0]["current_period_end"]
    assert "current_period_end" not in new_shape
    assert old_shape["current_period_end"] == period_end
    assert "current_period_end" not in old_shape["items"]["data"][0]


def test_events_have_the_version_of_the_account() -> None:
    with FakeStripe(version=OLD).running() as stripe:
        subscription = subscribed(stripe, client(stripe))
        (paid,) = stripe.deliveries("invoice.paid")

    assert paid.event["api_version"] == OLD
    assert paid.about["subscription"] == subscription.id


def test_a_webhook_is_verified_by_the_sdk_over_the_exact_bytes(stripe: FakeStripe) -> None:
    client(stripe).v1.customers.create({"email": "ada@example.com"})
    (delivery,) = stripe.deliveries()

    def verified(body: bytes, headers: dict[str, str]) -> str:
        event = Webhook.construct_event(body, headers["Stripe-Signature"], stripe.secret)
        return str(event.type)

    assert verified(delivery.body, delivery.headers()) == "customer.created"
    for body, headers in (
        (delivery.body, delivery.headers(age_s=301)),
        (delivery.body, delivery.headers(secret="whsec_of_another")),
        (json.dumps(delivery.event).encode(), delivery.headers()),
    ):
        with pytest.raises(SignatureVerificationError):
            verified(body, headers)


def test_a_key_repeats_the_first_answer_and_refuses_other_parameters(stripe: FakeStripe) -> None:
    sdk = client(stripe)
    customers = sdk.v1.customers

    first = customers.create({"email": "ada@example.com"}, {"idempotency_key": "one"})
    again = customers.create({"email": "ada@example.com"}, {"idempotency_key": "one"})
    with pytest.raises(IdempotencyError):
        customers.create({"email": "eve@example.com"}, {"idempotency_key": "one"})

    assert again.id == first.id
    assert len(stripe.all("customer")) == 1


def test_an_answer_that_was_lost_is_asked_for_again_with_the_same_key(stripe: FakeStripe) -> None:
    stripe.lose()

    client(stripe, max_network_retries=1).v1.customers.create({"email": "ada@example.com"})

    assert len(stripe.all("customer")) == 1
    assert len(stripe.asked("POST", "/v1/customers")) == 2


def test_troubles_are_told_as_stripe_tells_them(stripe: FakeStripe) -> None:
    sdk = client(stripe, max_network_retries=0)
    stripe.fail(503)
    stripe.lose()

    with pytest.raises(APIError, match="on Stripe's end"):
        sdk.v1.customers.list()
    with pytest.raises(APIError, match="Invalid response body"):
        sdk.v1.customers.list()
    with pytest.raises(AuthenticationError, match="Invalid API Key"):
        StripeClient("sk_test_wrong", base_addresses={"api": stripe.url}).v1.customers.list()
    with pytest.raises(InvalidRequestError) as unknown:
        sdk.v1.customers.retrieve("cus_nobody")

    assert (unknown.value.http_status, unknown.value.code) == (404, "resource_missing")


def test_lists_come_in_pages_newest_first(stripe: FakeStripe) -> None:
    sdk = client(stripe)
    made = [sdk.v1.customers.create({"email": f"{n}@example.com"}).id for n in range(12)]

    first = sdk.v1.customers.list()
    everybody = [each.id for each in sdk.v1.customers.list({"limit": 5}).auto_paging_iter()]
    back = sdk.v1.customers.list({"ending_before": made[0], "limit": 2})
    one = sdk.v1.customers.list({"email": "3@example.com"})

    assert (len(first), first.has_more) == (10, True)
    assert everybody == made[::-1]
    assert [each.id for each in back] == made[2:0:-1]
    assert [each.id for each in one] == [made[3]]


def test_a_search_finds_what_is_older_than_a_minute(stripe: FakeStripe) -> None:
    sdk = client(stripe)
    ada = sdk.v1.customers.create({"email": "ada@example.com", "metadata": {"user": "ada"}})
    query = "email:'ada@example.com' AND metadata['user']:'ada'"

    at_once = sdk.v1.customers.search({"query": query})
    stripe.advance(61)
    later = sdk.v1.customers.search({"query": query})
    nobody = sdk.v1.customers.search({"query": "-email:'ada@example.com'"})

    assert (at_once.data, nobody.data) == ([], [])
    assert [each.id for each in later] == [ada.id]


def test_prices_are_found_by_their_lookup_key_which_one_has_at_a_time(stripe: FakeStripe) -> None:
    sdk = client(stripe)
    first = price(sdk, lookup_key="pro")

    with pytest.raises(InvalidRequestError, match="already uses that lookup key"):
        price(sdk, lookup_key="pro")
    second = price(sdk, lookup_key="pro", transfer_lookup_key=True)
    found = sdk.v1.prices.list({"lookup_keys": ["pro"], "active": True})

    assert first != second
    assert [each.id for each in found] == [second]


def test_an_expansion_has_four_levels_at_most(stripe: FakeStripe) -> None:
    sdk = client(stripe)
    subscribed(stripe, sdk)

    found = sdk.v1.subscriptions.list({"expand": ["data.latest_invoice", "data.customer"]})
    with pytest.raises(InvalidRequestError, match="more than 4 levels"):
        sdk.v1.subscriptions.list({"expand": ["data.items.data.price.product"]})
    with pytest.raises(InvalidRequestError, match="cannot be expanded"):
        sdk.v1.subscriptions.list({"expand": ["data.nonsense"]})

    assert found.data[0].customer.email == "ada@example.com"  # type: ignore[union-attr]


def test_a_deleted_customer_leaves_nothing_running(stripe: FakeStripe) -> None:
    sdk = client(stripe)
    subscription = subscribed(stripe, sdk)
    customer_id = str(subscription.customer)

    sdk.v1.customers.delete(customer_id)

    assert sdk.v1.customers.retrieve(customer_id).deleted
    assert sdk.v1.subscriptions.retrieve(subscription.id).status == "canceled"
    with pytest.raises(InvalidRequestError, match="No such customer"):
        sdk.v1.billing_portal.sessions.create({"customer": customer_id})


def test_the_portal_has_an_address_and_changes_what_metadata_does_not_tell(
    stripe: FakeStripe,
) -> None:
    sdk = client(stripe)
    subscription = subscribed(stripe, sdk)
    pro = price(sdk, 3000)

    portal = sdk.v1.billing_portal.sessions.create({"customer": str(subscription.customer)})
    stripe.switch(subscription.id, pro)
    stripe.cancel_in_portal(subscription.id)

    now = sdk.v1.subscriptions.retrieve(subscription.id)
    assert portal.url == f"{stripe.url}/p/session/{portal.id}"
    assert now.items.data[0].price.id == pro
    assert (now.cancel_at, now.cancel_at_period_end) == (
        now.items.data[0].current_period_end,
        False,
    )


def test_time_can_have_begun_long_ago() -> None:
    with FakeStripe(started_s_ago=MONTH_S + 60).running() as stripe:
        subscription = subscribed(stripe, client(stripe))

    assert subscription.items.data[0].current_period_end < unix_now()
