"""Starting a server: who is let in, and what it says when it cannot start."""

import os
import stat
from pathlib import Path
from urllib.parse import urlsplit

import orjson

from tests.e2e.server import ServerProcess, run


def test_the_printed_link_signs_one_browser_in_once(tmp_path: Path) -> None:
    with ServerProcess.running(tmp_path / "data") as server, server.client() as browser:
        link = server.new_link()
        first = browser.get(link)
        profile = browser.get("/auth/me", headers={"Sec-Fetch-Site": "same-origin"})
        second = browser.get(link)

    assert link.startswith(f"{server.url}/login?token=")
    assert (first.status_code, first.headers["location"]) == (303, "/app/")
    assert "HttpOnly" in first.headers["set-cookie"]
    assert "SameSite=strict" in first.headers["set-cookie"]
    assert profile.json()["email"] == "owner@local"
    assert second.status_code == 401
    assert "smriti login-link" in second.text


def test_a_server_notes_where_it_is_and_takes_the_note_away(tmp_path: Path) -> None:
    data_dir = tmp_path / "data"
    note = data_dir / "server.json"
    with ServerProcess.running(data_dir) as server:
        written = orjson.loads(note.read_bytes())
        mode = stat.S_IMODE(note.stat().st_mode)
        link = run("login-link", data_dir=data_dir)
        server.interrupt()
        code = server.wait()
        late_link = run("login-link", data_dir=data_dir)

    assert written["url"] == server.url
    assert mode == 0o600
    assert (link.returncode, link.stderr) == (0, "")
    assert link.stdout.startswith(f"{server.url}/login?token=")
    assert code == 0
    assert not note.exists()
    assert "No server seems to be running" in late_link.stderr


def test_the_link_is_nowhere_in_the_log(tmp_path: Path) -> None:
    with ServerProcess.running(tmp_path / "data", LOG_LEVEL="DEBUG") as server:
        link = server.new_link()
        with server.client() as browser:
            browser.get(link)
        server.interrupt()
        server.wait()

    assert "path=/login status=303" in server.log
    assert link.partition("=")[2] not in server.log


def test_a_port_in_use_is_told_with_the_way_out(server: ServerProcess, tmp_path: Path) -> None:
    port = str(urlsplit(server.url).port)

    ran = run("serve", "--port", port, data_dir=tmp_path / "data")

    assert ran.returncode == 1
    assert ran.stderr.startswith(f"smriti: Port {port} of 127.0.0.1 is in use")
    assert "smriti serve --port" in ran.stderr
    assert ran.stderr.count("\n") == 1


def test_a_server_at_home_does_not_listen_to_everybody(tmp_path: Path) -> None:
    ran = run("serve", "--host", "0.0.0.0", data_dir=tmp_path / "data")  # noqa: S104 - refused

    assert ran.returncode == 2
    assert ran.stderr.startswith("smriti: To listen on '0.0.0.0', where others can reach it, set")
    assert ran.stderr.count("\n") == 1


def test_wrong_settings_are_one_sentence_without_their_values(tmp_path: Path) -> None:
    env = {"LOG_LEVEL": "LOUD", "MAX_BODY_BYTES": "sk-much", "JWT_SECRET": "hush"}

    ran = run("serve", data_dir=tmp_path / "data", env=env)

    assert ran.returncode == 2
    assert ran.stderr.startswith("smriti: LOG_LEVEL: Input should be 'DEBUG'")
    assert "; MAX_BODY_BYTES: " in ran.stderr
    assert ran.stderr.count("\n") == 1
    assert not [secret for secret in ("LOUD", "sk-much", "hush") if secret in ran.stderr]


def test_a_file_that_is_no_database_is_refused_in_a_sentence(tmp_path: Path) -> None:
    data_dir = tmp_path / "data"
    data_dir.mkdir()
    (data_dir / "smriti.db").write_text("something else\n" * 100)

    ran = run("serve", "--port", "0", data_dir=data_dir)

    assert ran.returncode == 1
    assert "is not a database" in ran.stderr
    assert "Traceback" not in ran.stderr


def test_the_table_is_not_made_where_nothing_answers(tmp_path: Path) -> None:
    env = {
        "DYNAMODB_TABLE": "smriti",
        "DYNAMODB_ENDPOINT": "http://127.0.0.1:9",
        "AWS_ACCESS_KEY_ID": "none",
        "AWS_SECRET_ACCESS_KEY": "none",
    }

    ran = run("table", "create", data_dir=tmp_path / "data", env=env)

    assert ran.returncode == 1
    assert ran.stderr.startswith("smriti: DynamoDB does not answer")
    assert ran.stderr.count("\n") == 1


def test_help_is_there_at_once_because_nothing_heavy_is_imported(tmp_path: Path) -> None:
    env = {"PYTHONPROFILEIMPORTTIME": "1"}

    ran = run("--help", data_dir=tmp_path / "data", env=env)

    imported = {line.rpartition("|")[2].strip() for line in ran.stderr.splitlines()}
    assert "login-link" in ran.stdout
    assert "argparse" in imported
    assert not imported & {"fastapi", "pydantic", "httpx2", "asyncio", "smriti.app"}
    assert not os.path.lexists(tmp_path / "data")


def test_only_a_trusted_proxys_word_counts(server: ServerProcess, tmp_path: Path) -> None:
    forwarded = {"X-Forwarded-For": "203.0.113.9", "X-Forwarded-Proto": "https"}
    with (
        ServerProcess.running(tmp_path / "data", TRUSTED_PROXIES="10.0.0.1, 127.0.0.1") as trusting,
        trusting.client() as known,
        server.client() as unknown,
    ):
        https = known.get(trusting.new_link(), headers=forwarded)
        http = unknown.get(server.new_link(), headers=forwarded)

    assert "Secure" in https.headers["set-cookie"]
    assert "Secure" not in http.headers["set-cookie"]
