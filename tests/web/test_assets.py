"""The files of one version of the app."""

from pathlib import Path

import pytest

from smriti.web.assets import Assets


@pytest.fixture
def root(tmp_path: Path) -> Path:
    files = {
        "index.html": '<script src="{base}main.js"></script>',
        "main.js": 'import "./a.js";\n',
        "a.js": "export const a = 1;\n",
        "later.js": "",
        "types.d.ts": "export {};\n",
    }
    for name, text in files.items():
        file = tmp_path / name
        file.parent.mkdir(exist_ok=True)
        file.write_text(text)
    return tmp_path


def test_addresses_change_with_any_file(root: Path) -> None:
    before = Assets(root)
    (root / "a.js").write_text("")
    after = Assets(root)

    assert before.digest != after.digest
    assert before.page("index.html").content != after.page("index.html").content
    assert f'src="v/{after.digest}/main.js"'.encode() in after.page("index.html").content


def test_what_a_chat_needs_comes_in_one_file(root: Path) -> None:
    assets = Assets(root)

    first, main = assets.find("first.js"), assets.find("main.js")

    assert first is not None
    assert main is not None
    assert b"const a = 1;" in first.content
    assert main.content == b'import { $need } from "./first.js";\n$need("main.js");\n'


def test_types_change_no_address(root: Path) -> None:
    before = Assets(root).digest
    (root / "types.d.ts").write_text("")

    assert Assets(root).digest == before
    assert Assets(root).find("types.d.ts") is None


def test_comments_of_whole_lines_are_not_sent(root: Path) -> None:
    code = b'const a = 1; // kept\nconst b = "/** kept */";\n'
    (root / "later.js").write_bytes(
        b"// One line.\n/** Some\n * lines **/\n  /** One. */\n" + code + b"  // Another.\n"
    )

    sent = Assets(root).find("later.js")

    assert sent is not None
    assert sent.content == code


def test_nor_are_those_of_a_stylesheet(root: Path) -> None:
    rules = b"a { color: red; } /* kept */\n"
    (root / "style.css").write_bytes(b"/* Over\n   two lines. */\n/* ---- one ---- */\n" + rules)

    sent = Assets(root).find("style.css")

    assert sent is not None
    assert sent.content == rules


def test_vendored_files_are_sent_whole(root: Path) -> None:
    (root / "vendor").mkdir()
    (root / "vendor/library.js").write_bytes(b"/** A licence */\n")

    sent = Assets(root).find("vendor/library.js")

    assert sent is not None
    assert sent.content == b"/** A licence */\n"
