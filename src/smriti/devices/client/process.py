"""One program, from its start to its end: bounded in time and output, and never left behind."""

import asyncio
import os
import signal
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

MAX_OUTPUT_BYTES: Final = 64 * 1024
"""Of the standard output, and of the standard error: then the program is stopped."""

_PIECE_BYTES: Final = 16 * 1024
_FAREWELL_S: Final = 2.0


class _TooMuch(Exception):
    pass


@dataclass(slots=True)
class Outcome:
    """What a program wrote. `stopped` says why it did not come to its own end, if so."""

    exit_code: int | None = None
    stopped: str | None = None
    output: bytearray = field(default_factory=bytearray)
    errors: bytearray = field(default_factory=bytearray)


async def run(
    program: str, words: Sequence[str], *, cwd: Path, env: Mapping[str, str], limit_s: float
) -> Outcome:
    """Run `program`, called `words[0]`, without input. Whoever stops waiting stops it, too.

    `OSError` when it cannot be started.
    """
    process = await _start(
        *words,
        executable=program,
        cwd=cwd,
        env=env,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        start_new_session=True,  # it gets no terminal, and its children are in its group
    )
    outcome = Outcome()
    try:
        async with asyncio.timeout(limit_s):
            await asyncio.gather(
                _read(process.stdout, outcome.output), _read(process.stderr, outcome.errors)
            )
            outcome.exit_code = await process.wait()
    except _TooMuch:
        outcome.stopped = f"it wrote more than {MAX_OUTPUT_BYTES} bytes"
    except TimeoutError:
        outcome.stopped = f"it took longer than {limit_s:.0f} s"
    finally:
        if outcome.exit_code is None:
            await _end(process)
    return outcome


async def _start(*words: str, **options: Any) -> asyncio.subprocess.Process:
    """To its end, once begun: who is cancelled in between could end neither it nor its children."""
    starting = asyncio.ensure_future(asyncio.create_subprocess_exec(*words, **options))
    try:
        return await asyncio.shield(starting)
    except asyncio.CancelledError:
        with suppress(OSError):
            await _end(await starting)
        raise


async def _read(stream: asyncio.StreamReader | None, into: bytearray) -> None:
    while stream and (piece := await stream.read(_PIECE_BYTES)):
        into += piece
        if len(into) > MAX_OUTPUT_BYTES:
            del into[MAX_OUTPUT_BYTES:]
            raise _TooMuch


async def _end(process: asyncio.subprocess.Process) -> None:
    """Its whole group. What has left the group may keep the pipes: it is not waited for."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    with suppress(TimeoutError):
        async with asyncio.timeout(_FAREWELL_S):
            await process.wait()
    transport: asyncio.SubprocessTransport = vars(process)["_transport"]
    transport.close()  # nothing public closes the pipes
