"""Builds what counts usage; a command needs it without the rest of the process."""

from collections.abc import Awaitable, Callable

from smriti.core.config import Config
from smriti.db.table import Table
from smriti.payments.plans import Plans
from smriti.payments.repository import SubscriptionRepository
from smriti.realtime.windows import RateWindows
from smriti.usage.rates import RequestRates
from smriti.usage.repository import UsageRepository
from smriti.usage.service import Enforcement, UsageService


def make_usage(
    config: Config, table: Table, plans: Plans, *, agents: Callable[[str], Awaitable[int]]
) -> UsageService:
    """`agents` counts somebody's agents."""
    enforcement = Enforcement(config.plans_enforced, config.superusers, _upgrade_url(config))
    subscriptions = SubscriptionRepository(table)
    return UsageService(UsageRepository(table), subscriptions, plans, enforcement, agents=agents)


def make_rates(config: Config, windows: RateWindows | None) -> RequestRates:
    return RequestRates(
        windows,
        chat_per_minute=config.chat_requests_per_minute,
        per_hour=config.requests_per_hour,
    )


def _upgrade_url(config: Config) -> str:
    """The pricing page of the front end, or of our own page."""
    if config.frontend_url is not None:
        return f"{config.frontend_url.rstrip('/')}/pricing"
    return f"{(config.api_base_url or '').rstrip('/')}/app/#/plan"
