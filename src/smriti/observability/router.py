"""The operator's routes: `/health` for anybody, `/metrics` for this machine or a token's holder."""

import ipaddress
import secrets
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST

from smriti.core.config import Config
from smriti.core.edge import PROBLEMS, provide
from smriti.core.errors import Unauthenticated
from smriti.observability.health import Health, HealthReport
from smriti.observability.metrics import Metrics

router = APIRouter(tags=["operation"], responses=PROBLEMS)


@router.get(
    "/health",
    summary="Ask whether the server is well",
    responses={503: {"model": HealthReport, "description": "A part that it needs is not well."}},
)
async def get_health(
    health: Annotated[Health, Depends(provide(Health))], response: Response
) -> HealthReport:
    """Whether the server and what it depends on are well: 200, else 503."""
    report = await health.report()
    response.status_code = 200 if report.status == "healthy" else 503
    return report


async def may_read_metrics(
    request: Request, config: Annotated[Config, Depends(provide(Config))]
) -> None:
    """This machine itself, but nobody whom a proxy on it lets through; or who has the token."""
    if config.metrics_token is not None:
        expected = f"Bearer {config.metrics_token.get_secret_value()}"
        given = request.headers.get("authorization", "")
        if secrets.compare_digest(given.encode(), expected.encode()):
            return
    if _is_local(request):
        return
    raise Unauthenticated(
        "Metrics are for this machine, or for a bearer of METRICS_TOKEN.",
        headers={"WWW-Authenticate": "Bearer"},
    )


def _is_local(request: Request) -> bool:
    if request.client is None or {"x-forwarded-for", "forwarded"} & set(request.headers):
        return False
    try:
        return ipaddress.ip_address(request.client.host).is_loopback
    except ValueError:
        return False


@router.get(
    "/metrics",
    summary="Read counters and timings",
    dependencies=[Depends(may_read_metrics)],
    response_class=Response,
    responses={200: {"content": {"text/plain": {"schema": {"type": "string"}}}}},
)
async def get_metrics(metrics: Annotated[Metrics, Depends(provide(Metrics))]) -> Response:
    """Counters and timings in Prometheus' text format."""
    return Response(metrics.text(), media_type=CONTENT_TYPE_LATEST)
