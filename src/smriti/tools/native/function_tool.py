"""Tools made of typed functions: the signature is the schema, the docstring is for the model."""

import inspect
from collections.abc import Awaitable, Callable, Sequence
from functools import cache
from typing import Any, ClassVar, Final, get_type_hints

from pydantic import BaseModel, ConfigDict, ValidationError, create_model
from pydantic.json_schema import GenerateJsonSchema

from smriti.llm.types import ToolCall, ToolSpec
from smriti.tools.toolset import ToolFailed

_CALL_ID: Final = "call_id"


class FunctionToolset:
    """A toolset whose tools are the public async methods that the subclass adds, in their order.

    Arguments are validated by the types of the method before it runs; what a model writes a little
    wrong ("2" for 2) is mended, and what cannot be is answered with the argument's name.

    `idempotent` names the tools that may run again when a crash has hidden whether they ran,
    `lasting` those whose calls go on when they do. A parameter `call_id` is no argument: it is
    given the id of the call.
    """

    idempotent: ClassVar[frozenset[str]] = frozenset()
    lasting: ClassVar[frozenset[str]] = frozenset()

    def specs(self) -> Sequence[ToolSpec]:
        return [tool.spec for tool in self._tools().values()]

    async def call(self, call: ToolCall) -> str:
        tool = self._tools().get(call.name)
        if tool is None:
            raise ToolFailed(f"There is no tool {call.name!r}.")
        return await tool.run(self, call)

    @classmethod
    def names(cls) -> tuple[str, ...]:
        return tuple(cls._tools())

    @classmethod
    @cache
    def _tools(cls) -> "dict[str, _FunctionTool]":
        """Made once a process: their schemas are the same to the byte in every turn."""
        return {
            name: _FunctionTool(
                member, idempotent=name in cls.idempotent, lasting=name in cls.lasting
            )
            for name, member in vars(cls).items()
            if inspect.iscoroutinefunction(member)
            and not name.startswith("_")
            and not hasattr(FunctionToolset, name)
        }


class _Arguments(BaseModel):
    model_config = ConfigDict(coerce_numbers_to_str=True, extra="ignore")


class _Untitled(GenerateJsonSchema):
    """JSON Schema without titles: they repeat the names, and every token counts."""

    def field_title_should_be_set(self, schema: Any) -> bool:  # noqa: ARG002 - the base's signature
        return False


class _FunctionTool:
    def __init__(
        self, function: Callable[..., Awaitable[str]], *, idempotent: bool, lasting: bool
    ) -> None:
        self._function = function
        self._wants_id = _CALL_ID in inspect.signature(function).parameters
        self._arguments = _arguments_of(function)
        schema = self._arguments.model_json_schema(schema_generator=_Untitled)
        self.spec = ToolSpec(
            name=function.__name__,
            description=" ".join((function.__doc__ or "").split()),
            parameters={
                "type": "object",
                "properties": schema.get("properties", {}),
                "required": schema.get("required", []),
            },
            idempotent=idempotent,
            lasting=lasting,
        )

    async def run(self, toolset: FunctionToolset, call: ToolCall) -> str:
        try:
            valid = self._arguments.model_validate(call.arguments or {})
        except ValidationError as error:
            problems = "; ".join(
                f"{'.'.join(map(str, problem['loc']))}: {problem['msg']}"
                for problem in error.errors(include_url=False, include_input=False)
            )
            raise ToolFailed(f"Error: {self.spec.name} was called wrongly. {problems}.") from error
        given = {name: getattr(valid, name) for name in type(valid).model_fields}
        if self._wants_id:
            given[_CALL_ID] = call.call_id
        return await self._function(toolset, **given)


def _arguments_of(function: Callable[..., Awaitable[str]]) -> type[BaseModel]:
    hints = get_type_hints(function, include_extras=True)
    parameters = list(inspect.signature(function).parameters.values())[1:]
    fields: dict[str, Any] = {
        parameter.name: (
            hints[parameter.name],
            ... if parameter.default is parameter.empty else parameter.default,
        )
        for parameter in parameters
        if parameter.name != _CALL_ID
    }
    return create_model(function.__name__, __base__=_Arguments, **fields)
