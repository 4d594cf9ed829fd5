"""The `smriti` command: reads its arguments and calls the module of the command.

Whatever takes time to import is imported only when its command runs.
"""

import argparse
import sys
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from smriti.core.config import Config

_COMMANDS: Final = """\
commands (smriti COMMAND --help tells more):
  serve         start the server; this is what `smriti` alone does
  chat          talk to an agent, here in the terminal
  login-link    print a new link that signs a browser in
  backup        copy everything that is kept into one file
  restore       go back to a backup
  table create  make the DynamoDB table
  stripe sync   make at Stripe what the pricing file sells
  stripe reconcile
                make our records of subscriptions what Stripe says
  usage show    see what somebody has used; `usage reset` sets it back
  device connect
                make this machine a device that agents can work on
"""
_OWN_OPTIONS: Final = ("-h", "--help", "--version")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; the exit code: 0, 1 when it failed, 2 when something must be set first."""
    given = _parser().parse_args(_with_command(sys.argv[1:] if arguments is None else arguments))

    from smriti.cli.failures import EXPECTED, exit_code

    try:
        return _run(given)
    except EXPECTED as failure:
        print(f"smriti: {failure}", file=sys.stderr)
        return exit_code(failure)
    except KeyboardInterrupt:
        return 130


def _with_command(arguments: Sequence[str]) -> list[str]:
    """`smriti`, and `smriti --port 9000`, start the server."""
    if arguments and (not arguments[0].startswith("-") or arguments[0] in _OWN_OPTIONS):
        return list(arguments)
    return ["serve", *arguments]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="smriti",
        description="A self-hosted agent server that remembers.",
        epilog=_COMMANDS,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        usage="smriti [COMMAND] [OPTION ...]",
    )
    parser.add_argument("--version", action="version", version=f"smriti {version('smriti')}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", help=argparse.SUPPRESS)
    data_dir = argparse.ArgumentParser(add_help=False)
    data_dir.add_argument(
        "--data-dir", type=Path, metavar="DIR", help="where the data is (default: ./data)"
    )
    _add_serve(commands.add_parser("serve", parents=[data_dir], help="start the server"))
    _add_chat(commands.add_parser("chat", parents=[data_dir], help="talk to an agent"))
    commands.add_parser("login-link", parents=[data_dir], help="print a new sign-in link")
    backup = commands.add_parser("backup", parents=[data_dir], help="copy everything to a file")
    backup.add_argument("file", type=Path, metavar="FILE")
    backup.add_argument("--force", action="store_true", help="replace FILE if it exists")
    restore = commands.add_parser("restore", parents=[data_dir], help="go back to a backup")
    restore.add_argument("file", type=Path, metavar="FILE")
    table = commands.add_parser("table", help="make the DynamoDB table")
    table.add_argument("action", choices=["create"])
    stripe = commands.add_parser("stripe", parents=[data_dir], help="sell plans")
    stripe.add_argument("action", choices=["sync", "reconcile"])
    usage = commands.add_parser("usage", parents=[data_dir], help="see or set back usage")
    usage.add_argument("action", choices=["show", "reset"])
    usage.add_argument("email", metavar="EMAIL")
    _add_device(commands.add_parser("device", help="make this machine a device"))
    return parser


def _add_serve(serve: argparse.ArgumentParser) -> None:
    serve.add_argument("--host", default="127.0.0.1", help="address (default: %(default)s)")
    serve.add_argument(
        "--port", type=_port, default=8000, help="default: %(default)s; 0 takes a free one"
    )
    serve.add_argument("--log-level", choices=["DEBUG", "INFO", "WARNING", "ERROR"], type=str.upper)


def _add_chat(chat: argparse.ArgumentParser) -> None:
    chat.add_argument("--agent", metavar="NAME", help="which agent (default: the first)")
    chat.add_argument("--url", metavar="URL", help="another server, entered with a password")


def _add_device(device: argparse.ArgumentParser) -> None:
    device.add_argument("action", choices=["connect"])
    add = device.add_argument
    add("--server", required=True, metavar="URL", help="the server, such as http://127.0.0.1:8000")
    add("--name", required=True, help="what this machine is called there")
    add("--key", help="by default SMRITI_DEVICE_KEY, which others cannot read; else it is asked")
    add("--directory", type=Path, default=Path(), metavar="DIR", help="where it works (default: .)")
    add("--allow", action="append", default=[], metavar="PROGRAM", help="may run, too; repeatable")
    add("--read-only", action="store_true", help="nothing may be written")
    add("--ask", action="store_true", help="ask here before anything is done")
    add("--mcp", action="append", default=[], metavar="COMMAND_OR_URL", help="an MCP server whose "
        "tools become this device's; repeatable")  # fmt: skip
    add("--insecure", action="store_true", help="let the key travel over http:// to other machines")


def _port(text: str) -> int:
    port = int(text)
    if not 0 <= port <= 65_535:
        raise argparse.ArgumentTypeError("a port is a number from 0 to 65535")
    return port


def _run(given: argparse.Namespace) -> int:
    from smriti.cli.configuration import load_config

    config = load_config(
        data_dir=getattr(given, "data_dir", None), log_level=getattr(given, "log_level", None)
    )
    match given.command:
        case "serve":
            from smriti.cli.serve import serve

            serve(config, given.host, given.port)
        case "chat":
            from smriti.cli.chat import chat

            return 0 if chat(config, agent_name=given.agent, url=given.url) else 1
        case "device":
            from smriti.cli.device import DeviceOptions, connect

            typed = {name: getattr(given, name) for name in DeviceOptions.__match_args__}
            connect(config, DeviceOptions(**typed))
        case _:
            _operate(given, config)
    return 0


def _operate(given: argparse.Namespace, config: "Config") -> None:
    """What an operator does beside the server."""
    match given.command:
        case "login-link":
            from smriti.cli.login_link import print_login_link

            print_login_link(config)
        case "backup":
            from smriti.cli.backup import backup

            backup(config, given.file, force=given.force)
        case "restore":
            from smriti.cli.restore import restore

            restore(config, given.file)
        case "table":
            from smriti.cli.table import create

            create(config)
        case "stripe":
            from smriti.cli import stripe

            stripe.sync(config) if given.action == "sync" else stripe.reconcile(config)
        case "usage":
            from smriti.cli import usage

            act = usage.show if given.action == "show" else usage.reset
            act(config, given.email)
        case _:
            raise AssertionError(given.command)


if __name__ == "__main__":
    sys.exit(main())
