"""Recall over HTTP: whatever an agent may look up of past conversations, its owner may, too."""

from typing import Annotated

from fastapi import APIRouter, Query

from smriti.core.edge import PROBLEMS, Paging
from smriti.core.paging import Page
from smriti.memory.recall.dependencies import Recall, RecalledMemory, Wanted
from smriti.memory.recall.models import RecallHit

router = APIRouter(prefix="/agents/{agent_id}", tags=["memory"], responses=PROBLEMS)


@router.get("/recall", summary="Search what was said in all conversations with an agent")
async def search_recall(
    memory: RecalledMemory,
    recall: Recall,
    page: Paging,
    wanted: Wanted,
    query: Annotated[
        str, Query(max_length=1000, description="Words to look for; best matches first.")
    ],
) -> Page[RecallHit]:
    return await recall.page(memory, query, page, where=wanted)
