"""What routes about turns ask for."""

from typing import Annotated

from fastapi import Depends

from smriti.core.edge import provide
from smriti.turns.service import TurnService

Turns = Annotated[TurnService, Depends(provide(TurnService))]
