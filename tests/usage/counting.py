"""Counting over a table, as the application does it, and small plans to run against."""

from pathlib import Path
from typing import Any, Final

import orjson

from smriti.agents.repository import AgentRepository
from smriti.core.config import Config
from smriti.db.table import Table
from smriti.payments.plans import Plans
from smriti.payments.pricing import load_pricing
from smriti.usage.assembly import make_usage
from smriti.usage.service import UsageService

SMALL: Final = {"agents": 1, "messages_per_month": 1, "kb_pages": 10, "memory_blocks": 3}
"""What the free plan of these tests allows."""


def usage_over(table: Table, **settings: Any) -> UsageService:
    config = Config(_env_file=None, **settings)
    plans = Plans(load_pricing(config.pricing_config))
    return make_usage(config, table, plans, agents=AgentRepository(table).count)


def limited(directory: Path, **limits: int) -> dict[str, Any]:
    """The settings of a server on which plans count: the free one allows so much, starter more."""
    prices = {"monthly": "$0", "annual": "$0"}
    shown = {"description": "", "prices": prices, "cta": {"label": "", "href": ""}, "features": []}
    free = {"key": "free", "name": "Free", "limits": SMALL | limits}
    starter = {"key": "starter", "name": "Starter", "limits": dict.fromkeys(SMALL, 0)}
    pricing = directory / "pricing.json"
    pricing.write_bytes(orjson.dumps({"tiers": [free | shown, starter | shown]}))
    return {"pricing_config": pricing, "plan_limits": "on", "frontend_url": "https://app.test"}
