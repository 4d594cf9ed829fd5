"""Asking the person at the terminal before something is done on this machine."""

import asyncio
import os
import sys
import termios
from contextlib import suppress
from typing import Final

from smriti.cli.failures import CommandFailed
from smriti.cli.screen import one_line

PATIENCE_S: Final = 120.0
"""How long a question stands. Who asks does not wait for ever."""

_MOST_SHOWN: Final = 4000
_LINE_BYTES: Final = 1024


class Terminal:
    """`CommandFailed` when nobody sits there."""

    def __init__(self) -> None:
        if not sys.stdin.isatty():
            raise CommandFailed("--ask needs a terminal, with somebody to answer.")
        self._input = sys.stdin.fileno()

    async def allows(self, what: str) -> bool:
        """Whether `what` was allowed. All of it is shown, or else that it is not all."""
        rest = len(what) - _MOST_SHOWN
        shown = one_line(what[:_MOST_SHOWN]) + (f" … and {rest} characters more" * (rest > 0))
        termios.tcflush(self._input, termios.TCIFLUSH)  # what was typed before is no answer
        print(f"\nThe server asks to run here:\n  {shown}\nAllow it? [y/N] ", end="", flush=True)
        with suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE_S):
                return (await self._line()).strip().lower() in {"y", "yes"}
        print("(nobody answered)", flush=True)
        return False

    async def _line(self) -> str:
        loop = asyncio.get_running_loop()
        typed: asyncio.Future[bytes] = loop.create_future()

        def take() -> None:
            loop.remove_reader(self._input)
            try:
                typed.set_result(os.read(self._input, _LINE_BYTES))
            except OSError:  # the terminal is gone
                typed.set_result(b"")

        loop.add_reader(self._input, take)
        try:
            return (await typed).decode(errors="replace")
        finally:
            loop.remove_reader(self._input)
