"""What goes wrong with Bedrock, through botocore and real bytes."""

import pytest
from urllib3.connection import HTTPConnection
from urllib3.exceptions import NewConnectionError

from smriti.llm.provider import ModelFailed, TextChunk
from smriti.llm.providers.bedrock import BedrockProvider
from tests.llm.providers.bedrock_server import (
    BEGIN,
    CREDENTIALS,
    KEY_ID,
    MODEL,
    REQUEST,
    SECRET,
    Answer,
    Server,
    delta,
    document,
    frame,
    hang_up,
    refusal,
    reply,
    silence,
    streamed,
)


class Unreachable(HTTPConnection):
    def connect(self) -> None:
        raise NewConnectionError(self, "No such name.")


async def failure_of(*answers: Answer, silence_s: float = 10) -> ModelFailed:
    async with Server(*answers) as server:
        with pytest.raises(ModelFailed) as failure:
            await reply(server.provider(silence_s=silence_s))
    assert failure.value.__cause__ is None
    return failure.value


@pytest.mark.parametrize(
    ("answer", "told", "transient"),
    [
        (
            refusal(429, "ThrottlingException", "Too many tokens"),
            "takes no more requests for now (429): too many came, or the account is used up. "
            "It said: Too many tokens",
            True,
        ),
        (refusal(429, "ModelNotReadyException"), "failed (503). Try again in a while.", True),
        (refusal(503, "ServiceUnavailableException"), "failed (503). Try again in a while.", True),
        (refusal(500, "InternalServerException"), "failed (500). Try again in a while.", True),
        (refusal(408, "ModelTimeoutException"), "failed (504). Try again in a while.", True),
        (refusal(424, "ModelErrorException"), "failed (502). Try again in a while.", False),
        (
            refusal(400, "ValidationException", f"Odd: {SECRET}, {KEY_ID}"),
            "refused the request (400). It said: Odd: […], […]",
            False,
        ),
        (
            refusal(403, "AccessDeniedException", "Not authorized."),
            f"denied access to {MODEL!r} (403). Check the credentials, and that their account may "
            "use this model. It said: Not authorized.",
            False,
        ),
        (
            refusal(403, "UnrecognizedClientException", f"{KEY_ID} is invalid"),
            "refused the credentials. Check them in the settings.",
            False,
        ),
        (
            refusal(404, "ResourceNotFoundException"),
            f"knows no model {MODEL!r} (404). Check its name, and the region.",
            False,
        ),
        (
            document(301, {}, location="https://elsewhere.example/"),
            "refused the request (301).",
            False,
        ),
    ],
)
async def test_refusals_are_told_to_the_person(answer: Answer, told: str, transient: bool) -> None:
    failure = await failure_of(answer)

    assert failure.detail == f"Amazon Bedrock in us-east-1 {told}"
    assert failure.transient is transient


async def test_a_wait_that_the_server_asks_for_is_passed_on() -> None:
    failure = await failure_of(refusal(429, "ThrottlingException", retry_after="7"))

    assert failure.retry_after_s == 7


@pytest.mark.parametrize(
    ("kind", "told", "transient"),
    [
        ("throttlingException", "takes no more requests for now (429)", True),
        ("modelStreamErrorException", "failed (502)", True),
        ("internalServerException", "failed (500)", True),
        ("serviceUnavailableException", "failed (503)", True),
        ("validationException", "refused the request (400). It said: Too long.", False),
    ],
)
async def test_an_exception_in_the_stream_is_told_like_one_before_it(
    kind: str, told: str, transient: bool
) -> None:
    broken = frame(kind, {"message": "Too long."}, message="exception")

    failure = await failure_of(streamed(BEGIN + broken))

    assert told in failure.detail
    assert failure.transient is transient


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (hang_up, "The connection to Amazon Bedrock in us-east-1 broke off."),
        (streamed(BEGIN, then=hang_up), "The connection to Amazon Bedrock in us-east-1 broke off."),
        (streamed(BEGIN), "Amazon Bedrock in us-east-1 broke off in the middle of the answer."),
        (streamed(b"\0" * 64), "The connection to Amazon Bedrock in us-east-1 broke off."),
    ],
)
async def test_what_breaks_before_the_first_word_may_pass(answer: Answer, told: str) -> None:
    failure = await failure_of(answer)

    assert (failure.detail, failure.transient) == (told, True)


async def test_a_region_that_cannot_be_reached_is_named() -> None:
    async with Server() as server:
        provider = BedrockProvider(
            CREDENTIALS, server.threads, silence_s=10, open_connection=Unreachable
        )
        with pytest.raises(ModelFailed) as failure:
            await reply(provider)

    assert failure.value.detail == (
        "Could not connect to Amazon Bedrock in us-east-1. Is the region right?"
    )
    assert failure.value.transient


async def test_a_model_that_says_nothing_is_given_up() -> None:
    failure = await failure_of(silence, silence_s=0.05)

    assert failure.detail == "Amazon Bedrock in us-east-1 did not answer in time."
    assert failure.transient


async def test_what_breaks_later_keeps_what_came() -> None:
    async with Server(streamed(BEGIN + delta(0, text="Hello"), then=hang_up)) as server:
        stream = server.provider().stream(REQUEST)

        assert await anext(stream) == TextChunk("Hello")
        with pytest.raises(ModelFailed, match=r"broke off\.") as failure:
            await anext(stream)

    assert not failure.value.transient


async def test_an_endless_error_is_not_read_to_its_end() -> None:
    failure = await failure_of(document(500, "x" * 9_000_000))

    assert failure.detail == "Amazon Bedrock in us-east-1 sent an answer that is too long."
