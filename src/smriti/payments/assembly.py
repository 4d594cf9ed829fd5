"""Builds what payments need; without a key of Stripe's, only what tells a plan."""

from smriti.core.config import Config
from smriti.core.edge import Services
from smriti.db.table import Table
from smriti.payments.checkout import Checkout
from smriti.payments.gateway import Gateway
from smriti.payments.ledger import Ledger
from smriti.payments.plans import Plans
from smriti.payments.pricing import Pricing
from smriti.payments.repository import CustomerRepository, SeenEvents, SubscriptionRepository
from smriti.payments.service import Billing, PlanService
from smriti.payments.webhook import Webhook


def add_payments(services: Services, table: Table, gateway: Gateway | None) -> None:
    plans = Plans(services.get(Pricing))
    subscriptions = SubscriptionRepository(table)
    services.add(plans, subscriptions)
    if gateway is None:
        services.add(PlanService(plans, subscriptions, None))
        return
    customers = CustomerRepository(table)
    ledger = Ledger(gateway, plans, subscriptions, customers)
    services.add(
        ledger,
        PlanService(plans, subscriptions, ledger),
        Checkout(gateway, plans, ledger, customers),
        Billing(gateway, plans, ledger, customers),
    )
    secret = services.get(Config).stripe_webhook_secret
    if secret is not None:
        seen = SeenEvents(table)
        services.add(Webhook(gateway, ledger, seen, secret=secret.get_secret_value()))
