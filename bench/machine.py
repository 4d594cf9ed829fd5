"""What processes use of this machine, as Linux tells it."""

import os
import resource
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

_PROC: Final = Path("/proc")
_TICKS_A_S: Final = os.sysconf("SC_CLK_TCK")
_GONE: Final = (FileNotFoundError, ProcessLookupError)


def tree(pid: int) -> Iterator[int]:
    """The process and all that it started, as far as they live."""
    yield pid
    with suppress(*_GONE):
        for task in (_PROC / str(pid) / "task").iterdir():
            for child in (task / "children").read_text(encoding="ascii").split():
                yield from tree(int(child))


def cpu_s(pid: int | None) -> float:
    """The CPU seconds of a process and its children, 0 when we do not know the process.

    By the CPU clock that Linux has for every process: /proc/…/stat counts in hundredths.
    """
    return 0.0 if pid is None else sum(map(_clock_s, tree(pid)))


def _clock_s(pid: int) -> float:
    with suppress(OSError):
        return time.clock_gettime(~pid << 3 | 2)
    return 0.0


def pss_mib(pid: int) -> float:
    """Resident memory of a process and its children; what is shared counts in shares."""
    return sum(map(_pss_kib, tree(pid))) / 1024


def _pss_kib(pid: int) -> int:
    with suppress(*_GONE):
        for line in (_PROC / str(pid) / "smaps_rollup").read_text(encoding="ascii").splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1])
    return 0


class ForeignLoad:
    """How many cores others use while we measure: all that is busy, less what is ours."""

    def __init__(self, pids: Iterable[int]) -> None:
        self._pids = [os.getpid(), *pids]
        self.mark()

    def mark(self) -> None:
        """Count from now on."""
        self._since = time.perf_counter(), self._foreign_s()

    def cores(self) -> float:
        moment, used = self._since
        return max(0.0, self._foreign_s() - used) / max(time.perf_counter() - moment, 1e-3)

    def _foreign_s(self) -> float:
        return _busy_s() - sum(map(_clock_s, self._pids))


def _busy_s() -> float:
    """CPU seconds of the whole machine, whoever used them."""
    with (_PROC / "stat").open(encoding="ascii") as file:
        user, nice, system, _idle, _iowait, *others = map(int, file.readline().split()[1:9])
    return (user + nice + system + sum(others)) / _TICKS_A_S


def open_many_files() -> None:
    """Let this process, and those it starts, have as many connections as the system allows."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
