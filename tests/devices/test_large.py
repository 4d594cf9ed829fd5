"""Messages that a process of their own shortens."""

import asyncio
import sys
from pathlib import Path

import pytest

from smriti.devices.large import LARGE, Reader
from tests.patience import PATIENCE_S


async def test_who_leaves_while_much_is_written_gives_the_place_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the process had written and nobody read kept it from ending, most times."""
    (endless := tmp_path / "python").write_text("#!/bin/sh\nexec cat /dev/zero\n")
    endless.chmod(0o700)
    monkeypatch.setattr(sys, "executable", str(endless))
    reader = Reader()

    for _ in range(8):
        reading = asyncio.create_task(reader.read("x" * (LARGE + 1)))
        await asyncio.sleep(0.05)
        reading.cancel()
        done, _ = await asyncio.wait([reading], timeout=PATIENCE_S)
        assert done
