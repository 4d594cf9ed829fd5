"""What the route asks for."""

from typing import Annotated

from fastapi import Depends, Security

from smriti.auth.keys.dependencies import scoped_user
from smriti.core.edge import provide
from smriti.search.service import SearchService
from smriti.users.models import User

Searcher = Annotated[User, Security(scoped_user, scopes=["agents:read", "chat"])]
Search = Annotated[SearchService, Depends(provide(SearchService))]
