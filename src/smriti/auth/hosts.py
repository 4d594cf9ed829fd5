"""Keeping a server at home at home: where it may listen, and by which names it may be called."""

from collections.abc import Iterable
from urllib.parse import urlsplit

from starlette.types import ASGIApp, Receive, Scope, Send

from smriti.auth.secrets import MIN_JWT_SECRET_BYTES, is_short
from smriti.core.addresses import is_loopback
from smriti.core.config import Config, ConfigurationError
from smriti.core.edge import render_problem
from smriti.core.errors import Forbidden


class HostRefused(Forbidden):
    slug = "host-refused"

    def __init__(self) -> None:
        super().__init__(
            "This server is in local mode and answers only to localhost. "
            "To reach it by another name, set API_BASE_URL to the address that you use."
        )


class LocalHosts:
    """Refuses names that are not this machine's: a foreign page may have its name point here.

    `allowed` are names to answer to besides; see `own_hosts`.
    """

    def __init__(self, app: ASGIApp, allowed: Iterable[str] = ()) -> None:
        self._app = app
        self._allowed = frozenset(allowed)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in {"http", "websocket"} or self._answers(scope):
            await self._app(scope, receive, send)
        elif scope["type"] == "http":
            await render_problem(HostRefused(), scope["path"])(scope, receive, send)
        else:
            await receive()
            await send({"type": "websocket.close", "code": 1008, "reason": "Host refused."})

    def _answers(self, scope: Scope) -> bool:
        hosts = [value for name, value in scope["headers"] if name == b"host"]
        if len(hosts) != 1:
            return False
        name = host_name(hosts[0].decode("latin-1"))
        return name in self._allowed or is_loopback(name)


def own_hosts(config: Config) -> set[str]:
    """The names in API_BASE_URL and FRONTEND_URL."""
    urls = (config.api_base_url, config.frontend_url)
    names = {urlsplit(url).hostname for url in urls if url}
    return {name for name in names if name}


def host_name(host: str) -> str:
    """The name in a Host header, without its port and its brackets; empty when it is malformed."""
    try:
        return (urlsplit(f"//{host}").hostname or "").removesuffix(".")
    except ValueError:
        return ""


def check_listen_address(config: Config, host: str) -> None:
    """`ConfigurationError` when a server in local mode would be open to others unprotected."""
    if not config.local or is_loopback(host):
        return
    missing = []
    if config.jwt_secret is None or is_short(config.jwt_secret):
        missing.append(f"JWT_SECRET (at least {MIN_JWT_SECRET_BYTES} bytes)")
    if not (config.google_configured or config.local_accounts == "on"):
        missing.append("GOOGLE_CLIENT_ID and GOOGLE_CLIENT_SECRET, or LOCAL_ACCOUNTS=on")
    if missing:
        raise ConfigurationError(
            f"To listen on {host!r}, where others can reach it, set {' and '.join(missing)}; "
            "or listen on 127.0.0.1."
        )
