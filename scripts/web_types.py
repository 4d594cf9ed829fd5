"""Writes the shapes of the API as TypeScript types for the scripts of the web app, or checks them.

    uv run python scripts/web_types.py             writes static/types.d.ts
    uv run python scripts/web_types.py --check     fails when the API has changed since

`tsc` then finds every place in the app that a changed field breaks. A member that has a default may
be left out of a request; an answer always has it, so schemas of answers get no `?`.
"""

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from smriti.app import create_app
from smriti.core.config import Config

type Schema = dict[str, Any]

_FILE: Final = Path(__file__).resolve().parent.parent / "src/smriti/web/static/types.d.ts"
_HEAD: Final = "// The shapes of the API: written by scripts/web_types.py, not by hand.\n\n"
_REFERENCE: Final = "#/components/schemas/"
_SCALARS: Final = {
    "string": "string",
    "integer": "number",
    "number": "number",
    "boolean": "boolean",
    "null": "null",
}


def main(arguments: list[str]) -> int:
    written = types(create_app(Config(_env_file=None, log_level="ERROR")).openapi())
    if arguments == ["--check"]:
        if _FILE.read_text(encoding="utf-8") != written:
            print("types.d.ts is stale. Run scripts/web_types.py.", file=sys.stderr)
            return 1
        print(f"{_FILE.name} has the shapes of the API.")
        return 0
    _FILE.write_text(written, encoding="utf-8")
    return 0


def types(document: Schema) -> str:
    """One exported type a schema of this OpenAPI document."""
    schemas: dict[str, Schema] = document["components"]["schemas"]
    asked = _asked(document)
    return _HEAD + "".join(
        f"export type {_name(name)} = {_type(schemas[name], partial=name in asked)};\n"
        for name in sorted(schemas)
    )


def _asked(document: Schema) -> set[str]:
    """The schemas that requests use, and what those use."""
    bodies = [
        operation["requestBody"]
        for path in document["paths"].values()
        for operation in path.values()
        if "requestBody" in operation
    ]
    found: set[str] = set()
    waiting = [name for body in bodies for name in _references(body)]
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting.extend(_references(document["components"]["schemas"][name]))
    return found


def _references(node: object) -> Iterator[str]:
    match node:
        case {"$ref": str(target)}:
            yield target.removeprefix(_REFERENCE)
        case dict():
            for value in node.values():
                yield from _references(value)
        case list():
            for value in node:
                yield from _references(value)
        case _:
            pass


def _type(schema: Schema, *, partial: bool) -> str:
    match schema:
        case {"$ref": str(target)}:
            return _name(target.removeprefix(_REFERENCE))
        case {"anyOf": list(cases)} | {"oneOf": list(cases)}:
            return " | ".join(dict.fromkeys(_type(each, partial=partial) for each in cases))
        case {"type": "array"}:
            return _array(schema, partial=partial)
        case {"type": "object"}:
            return _object(schema, partial=partial)
        case _:
            return _value(schema)


def _value(schema: Schema) -> str:
    match schema:
        case {"const": value}:
            return json.dumps(value)
        case {"enum": list(values)}:
            return " | ".join(json.dumps(value) for value in values)
        case _:
            return _SCALARS.get(schema.get("type", ""), "unknown")


def _array(schema: Schema, *, partial: bool) -> str:
    match schema:
        case {"prefixItems": list(items)}:
            return f"[{', '.join(_type(item, partial=partial) for item in items)}]"
        case {"items": dict(items)}:
            return f"({_type(items, partial=partial)})[]"
        case _:
            return "unknown[]"


def _object(schema: Schema, *, partial: bool) -> str:
    members = schema.get("properties")
    if members is None:
        others = schema.get("additionalProperties")
        value = _type(others, partial=partial) if isinstance(others, dict) else "unknown"
        return f"Record<string, {value}>"
    required = schema.get("required", [])
    lines = "".join(
        f"  {_key(name)}{'?' if partial and name not in required else ''}: "
        f"{_type(member, partial=partial)};\n"
        for name, member in members.items()
    )
    return f"{{\n{lines}}}"


def _name(schema: str) -> str:
    """`Page_MessageView_` is a `PageMessageView`; two classes of one name keep their modules'."""
    words = re.split(r"[^A-Za-z0-9]+", schema.removeprefix("smriti__"))
    return "".join(word[0].upper() + word[1:] for word in words if word)


def _key(member: str) -> str:
    return member if re.fullmatch(r"[A-Za-z_$][\w$]*", member) else json.dumps(member)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
