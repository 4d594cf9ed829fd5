"""The application's OpenAPI document, as tests are generated from it."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from smriti.app import create_app
from smriti.core.config import Config

_CONFIG: Final = Config(
    _env_file=None, log_level="ERROR", jwt_secret="j" * 32, encryption_key="e" * 32
)
DOCUMENT: Final[dict[str, Any]] = create_app(_CONFIG).openapi()


@dataclass(frozen=True)
class Operation:
    """One method of one path, and what the document says of it."""

    method: str
    path: str
    spec: dict[str, Any]

    def __str__(self) -> str:
        return f"{self.method} {self.path}"

    @property
    def path_parameters(self) -> list[str]:
        return [each["name"] for each in self.spec.get("parameters", ()) if each["in"] == "path"]

    @property
    def has_json_body(self) -> bool:
        return "requestBody" in self.spec


def _operations() -> Iterator[Operation]:
    for path, methods in DOCUMENT["paths"].items():
        for method, spec in methods.items():
            yield Operation(method.upper(), path, spec)


OPERATIONS: Final = list(_operations())
