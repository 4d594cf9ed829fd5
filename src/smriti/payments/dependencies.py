"""What the routes of payments ask for."""

from collections.abc import Awaitable, Callable
from typing import Annotated, Final

from fastapi import Depends, Request
from fastapi.requests import HTTPConnection
from starlette.requests import ClientDisconnect

from smriti.auth.sessions import Sessions
from smriti.core.config import Config
from smriti.core.edge import Services, provide
from smriti.core.errors import BadRequest
from smriti.payments.checkout import Checkout, Pages
from smriti.payments.service import Billing, PaymentsOff, PlanService
from smriti.payments.webhook import Webhook

_WEBHOOK_SETTINGS: Final = "STRIPE_SECRET_KEY and STRIPE_WEBHOOK_SECRET"


def configured[T](
    kind: type[T], *, by: str = "STRIPE_SECRET_KEY"
) -> Callable[[HTTPConnection], Awaitable[T]]:
    """The process's one `kind`, else `PaymentsOff`. `by` names the settings that it needs."""

    async def from_app(connection: HTTPConnection) -> T:
        services: Services = connection.app.state.services
        service = services.find(kind)
        if service is None:
            raise PaymentsOff(by)
        return service

    return from_app


async def _pages(connection: HTTPConnection) -> Pages:
    services: Services = connection.app.state.services
    frontend = services.get(Config).frontend_url
    own = f"{services.get(Sessions).base_url(connection)}/app/#"
    return Pages(frontend.rstrip("/") if frontend else own)


async def _raw_body(request: Request) -> bytes:
    try:
        return await request.body()
    except ClientDisconnect as error:
        raise BadRequest("The request's body has not arrived.") from error


Plan = Annotated[PlanService, Depends(provide(PlanService))]
Checkouts = Annotated[Checkout, Depends(configured(Checkout))]
Bills = Annotated[Billing, Depends(configured(Billing))]
Webhooks = Annotated[Webhook, Depends(configured(Webhook, by=_WEBHOOK_SETTINGS))]
WebPages = Annotated[Pages, Depends(_pages)]
RawBody = Annotated[bytes, Depends(_raw_body)]
