"""The OpenAPI document is complete: whoever reads it needs nothing else to call the API."""

from collections import Counter
from typing import Any

import jsonschema_rs
import pytest

from smriti.agentserver.router import PATHS as OLDER_PATHS
from tests.api.clients import open_client
from tests.api.document import DOCUMENT, OPERATIONS, Operation
from tests.home import Home

_WITH_JSON_BODY = [operation for operation in OPERATIONS if operation.has_json_body]
_OLDER_ERROR = {"$ref": "#/components/schemas/OlderError"}
_PROBLEM = {"$ref": "#/components/schemas/Problem"}

every_operation = pytest.mark.parametrize("operation", OPERATIONS, ids=str)
every_json_body = pytest.mark.parametrize("operation", _WITH_JSON_BODY, ids=str)


def _examples(operation: Operation) -> list[Any]:
    schema = operation.body_schema
    return [*schema.get("examples", ()), *([schema["example"]] if "example" in schema else ())]


def test_operation_ids_are_unique() -> None:
    ids = Counter(operation.spec["operationId"] for operation in OPERATIONS)

    assert [name for name, count in ids.items() if count > 1] == []


@every_operation
def test_an_operation_says_what_it_is_for(operation: Operation) -> None:
    summary, tags = operation.spec["summary"], operation.spec["tags"]

    assert summary[0].isupper()
    assert not summary.endswith(".")
    assert len(tags) == 1


@every_operation
def test_summaries_are_written_and_not_made_of_function_names(operation: Operation) -> None:
    made = operation.spec["operationId"].partition("_")[0].title()

    assert operation.spec["summary"].split() != made.split()
    assert operation.spec["summary"] != operation.spec["summary"].title()


@every_operation
def test_a_success_says_what_it_answers(operation: Operation) -> None:
    successes = {
        status: response
        for status, response in operation.spec["responses"].items()
        if status[0] in "23"
    }

    assert successes
    for status, response in successes.items():
        if status == "204" or status[0] == "3":
            assert "content" not in response
            continue
        assert response["content"]
        for media in response["content"].values():
            assert media.get("schema") or media["itemSchema"]


@every_operation
def test_failures_are_documented_as_problems(operation: Operation) -> None:
    for status in ("4XX", "5XX"):
        content = operation.spec["responses"][status]["content"]
        if operation.path in OLDER_PATHS:
            assert content == {"application/json": {"schema": _OLDER_ERROR}}
        else:
            assert content == {"application/problem+json": {"schema": _PROBLEM}}


def test_a_problem_has_a_shape() -> None:
    schema = DOCUMENT["components"]["schemas"]["Problem"]

    assert sorted(schema["properties"]) == ["detail", "path", "status", "title", "type"]


@every_json_body
def test_a_body_has_an_example(operation: Operation) -> None:
    assert _examples(operation)


@every_json_body
def test_the_example_of_a_body_is_valid(operation: Operation) -> None:
    schema = {**operation.body_schema, "components": DOCUMENT["components"]}
    validator = jsonschema_rs.validator_for(schema)

    for example in _examples(operation):
        validator.validate(example)


@every_operation
def test_every_parameter_has_a_type(operation: Operation) -> None:
    assert all(parameter["schema"] for parameter in operation.spec.get("parameters", ()))


async def test_the_document_and_its_page_are_public(home: Home) -> None:
    async with open_client(home.app) as client:
        document = await client.get("/openapi.json")
        page = await client.get("/docs", follow_redirects=True)

    assert document.json() == DOCUMENT
    assert page.status_code == 200
    assert "text/html" in page.headers["content-type"]
