"""Search over HTTP, for an app's search box."""

from typing import Annotated

from fastapi import APIRouter, Query

from smriti.core.edge import PROBLEMS
from smriti.search.dependencies import Search, Searcher
from smriti.search.models import SearchResults

router = APIRouter(tags=["search"], responses=PROBLEMS)


@router.get("/search", summary="Search your agents, conversations, memories and messages")
async def search_everything(
    user: Searcher,
    search: Search,
    q: Annotated[str, Query(max_length=1000, description="Words to look for.")],
    limit: Annotated[int, Query(ge=1, le=50, description="How many at most.")] = 20,
) -> SearchResults:
    return await search.search(user.email, q, limit=limit)
