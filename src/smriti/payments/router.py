"""Plans: what they are, how one is bought and left, and what Stripe tells of it."""

from typing import Annotated

from fastapi import APIRouter, Depends, Header, Path

from smriti.auth.dependencies import CurrentUser, TokensService, no_store
from smriti.auth.keys.dependencies import AdminUser
from smriti.core.edge import PROBLEMS, provide
from smriti.payments.dependencies import Bills, Checkouts, Plan, RawBody, Webhooks, WebPages
from smriti.payments.models import (
    CancellationChange,
    CheckoutRequest,
    Destination,
    PaidSession,
    Received,
    SubscriptionStatus,
)
from smriti.payments.pricing import Pricing, PricingView, shown

router = APIRouter(prefix="/payments/stripe", tags=["payments"], responses=PROBLEMS)
webhooks = APIRouter(prefix="/payments/stripe", tags=["payments"], responses=PROBLEMS)


@router.get("/pricing", summary="List the plans and what they cost")
async def get_pricing(pricing: Annotated[Pricing, Depends(provide(Pricing))]) -> PricingView:
    """Public: the pricing page shows it to anybody."""
    return shown(pricing)


@router.post("/checkout", summary="Buy a plan, or a greater one in place of the present one")
async def begin_checkout(
    user: AdminUser, checkouts: Checkouts, request: CheckoutRequest, pages: WebPages
) -> Destination:
    return Destination(url=await checkouts.begin(user, request, pages))


@router.get(
    "/session/{session_id}",
    summary="Come back from a paid checkout",
    dependencies=[Depends(no_store)],
)
async def finish_checkout(
    session_id: Annotated[str, Path(max_length=200)],
    user: CurrentUser,
    checkouts: Checkouts,
    plan: Plan,
    tokens: TokensService,
) -> PaidSession:
    """Once, and for who began it."""
    await checkouts.finish(user.email, session_id)
    status = (await plan.status(user.email)).status
    return PaidSession(token=tokens.issue(user), email=user.email, subscription_status=status)


@router.get("/subscription/status", summary="Show the present plan")
async def get_subscription_status(user: AdminUser, plan: Plan) -> SubscriptionStatus:
    return await plan.status(user.email)


@router.post("/subscription/cancel", summary="End the plan with the period that is paid")
async def cancel_subscription(user: AdminUser, bills: Bills) -> CancellationChange:
    return await bills.cancel(user.email)


@router.post("/subscription/resume", summary="Take a cancellation back")
async def resume_subscription(user: AdminUser, bills: Bills) -> CancellationChange:
    return await bills.resume(user.email)


@router.post("/portal", summary="Open Stripe's pages for cards, invoices and changes of plan")
async def open_portal(user: AdminUser, bills: Bills, pages: WebPages) -> Destination:
    return Destination(url=await bills.open_portal(user.email, pages.settings))


@webhooks.post("/webhook", summary="Hear from Stripe")
async def receive_webhook(
    webhook: Webhooks,
    payload: RawBody,
    stripe_signature: Annotated[str | None, Header()] = None,
) -> Received:
    """Public: the signature says who calls."""
    await webhook.receive(payload, stripe_signature)
    return Received()
