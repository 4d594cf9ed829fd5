"""Many modules in one file, so that a page asks once for what it shows first, and not fifty times.

Each module becomes a function, called when somebody first needs what it exports; others that import
it take it from there. At its own address is what hands this on. So every module is there once.
"""

import re
from collections.abc import Mapping, Sequence, Set
from graphlib import TopologicalSorter
from pathlib import PurePosixPath
from typing import Final

PACK: Final = "first.js"
"""Where the modules are that are needed first."""

_IMPORT: Final = re.compile(r'^import (?:(\{[^}]*\}) from )?"(\.[^"]+)";$', re.MULTILINE)
_DECLARED: Final = re.compile(
    r"^export (?=(?:const|class|(?:async )?function\*?) ([\w$]+))", re.MULTILINE
)
_LISTED: Final = re.compile(r"(?:^|(?<=;))export ?\{([^}]*)\};$", re.MULTILINE)
_LATER: Final = re.compile(r'\bimport\("(\.[^"]+)"\)')
_LEFT: Final = re.compile(r"^(?:import\b(?!\()|export\b).*", re.MULTILINE)

_HEAD: Final = """const made = new Map();
export function $need(name) {
  if (!made.has(name)) made.set(name, modules[name]());
  return made.get(name);
}
const modules = {
"""


def packed(files: Mapping[str, str], first: Sequence[str]) -> dict[str, str]:
    """The modules as they are sent: `PACK` holds those named and all that they import.

    Raises `ValueError` for an import or export that is written in a way that is not known here, and
    for modules of the pack that import each other.
    """
    names = _closure(files, first)
    inside = {name: text for name, text in files.items() if name in names}
    parts = [f'"{name}"() {{\n{_function(name, text, names)}}},\n' for name, text in inside.items()]
    return {
        **{name: _outside(name, text, names) for name, text in files.items()},
        **{name: _handed_on(name, text) for name, text in inside.items()},
        PACK: _HEAD + "".join(parts) + "};\n",
    }


def _closure(files: Mapping[str, str], first: Sequence[str]) -> Set[str]:
    imports: dict[str, set[str]] = {}
    waiting = [*first]
    while waiting:
        name = waiting.pop()
        imports[name] = {_resolved(name, path) for _, path in _IMPORT.findall(files[name])}
        waiting.extend(imports[name] - imports.keys())
    TopologicalSorter(imports).prepare()  # functions that need each other would never return
    return imports.keys()


def _function(name: str, text: str, names: Set[str]) -> str:
    """The body of one that does what the module does, and returns what it exports."""
    body = _LISTED.sub("", _DECLARED.sub("", _linked(name, text, names)))
    body = _LATER.sub(lambda match: f'import("./{_resolved(name, match[1])}")', body)
    if left := _LEFT.search(body):
        raise ValueError(f"{name}: write this import or export as others do: {left[0][:80]}")
    members = ", ".join(f"{outer}: {inner}" for outer, inner in _exports(text).items())
    return f"{body}return {{ {members} }};\n"


def _outside(name: str, text: str, names: Set[str]) -> str:
    """A module that is not in the pack, but takes from there."""
    linked = _linked(name, text, names)
    return linked if linked == text else _taken(name) + linked


def _handed_on(name: str, text: str) -> str:
    """What stands in the place of a module that is in the pack."""
    members = ", ".join(_exports(text))
    needed = f'$need("{name}");\n'
    return _taken(name) + (f"export const {{ {members} }} = {needed}" if members else needed)


def _linked(name: str, text: str, names: Set[str]) -> str:
    """What is imported from the pack, now or later, comes from there."""

    def imported(match: re.Match[str]) -> str:
        members, path = match[1], _resolved(name, match[2])
        if path not in names:
            return match[0]
        renamed = members and re.sub(r"([\w$]+) as ([\w$]+)", r"\1: \2", members)
        return f'const {renamed} = $need("{path}");' if renamed else f'$need("{path}");'

    def later(match: re.Match[str]) -> str:
        path = _resolved(name, match[1])
        if path not in names:
            return match[0]
        return f'Promise.resolve().then(() => $need("{path}"))'

    return _LATER.sub(later, _IMPORT.sub(imported, text))


def _exports(text: str) -> dict[str, str]:
    """How each is called outside, and in the module."""
    exports = {name: name for name in _DECLARED.findall(text)}
    for listed in _LISTED.findall(text):
        for member in filter(None, map(str.strip, listed.split(","))):
            inner, _, outer = member.partition(" as ")
            exports[outer or inner] = inner
    return exports


def _taken(name: str) -> str:
    return f'import {{ $need }} from "{_to_root(name)}{PACK}";\n'


def _to_root(name: str) -> str:
    return "../" * name.count("/") or "./"


def _resolved(importer: str, path: str) -> str:
    parts = list(PurePosixPath(importer).parent.parts)
    for part in PurePosixPath(path).parts:
        if part == "..":
            parts.pop()
        else:
            parts.append(part)
    return "/".join(parts)
