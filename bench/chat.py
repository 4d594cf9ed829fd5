"""What a chat turn costs, against a bare relay in front of the same model.

    uv run bench/chat.py [latency load tokens length memory] [--quick] [--json FILE] [--plot FILE]

Starts all that it needs on free loopback ports, and ends it. bench/README.md tells the method.
"""

import argparse
import asyncio
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import orjson
import uvloop
from aiohttp import ClientError

import measure
import sizes
from figures import Part, table
from machine import open_many_files
from rounds import Options
from servers import NotStarted
from targets import OpenAITarget, TurnFailed

_PLOT: Final = Path(__file__).with_name("plot.py")
_USUAL: Final = Options()
PARTS: Final[dict[str, measure.Measurement]] = {
    "latency": measure.latency,
    "load": measure.load,
    "tokens": measure.tokens,
    "length": sizes.length,
    "memory": sizes.memory,
}


def main() -> int:
    parser = _parser()
    given = parser.parse_args()
    other = None if given.server is None else _other(parser, given)
    options = Options(given.quick, given.max_foreign, given.stub_port, other)
    open_many_files()
    try:
        parts = asyncio.run(_measured(given.parts, options), loop_factory=uvloop.new_event_loop)
    except (NotStarted, TurnFailed, ClientError, TimeoutError) as failure:
        print(repr(failure), file=sys.stderr)
        return 1
    report = orjson.dumps(_report(parts), option=orjson.OPT_INDENT_2)
    if given.json:
        given.json.write_bytes(report)
    if given.plot:
        _plot(report, given.plot)
    return 0


async def _measured(names: list[str], options: Options) -> list[Part]:
    print(f"{_machine()}\n", flush=True)
    parts = []
    for name in names:
        parts.append(await PARTS[name](options))
        print(f"{table(parts[-1])}\n", flush=True)
    return parts


def _machine() -> str:
    now = datetime.now(UTC)
    return f"{now:%Y-%m-%d %H:%M} UTC, {os.cpu_count()} cores, Python {platform.python_version()}"


def _report(parts: list[Part]) -> dict[str, Any]:
    return {"machine": _machine(), "parts": [_described(part) for part in parts]}


def _described(part: Part) -> dict[str, Any]:
    """The samples, and what the table shows of them."""
    rows = [
        asdict(row)
        | {"medians": {target: row.median(target) for target in row.samples}}
        | {"ratios": {target: row.ratio(target) for target in row.samples}}
        for row in part.rows
    ]
    return asdict(part) | {"rows": rows}


def _plot(report: bytes, file: Path) -> None:
    with tempfile.NamedTemporaryFile(suffix=".json") as figures:
        figures.write(report)
        figures.flush()
        uv = shutil.which("uv") or "uv"
        subprocess.run([uv, "run", str(_PLOT), figures.name, str(file)], check=True)


def _other(parser: argparse.ArgumentParser, given: argparse.Namespace) -> OpenAITarget:
    """The server to compare. The key's variable is the caller's own, not a setting of ours."""
    key = os.environ.get(given.key_env or "")  # noqa: TID251
    if given.key_env and not key:
        parser.error(f"There is no variable {given.key_env}.")
    other = OpenAITarget("other", given.server.rstrip("/"), given.server_pid, given.model, key)
    if not (other.on_loopback or given.allow_remote):
        parser.error(f"{other.base_url} is not on this machine; add --allow-remote if it may be.")
    return other


def _part(name: str) -> str:
    if name not in PARTS:
        raise argparse.ArgumentTypeError(f"{name!r} is none of {', '.join(PARTS)}")
    return name


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description="Measure what a chat turn costs.")
    add = parser.add_argument
    add("parts", nargs="*", type=_part, default=[*PARTS], metavar="PART", help=", ".join(PARTS))
    add("--quick", action="store_true", help="few samples: to see that all works")
    add("--json", type=Path, metavar="FILE", help="all samples")
    add("--plot", type=Path, metavar="FILE", help="a plot, as FILE.svg and FILE.png")
    foreign = "rounds in which others use more cores are left out"
    add("--max-foreign", type=float, default=_USUAL.max_foreign, metavar="N", help=foreign)
    add("--server", metavar="URL", help="an OpenAI-compatible server to compare, with its /v1")
    add("--model", default="stub", help="what to ask it for")
    add("--key-env", metavar="VAR", help="the variable that holds its key")
    add("--server-pid", type=int, metavar="PID", help="its process, to see its CPU time")
    add("--stub-port", type=int, default=0, metavar="N", help="where it finds the stub model")
    add("--allow-remote", action="store_true", help="it may be on another machine")
    return parser


if __name__ == "__main__":
    sys.exit(main())
