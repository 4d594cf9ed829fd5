"""The process behind `nursery`: a line of its standard input is a command to begin, or the id of a
process to ask after; a line of its output is the process id, or the exit code, null while it runs.
"""

import gc
import json
import os
import signal
import sys
import traceback
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import openai  # noqa: F401 - takes long, as the next one

import smriti.cli.serve  # noqa: F401
from smriti.app import create_app
from smriti.cli.main import main
from smriti.core.config import Config


def _answer_all() -> None:
    running: set[int] = set()
    for line in sys.stdin:
        question = json.loads(line)
        if isinstance(question, int):
            answer: int | None = _ended(question)
            if answer is not None:
                running.discard(question)
        else:
            running.add(answer := _begun(question))
        print(json.dumps(answer), flush=True)  # noqa: T201
    for pid in running:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def _begun(command: dict[str, Any]) -> int:
    if pid := os.fork():
        return pid
    code = 1
    try:
        for number, path, flags in (
            (0, os.devnull, os.O_RDONLY),
            (1, command["out"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC),
            (2, command["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND),
        ):
            os.dup2(os.open(path, flags), number)
        os.chdir(command["directory"])
        os.environ.clear()  # noqa: TID251 - as if it had been started so
        os.environ.update(command["env"])  # noqa: TID251
        code = _exit_code(command["arguments"])
    except Exception:  # noqa: BLE001 - nothing of this process may go on in that one
        traceback.print_exc()
    finally:
        with suppress(OSError):
            sys.stdout.flush()
        os._exit(code)


def _exit_code(arguments: Sequence[str]) -> int:
    try:
        return main(arguments)
    except SystemExit as ending:
        return ending.code if isinstance(ending.code, int) else 0


def _ended(pid: int) -> int | None:
    found, status = os.waitpid(pid, os.WNOHANG)
    return os.waitstatus_to_exitcode(status) if found else None


if __name__ == "__main__":
    create_app(Config())  # its routes are kept for the next one
    gc.collect()
    gc.freeze()
    _answer_all()
