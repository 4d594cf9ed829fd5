"""`smriti serve`: the server, from the first socket to the last turn."""

import asyncio
import errno
import gc
import ipaddress
import resource
import shlex
import signal
import socket
from contextlib import AsyncExitStack, closing
from functools import partial
from math import ceil
from types import FrameType
from typing import Final

import structlog
import uvicorn
from fastapi import FastAPI

from smriti.app import create_app
from smriti.auth.hosts import check_listen_address
from smriti.auth.links import LoginLinks
from smriti.cli.failures import CommandFailed
from smriti.cli.login_link import link
from smriti.cli.protocol import BoundedHttp
from smriti.cli.running import publish, withdraw
from smriti.cli.websocket import MAX_FRAME_BYTES, PING_EVERY_S, PONG_WITHIN_S, LivelySocket
from smriti.core.config import Config, ConfigurationError
from smriti.core.edge import Services
from smriti.devices.door import Door
from smriti.devices.sessions import Sessions as DeviceSessions
from smriti.devices.watching import Watches
from smriti.factories import open_table

_BACKLOG: Final = 2048
_IDLE_S: Final = 75  # longer than proxies keep an idle connection: they must be the ones to close
_MOST_FILES: Final = 65_536
_STREAMS_S: Final = 8.0  # with the 20 s that turns get after it, less than the usual 30 s to a kill
_WILDCARDS: Final = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - recognised, not bound
_RUNNING: Final = "Smriti is running at {}"

log = structlog.get_logger()


def serve(config: Config, host: str, port: int) -> None:
    """Serve until SIGINT or SIGTERM. `ConfigurationError`, `CommandFailed`, `TableError`."""
    check_listen_address(config, host)
    _check_proxies(config)
    allow_many_connections()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _leave)
    with closing(listen(host, port)) as listener:
        fastest_loop = uvicorn.Config("", log_config=None).get_loop_factory()
        asyncio.run(_serve(config, listener), loop_factory=fastest_loop)


def _leave(_number: int, _frame: FrameType | None) -> None:
    """Before the server has its own handlers, and again when it has stopped: a clean exit."""
    raise SystemExit(0)


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens already: whoever connects from now on waits until all is ready."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        family, *_, address = min(found, key=lambda entry: entry[0] != socket.AF_INET)
        return socket.create_server(address, family=family, backlog=_BACKLOG)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise CommandFailed(
                f"Port {port} of {host} is in use, perhaps by another `smriti`. "
                f"Choose another port: smriti serve --port {port + 1 if port < 65_535 else 8000}"
            ) from error
        reason = error.strerror or str(error)
        raise CommandFailed(f"Cannot listen on {host!r}, port {port}: {reason}.") from error


def url_of(listener: socket.socket) -> str:
    """The address for this machine's own clients, with the real port."""
    host, port = listener.getsockname()[:2]
    host = _WILDCARDS.get(host, host)
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


async def _serve(config: Config, listener: socket.socket) -> None:
    async with AsyncExitStack() as stack:
        table = await open_table(config, stack)
        started = partial(_announce, config, url_of(listener), stack)
        app = create_app(config, table=table, on_start=started)
        await Server(app, config).serve([listener])


class Server(uvicorn.Server):
    """uvicorn's, but what it serves may say goodbye before the connections are closed."""

    def __init__(self, app: FastAPI, config: Config) -> None:
        super().__init__(options(app, config))
        self._app = app

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Who waits for a device's task hears that it has failed, and machines to come again."""
        services: Services = self._app.state.services
        services.get(Watches).close()
        await services.get(DeviceSessions).close()
        await services.get(Door).close()
        await super().shutdown(sockets)


def options(app: FastAPI, config: Config) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        http=BoundedHttp,
        ws=LivelySocket,
        ws_max_size=MAX_FRAME_BYTES,
        ws_ping_interval=PING_EVERY_S,
        ws_ping_timeout=PONG_WITHIN_S,
        ws_per_message_deflate=False,  # 40 KB a connection, and clients do not need it
        log_config=None,
        log_level="warning",  # below that it writes the addresses of WebSockets, and their frames
        access_log=False,
        server_header=False,
        proxy_headers=bool(config.trusted_proxies),
        forwarded_allow_ips=config.trusted_proxies,
        backlog=_BACKLOG,
        timeout_keep_alive=_IDLE_S,
        timeout_graceful_shutdown=ceil(min(_STREAMS_S, config.shutdown_grace_s)),
    )


async def _announce(config: Config, url: str, stack: AsyncExitStack, services: Services) -> None:
    """Say where the server is; at home also how to get in. What is noted goes when it stops."""
    gc.collect()
    gc.freeze()  # what is there now stays: looking through it again would take 80 ms each time
    log.info("server.started", url=url)
    stack.callback(log.info, "server.stopped")
    if not config.local:
        print(_RUNNING.format(url), flush=True)
        return
    stack.callback(withdraw, config.smriti_data_dir, publish(config.smriti_data_dir, url))
    address = link(config, url, await services.get(LoginLinks).create())
    print(_RUNNING.format(url) + _welcome(config, address), flush=True)


def _welcome(config: Config, address: str) -> str:
    default = Config.model_fields["smriti_data_dir"].default
    directory = config.smriti_data_dir
    option = "" if directory == default else f" --data-dir {shlex.quote(str(directory))}"
    return (
        f"\n\n  Open this link to sign in:  {address}\n"
        f"  It works once, for 10 minutes; for another: smriti login-link{option}\n"
        f"  Or talk here, in a second terminal:         smriti chat{option}\n"
        f"\n  Ctrl+C stops the server.\n"
    )


def allow_many_connections() -> None:
    """Shells allow a thousand open files; each machine that is connected needs one."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY or soft >= _MOST_FILES:
        return
    most = _MOST_FILES if hard == resource.RLIM_INFINITY else min(hard, _MOST_FILES)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))


def _check_proxies(config: Config) -> None:
    """uvicorn takes a name as it is and then never meets it; here it is told at once."""
    if config.trusted_proxies == "*":
        return
    for proxy in filter(None, map(str.strip, config.trusted_proxies.split(","))):
        try:
            ipaddress.ip_network(proxy)
        except ValueError as error:
            raise ConfigurationError(
                f"TRUSTED_PROXIES: {proxy!r} is not an address such as 10.0.0.1 or 10.0.0.0/8."
            ) from error
