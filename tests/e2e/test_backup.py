"""Backups of a server that goes on working."""

import threading
from pathlib import Path

from tests.e2e.server import Caller, ServerProcess, run, spoken
from tests.fakes.stub_model import StubModel
from tests.patience import PATIENCE_S

_ONE_PAGE = 100


class Writer(threading.Thread):
    """Stores passages one after the other until it is told to stop. Knows which were stored."""

    def __init__(self, caller: Caller, agent_id: str) -> None:
        super().__init__()
        self.stored: list[str] = []
        self.begun = threading.Event()
        self._path = f"/agents/{agent_id}/archival-memory"
        self._caller = caller
        self._ended = False

    def run(self) -> None:
        while not self._ended and len(self.stored) < _ONE_PAGE:
            text = f"Passage {len(self.stored)}"
            self._caller.post(self._path, {"content": text})
            self.stored.append(text)
            if len(self.stored) == 20:
                self.begun.set()

    def stop(self) -> None:
        self._ended = True
        self.join()


def test_a_backup_while_writing_lives_on_elsewhere(tmp_path: Path, stub: StubModel) -> None:
    file = tmp_path / "smriti.backup"
    old, new = tmp_path / "old", tmp_path / "new"
    with ServerProcess.running(old) as server, server.owner() as owner:
        agent = owner.stub_agent(stub.url)
        path = f"/agents/{agent['agent_id']}/archival-memory?limit=100"
        writer = Writer(owner, agent["agent_id"])
        writer.start()
        assert writer.begun.wait(PATIENCE_S)
        promised = list(writer.stored)
        backup = run("backup", str(file), data_dir=old)
        writer.stop()
    restore = run("restore", str(file), data_dir=new)
    with ServerProcess.running(new) as server, server.owner() as owner:
        kept = [passage["content"] for passage in owner.get(path)["items"]]
        answer = owner.ask(owner.conversation(agent), "Still you? [say:Still me.]")

    assert (backup.returncode, backup.stderr) == (0, "")
    assert (restore.returncode, restore.stderr) == (0, "")
    assert set(promised) <= set(kept)
    assert sorted(kept) == sorted(writer.stored[: len(kept)])
    assert spoken(answer) == "Still me."  # the provider's settings were opened with the old key


def test_a_restore_reaches_a_running_server_at_once(tmp_path: Path) -> None:
    data_dir, file = tmp_path / "data", tmp_path / "smriti.backup"
    with ServerProcess.running(data_dir) as server, server.owner() as owner:
        agent = owner.agent()
        run("backup", str(file), data_dir=data_dir)
        owner.agent(agent_name="Made since")

        ran = run("restore", str(file), data_dir=data_dir)

        assert (ran.returncode, ran.stderr) == (0, "")
        assert owner.get("/agents") == [agent]
        assert "restart" not in ran.stdout
