"""Bundles the libraries of the web app into `static/vendor/`, or checks what is there.

    npm ci && uv run python scripts/vendor_web.py      writes the files, their hashes and licences
    uv run python scripts/vendor_web.py --check        fails when a bundle differs by one byte

The versions stand in package.json, their hashes in npm-shrinkwrap.json.
"""

import hashlib
import json
import subprocess
import sys
from pathlib import Path
from typing import Final, NamedTuple

_ROOT: Final = Path(__file__).resolve().parent.parent
_PACKAGES: Final = _ROOT / "node_modules"
_VENDOR: Final = _ROOT / "src/smriti/web/static/vendor"
_FLAGS: Final = (
    "--bundle",
    "--format=esm",
    "--minify",
    "--target=es2022",
    "--legal-comments=none",
    "--log-level=warning",
)
_LANGUAGES: Final = (
    "bash",
    "css",
    "diff",
    "go",
    "java",
    "javascript",
    "json",
    "python",
    "rust",
    "sql",
    "typescript",
    "xml",
    "yaml",
)


class _Bundle(NamedTuple):
    packages: tuple[str, ...]
    entry: str


def _highlight() -> str:
    imports = "".join(
        f'import {name} from "highlight.js/lib/languages/{name}";' for name in _LANGUAGES
    )
    registered = "".join(f'hljs.registerLanguage("{name}", {name});' for name in _LANGUAGES)
    return f'import hljs from "highlight.js/lib/core";{imports}{registered}export {{ hljs }};'


_BUNDLES: Final = {
    "preact.js": _Bundle(
        ("preact", "htm", "@preact/signals", "@preact/signals-core"),
        """
        import { h } from "preact";
        import htm from "htm";
        export { h, Fragment, render, createContext } from "preact";
        export { useState, useEffect, useLayoutEffect, useRef, useMemo, useCallback, useContext,
          useId, useErrorBoundary } from "preact/hooks";
        export { signal, computed, effect, batch, untracked, useSignal, useComputed,
          useSignalEffect } from "@preact/signals";
        export const html = htm.bind(h);
        """,
    ),
    "markdown.js": _Bundle(
        ("marked", "dompurify"),
        """
        export { Marked } from "marked";
        export { default as DOMPurify } from "dompurify";
        """,
    ),
    "highlight.js": _Bundle(("highlight.js",), _highlight()),
}
_TAKEN_LICENSES: Final = {"dompurify": "Apache-2.0"}  # of the two that are offered


def main(arguments: list[str]) -> int:
    if not _PACKAGES.is_dir():
        return _fail("There is no node_modules. Run `npm ci` first.")
    files = _files()
    if arguments == ["--check"]:
        wrong = [name for name, content in files.items() if _present(name) != content]
        if wrong:
            return _fail(f"Not what is bundled: {', '.join(wrong)}. Run scripts/vendor_web.py.")
        print(f"{len(files)} vendored files are what their packages give.")
        return 0
    _VENDOR.mkdir(exist_ok=True)
    for name, content in files.items():
        (_VENDOR / name).write_bytes(content)
        print(f"{len(content):8,} {name}")
    return 0


def _files() -> dict[str, bytes]:
    scripts = {name: _bundled(bundle.entry) for name, bundle in _BUNDLES.items()}
    manifest = {
        name: {
            "sha256": hashlib.sha256(content).hexdigest(),
            "bytes": len(content),
            "packages": [_about(package) for package in _BUNDLES[name].packages],
        }
        for name, content in scripts.items()
    }
    return scripts | {
        "VENDOR.json": (json.dumps(manifest, indent=2) + "\n").encode(),
        "LICENSES.txt": _licenses().encode(),
    }


def _bundled(entry: str) -> bytes:
    esbuild = _PACKAGES / "esbuild/bin/esbuild"
    built = subprocess.run(
        ["node", esbuild, *_FLAGS],
        cwd=_ROOT,
        input=entry.encode(),
        capture_output=True,
        check=False,
    )
    if built.returncode:
        raise SystemExit(built.stderr.decode())
    return built.stdout


def _about(package: str) -> dict[str, str]:
    described = json.loads((_PACKAGES / package / "package.json").read_text(encoding="utf-8"))
    return {
        "name": package,
        "version": described["version"],
        "license": _TAKEN_LICENSES.get(package, described["license"]),
    }


def _licenses() -> str:
    """The licence text of every package, as the package ships it."""
    packages = [package for bundle in _BUNDLES.values() for package in bundle.packages]
    return "\n\n".join(_license(package) for package in packages)


def _license(package: str) -> str:
    about = _about(package)
    file = min((_PACKAGES / package).glob("LICENSE*"))
    head = f"{about['name']} {about['version']} ({about['license']})"
    return f"{head}\n{'=' * len(head)}\n\n{file.read_text(encoding='utf-8').strip()}\n"


def _present(name: str) -> bytes | None:
    file = _VENDOR / name
    return file.read_bytes() if file.is_file() else None


def _fail(message: str) -> int:
    print(message, file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
