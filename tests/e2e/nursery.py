"""Commands that begin at once: forked from a process that has imported the program already.

Importing it takes seconds of CPU time, and tests start some hundred servers. Each is a process of
its own nevertheless, with its own environment, directory, files and signals. `begun` and `run` of
`tests.e2e.server` start a command as a user does.
"""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

_ROOT: Final = Path(__file__).parents[2]
_LOOK_S: Final = 0.01


@dataclass(frozen=True, slots=True)
class Command:
    """One `smriti` command; `out` and `log` are the files it writes to."""

    arguments: Sequence[str]
    directory: Path
    env: Mapping[str, str]
    out: Path
    log: Path


class Process:
    """What `Popen` is for others: a command that runs, or has ended."""

    def __init__(self, command: Command) -> None:
        self.pid: int = _ask(
            {
                "arguments": list(command.arguments),
                "directory": str(command.directory),
                "env": dict(command.env),
                "out": str(command.out),
                "log": str(command.log),
            }
        )
        self._code: int | None = None

    def poll(self) -> int | None:
        """The exit code, that of a signal below zero; None while it runs."""
        if self._code is None:
            self._code = _ask(self.pid)
        return self._code

    def wait(self, timeout_s: float = 60) -> int:
        """The exit code. `TimeoutError`."""
        deadline = time.monotonic() + timeout_s
        while (code := self.poll()) is None:
            if time.monotonic() > deadline:
                raise TimeoutError(f"Process {self.pid} has not ended after {timeout_s} s.")
            time.sleep(_LOOK_S)
        return code

    def signal(self, number: signal.Signals) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)


@cache
def _nursery() -> subprocess.Popen[str]:
    """One for all tests of this process; it ends when this process does."""
    return subprocess.Popen(
        [sys.executable, "-m", "tests.e2e.forking"],
        cwd=_ROOT,
        env={"PYTHONPATH": f"{_ROOT / 'src'}:{_ROOT}", "OPENBLAS_NUM_THREADS": "1"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        bufsize=1,
    )


def _ask(question: Any) -> Any:
    """A command: its process id. A process id: the exit code of it."""
    nursery = _nursery()
    assert nursery.stdin is not None
    assert nursery.stdout is not None
    print(json.dumps(question), file=nursery.stdin, flush=True)
    return json.loads(nursery.stdout.readline())
