"""Forms as Stripe's clients send them, checked against the parameters that the SDK declares."""

import re
import sys
from collections.abc import Iterator
from functools import cache
from typing import Any
from urllib.parse import parse_qsl

from stripe import RequestOptions
from typing_extensions import is_typeddict

from tests.fakes.stripe_books import Json, Refused

_KEY = re.compile(r"[^\[\]]+")
_PAGING = {"expand", "limit", "starting_after", "ending_before"}


def parse(form: str) -> Json:
    """`items[0][price]=x&expand[]=y` as nested values; every leaf is text."""
    root: Json = {}
    for name, value in parse_qsl(form, keep_blank_values=True):
        path = _KEY.findall(name) + (["*"] if name.endswith("[]") else [])
        place = root
        for key in path[:-1]:
            place = place.setdefault(key, {})
        place[str(len(place)) if path[-1] == "*" else path[-1]] = value
    return {key: _lists(value) for key, value in root.items()}


def _lists(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    if all(key.isdigit() for key in value):
        return [_lists(value[key]) for key in sorted(value, key=int)]
    return {key: _lists(inner) for key, inner in value.items()}


def check(given: Json, declared: type) -> None:
    """Refuse what the API does not know, as it does; the SDK itself lets anything through."""
    unknown = next(_unknown(given, declared), None)
    if unknown is not None:
        message = f"Received unknown parameter: {unknown}"
        raise Refused(400, message, code="parameter_unknown", param=unknown)


def _unknown(given: Json, declared: type, within: str = "") -> Iterator[str]:
    known = _members(declared)
    for key, value in given.items():
        name = f"{within}[{key}]" if within else key
        if key not in known and not (within == "" and key in _PAGING):
            yield name
        elif (inner := known.get(key)) is not None:
            many = enumerate(value) if isinstance(value, list) else [(None, value)]
            for number, one in many:
                if isinstance(one, dict):
                    yield from _unknown(one, inner, name if number is None else f"{name}[{number}]")


@cache
def _members(declared: type) -> dict[str, type | None]:
    """The parameters of a request, each with the type of what stands inside it."""
    module = vars(sys.modules[declared.__module__])
    members: dict[str, type | None] = {}
    for key, annotation in declared.__annotations__.items():
        if key in RequestOptions.__annotations__ and declared.__name__.endswith("Params"):
            continue
        names = re.findall(r"\w+", str(annotation))
        inner = [module[name] for name in names if is_typeddict(module.get(name))]
        members[key] = inner[0] if inner else None
    return members


def required(params: Json, *names: str) -> None:
    for name in names:
        if params.get(name) in (None, ""):
            message = f"Missing required param: {name}."
            raise Refused(400, message, code="parameter_missing", param=name)
