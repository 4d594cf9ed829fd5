"""A long session before a small window."""

from smriti.db.table import Table
from smriti.devices.fitting import fitted
from smriti.llm.types import ChatMessage, ModelRequest, TextPart, ToolCall, ToolResult
from tests.devices.workshop import OWNER, Workshop, done, runs, says, told


def request_of(*texts: str) -> ModelRequest:
    question = ChatMessage(role="user", parts=(TextPart(text="Go."),))
    request = ModelRequest(model="m", system="s", messages=(question,))
    for number, text in enumerate(texts):
        call = ToolCall(call_id=str(number), name="look", arguments={})
        result = ToolResult(call_id=str(number), name="look", text=text)
        request = request.continued(call, result)
    return request


def test_a_request_that_fits_stays_as_it_is() -> None:
    request = request_of("a" * 4000)

    assert fitted(request, 2000) == request


def test_the_oldest_results_are_shortened_and_no_more_than_needed() -> None:
    request = request_of("a" * 4000, "b" * 4000, "c" * 4000)

    results = told(fitted(request, 2500))

    assert [len(result.text) < 400 for result in results] == [True, False, False]
    assert results[0].text.startswith("aaa")
    assert [len(result.text) for result in told(fitted(request, 10))] == [len(results[0].text)] * 3


async def test_a_session_fits_into_the_window_of_its_model(table: Table) -> None:
    shop = await Workshop(table).open()
    shop.plug_in(answer=done("a" * 8000))
    steps = 30
    model = shop.script(*[says(runs("look", str(number))) for number in range(steps)], says("Ok."))
    values = {"base_url": "http://127.0.0.1:1/v1", "model": "gpt-4"}
    await shop.providers.save(OWNER, "OpenAI", values)

    assert (await shop.does()).status == "completed"

    results = told(model.requests[-1])
    assert len(results) == steps
    assert sum(len(result.text) for result in results) < 8192 * 4
    assert len(results[-1].text) > 8000
