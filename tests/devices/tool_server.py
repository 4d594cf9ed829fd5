"""The tools behind UFO's device client: its stock Linux server, and whatever a test invents."""

import asyncio
import re
import shlex
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import PurePath
from typing import Any, Final

from tests.devices.wire_messages import Json

_ALLOWED: Final = """
ls pwd cat head tail grep find which whereis wc sort uniq cut tr uname hostname whoami id uptime
free df du ps ping traceroute nslookup dig host file stat md5sum sha256sum python python3 echo date
cal basename dirname realpath diff test
"""
_REFUSED: Final = re.compile(r"[;|&`><\n\0]|\$[({]|-(exec|delete|ok|fprint|fls)|/dev/(tcp|udp)/")

type Run = Callable[[Json], Awaitable[Any]]


class ToolError(Exception):
    """A tool that fails, which is other than one that returns a failure."""


@dataclass(frozen=True, slots=True)
class Tool:
    name: str
    run: Run
    schema: Json = field(default_factory=lambda: {"type": "object", "properties": {}})
    tool_type: str = "action"
    description: str = "Does something."

    @property
    def key(self) -> str:
        return f"{self.tool_type}::{self.name}"

    async def call(self, parameters: Json) -> Any:
        for name in self.schema.get("required", ()):
            if name not in parameters:
                raise ToolError(f"Input validation error: {name!r} is a required property")
        return await self.run(parameters)


def answering(name: str, answer: Any) -> Tool:
    """A tool that always answers this, or fails with it."""

    async def run(_: Json) -> Any:
        if isinstance(answer, Exception):
            raise answer
        return answer

    return Tool(name, run)


class ToolServer:
    """`calls` are the parameters of every call, by tool. Unreachable, it cannot be connected to."""

    def __init__(self, *tools: Tool, namespace: str = "BashExecutor") -> None:
        self.tools = {tool.key: tool for tool in tools}
        self.calls: list[tuple[str, Json]] = []
        self.reachable = True
        self._namespace = namespace

    async def call(self, key: str, parameters: Json) -> Any:
        self.calls.append((key.partition("::")[2], parameters))
        if not self.reachable:
            raise ToolError("Client failed to connect: All connection attempts failed")
        return await self.tools[key].call(parameters)

    def listing(self, tool_type: str | None, namespace: str | None) -> list[Json]:
        return [
            self._described(tool)
            for tool in self.tools.values()
            if tool_type in {None, tool.tool_type} and namespace in {None, self._namespace}
        ]

    def _described(self, tool: Tool) -> Json:
        return {
            "tool_key": tool.key,
            "tool_name": tool.name,
            "title": None,
            "namespace": self._namespace,
            "tool_type": tool.tool_type,
            "description": tool.description,
            "input_schema": tool.schema,
            "output_schema": None,
            "meta": {"_fastmcp": {"tags": []}},
            "annotations": None,
        }


def linux_tools(api_key: str = "tool-secret", *more: Tool) -> ToolServer:
    """The stock server; commands really run, as far as they are allowed."""

    async def execute(parameters: Json) -> Json:
        if parameters["api_key"] != api_key:
            return {"success": False, "error": "Authentication failed. Invalid API key."}
        return await _execute(parameters)

    async def info(parameters: Json) -> Json:
        if parameters["api_key"] != api_key:
            return {"error": "Authentication failed. Invalid API key."}
        return {"uname": "Linux lab7", "uptime": "up 3 days", "memory": "31G", "disk": "23%"}

    key = {"type": "string", "description": "API key for authentication."}
    command = {
        "type": "object",
        "properties": {
            "command": {"type": "string", "description": "The command to run."},
            "api_key": key,
            "timeout": {"type": "integer", "default": 30},
            "cwd": {"anyOf": [{"type": "string"}, {"type": "null"}], "default": None},
        },
        "required": ["command", "api_key"],
    }
    nothing_else = {"type": "object", "properties": {"api_key": key}, "required": ["api_key"]}
    return ToolServer(
        Tool("execute_command", execute, command, description="Execute a command on Linux."),
        Tool("get_system_info", info, nothing_else, description="Basic system information."),
        *more,
    )


async def _execute(parameters: Json) -> Json:
    command = parameters["command"]
    words = shlex.split(command)
    program = PurePath(words[0]).name if words else ""
    if _REFUSED.search(command) or program not in _ALLOWED.split():
        return {"success": False, "error": f"Blocked command: {program}"}
    if program.startswith("python") and words[1:] not in (["--version"], ["-V"]):
        return {"success": False, "error": "python is allowed with --version only"}
    limit_s = min(max(int(parameters.get("timeout", 30)), 1), 120)
    return await _run(words, parameters.get("cwd"), limit_s)


async def _run(words: list[str], cwd: str | None, limit_s: int) -> Json:
    pipe = asyncio.subprocess.PIPE
    try:
        process = await asyncio.create_subprocess_exec(*words, cwd=cwd, stdout=pipe, stderr=pipe)
    except FileNotFoundError:
        return {"success": False, "error": f"No such program: {words[0]}"}
    try:
        async with asyncio.timeout(limit_s):
            stdout, stderr = await process.communicate()
    except TimeoutError:
        process.kill()
        await process.wait()
        return {"success": False, "error": f"Timeout after {limit_s}s"}
    return {
        "success": process.returncode == 0,
        "exit_code": process.returncode,
        "stdout": stdout.decode(),
        "stderr": stderr.decode(),
    }
