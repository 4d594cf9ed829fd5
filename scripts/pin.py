"""Writes the exact version of every package in `uv.lock` into pyproject.toml, or checks them.

    uv lock && uv run python scripts/pin.py        writes the pins
    uv run python scripts/pin.py --check           fails when a pin is missing, stale or different

`uv.lock` stays out of the repository because it records download addresses; the pins stand in
`[tool.uv] constraint-dependencies` and make every fresh resolution come out the same.
"""

import re
import sys
import tomllib
from pathlib import Path
from typing import Any, Final

_ROOT: Final = Path(__file__).resolve().parent.parent
_PINS: Final = re.compile(r"^constraint-dependencies = \[[^]]*\]$", re.MULTILINE)


def main(arguments: list[str]) -> int:
    project = _ROOT / "pyproject.toml"
    lock = _ROOT / "uv.lock"
    if not lock.is_file():
        return _fail("There is no uv.lock. Run `uv lock` first.")
    text = project.read_text(encoding="utf-8")
    wanted = pins(tomllib.loads(lock.read_text(encoding="utf-8")))
    if arguments == ["--check"]:
        faults = differences(tomllib.loads(text)["tool"]["uv"]["constraint-dependencies"], wanted)
        if faults:
            return _fail("\n".join([*faults, "Run `uv lock && uv run python scripts/pin.py`."]))
        print(f"{len(wanted)} packages are pinned.")
        return 0
    project.write_text(with_pins(text, wanted), encoding="utf-8")
    print(f"Pinned {len(wanted)} packages.")
    return 0


def pins(lock: dict[str, Any]) -> list[str]:
    """One requirement a locked package, sorted; with a marker where platforms need different ones.

    Packages without a registry are the project itself.
    """
    return sorted(_pin(package) for package in lock["package"] if "registry" in package["source"])


def _pin(package: dict[str, Any]) -> str:
    pin = f"{package['name']}=={package['version']}"
    markers = package.get("resolution-markers")
    return f"{pin} ; {' or '.join(f'({marker})' for marker in markers)}" if markers else pin


def differences(present: list[str], wanted: list[str]) -> list[str]:
    """What must change for `present` to become `wanted`, a sentence each."""
    missing = [f"Not pinned: {pin}" for pin in wanted if pin not in present]
    stale = [f"Pinned, but not in uv.lock: {pin}" for pin in present if pin not in wanted]
    return missing + stale


def with_pins(project: str, wanted: list[str]) -> str:
    """The text of pyproject.toml with these pins in place of the ones it has."""
    lines = "".join(f'  "{pin}",\n' for pin in wanted)
    return _PINS.sub(lambda _: f"constraint-dependencies = [\n{lines}]", project, count=1)


def _fail(message: str) -> int:
    print(message, file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
