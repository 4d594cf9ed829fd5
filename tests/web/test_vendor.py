"""The libraries of the web app are the ones that package.json names, unchanged."""

import hashlib
import json
from typing import Any, Final

from smriti.web.router import STATIC
from tests.e2e.server import ROOT

_VENDOR: Final = STATIC / "vendor"
_MANIFEST: Final[dict[str, Any]] = json.loads((_VENDOR / "VENDOR.json").read_text())


def test_every_vendored_file_has_its_hash() -> None:
    found = {
        file.name: {
            "sha256": hashlib.sha256(file.read_bytes()).hexdigest(),
            "bytes": file.stat().st_size,
        }
        for file in _VENDOR.glob("*.js")
    }

    assert found == {
        name: {"sha256": told["sha256"], "bytes": told["bytes"]} for name, told in _MANIFEST.items()
    }


def test_every_package_has_the_version_of_package_json_and_a_licence() -> None:
    pinned = json.loads((ROOT / "package.json").read_text())["devDependencies"]
    licences = (_VENDOR / "LICENSES.txt").read_text()

    for told in _MANIFEST.values():
        for package in told["packages"]:
            assert pinned[package["name"]] == package["version"]
            assert f"{package['name']} {package['version']} ({package['license']})\n" in licences


def test_every_version_is_exact_and_the_lock_knows_hashes_and_no_addresses() -> None:
    pinned = json.loads((ROOT / "package.json").read_text())["devDependencies"]
    lock = json.loads((ROOT / "npm-shrinkwrap.json").read_text())

    assert all(version[0].isdigit() for version in pinned.values())
    installed = {name: package for name, package in lock["packages"].items() if name}
    assert all("resolved" not in package for package in installed.values())
    assert all("integrity" in package for package in installed.values())
