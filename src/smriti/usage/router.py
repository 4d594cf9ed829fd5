"""What somebody has used, for them to see."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query

from smriti.auth.keys.dependencies import AdminUser
from smriti.core.edge import PROBLEMS, provide
from smriti.usage.models import MAX_MONTHS, UsageSummary
from smriti.usage.service import UsageService

router = APIRouter(tags=["usage"], responses=PROBLEMS)

Usages = Annotated[UsageService, Depends(provide(UsageService))]
Months = Annotated[
    int, Query(ge=1, le=MAX_MONTHS, description="How many, with this one; months are UTC's.")
]


@router.get("/usage", summary="See your plan, what it allows, and what you have used")
async def get_usage(user: AdminUser, usage: Usages, months: Months = 1) -> UsageSummary:
    return await usage.summary(user.email, months=months)
