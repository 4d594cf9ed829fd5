"""The application's OpenAPI document, as tests are generated from it."""

from collections.abc import Iterator, Mapping
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
    def callers(self) -> dict[str, list[str]]:
        """In which ways who calls may be told, and the scopes that a key must have."""
        ways: list[dict[str, list[str]]] = self.spec.get("security", [])
        return {name: scopes for way in ways for name, scopes in way.items()}

    @property
    def path_parameters(self) -> list[str]:
        return [each["name"] for each in self.spec.get("parameters", ()) if each["in"] == "path"]

    @property
    def has_json_body(self) -> bool:
        return "requestBody" in self.spec

    @property
    def body_schema(self) -> dict[str, Any]:
        """The schema of the JSON body, which there must be."""
        schema: dict[str, Any] = self.spec["requestBody"]["content"]["application/json"]["schema"]
        name = schema.get("$ref", "").rpartition("/")[2]
        return DOCUMENT["components"]["schemas"][name] if name else schema

    @property
    def body(self) -> Any:
        """The documented example of the body; None when there is no body."""
        if not self.has_json_body:
            return None
        schema = self.body_schema
        return schema["example"] if "example" in schema else schema["examples"][0]

    def path_with(self, values: Mapping[str, str], default: str = "anything") -> str:
        return self.path.format_map(
            {name: values.get(name, default) for name in self.path_parameters}
        )


def _operations() -> Iterator[Operation]:
    for path, methods in DOCUMENT["paths"].items():
        for method, spec in methods.items():
            yield Operation(method.upper(), path, spec)


OPERATIONS: Final = list(_operations())
