"""Builds the relay out of the settings."""

from typing import Final

from smriti.core.config import Config
from smriti.core.crypto import SecretBox
from smriti.core.edge import Services
from smriti.core.outbound import outbound_client
from smriti.db.table import Table
from smriti.turns.relay.pool import Pool
from smriti.turns.relay.repository import LinkRepository
from smriti.turns.relay.servers import Eliza, Tools
from smriti.turns.relay.service import Relay, Side

_ELIZA_S: Final = 10.0
_ELIZA_BATCH: Final = 50
_TOOLS_S: Final = 15.0
_TOOLS_BATCH: Final = 25


def add_relay(services: Services, config: Config, table: Table) -> None:
    # The addresses are the operator's own word, so that they may be private ones.
    http = outbound_client(allow_private=True)
    eliza = Pool("Eliza", config.elizas, http, limit_s=_ELIZA_S, batch=_ELIZA_BATCH)
    tools = Pool("Tools", config.tool_servers, http, limit_s=_TOOLS_S, batch=_TOOLS_BATCH)
    links = LinkRepository(table)
    sides = [Side(Eliza(), eliza), Side(Tools(), tools)]
    services.add(links, Relay(sides, links, services.get(SecretBox), http))
