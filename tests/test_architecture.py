"""Rules of the house that no linter knows."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from itertools import pairwise
from pathlib import Path

import pytest

from smriti.core.config import Config

_ROOT = Path(__file__).resolve().parent.parent
_SETTINGS = {name.upper() for name in Config.model_fields}

# Written so that none of them mentions itself.
_PACKAGE_HOSTS = r"pypi\.org|pythonhosted\.org|npmjs\.org|debian\.org"
_MACHINE_PATHS = r"(?<![\w.])/(work|tmp|root|home)/"
_PROMISES = r"\bT[O]DO\b|\bF[I]XME\b"


@cache
def _committed() -> list[Path]:
    """Every text file that is, or is about to be, part of the repository."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=_ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    paths = [_ROOT / name for name in listed.stdout.split("\0") if name]
    return [path for path in paths if path.is_file() and b"\0" not in path.read_bytes()]


@cache
def _python_files() -> list[Path]:
    return [path for path in _committed() if path.suffix == ".py"]


def _shown(path: Path) -> str:
    return str(path.relative_to(_ROOT))


@cache
def _tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def _functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(_tree(path)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def _is_test(path: Path) -> bool:
    return path.is_relative_to(_ROOT / "tests")


def test_no_file_is_too_long() -> None:
    lengths = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in _python_files()}

    assert not {
        _shown(path): length
        for path, length in lengths.items()
        if length > (500 if _is_test(path) else 300)
    }


def test_no_function_is_too_long() -> None:
    assert not [
        f"{_shown(path)}:{node.lineno} {node.name}"
        for path in _python_files()
        for node in _functions(path)
        if (node.end_lineno or node.lineno) - node.lineno >= 40
    ]


def test_every_module_says_what_it_is_for() -> None:
    silent = [
        _shown(path)
        for path in _python_files()
        if ast.get_docstring(_tree(path)) is None
        and not (_is_test(path) and path.name == "__init__.py")
    ]

    assert not silent


def test_packages_hold_no_code() -> None:
    assert not [
        _shown(path)
        for path in _python_files()
        if path.name == "__init__.py" and not _is_test(path) and len(_tree(path).body) != 1
    ]


@pytest.mark.parametrize("unwanted", [_PACKAGE_HOSTS, _MACHINE_PATHS, _PROMISES])
def test_no_file_mentions(unwanted: str) -> None:
    assert not [
        f"{_shown(path)}:{number} {line.strip()}"
        for path in _committed()
        if unwanted != _PROMISES or not path.match("static/vendor/*.js")  # others' words
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1)
        if re.search(unwanted, line)
    ]


def test_the_example_environment_names_every_setting() -> None:
    example = (_ROOT / ".env.example").read_text(encoding="utf-8")

    assert sorted(re.findall(r"^#?([A-Z0-9_]+)=", example, re.MULTILINE)) == sorted(_SETTINGS)


def test_every_setting_of_the_example_environment_has_a_comment() -> None:
    lines = (_ROOT / ".env.example").read_text(encoding="utf-8").splitlines()
    setting = re.compile(r"#?[A-Z0-9_]+=")

    assert not [
        line
        for above, line in pairwise(lines)
        if setting.match(line) and not above.startswith("# ")
    ]


def test_the_readme_lists_every_setting() -> None:
    readme = (_ROOT / "README.md").read_text(encoding="utf-8")
    section = re.search(r"^## Configuration$(.*?)(?=^## |\Z)", readme, re.MULTILINE | re.DOTALL)

    assert section is not None, "README.md has no section ## Configuration"
    rows = re.findall(r"^\| `([A-Z0-9_]+)` \|", section.group(1), re.MULTILINE)
    assert sorted(rows) == sorted(_SETTINGS)


def test_importing_the_app_loads_no_heavy_adapter() -> None:
    program = (
        "import sys, smriti.app\n"
        "heavy = {'anthropic', 'boto3', 'botocore', 'faiss', 'openai'}\n"
        "heavy |= {'safetensors', 'stripe', 'tokenizers'}\n"
        "print(*sorted(heavy & set(sys.modules)))"
    )

    ran = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )

    assert (ran.returncode, ran.stdout.strip(), ran.stderr) == (0, "", "")
