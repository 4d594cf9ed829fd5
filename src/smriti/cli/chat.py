"""`smriti chat`: finds the server, signs in, chooses the agent, and reads what is typed."""

import asyncio
import io
import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from getpass import getpass
from typing import Final
from urllib.parse import urlsplit

from smriti.agents.models import Agent
from smriti.cli.conversation import Chatting
from smriti.cli.failures import CommandFailed
from smriti.cli.login_link import new_token
from smriti.cli.remote import Remote, connect
from smriti.cli.running import answers, find
from smriti.cli.screen import Screen
from smriti.core.addresses import is_loopback
from smriti.core.config import Config

with suppress(ImportError):  # where it exists, input() has line editing and a history
    import readline  # noqa: F401 - importing it is all

_FIRST_AGENT: Final = {
    "agent_name": "Smriti",
    "agent_architecture": "krishna-memgpt",
    "agent_provider": "Demo",
    "agent_persona": (
        "A friendly companion who listens well, answers plainly, and remembers what it is told."
    ),
}


def chat(config: Config, *, agent_name: str | None, url: str | None) -> bool:
    """Talk until the input ends; whether all went well. `CommandFailed` when it cannot begin."""
    interactive = sys.stdin.isatty()
    for stream in (sys.stdin, sys.stdout):
        if isinstance(stream, io.TextIOWrapper):  # a wrong byte is no reason to end a talk
            stream.reconfigure(errors="replace")
    address = url.rstrip("/") if url else _local_server(config)
    with connect(address, local=url is None) as http:
        remote = Remote(http)
        if url is None:
            remote.sign_in_by_link(asyncio.run(new_token(config)))
        else:
            _sign_in(remote, address, interactive=interactive)
        agent = choose_agent(remote, agent_name)
        screen = Screen(sys.stdout, styled=_styled())
        if interactive:
            screen.line(f"You are talking to {agent.agent_name}. /help tells what you can do.")
        chatting = Chatting(remote, agent, screen)
        _converse(chatting, interactive=interactive)
        return not chatting.failed


def _local_server(config: Config) -> str:
    server = find(config.smriti_data_dir)
    if server is None or not answers(server.url):
        raise CommandFailed(
            f"No server is running on {str(config.smriti_data_dir)!r}. Start it with `smriti`, "
            "or name another with --url or --data-dir."
        )
    return server.url


def _sign_in(remote: Remote, url: str, *, interactive: bool) -> None:
    parts = urlsplit(url)
    if parts.scheme == "http" and not is_loopback(parts.hostname or ""):
        print("Warning: http:// carries your password for anybody to read.", file=sys.stderr)
    username = _read("Name: ", interactive=interactive)
    password = getpass() if interactive else _read("", interactive=False)
    if username is None or password is None:
        raise CommandFailed("Signing in takes a name and a password, each on a line of its own.")
    remote.sign_in(username, password)


def choose_agent(remote: Remote, name: str | None) -> Agent:
    """The agent of this name, else the first; who has none gets a friendly one."""
    agents = remote.agents()
    if name is None:
        return agents[0] if agents else remote.create_agent(_FIRST_AGENT)
    for agent in agents:
        if agent.agent_name.casefold() == name.strip().casefold():
            return agent
    raise CommandFailed(f"You have no agent {name!r}. {_known(agents)}")


def _known(agents: Sequence[Agent]) -> str:
    names = ", ".join(repr(agent.agent_name) for agent in agents)
    return f"You have {names}." if names else "You have none yet; leave --agent out to get one."


def _converse(chatting: Chatting, *, interactive: bool) -> None:
    try:
        while (typed := _read("> ", interactive=interactive)) is not None:
            if not chatting.take(typed):
                return
    except KeyboardInterrupt:
        pass
    if interactive:
        print()


def _read(prompt: str, *, interactive: bool) -> str | None:
    """The next line that was typed, None when there are no more."""
    if not interactive:
        line = sys.stdin.readline()
        return line.removesuffix("\n") if line else None
    try:
        return input(prompt)
    except EOFError:
        return None


def _styled() -> bool:
    no_color = os.environ.get("NO_COLOR")  # noqa: TID251 - a word of all terminals, no setting
    return sys.stdout.isatty() and not no_color
