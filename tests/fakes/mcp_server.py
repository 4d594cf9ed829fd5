"""An MCP server with a few tools, as a program: `python mcp_server.py [http PORT]`."""

import os
import sys

from mcp.server.mcpserver import MCPServer
from mcp.server.mcpserver.exceptions import ToolError
from mcp_types import ToolAnnotations

server = MCPServer("fake")


@server.tool(annotations=ToolAnnotations(read_only_hint=True))
def add(a: int, b: int) -> int:
    """Add two numbers."""
    return a + b


@server.tool()
def fail(why: str) -> str:
    """Fail."""
    raise ToolError(why)


@server.tool()
def variable(name: str) -> str:
    """What the environment says."""
    return os.environ.get(name, "(unset)")  # noqa: TID251 - what it is for


@server.tool()
def quit() -> str:  # noqa: A001 - what it does
    """End the server, whoever waits for it."""
    os._exit(1)


if __name__ == "__main__":
    if sys.argv[1:2] == ["http"]:
        server.run("streamable-http", port=int(sys.argv[2]))
    else:
        server.run("stdio")
