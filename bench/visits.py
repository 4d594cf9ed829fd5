"""Visits to a page as a reader makes them: no tool is attached to it while it loads.

What watches a page from outside hears of each of its requests, and takes a third of its time again
on two cores. Here the browser's own timing is read when all is over.
"""

import asyncio
import itertools
import json
import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

from websockets.asyncio.client import ClientConnection, connect

from pages import CHROMIUM, chromium

_LOADS_S: Final = 2.0
"""How long a visit is left alone."""

_PATIENCE_S: Final = 10.0
_WATCH: Final = """new PerformanceObserver((list) => {
  window.largest = list.getEntries().at(-1).startTime;
}).observe({ type: "largest-contentful-paint", buffered: true })"""


class Visits:
    """One browser, in which whoever comes has never been before."""

    def __init__(self, wire: ClientConnection) -> None:
        self._wire = wire
        self._ids = itertools.count(1)

    @asynccontextmanager
    async def visitor(self, address: str, cookie: str, value: str) -> AsyncIterator[str]:
        """A new profile, which has this cookie for this address; its id."""
        made = await self._call("Target.createBrowserContext")
        context: str = made["browserContextId"]
        cookies = [{"name": cookie, "value": value, "url": address}]
        await self._call("Storage.setCookies", browserContextId=context, cookies=cookies)
        yield context
        await self._call("Target.disposeBrowserContext", browserContextId=context)

    async def painted_ms(self, visitor: str, address: str) -> float:
        """When the largest text of the page was painted, since somebody went there."""
        opened = await self._call("Target.createTarget", url=address, browserContextId=visitor)
        target = opened["targetId"]
        await asyncio.sleep(_LOADS_S)
        attached = await self._call("Target.attachToTarget", targetId=target, flatten=True)
        session = attached["sessionId"]
        await self._evaluate(session, _WATCH)
        largest = None
        async with asyncio.timeout(_PATIENCE_S):
            while largest is None:
                largest = await self._evaluate(session, "window.largest")
        await self._call("Target.closeTarget", targetId=target)
        return float(largest)

    async def _evaluate(self, session: str, expression: str) -> Any:
        answer = await self._call(
            "Runtime.evaluate", session, expression=expression, returnByValue=True
        )
        return answer["result"].get("value")

    async def _call(self, method: str, session: str | None = None, **params: Any) -> Any:
        call = {"id": next(self._ids), "method": method, "params": params}
        await self._wire.send(json.dumps({**call, **({"sessionId": session} if session else {})}))
        async with asyncio.timeout(_PATIENCE_S):
            while (answer := json.loads(await self._wire.recv())).get("id") != call["id"]:
                pass
        return answer["result"]


@asynccontextmanager
async def visits() -> AsyncIterator[Visits]:
    """A browser, without a window."""
    profile = tempfile.mkdtemp(prefix="smriti-bench-")
    process = await asyncio.create_subprocess_exec(
        chromium() or "chromium",
        *CHROMIUM,
        "--headless",
        f"--user-data-dir={profile}",
        "--remote-debugging-port=0",
        "about:blank",
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    assert process.stderr is not None
    try:
        async with asyncio.timeout(_PATIENCE_S):
            line = b""
            while b"listening on" not in line:
                line = await process.stderr.readline()
        async with connect(line.split()[-1].decode(), max_size=None) as wire:
            yield Visits(wire)
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        await process.wait()
        shutil.rmtree(profile, ignore_errors=True)
