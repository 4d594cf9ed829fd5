"""The plans, for the pricing page."""

from typing import Annotated

from fastapi import APIRouter, Depends

from smriti.core.edge import PROBLEMS, provide
from smriti.payments.pricing import Pricing, PricingView, shown

router = APIRouter(prefix="/payments/stripe", tags=["payments"], responses=PROBLEMS)


@router.get("/pricing", summary="List the plans and what they cost")
async def get_pricing(pricing: Annotated[Pricing, Depends(provide(Pricing))]) -> PricingView:
    """Public: the pricing page shows it to anybody."""
    return shown(pricing)
