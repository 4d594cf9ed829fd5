"""Commands on a real machine: what they answer, and that nothing is left of them."""

import asyncio
import os
import secrets
import time
from pathlib import Path

import pytest

from smriti.devices.client.commands import Commands
from smriti.devices.client.place import Place
from smriti.devices.client.process import MAX_OUTPUT_BYTES
from smriti.llm.types import ToolCall
from smriti.tools.toolset import ToolFailed, Toolset
from tests.devices.client.conftest import PATH


async def run(tools: Toolset, command: str, **arguments: object) -> str:
    given = {"command": command, **arguments}
    return await tools.call(ToolCall(call_id="c1", name="execute_command", arguments=given))


async def sh(tools: Toolset, script: str, **arguments: object) -> str:
    return await run(tools, f"sh -c '{script}'", **arguments)


async def test_it_answers_exit_code_and_output(tools: Toolset) -> None:
    answer = await sh(tools, "echo out; echo err >&2; exit 3")

    assert answer == "exit code: 3\nstdout:\nout\nstderr:\nerr"


async def test_silence_is_told(tools: Toolset) -> None:
    assert await run(tools, "test -d .") == "exit code: 0\n(no output)"


async def test_it_runs_in_the_directory_or_one_in_it(tools: Toolset, tmp_path: Path) -> None:
    (tmp_path / "inner").mkdir()

    assert (await run(tools, "pwd")).endswith(str(tmp_path))
    assert (await run(tools, "pwd", cwd="inner")).endswith(str(tmp_path / "inner"))


@pytest.mark.parametrize("cwd", ["/", "..", "nowhere", "a\0b"])
async def test_it_does_not_run_elsewhere(tools: Toolset, cwd: str) -> None:
    with pytest.raises(ToolFailed):
        await run(tools, "pwd", cwd=cwd)


async def test_nothing_of_the_environment_is_inherited_but_what_programs_need(
    tmp_path: Path,
) -> None:
    environment = PATH | {"HOME": "/users/ada", "JWT_SECRET": "s3cret", "LD_PRELOAD": "/evil.so"}
    tools = Commands(Place(tmp_path), environment, also=frozenset({"env"}), writable=True)

    seen = (await run(tools, "env")).splitlines()[2:]

    assert sorted(seen) == ["HOME=/users/ada", f"PATH={PATH['PATH']}", "TERM=dumb"]


async def test_it_has_no_input_and_no_terminal(tools: Toolset) -> None:
    assert await run(tools, "cat", timeout=5) == "exit code: 0\n(no output)"


async def test_what_takes_too_long_is_stopped_with_its_children(
    tools: Toolset, tmp_path: Path
) -> None:
    with pytest.raises(ToolFailed) as failed:
        await sh(tools, "sleep 61 & echo $!; sleep 62", timeout=5)

    first, child = str(failed.value).rsplit("\n", 1)
    assert first == "Stopped: it took longer than 5 s. Until then:\nstdout:"
    assert not await asyncio.to_thread(alive, int(child))


async def test_what_writes_too_much_is_stopped(tools: Toolset) -> None:
    with pytest.raises(ToolFailed, match=f"wrote more than {MAX_OUTPUT_BYTES} bytes") as failed:
        await run(tools, "cat /dev/zero", timeout=20)

    assert len(str(failed.value)) < MAX_OUTPUT_BYTES + 200


async def test_who_is_cancelled_leaves_nothing_running(tools: Toolset, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pid")
    running = asyncio.ensure_future(sh(tools, "echo $$ > pid; sleep 61"))
    pid = int(await asyncio.to_thread((tmp_path / "pid").read_text, encoding="utf-8"))

    running.cancel()
    await asyncio.wait([running])

    assert running.cancelled()
    assert not await asyncio.to_thread(alive, pid)


@pytest.mark.parametrize("moments", range(8))
async def test_nor_does_who_is_cancelled_while_it_starts(tools: Toolset, moments: int) -> None:
    mark = f"0.{secrets.randbits(40)}"
    running = asyncio.ensure_future(sh(tools, f"sleep 63 {mark}; echo"))
    for _ in range(moments):
        await asyncio.sleep(0)

    running.cancel()
    await asyncio.wait_for(asyncio.wait([running]), 10)

    assert running.cancelled()
    assert mark not in await run(tools, "ps -o args= -C sleep")


async def test_a_child_that_left_its_group_is_not_waited_for(tools: Toolset) -> None:
    began = time.monotonic()
    with pytest.raises(ToolFailed, match="took longer than 1 s"):
        await sh(tools, "setsid sleep 20", timeout=1)

    assert time.monotonic() - began < 15


@pytest.mark.parametrize("seconds", [-5, 0, 100_000])
async def test_an_odd_time_limit_is_made_a_possible_one(tools: Toolset, seconds: int) -> None:
    assert await run(tools, "echo hello", timeout=seconds) == "exit code: 0\nstdout:\nhello"


async def test_a_program_that_is_not_there_is_told(tmp_path: Path) -> None:
    tools = Commands(Place(tmp_path), PATH, also=frozenset({"no-such-program"}), writable=True)

    with pytest.raises(ToolFailed, match="There is no program 'no-such-program'"):
        await run(tools, "no-such-program")


async def test_what_tools_can_write_is_not_run_under_a_programs_name(tmp_path: Path) -> None:
    false_ls = tmp_path / "bin" / "ls"
    false_ls.parent.mkdir()
    false_ls.write_text("#!/bin/sh\necho evil\n", encoding="utf-8")
    false_ls.chmod(0o755)
    path = {"PATH": f"bin:.:{false_ls.parent}:{PATH['PATH']}"}

    writable = Commands(Place(tmp_path), path, writable=True)
    read_only = Commands(Place(tmp_path), path, writable=False)

    assert "evil" not in await run(writable, "ls")
    assert "evil" in await run(read_only, "ls")


async def test_what_cannot_be_started_is_told(tmp_path: Path) -> None:
    broken = tmp_path / "broken"
    broken.write_text("#!/nowhere/sh\n", encoding="utf-8")
    broken.chmod(0o755)
    path = {"PATH": str(tmp_path)}
    tools = Commands(Place(tmp_path), path, also=frozenset({"broken"}), writable=False)

    with pytest.raises(ToolFailed, match="'broken' cannot be started"):
        await run(tools, "broken")


def alive(pid: int) -> bool:
    """Whether a process is still there a moment from now; who was killed may be a zombie yet."""
    for _ in range(200):
        try:
            os.kill(pid, 0)
            stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8")
        except (ProcessLookupError, FileNotFoundError):
            return False
        if stat.rpartition(")")[2].split()[0] == "Z":
            return False
        time.sleep(0.01)
    return True
