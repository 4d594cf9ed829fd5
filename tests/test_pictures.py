"""The pictures of README.md: all are there, in both schemes, and a script makes each of them."""

import re
import subprocess
import sys
from pathlib import Path

_ROOT = Path(__file__).parents[1]
_MOST_BYTES = 150_000
_MOST_BYTES_OF_ALL = 1_500_000


def test_every_picture_of_the_readme_is_made_by_the_script() -> None:
    readme = (_ROOT / "README.md").read_text(encoding="utf-8")
    shown = set(re.findall(r"docs/screenshots/[a-z-]+\.png", readme))
    made = _made()

    assert shown
    assert shown <= made
    assert {path.replace("-dark.png", "-light.png") for path in shown} <= shown
    assert {path.replace("-light.png", "-dark.png") for path in shown} <= shown


def test_the_pictures_are_those_of_the_script_and_small() -> None:
    sizes = {
        str(path.relative_to(_ROOT)): path.stat().st_size
        for path in (_ROOT / "docs/screenshots").iterdir()
    }

    assert set(sizes) == _made()
    assert max(sizes.values()) < _MOST_BYTES
    assert sum(sizes.values()) < _MOST_BYTES_OF_ALL


def _made() -> set[str]:
    command = [sys.executable, str(_ROOT / "scripts/screenshots.py"), "--list"]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    return set(done.stdout.split())
