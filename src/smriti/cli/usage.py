"""`smriti usage`: what somebody has used, and setting it back."""

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import AsyncExitStack
from typing import Final

from smriti.agents.repository import AgentRepository
from smriti.cli.configuration import existing_database
from smriti.core.config import Config
from smriti.factories import open_table
from smriti.payments.plans import Plans
from smriti.payments.pricing import load_pricing
from smriti.usage.assembly import make_usage
from smriti.usage.models import UsageSummary
from smriti.usage.service import UsageService
from smriti.users.models import normal_email
from smriti.users.repository import DeletionRepository, UserRepository
from smriti.users.service import UserService

_MANY: Final = "unlimited"


def show(config: Config, email: str) -> None:
    """Print how somebody stands this month. `UserNotFound`."""
    print(shown(asyncio.run(_with_usage(config, email, UsageService.summary))))


def reset(config: Config, email: str) -> None:
    """Begin this month anew. `UserNotFound`."""
    asyncio.run(_with_usage(config, email, UsageService.reset))
    print(f"What {normal_email(email)} has used this month is forgotten.")


def shown(summary: UsageSummary) -> str:
    used, limits = summary.used, summary.limits
    rows = [
        ("agents", used.agents, limits.agents),
        ("messages", used.messages, limits.messages),
        ("kb_pages", used.kb_pages, limits.kb_pages),
        ("tokens", used.tokens, None),
    ]
    blocks = _MANY if limits.memory_blocks is None else limits.memory_blocks
    return "\n".join(
        [
            f"Plan {summary.plan}; limits are {'on' if summary.enforced else 'off'}.",
            f"{used.month:<12}{'used':>12}{'of':>12}",
            *(f"{name:<12}{count:>12}{limit or _MANY:>12}" for name, count, limit in rows),
            f"Memory blocks of each agent: {blocks}.",
            f"The month ends at {summary.resets_at:%Y-%m-%d %H:%M} UTC.",
        ]
    )


async def _with_usage[T](
    config: Config, email: str, action: Callable[[UsageService, str], Coroutine[None, None, T]]
) -> T:
    if config.dynamodb_table is None:
        existing_database(config)
    plans = Plans(load_pricing(config.pricing_config))
    async with AsyncExitStack() as stack:
        table = await open_table(config, stack)
        user = await UserService(UserRepository(table), DeletionRepository(table)).get(
            normal_email(email)
        )
        usage = make_usage(config, table, plans, agents=AgentRepository(table).count)
        return await action(usage, user.email)
