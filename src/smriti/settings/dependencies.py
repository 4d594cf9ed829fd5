"""What routes about settings ask for."""

from typing import Annotated

from fastapi import Depends

from smriti.core.edge import provide
from smriti.llm.local_servers import LocalServers
from smriti.settings.service import ProviderService

LocalModels = Annotated[LocalServers, Depends(provide(LocalServers))]
Providers = Annotated[ProviderService, Depends(provide(ProviderService))]
