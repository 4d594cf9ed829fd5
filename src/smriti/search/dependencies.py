"""What the route asks for."""

from typing import Annotated

from fastapi import Depends

from smriti.core.edge import provide
from smriti.search.service import SearchService

Search = Annotated[SearchService, Depends(provide(SearchService))]
