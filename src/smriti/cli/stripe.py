"""`smriti stripe sync` and `smriti stripe reconcile`: for the operator who sells plans."""

import asyncio
from collections.abc import Coroutine
from contextlib import AsyncExitStack
from typing import Any

from smriti.cli.configuration import existing_database
from smriti.cli.failures import CommandFailed
from smriti.core.config import Config, ConfigurationError
from smriti.factories import open_table
from smriti.observability.logs import configure_logging
from smriti.payments.catalogue import sync as sync_catalogue
from smriti.payments.gateway import StripeFailed
from smriti.payments.ledger import Ledger
from smriti.payments.plans import Plans
from smriti.payments.pricing import load_pricing
from smriti.payments.reconcile import reconcile as reconcile_records
from smriti.payments.repository import CustomerRepository, SubscriptionRepository
from smriti.payments.stripe import StripeGateway


def sync(config: Config) -> None:
    """Make products and prices, and write their ids into the pricing file."""
    file = config.pricing_config
    if file is None:
        raise ConfigurationError(
            "Set PRICING_CONFIG to a pricing file of your own: the ids are written into it."
        )
    load_pricing(file)  # which names the file and the place of a fault
    text, sold = _run(config, _sync(config, file.read_text(encoding="utf-8")))
    file.write_text(text, encoding="utf-8")
    if sold:
        print(f"Stripe sells {', '.join(sold)}; {str(file)!r} says under which ids.")
        print("A server that runs reads the file when it starts again.")
    else:
        print("No plan has a price such as $9, so nothing is sold.")


async def _sync(config: Config, text: str) -> tuple[str, list[str]]:
    async with AsyncExitStack() as stack:
        return await sync_catalogue(_gateway(config, stack), text)


def reconcile(config: Config) -> None:
    """Ask Stripe for everybody's subscriptions, and write what has changed."""
    if config.dynamodb_table is None:
        existing_database(config)
    people, of_nobody = _run(config, _reconcile(config))
    print(f"The records of {people} people are what Stripe says.")
    if of_nobody:
        print(f"{of_nobody} subscriptions belong to nobody who has an account here.")


async def _reconcile(config: Config) -> tuple[int, int]:
    async with AsyncExitStack() as stack:
        gateway = _gateway(config, stack)
        table = await open_table(config, stack)
        subscriptions = SubscriptionRepository(table)
        plans = Plans(load_pricing(config.pricing_config))
        ledger = Ledger(gateway, plans, subscriptions, CustomerRepository(table))
        return await reconcile_records(gateway, ledger, subscriptions)


def _run[T](config: Config, work: Coroutine[Any, Any, T]) -> T:
    configure_logging(config.log_level, config.log_format)
    try:
        return asyncio.run(work)
    except StripeFailed as failure:
        raise CommandFailed(f"Stripe refuses, or does not answer. {failure.__cause__}") from failure


def _gateway(config: Config, stack: AsyncExitStack) -> StripeGateway:
    if config.stripe_secret_key is None:
        raise ConfigurationError("Set STRIPE_SECRET_KEY to the secret key of your Stripe account.")
    gateway = StripeGateway(config.stripe_secret_key, base=config.stripe_api_base)
    stack.push_async_callback(gateway.close)
    return gateway
