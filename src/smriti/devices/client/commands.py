"""The tool that runs a command on the device."""

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Final

from pydantic import Field

from smriti.devices.client.checks import words_of
from smriti.devices.client.place import HERE, Place
from smriti.devices.client.process import Outcome, run
from smriti.tools.native.function_tool import FunctionToolset
from smriti.tools.toolset import ToolFailed

LONGEST_S: Final = 120
_DEFAULT_S: Final = 30
_KEPT: Final = ("HOME", "LANG", "LC_ALL", "LC_CTYPE", "LOGNAME", "TMPDIR", "TZ", "USER")


class Commands(FunctionToolset):
    """Programs of a list, in one directory, with no more of the environment than they need.

    `also`: programs that may run besides the standard ones. `writable`: whether files of the
    directory may be written by other tools; programs are then not taken from it.
    """

    def __init__(
        self,
        place: Place,
        environment: Mapping[str, str],
        *,
        also: frozenset[str] = frozenset(),
        writable: bool,
    ) -> None:
        self._place = place
        self._also = also
        search = [Path(entry) for entry in environment.get("PATH", "").split(":")]
        self._path = ":".join(
            str(entry)
            for entry in search
            if entry.is_absolute() and not (writable and place.holds(entry.resolve()))
        )
        kept = {name: environment[name] for name in _KEPT if name in environment}
        self._environment = kept | {"PATH": self._path, "TERM": "dumb"}

    async def execute_command(
        self,
        command: Annotated[
            str, Field(description="A program and its arguments, quoted as in a shell.")
        ],
        timeout: Annotated[  # noqa: ASYNC109 - the name that clients of this protocol use
            int, Field(description=f"Seconds until it is stopped, at most {LONGEST_S}.")
        ] = _DEFAULT_S,
        cwd: Annotated[
            str | None, Field(description="Where it runs: a directory in the device's own.")
        ] = None,
    ) -> str:
        """Run one program on the device, without a shell: no pipes, redirections, variables or
        patterns. Only some programs may run. Answers its exit code and what it wrote."""
        words = words_of(command, also=self._also)
        program = shutil.which(words[0], path=self._path)
        if program is None:
            raise ToolFailed(f"There is no program {words[0]!r} on this device.")
        limit_s = min(max(timeout, 1), LONGEST_S)
        directory = self._place.directory(cwd or HERE)
        try:
            outcome = await run(
                program, words, cwd=directory, env=self._environment, limit_s=limit_s
            )
        except OSError as error:
            raise ToolFailed(f"{words[0]!r} cannot be started: {error.strerror}.") from error
        return _told(outcome)


def _told(outcome: Outcome) -> str:
    written = [
        f"{name}:\n{text.decode(errors='replace').rstrip()}"
        for name, text in (("stdout", outcome.output), ("stderr", outcome.errors))
        if text.strip()
    ]
    if outcome.stopped:
        raise ToolFailed("\n".join([f"Stopped: {outcome.stopped}. Until then:", *written]))
    return "\n".join([f"exit code: {outcome.exit_code}", *(written or ["(no output)"])])
