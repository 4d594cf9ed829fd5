"""What routes of imports and exports ask for."""

from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import Depends, Request, Security

from smriti.agents.dependencies import owned_agent
from smriti.agents.models import Agent
from smriti.auth.keys.dependencies import KnownAsker
from smriti.core.edge import provide
from smriti.transfer.export import Exporter
from smriti.transfer.gate import TransferGate
from smriti.transfer.service import ImportService
from smriti.transfer.upload import Upload

Exports = Annotated[Exporter, Depends(provide(Exporter))]
Imports = Annotated[ImportService, Depends(provide(ImportService))]


async def _export_slot(
    asker: KnownAsker, gate: Annotated[TransferGate, Depends(provide(TransferGate))]
) -> AsyncIterator[None]:
    with gate.passed(asker.owner):
        yield


# An agent with what was said to it.
ExportedAgent = Annotated[Agent, Security(owned_agent, scopes=["agents:read", "chat"])]

# Held until the file has been sent.
ExportSlot = Annotated[None, Depends(_export_slot)]


async def _uploaded(request: Request) -> Upload:
    upload: Upload = request.state.upload
    return upload


Uploaded = Annotated[Upload, Depends(_uploaded)]
