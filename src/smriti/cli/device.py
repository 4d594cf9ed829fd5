"""`smriti device connect`: makes this machine a device of a server."""

import asyncio
import ctypes
import os
import platform
import signal
import sys
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass
from getpass import getpass
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from pydantic import TypeAdapter, ValidationError

from smriti.auth.keys.models import ClientId
from smriti.cli.approving import Terminal
from smriti.cli.failures import CommandFailed
from smriti.cli.screen import one_line
from smriti.core.addresses import is_loopback
from smriti.core.config import Config, ConfigurationError
from smriti.devices.client.client import DeviceClient
from smriti.devices.client.commands import Commands
from smriti.devices.client.desk import Approved, Desk
from smriti.devices.client.files import ReadFiles, WriteFiles
from smriti.devices.client.machine import PLATFORMS, Machine
from smriti.devices.client.place import Place
from smriti.tools.toolset import Combined, Toolset

if TYPE_CHECKING:
    from smriti.devices.client.bridge import McpTools  # is there only with the extra `mcp`

_KEY: Final = "SMRITI_DEVICE_KEY"
_SCHEMES: Final = {"http": "ws", "https": "wss", "ws": "ws", "wss": "wss"}
_PR_SET_DUMPABLE: Final = 4


@dataclass(frozen=True, slots=True)
class DeviceOptions:
    """What was typed. `allow`: programs; `mcp`: commands or addresses of MCP servers."""

    server: str
    name: str
    key: str | None = None
    directory: Path = Path()
    allow: Sequence[str] = ()
    mcp: Sequence[str] = ()
    read_only: bool = False
    ask: bool = False
    insecure: bool = False


def connect(config: Config, options: DeviceOptions) -> None:
    """Until SIGINT or SIGTERM. `CommandFailed`, `ConfigurationError`, `KeyRefused`, `McpFailed`."""
    _check(options)
    address = address_of(options.server, insecure=options.insecure)
    terminal = Terminal() if options.ask else None
    key = _key(config, options)
    environment = {name: value for name, value in _environment().items() if name != _KEY}
    servers = _mcp_servers(options, environment)
    own = _own_tools(options, environment)

    async def serve() -> None:
        tools: Toolset = Combined(*own, *servers)
        desk = Desk(Approved(tools, terminal.allows) if terminal else tools, _tell)
        await DeviceClient(address, key, options.name, desk, _tell).run()

    _keep_to_itself()
    asyncio.run(_until_told(_beside(servers, serve)))
    _tell("Disconnected.")


def address_of(server: str, *, insecure: bool) -> str:
    """Where the WebSocket of a server is. `CommandFailed` when the key would travel openly."""
    try:
        parts = urlsplit(server)
        host, _ = parts.hostname, parts.port  # which may be no number
    except ValueError:
        parts, host = urlsplit(""), None
    scheme = _SCHEMES.get(parts.scheme)
    if scheme is None or not host or parts.query or parts.fragment or "@" in parts.netloc:
        raise CommandFailed(
            "--server is an address such as https://smriti.example.org, without a key in it."
        )
    if scheme == "ws" and not is_loopback(host) and not insecure:
        raise CommandFailed(
            f"{parts.scheme}:// carries the key to {host!r} for anybody to read. Use https://, or "
            "allow it with --insecure."
        )
    path = parts.path.rstrip("/")
    return f"{scheme}://{parts.netloc}{path if path.endswith('/ws') else f'{path}/ws'}"


def _check(options: DeviceOptions) -> None:
    if platform.system() not in PLATFORMS:
        raise CommandFailed("Only Linux and macOS machines can be devices.")
    try:
        TypeAdapter(ClientId).validate_python(options.name)
    except ValidationError as error:
        raise CommandFailed("--name: at most 200 letters, digits and . _ @ : -") from error
    if not options.directory.is_dir():
        raise CommandFailed(f"There is no directory {str(options.directory)!r}.")
    if options.read_only and options.allow:
        raise CommandFailed(
            "--read-only and --allow exclude each other: nobody knows what other programs write."
        )
    if not all(target.strip() for target in options.mcp):
        raise CommandFailed("--mcp names a command or an address.")
    if paths := [program for program in options.allow if "/" in program]:
        raise CommandFailed(f"--allow takes the name of a program, without a path: {paths[0]!r}.")


def _key(config: Config, options: DeviceOptions) -> str:
    if options.key:
        return options.key
    if config.smriti_device_key is not None:
        return config.smriti_device_key.get_secret_value()
    if not sys.stdin.isatty():
        raise ConfigurationError(f"Set {_KEY} to a key of its owner.")
    return getpass("Key: ").strip()


def _own_tools(options: DeviceOptions, environment: Mapping[str, str]) -> list[Toolset]:
    place = Place(options.directory)
    also, writable = frozenset(options.allow), not options.read_only
    tools: list[Toolset] = [
        Commands(place, environment, also=also, writable=writable),
        Machine(place),
        ReadFiles(place),
    ]
    return [*tools, WriteFiles(place)] if writable else tools


def _mcp_servers(options: DeviceOptions, environment: Mapping[str, str]) -> "list[McpTools]":
    if not options.mcp:
        return []
    try:
        from smriti.devices.client.bridge import McpTools
    except ImportError as error:
        raise CommandFailed("--mcp needs a package more: install smriti[mcp].") from error
    return [
        McpTools(target, environment, _tell, read_only=options.read_only) for target in options.mcp
    ]


async def _beside(servers: "Sequence[McpTools]", serve: Callable[[], Awaitable[None]]) -> None:
    """Serve once all MCP servers are there, and as long as they are kept."""
    try:
        async with asyncio.TaskGroup() as group:
            for server in servers:
                group.create_task(server.keep())
            for server in servers:
                await server.ready.wait()
            await serve()
    except ExceptionGroup as failed:
        raise failed.exceptions[0] from failed


async def _until_told(work: Coroutine[None, None, None]) -> None:
    """To the end of `work`, which SIGINT and SIGTERM bring about."""
    loop, task = asyncio.get_running_loop(), asyncio.ensure_future(work)
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, task.cancel)
    await asyncio.wait([task])
    if not task.cancelled():
        task.result()


def _environment() -> Mapping[str, str]:
    return os.environ  # noqa: TID251 - no settings of ours: what programs may get


def _keep_to_itself() -> None:
    """Linux shows a process's environment, the key in it, to all programs of the same user."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)


def _tell(text: str) -> None:
    print(one_line(text), flush=True)
