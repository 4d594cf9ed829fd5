"""What routes about settings ask for."""

from typing import Annotated

from fastapi import Depends

from smriti.core.edge import provide
from smriti.settings.service import ProviderService

Providers = Annotated[ProviderService, Depends(provide(ProviderService))]
