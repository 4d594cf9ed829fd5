"""The plans, for the pricing page."""

from typing import Annotated

from fastapi import APIRouter, Depends

from smriti.core.edge import provide
from smriti.payments.pricing import Pricing, PricingView, shown

router = APIRouter(prefix="/payments/stripe", tags=["payments"])


@router.get("/pricing")
async def get_pricing(pricing: Annotated[Pricing, Depends(provide(Pricing))]) -> PricingView:
    """The plans and what they cost. Public."""
    return shown(pricing)
